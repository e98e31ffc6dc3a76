"""A stage for whole runs: a world, a run's folder, and lives of its session that may end at any turn of the loop."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Coroutine, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cpr_cockpit.core.events import AnyEvent, Record, Script
from cpr_cockpit.core.plan import key_of
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.strategy import NEW_ARTIFACT
from cpr_cockpit.engine.desk import Desk
from cpr_cockpit.engine.gate import start_blockers
from cpr_cockpit.engine.ground import take_ground
from cpr_cockpit.engine.journal import COUNT, Journal
from cpr_cockpit.engine.observing import session_of
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.pursuit import Patience
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.writer import FILE
from tests.engine.users import HEALTHY, Behaviour
from tests.engine.virtual import VirtualLoop
from tests.engine.world import NEW, OLD, SLOT, Call, World, package

READY = ReadinessFacts(
    "automation-deploy.json",
    score=95.0,
    open_critical=0,
    open_high=0,
    uat_approved=True,
    ci_passing=True,
    conflicts=False,
    documented_decision="READY",
)
AUTO = Script()
LONGEST_S = 7200.0
# Where Linux keeps files in memory: hundreds of whole runs need not wait for the disk to sync each event.
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
STEPS_OF = {
    "swap": ("swap", "swap-back"),
    "deploy": ("deploy", "replace-bad", "redeploy-old"),
    "create": ("ensure-slot",),
    "pipeline": ("deploy",),
    "preview": ("preview",),
    "reset": ("reset-preview",),
    "flag": ("flag-5", "flag-25", "flag-50", "flag-100", "flag-off"),
    "route": (
        "route-5",
        "route-25",
        "route-50",
        "route-off",
        "route-back",
        "hold-back",
        "release-control",
        "route-old",
        "route-home",
    ),
}


def settings_for(folder: Path, script: Script | None = AUTO, window_s: float = 10.0) -> SessionSettings:
    """A run in ``folder`` whose artifact is there."""
    artifacts = folder / "artifacts"
    artifacts.mkdir(exist_ok=True)
    package(artifacts / NEW_ARTIFACT, NEW)
    return SessionSettings(
        run=folder.name,
        feature="0001-goal",
        mode="drill" if script else "open",
        actor="drill",
        script=script,
        environment={"app": "app", "production_url": "https://production.test", "slot_url": "https://green.test"},
        slot=SLOT,
        new_version=NEW,
        policy=Policy(),
        window_s=window_s,
        declared_delay_s=0.5,
        readiness=(READY,),
        folder=folder,
    )


def bodies(folder: Path) -> list[dict[str, Any]]:
    """The events on disk, read past all of our own code."""
    with closing(sqlite3.connect(f"{(folder / FILE).as_uri()}?mode=ro", uri=True)) as db:
        return [json.loads(body) for (body,) in db.execute("SELECT body FROM events ORDER BY seq")]


def cancel_all(loop: VirtualLoop) -> None:
    """End every task of the loop, without letting time pass."""

    async def ended(tasks: set[asyncio.Task[Any]]) -> None:
        await asyncio.gather(*tasks, return_exceptions=True)

    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(ended(tasks))


@dataclass(frozen=True, slots=True)
class Death:
    """How a session process dies: whether its requests under way are torn, how many of its last words are unwritten.

    ``unwritten`` is cut to what the last turn of the loop wrote: within one turn nothing is done but writing.
    """

    torn: bool = False
    unwritten: int = 0


class Watched(Recorder):
    """The Recorder, which remembers what was to be written after the end, whoever caught its refusal."""

    def __init__(self, journal: Journal | None, clock: Clock, records: Iterable[Record]) -> None:
        super().__init__(journal, clock, records)
        self.late: list[str] = []

    def record(self, event: AnyEvent) -> Record:
        if self.run.ended is not None:
            self.late.append(event.type)
        return super().record(event)


class Life:
    """One session process on the stage."""

    def __init__(self, stage: Stage, rollback_by: str | None, *, go_on: bool) -> None:
        self.stage = stage
        self.loop = stage.loop
        rollback = rollback_by is not None
        ground = take_ground(stage.settings, stage.world.clock.now(), go_on=go_on or rollback, must_not_fail=rollback)
        self.journal = ground.journal
        self.recorder = Watched(ground.journal, stage.world.clock, ground.records)
        self.session = session_of(stage.settings, stage.ports(), self.recorder, Patience())
        self.desk = Desk(self.session)
        self._rollback_by = rollback_by
        self._task: asyncio.Task[None] | None = None
        self._begun = len(self.recorder.records)
        self.deeds: list[asyncio.Task[Any]] = []

    @property
    def run_state(self) -> Run:
        """The run as this session knows it."""
        return self.recorder.run

    def live(self, until: Callable[[], bool] = lambda: False) -> bool:
        """Let it live until it ends (True), or until ``until`` holds at the beginning of a turn (False)."""
        if self._task is None:
            self._task = self.loop.create_task(self.session.run(self._rollback_by))
        task = self._task
        if task.done():
            return True

        watching = True

        def ended(_: asyncio.Task[None]) -> None:
            # It may be called after we have left: then the loop is somebody else's.
            if watching:
                self.loop.stop()

        def on_turn() -> bool:
            self._begun = len(self.recorder.records)
            assert self.loop.time() < LONGEST_S, "the session did not end within two hours"
            return until()

        self.loop.watch_turns(on_turn)
        task.add_done_callback(ended)
        try:
            while not task.done():
                self.loop.run_forever()
                if not task.done():
                    return False
        finally:
            watching = False
            self.loop.watch_turns(None)
        task.result()
        assert not self.recorder.late, f"after the end came {self.recorder.late}"
        return True

    def do(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Have something done from the next turn on."""
        task = self.loop.create_task(work)
        self.deeds.append(task)
        return task

    def command(self, name: str, **arguments: Any) -> asyncio.Task[Any]:
        """A face's command."""
        return self.do(self.desk.command(name, arguments))

    def die(self, death: Death = Death()) -> None:
        """End as by kill -9: no task does anything any more, only what the operating system holds is let go."""
        written = len(self.recorder.records)
        # Whatever its tasks do while they are torn down, it reaches no disk any more.
        self.recorder.must_not_fail = False
        if self.journal is not None:
            self.journal.close()
        cancel_all(self.loop)
        if death.torn:
            self.stage.world.tear_requests()
        self._unwrite(min(death.unwritten, written - self._begun))

    def _unwrite(self, count: int) -> None:
        if count <= 0:
            return
        with closing(sqlite3.connect(self.stage.folder / FILE, isolation_level=None)) as db:
            db.execute("DROP TRIGGER no_delete")
            db.execute("DELETE FROM events WHERE seq > (SELECT MAX(seq) FROM events) - ?", (count,))
            left = db.execute("SELECT COUNT(*) FROM events").fetchone()[0]
        (self.stage.folder / COUNT).write_text(f"{left}\n", "ascii")

    def end(self) -> None:
        """Leave as the session process does when the run has ended."""
        self.recorder.close(seal=True)


class Stage:
    """A world and a run on it. Every request that changes something is held against the journal on disk (law 3).

    ``folder``: the run's, to be made and left behind; without one it is a temporary one.
    """

    def __init__(
        self,
        script: Script | None = AUTO,
        *,
        window_s: float = 10.0,
        behaviour: Behaviour = HEALTHY,
        slot: str | None = OLD,
        slot_exists: bool = True,
        folder: Path | None = None,
    ) -> None:
        self.loop = VirtualLoop()
        self.world = World(self.loop, slot=slot, slot_exists=slot_exists)
        self.world.users.behaviours[NEW] = behaviour
        self.world.witness = self.intent_first
        self.whole_journal = True
        self._place = Path(tempfile.mkdtemp(prefix="stage-", dir=IN_MEMORY))
        self.folder = folder or self._place / "run"
        self.folder.mkdir(parents=True)
        self.settings = settings_for(self.folder, script, window_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cancel_all(self.loop)
        self.loop.close()
        shutil.rmtree(self._place)

    def ports(self) -> Ports:
        """The world as a session is given it."""
        return self.world.ports()

    def sent_before(self) -> int:
        """Requests that changed something so far."""
        return len(self.world.calls)

    def begin(self, rollback_by: str | None = None, *, go_on: bool = False) -> Life:
        """A new session on the run's folder, as the session process begins it."""
        return Life(self, rollback_by, go_on=go_on)

    def sign_and_start(self, life: Life) -> None:
        """What persons do before START: sign every item that is left, then press it."""
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        for blocker in start_blockers(life.run_state, self.world.clock.now()):
            if not blocker.item.follows:
                life.command("sign", item=blocker.item.key, by="ana")
        started = life.command("start", by="ana")
        assert not life.live(started.done)
        started.result()

    def whole_run(self) -> Run:
        """One session from the beginning to the end."""
        life = self.begin()
        assert life.live(), "the session did not end"
        life.end()
        return life.run_state

    def rest(self) -> None:
        """Let everything in the world come to its end."""
        self.loop.run_until_complete(asyncio.sleep(30.0))
        assert self.world.at_rest

    def change(self, **settings: Any) -> None:
        """Other settings for the sessions to come."""
        self.settings = replace(self.settings, **settings)

    def intent_first(self, call: Call) -> None:
        """Law 3, for a request that is about to leave: its own intent is the last one on disk, and has no outcome.

        What was intended before has an outcome by then, or is an earlier try of the same step. ``whole_journal`` False:
        somebody has destroyed some of it, so that intents cannot be counted.
        """
        changes = [
            body
            for body in bodies(self.folder)
            if body["type"] == "step.outcome" or (body["type"] == "step.intent" and body["mutates"])
        ]
        assert changes, f"{call} left without an intent on disk"
        last = changes[-1]
        assert last["type"] == "step.intent", f"{call} left after the outcome of {last['step']}"
        assert key_of(last["step"]) in STEPS_OF[call.kind], f"{call} left for the intent of {last['step']}"
        open_steps: set[tuple[str, str]] = set()
        for body in changes:
            key = (body["way"], body["step"])
            if body["type"] == "step.outcome":
                open_steps.discard(key)
            else:
                assert open_steps <= {key}, f"{key} was begun while {open_steps} had no outcome"
                open_steps.add(key)
        if not self.whole_journal:
            return
        intents = sum(body["type"] == "step.intent" for body in changes)
        sent = self.sent_before() + 1
        assert sent <= intents, f"{sent} requests left for {intents} intents"
