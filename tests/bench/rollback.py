"""How soon a rollback is on its way, and how long it takes: ``python -m tests.bench.rollback [ROUNDS]``.

Real sessions in processes of their own, on real labs with fast swaps. Times are those of the lab's own clock on the
same machine: from the confirmed command to the first request that came to Resource Manager, to the swap itself, and to
the last request of a client that the new version answered. Beside it the same by a cold process: the session is killed,
and ``cpr-cockpit rollback`` does it anew. The platform's share is from the request that it accepted to its effect.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cpr_cockpit.cli.lab_run import LabRun, begin, choose_scenario, new_folder
from cpr_cockpit.cli.parser import parse
from cpr_cockpit.core.events import Script
from cpr_cockpit.engine.client import Client
from cpr_cockpit.engine.launch import launch
from cpr_cockpit.engine.writer import writer_alive, writer_pid
from cpr_cockpit.lab_client import LabControl

ROUNDS = 3
QUIET_S = 4.0
# What ``cpr-cockpit rollback`` does, but for the end: the command itself would measure, and end the lab with the run.
_COMMAND = """
import asyncio, pathlib, sys
import cpr_cockpit.cli.control
from cpr_cockpit.engine.launch import launch
async def main():
    await (await launch(pathlib.Path(sys.argv[1]), "--rollback", "bench")).close()
asyncio.run(main())
"""
AFTER_S = 5.0


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds from the command: to the first request, to the first change, to the last answer of the new version.

    ``platform``: seconds from each change that was accepted to its effect, up to that last answer; None: nothing such.
    """

    first: float | None
    change: float | None
    gone: float | None
    platform: float | None
    ended: str


async def _reach(client: Client, until: dict[str, str]) -> None:
    """Follow the run until an event has all these members."""
    async for record in client.follow():
        if all(str(record.get(name)) == value for name, value in until.items()):
            return
    raise SystemExit(f"the run ended before {until}")


# The app and its slots, by which a swap under way is known; the routing, which a canary's way back ends first.
_LOOKED_AT = ("/sites/goals-lab", "/sites/goals-lab/slots", "/config/web")
WINDOW = {"type": "step.outcome", "step": "keep-warm"}
SHARE = {"type": "step.outcome", "step": "route-5"}


async def _one(run: LabRun, options: Any, until: dict[str, str], *, cold: bool) -> Timed:
    await choose_scenario(run, options)
    async with await launch(run.folder) as follower:
        await _reach(follower, until)
    await asyncio.sleep(QUIET_S)
    control = LabControl(run.ready)
    try:
        began = await (_cold(run) if cold else _warm(run))
        async with await Client.connect(run.folder.name) as follower:
            [ended] = [record async for record in follower.follow() if record["type"] == "run.ended"]
        await asyncio.sleep(AFTER_S)
        return await _timed(control, run.settings.new_version, began, str(ended["decision"]))
    finally:
        await control.stop()
        await control.close()


async def _warm(run: LabRun) -> float:
    """The command by a face that is connected, as one is when its person confirms."""
    async with await Client.connect(run.folder.name) as face:
        began = time.time()
        await face.command("rollback", by="bench")
    return began


async def _cold(run: LabRun) -> float:
    """The session is dead; whoever notices types the command."""
    pid = writer_pid(run.folder)
    assert pid
    os.kill(pid, signal.SIGKILL)
    # The lock ends with the process, and nothing tells us of that moment.
    while writer_alive(run.folder):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    began = time.time()
    command = await asyncio.create_subprocess_exec(sys.executable, "-c", _COMMAND, str(run.folder))
    assert await command.wait() == 0
    return began


async def _timed(control: LabControl, bad: str, began: float, ended: str) -> Timed:
    # Other sources ask all the time; this is what the way back looks at first.
    requests = [one for one in await control.requests(began) if one["path"].lower().endswith(_LOOKED_AT)]
    log = [entry for entry in await control.operations() if entry["at"] >= began]
    traffic = await control.traffic(began)
    changes = [entry["at"] for entry in log if entry["kind"] == "request.mutating"]
    last = [versions[bad] for versions in traffic["last_sent"].values() if bad in versions]
    gone = max(last) if last else None
    return Timed(
        first=min((one["at"] for one in requests), default=began) - began if requests else None,
        change=min(changes) - began if changes else None,
        gone=None if gone is None else gone - began,
        platform=_platform(log, gone),
        ended=ended,
    )


def _platform(log: Sequence[dict[str, Any]], gone: float | None) -> float | None:
    """Seconds in which the platform was at work on what had been accepted, before the last answer of the bad version.

    Swaps: until the switch; deployments: until their end.
    """
    spans = []
    for entry in log:
        kinds = {"swap.accepted": "swap.switched", "deploy.accepted": "deploy.ended"}
        effect = kinds.get(entry["kind"])
        found = [one["at"] for one in log if one["kind"] == effect and one.get("id") == entry["id"]]
        if found and gone is not None and entry["at"] <= gone:
            spans.append(min(found[0], gone) - entry["at"])
    return sum(spans) if spans else None


def _case(
    rounds: int, name: str, arguments: Sequence[str], until: dict[str, str], *, cold: bool = False
) -> list[Timed]:
    found = []
    for _ in range(rounds):
        options = parse(["drill", "--window", "60s", "--fast", *arguments])
        run = begin(options, new_folder(), mode="drill", actor="bench", script=Script(decide="keep"))
        found.append(asyncio.run(_one(run, options, until, cold=cold)))
    ends = {one.ended for one in found}
    print(
        f"{name:<34} first request {_ms(found, 'first')}   first change {_ms(found, 'change')}   "
        f"all on the old version {_ms(found, 'gone')}, of that the platform {_ms(found, 'platform')}   "
        f"{', '.join(sorted(ends))}"
    )
    return found


def _ms(found: Sequence[Timed], name: str) -> str:
    values = [value for one in found if (value := getattr(one, name)) is not None]
    return f"{1000 * statistics.median(values):7.0f} ms" if values else "   none   "


def table(rounds: int = ROUNDS) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as home:
        for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
            os.environ[name] = str(Path(home) / name)
            Path(os.environ[name]).mkdir(mode=0o700)
        _case(rounds, "rollback: blue-green", (), WINDOW)
        _case(rounds, "rollback: blue-green, cold process", (), WINDOW, cold=True)
        _case(rounds, "rollback: canary at 5 %", ("--strategy", "canary"), SHARE)
        _case(rounds, "rollback: swap refused, lower rung", ("--scenario", "swap-refused"), WINDOW)


if __name__ == "__main__":
    table(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
