"""The processes of the slots: what is refused, how they begin, how they end, and that none outlives its parent."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from cpr_cockpit.lab import packages
from cpr_cockpit.lab.instance import StartError
from cpr_cockpit.lab.models import Defect
from tests.lab.slots import GOALS, SIGNED_IN, WAIT, Slots, ready, script, slots, until, vanished

STUBBORN = f"""
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('{ready()}', flush=True)
while True:
    time.sleep(60)
"""


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Slots]:
    async with slots(tmp_path / "lab") as made:
        made.folder.mkdir()
        yield made


def _damaged() -> bytes:
    """A zip in which one byte of a stored file is another."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
        file.writestr("main.py", "print('one two three')")
    return packed.getvalue().replace(b"two", b"tow")


def _link() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        entry = zipfile.ZipInfo("main.py")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(entry, "/etc/passwd")
    return packed.getvalue()


REFUSED = {
    "nothing": (b"", "no zip, or its archive is damaged"),
    "text": (b"not a zip at all", "no zip, or its archive is damaged"),
    "half": (packages.bad(), "no zip, or its archive is damaged"),
    "damaged": (_damaged(), "does not match its checksum"),
    "link": (_link(), "is a link"),
    **{
        f"slip {name}": (script("", **{name: "slipped"}), "outside of the site's folder")
        for name in ("../slipped", "a/../../slipped", "/slipped", "..\\slipped", "C:\\slipped", "C:slipped")
    },
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_package_that_is_no_honest_zip_is_refused_and_nothing_is_written(place: Slots, name: str) -> None:
    package, words = REFUSED[name]
    with pytest.raises(packages.PackageError, match=words):
        packages.examine(package)
    with pytest.raises(StartError, match=words):
        await place.start(package)
    assert not [path for path in place.folder.parent.rglob("*") if path.is_file()]


def test_whole_packages_are_unpacked_with_all_their_files(tmp_path: Path) -> None:
    packages.unpack(packages.build("v1.2.0"), tmp_path / "product")
    assert (tmp_path / "product" / packages.RELEASE).is_file()
    packages.unpack(script("", **{"a..b": "", "c/...": ""}), tmp_path / "odd")
    found = {path.relative_to(tmp_path / "odd").as_posix() for path in (tmp_path / "odd").rglob("*") if path.is_file()}
    assert found == {"main.py", "a..b", "c/..."}


async def test_a_process_that_ends_too_soon_is_told_with_its_code_and_its_last_words(place: Slots) -> None:
    with pytest.raises(StartError, match=r"slot 'green' ended with code 1 .*: no configuration$"):
        await place.start(script("raise SystemExit('no configuration')"), slot="green")
    with pytest.raises(StartError, match=r"ended with code 3 .* said nothing"):
        await place.start(script("raise SystemExit(3)"))
    with pytest.raises(StartError, match=r"main\.py"):
        await place.start(script("", **{"other.py": ""}).replace(b"main.py", b"mine.py"))


@pytest.mark.parametrize("missing", ["DATABASE", "USER_TOKEN"])
async def test_the_product_names_the_setting_that_it_misses(place: Slots, missing: str) -> None:
    settings = {"DATABASE": str(place.folder / "goals"), "USER_TOKEN": "x"}
    del settings[missing]
    with pytest.raises(StartError, match=f"The app setting {missing} is missing."):
        await place.start(settings=settings)


async def test_a_process_that_is_never_ready_is_killed(place: Slots, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    stuck = f"import os, time\nopen({str(told)!r}, 'w').write(str(os.getpid()))\n" + STUBBORN.replace("ready", "rested")
    with pytest.raises(StartError, match=r"not ready within 1 s"):
        await place.start(script(stuck), within=1.0)
    assert vanished(int(told.read_text("utf-8")))


async def test_a_start_that_is_given_up_leaves_no_process(place: Slots, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = f"import os, time\nopen({str(told)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    starting = asyncio.create_task(place.start(script(code)))
    await until(lambda: told.exists() and told.read_text("utf-8") != "")
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert vanished(int(told.read_text("utf-8")))


async def test_settings_are_its_environment_and_the_labs_own_is_not(
    place: Slots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_SECRET", "of the lab")
    code = "import os\nraise SystemExit(' '.join(os.environ.get(n, '-') for n in ('LAB_SECRET', 'MINE', 'SLOT_NAME')))"
    with pytest.raises(StartError, match=r": - yes green$"):
        await place.start(script(code), slot="green", settings={"MINE": "yes", "SLOT_NAME": "forged"})


async def test_what_a_process_prints_besides_does_no_harm(place: Slots) -> None:
    lines = [
        *("hello", "[1]", '{"ready": 5}', '{"ready": {"port": 0, "version": "v"}}', '{"other": {}}'),
        "x" * 3_000_000,
        ready(7),
        *(json.dumps({"request": {"n": n}}) for n in range(3)),
        json.dumps({"exception": {"n": 9}}),
    ]
    said = place.folder / "said"
    said.write_text("\n".join(lines) + '\n{"request"', "utf-8")
    code = f"import sys\nsys.stdout.write(open({str(said)!r}).read())\n"
    instance = await place.start(script(code + "sys.stdout.flush()\nsys.stdin.read()\n"))
    assert (instance.port, instance.version) == (7, "v9.9.9")
    await until(lambda: len(place.rows.exceptions) == 1)
    assert [row["n"] for row in place.rows.requests] == [0, 1, 2]


async def test_stop_lets_requests_finish_and_loses_no_telemetry(place: Slots) -> None:
    instance = await place.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{instance.port}") as client:

        async def get() -> int:
            async with client.get(GOALS, headers=SIGNED_IN) as answer:
                await answer.read()
                return answer.status

        await get()
        under_way = [asyncio.create_task(get()) for _ in range(20)]
        # Each takes at least 60 ms from its arrival, so none has ended yet.
        await asyncio.sleep(0.04)
        await instance.stop()
        assert await asyncio.gather(*under_way) == [200] * 20
    assert (instance.exit_code, instance.alive, instance.exited.is_set()) == (0, False, True)
    assert len(place.rows.requests) == 21
    await instance.stop()
    await instance.set_defect(Defect("errors", 1.0, 1.0))


async def test_a_process_that_will_not_end_is_killed(place: Slots) -> None:
    instance = await place.start(script(STUBBORN))
    await instance.stop(0.1)
    assert instance.exit_code == -signal.SIGKILL
    assert vanished(instance.pid)


async def test_a_process_that_dies_by_itself_is_noticed(place: Slots) -> None:
    instance = await place.start()
    assert instance.alive
    os.kill(instance.pid, signal.SIGKILL)
    async with asyncio.timeout(WAIT):
        await instance.exited.wait()
    assert (instance.alive, instance.exit_code, instance.has_outage) == (False, -signal.SIGKILL, False)
    await instance.set_defect(None)


PARENT = """
import asyncio, json, sys
from pathlib import Path
from tests.lab.slots import Slots

async def main():
    place = Slots(Path(sys.argv[1]))
    running = [await place.start() for _ in range(2)]
    print(json.dumps([instance.pid for instance in running]), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("frozen", [False, True])
def test_kill_9_of_the_parent_leaves_no_child(tmp_path: Path, frozen: bool) -> None:
    if frozen and sys.platform != "linux":
        pytest.skip("only Linux ends a process that cannot read its input")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) as parent:
        assert parent.stdout is not None
        children: list[int] = json.loads(parent.stdout.readline())
        assert len(children) == 2
        if frozen:
            for pid in children:
                os.kill(pid, signal.SIGSTOP)
        parent.kill()
    assert all(vanished(pid) for pid in children)
