"""Sensors in a run on the simulated world: what they read blocks START, and never more than that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from cpr_cockpit.core.checklist import Due, Mark, items_of
from cpr_cockpit.core.checklists import ALL_CHECKLISTS
from cpr_cockpit.core.contact import Contact
from cpr_cockpit.core.events import ItemMarked, Noted, RunEnded
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import LogFacts, PortError
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.sensing import Reading, Sensor, State, sharing, together, told_once
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.engine.gate import start_blockers
from cpr_cockpit.engine.own_sensors import CONTACTS, FLAG, LOGS, PERFORMANCE, own_sensors
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.sensing import (
    AGAIN_S,
    AT_ONCE,
    DECLARED_AT_ONCE,
    EVERY_S,
    EXPIRES_S,
    LONGEST,
    SOON_S,
    WAIT_S,
    Sensing,
    sense,
)
from tests.engine.stage import AUTO, Life, Stage
from tests.engine.world import OLD

ITEM = "configuration.cors"
OTHER = "monitoring.dashboard"
DASHED = "database.backups"


@dataclass
class Told:
    """A sensor that is told what to read; ``act`` is done first."""

    state: State = State.OK
    words: str = "seen"
    items: tuple[str, ...] = (ITEM,)
    timeout_s: float = 5.0
    act: Callable[[], None] = lambda: None
    takes_s: float = 0.0
    leaves_out: bool = False
    to_come: bool = False
    times: list[float] = field(default_factory=list)

    async def read(self) -> tuple[Reading, ...]:
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.takes_s)
        self.act()
        found = tuple(Reading(item, self.state, self.words, later=self.to_come) for item in self.items)
        return () if self.leaves_out else found


def _raise(error: Exception) -> None:
    raise error


def _ready(stage: Stage, *sensors: Sensor) -> Life:
    stage.world.sensors = sensors
    life = stage.begin()
    assert not life.live(lambda: life.run_state.phase is Phase.READY and ITEM in life.run_state.standings)
    return life


def _later(stage: Stage, life: Life, seconds: float) -> None:
    until = stage.loop.time() + seconds
    assert not life.live(lambda: stage.loop.time() >= until)


def _blocks(stage: Stage, life: Life) -> str:
    found = start_blockers(life.run_state, stage.world.clock.now())
    return next((one.reason for one in found if one.item.key == ITEM), "")


def test_of_several_readings_of_an_item_the_worst_tells() -> None:
    readings = [
        Reading(ITEM, State.OK, "a"),
        Reading(OTHER, State.NOTE, "b"),
        Reading(ITEM, State.UNKNOWN, "c"),
        Reading(ITEM, State.FAILED, "d"),
        Reading(ITEM, State.FAILED, "e"),
    ]
    assert together(readings) == (Reading(ITEM, State.FAILED, "d; e"), Reading(OTHER, State.NOTE, "b"))


@pytest.mark.parametrize(
    ("sensor", "words"),
    [
        (Told(takes_s=6.0), "no answer within 5 s"),
        (Told(act=lambda: _raise(PortError("Gone.", next_step="Wait."))), "Gone. Nothing was changed. Wait."),
        (Told(act=lambda: _raise(OSError(5, "broken"))), "cannot be read (broken)"),
    ],
)
def test_what_cannot_be_read_is_unknown_and_keeps_nobody_waiting(sensor: Told, words: str) -> None:
    with Stage(None) as stage:
        found = stage.loop.run_until_complete(sense((sensor, Told(items=(OTHER,)))))
    assert found == (Reading(ITEM, State.UNKNOWN, words), Reading(OTHER, State.OK, "seen"))


def test_what_is_still_to_come_is_told_and_marks_nothing() -> None:
    with Stage(None) as stage:
        sensor = Told()
        life = _ready(stage, sensor)
        sensor.to_come = True
        _later(stage, life, EVERY_S + 1.0)
        assert life.run_state.standings[ITEM].mark == Mark.DEFERRED
        assert _blocks(stage, life)
    free = Reading(ITEM, State.NOTE, "free", later=True)
    assert together([Reading(ITEM, State.OK, "a"), free]) == (free,)
    assert not together([free, Reading(ITEM, State.FAILED, "b")])[0].later


def test_so_many_are_read_at_once_and_no_more() -> None:
    sensors = [Told(takes_s=1.0) for _ in range(AT_ONCE + 1)]
    with Stage(None) as stage:
        began = stage.loop.time()
        stage.loop.run_until_complete(sense(sensors))
    assert sorted(one.times[0] - began for one in sensors) == [0.0] * AT_ONCE + [1.0]


def test_what_was_read_stands_on_the_list_and_is_read_again() -> None:
    with Stage(None) as stage:
        sensor = Told(words="allowed\x1b[31m [b]" + "x" * 2 * LONGEST)
        life = _ready(stage, sensor)
        mark = life.run_state.standings[ITEM]
        assert (mark.mark, mark.by, mark.value[:16], len(mark.value)) == (
            Mark.MEASURED,
            PROGRAM,
            "allowed [31m [b]",
            LONGEST,
        )
        assert _blocks(stage, life) == ""
        _later(stage, life, 2 * EVERY_S)
        assert [b - a for a, b in zip(sensor.times, sensor.times[1:], strict=False)] == [EVERY_S, EVERY_S]


@pytest.mark.parametrize(("state", "value"), [(State.FAILED, "seen"), (State.UNKNOWN, "not known: seen")])
def test_what_failed_or_is_not_known_blocks_start_until_a_person_signs(state: State, value: str) -> None:
    with Stage(None) as stage:
        life = _ready(stage, Told(state))
        assert _blocks(stage, life) == f"failed by {PROGRAM}: {value}"
        assert not life.live(life.command("sign", item=ITEM, by="ana").done)
        assert _blocks(stage, life) == ""
        _later(stage, life, EVERY_S + 1.0)
        assert _blocks(stage, life) == "", "the same again tells a person nothing new"


def test_what_was_not_known_is_read_again_soon() -> None:
    with Stage(None) as stage:
        sensor, well = Told(State.UNKNOWN), Told(items=(OTHER,))
        life = _ready(stage, sensor, well)
        sensor.state = State.OK
        _later(stage, life, SOON_S + 1.0)
        assert _blocks(stage, life) == ""
        _later(stage, life, 3 * SOON_S)
        assert (len(sensor.times), len(well.times)) == (2, 1)


def test_the_same_trouble_is_told_once() -> None:
    gone = Reading(ITEM, State.UNKNOWN, "no network")
    found = told_once([gone, replace(gone, name=OTHER), Reading("x", State.OK, "no network")])
    assert [one.words for one in found] == ["no network", "could not be asked, for the same reason", "no network"]


def test_the_same_refusal_is_told_once_and_two_that_lack_the_same_are_two() -> None:
    refused = Reading(ITEM, State.FAILED, "Signing in was refused. Nothing was changed. Sign in.")
    lacking = Reading("channel a", State.FAILED, "variable X is not set")
    found = told_once([refused, replace(refused, name=OTHER), lacking, replace(lacking, name="channel b")])
    assert [one.words for one in found][1:] == ["could not be asked, for the same reason", *[lacking.words] * 2]


def test_what_held_and_fails_later_on_counts_more_than_a_signature() -> None:
    with Stage(None) as stage:
        sensor = Told()
        life = _ready(stage, sensor)
        assert not life.live(life.command("sign", item=ITEM, by="ana").done)
        sensor.state = State.FAILED
        _later(stage, life, EVERY_S + 1.0)
        assert _blocks(stage, life) == f"failed by {PROGRAM}: seen"


def test_readings_that_stop_coming_expire_and_block() -> None:
    with Stage(None) as stage:
        sensor = Told()
        life = _ready(stage, sensor)
        sensor.act = lambda: sensor.times.append(-1.0)
        sensor.takes_s, sensor.timeout_s = 3600.0, 7200.0
        _later(stage, life, EXPIRES_S + 5.0 + 1.0)
        assert _blocks(stage, life).startswith("expired")


def test_a_sensor_that_hangs_keeps_nobody_from_start_but_by_its_own_item() -> None:
    with Stage(None) as stage:
        stage.world.sensors = (Told(takes_s=3600.0, timeout_s=7200.0),)
        life = stage.begin()
        stage.sign_and_start(life)
        assert life.run_state.started_at is not None


def test_a_script_signs_only_after_the_machine_has_read() -> None:
    with Stage(AUTO) as stage:
        sensor = Told(takes_s=2.0)
        stage.world.sensors = (sensor,)
        run = stage.whole_run()
    assert run.standings[ITEM].mark == Mark.MEASURED
    assert len(sensor.times) == 1, "what the script waited for is not read again at once"


class _Logs:
    def __init__(self, facts: LogFacts) -> None:
        self._facts = facts

    async def facts(self, *, since: float) -> LogFacts:
        return self._facts

    async def by_hour(self, *, since: float) -> tuple[()]:
        return ()

    async def arrived(self, *, since: float) -> tuple[()]:
        return ()

    def planned(self, act: Act) -> tuple[()]:
        return ()


def test_logs_flag_and_contacts_are_read_of_what_a_run_has_anyway() -> None:
    with Stage(None) as stage:
        now = stage.world.clock.now()
        stage.world.premises = _Logs(LogFacts(12, 12.0, now - 3.0, 1.0))
        ports, course = stage.ports(), Course(flag="no-such-flag")
        contacts = (Contact("Ana", "lead", "555"), Contact("Bo", "on call"))
        found = stage.loop.run_until_complete(sense(own_sensors(ports, lambda: course, contacts, Policy(), 10.0)))
    told = {one.name: one for one in found}
    assert told[LOGS] == Reading(LOGS, State.OK, "12 rows of the last hour, the newest 3 s old")
    assert told[PERFORMANCE].state is State.OK
    assert told[FLAG].state is State.FAILED
    assert told[CONTACTS] == Reading(
        CONTACTS, State.FAILED, "Bo cannot be reached: give phone or contact in [[people]]"
    )


def test_no_row_in_the_logs_is_not_known_to_be_well() -> None:
    with Stage(None) as stage:
        stage.world.premises = _Logs(LogFacts(0, 0.0, None, None))
        found = stage.loop.run_until_complete(sense(own_sensors(stage.ports(), Course, (), Policy(), 10.0)))
    assert [(one.name, one.state) for one in found] == [(LOGS, State.UNKNOWN), (PERFORMANCE, State.UNKNOWN)]


def test_rows_that_come_too_late_do_not_show_that_monitoring_works() -> None:
    with Stage(None) as stage:
        stage.world.premises = _Logs(LogFacts(12, 12.0, stage.world.clock.now() - 3.0, 60.0))
        found = stage.loop.run_until_complete(sense(own_sensors(stage.ports(), Course, (), Policy(), 10.0)))
    assert [one.state for one in found] == [State.OK, State.UNKNOWN]
    assert "telemetry comes 60 s late (p95) and 10 s are declared" in found[1].words


def test_monitoring_that_stops_blocks_start() -> None:
    with Stage(None) as stage:
        logs = _Logs(LogFacts(12, 12.0, stage.world.clock.now(), 1.0))
        stage.world.premises = logs
        alone = Alone(stage, *own_sensors(stage.ports(), Course, (), Policy(), 10.0))
        assert alone.reason(PERFORMANCE) == ""
        logs._facts = LogFacts(0, 0.0, None, None)
        alone.later(EVERY_S)
        assert alone.reason(PERFORMANCE).startswith(f"failed by {PROGRAM}: not known: ")


def test_the_flag_is_that_of_the_course_by_now() -> None:
    courses = [Course(flag="one"), Course(flag="two"), Course()]
    with Stage(None) as stage:
        sensors = own_sensors(stage.ports(), lambda: courses.pop(0), (), Policy(), 10.0)
        found = [stage.loop.run_until_complete(sense(sensors)) for _ in range(3)]
    assert [[one.words.split(":")[0] for one in several] for several in found] == [["one"], ["two"], []]


@dataclass
class Both:
    """A sensor of two items, of which it reads the first as well."""

    other: State = State.UNKNOWN
    items: tuple[str, ...] = (ITEM, OTHER)
    timeout_s: float = 5.0

    async def read(self) -> tuple[Reading, ...]:
        return (Reading(ITEM, State.OK, "well"), Reading(OTHER, self.other, "429"))


class Alone:
    """The readings of a run without the rest of it: as long as a test likes, in little time."""

    def __init__(self, stage: Stage, *sensors: Sensor, before: Recorder | None = None) -> None:
        self.loop = stage.loop
        self.clock = stage.world.clock
        self.recorder = Recorder(None, self.clock, before.records if before else ())
        self.reading = self.loop.create_task(Sensing(sensors, self.clock, self.recorder).go_on())
        self.later(0.1)

    def later(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def sign(self) -> None:
        self.recorder.record(ItemMarked(item=ITEM, mark=Mark.SIGNED, by="ana"))

    def reason(self, item: str = ITEM) -> str:
        """Why the item blocks START, "" where it does not."""
        found = start_blockers(self.recorder.run, self.clock.now())
        return next((one.reason for one in found if one.item.key == item), "")

    @property
    def marks(self) -> list[ItemMarked]:
        events = [one.event for one in self.recorder.records]
        return [one for one in events if isinstance(one, ItemMarked) and (one.item, one.by) == (ITEM, PROGRAM)]


def test_who_shares_an_item_is_read_with_all_who_tell_it() -> None:
    with Stage(None) as stage:
        alone = Alone(stage, Told(State.FAILED), Both())
        alone.later(SOON_S + 1.0)
        assert alone.reason() == f"failed by {PROGRAM}: seen"


def test_sensors_that_share_an_item_through_another_are_one_group() -> None:
    third = "configuration.api-keys"
    one, apart, two, bridge = Told(), Told(items=(third,)), Told(items=(OTHER,)), Both()
    assert sharing((one, apart, two, bridge)) == ((apart,), (one, two, bridge))


def test_a_defect_of_one_sensor_ends_no_other(caplog: pytest.LogCaptureFixture) -> None:
    with Stage(None) as stage:
        bad, good = Told(items=(OTHER,), act=lambda: _raise(AttributeError("no attribute"))), Told()
        alone = Alone(stage, good, bad)
        alone.later(2 * EVERY_S + 1.0)
        assert alone.reason(OTHER) == f"failed by {PROGRAM}: not known: a defect of this program (AttributeError)"
        assert len(good.times) == 3
    assert "a sensor of monitoring.dashboard met a defect" in caplog.text


@pytest.mark.parametrize("states", [(State.OK, State.UNKNOWN), (State.NOTE,)])
def test_what_held_when_it_was_last_known_counts_more_than_a_signature(states: tuple[State, ...]) -> None:
    with Stage(None) as stage:
        sensor = Told(states[0])
        alone = Alone(stage, sensor)
        alone.sign()
        for state in (*states[1:], State.FAILED):
            sensor.state = state
            alone.later(EVERY_S + 1.0)
        assert alone.reason() == f"failed by {PROGRAM}: seen"


@pytest.mark.parametrize(("before", "reason"), [(State.OK, f"failed by {PROGRAM}: seen"), (State.FAILED, "")])
def test_another_session_knows_what_held(before: State, reason: str) -> None:
    with Stage(None) as stage:
        first = Alone(stage, Told(before))
        first.sign()
        first.reading.cancel()
        assert Alone(stage, Told(State.FAILED), before=first.recorder).reason() == reason


def test_a_slow_sensor_lets_no_reading_expire() -> None:
    with Stage(None) as stage:
        alone = Alone(stage, Told(), Told(items=(OTHER,), takes_s=599.0, timeout_s=600.0))
        alone.later(600.0)
        for _ in range(20):
            alone.later(90.0)
            assert (alone.reason(), alone.reason(OTHER)) == ("", "")


def test_an_item_that_is_left_out_later_is_for_a_person() -> None:
    with Stage(None) as stage:
        sensor = Told(State.UNKNOWN)
        alone = Alone(stage, sensor)
        sensor.leaves_out = True
        alone.later(SOON_S + 2 * EVERY_S + 1.0)
        left = "the machine tells nothing of it any more: for a person"
        assert alone.reason() == f"deferred by {PROGRAM}: {left}"
        assert len(sensor.times) == 4, "it is not asked every half minute any more"
        assert [one.mark for one in alone.marks] == [Mark.FAILED, Mark.DEFERRED]


def test_the_same_is_not_written_again_and_again() -> None:
    with Stage(None) as stage:
        sensor = Told(State.UNKNOWN)
        alone = Alone(stage, sensor)
        alone.later(EXPIRES_S - 1.0)
        assert (len(sensor.times), len(alone.marks)) == (20, 3)
        sensor.words = "other"
        alone.later(SOON_S)
        assert alone.marks[-1].value == "not known: other"


def test_a_journal_that_refuses_ends_no_reading(caplog: pytest.LogCaptureFixture) -> None:
    with Stage(None) as stage:
        alone = Alone(stage, sensor := Told())
        alone.recorder.record(
            RunEnded(decision="stopped", provisional=False, production_version=OLD, slot_version=None, reason="")
        )
        alone.later(EVERY_S + 1.0)
        assert len(sensor.times) == 2
        assert not alone.reading.done()
    assert f"what was read of {ITEM} could not be recorded" in caplog.text


def test_declared_sensors_that_hang_keep_none_of_the_others_waiting() -> None:
    @dataclass
    class Declared(Told):
        declared: bool = True

    hanging = [Declared(takes_s=3600.0, timeout_s=60.0) for _ in range(DECLARED_AT_ONCE)]
    own, late = Told(items=(OTHER,)), Declared(items=("monitoring.logs",))
    with Stage(None) as stage:
        began = stage.loop.time()
        stage.loop.run_until_complete(sense((*hanging, late, own)))
    assert [one.times[0] - began for one in (own, late)] == [0.0, 60.0]


def test_the_times_of_a_reading_are_kept_by_the_clock_that_is_given() -> None:
    with Stage(None) as stage:
        (found,) = stage.loop.run_until_complete(sense((Told(takes_s=2.0),), clock=stage.world.clock))
        assert found.at == stage.world.clock.now()
        assert found.took_s == pytest.approx(2.0)


def test_what_was_read_long_ago_is_read_again_when_start_is_pressed_and_blocks() -> None:
    with Stage(None) as stage:
        listed, other = Told(items=(DASHED,)), Told()
        life = _ready(stage, listed, other)
        for blocker in start_blockers(life.run_state, stage.world.clock.now()):
            if not blocker.item.follows:
                life.command("sign", item=blocker.item.key, by="ana")
        _later(stage, life, AGAIN_S + 1.0)
        listed.state = State.FAILED
        pressed = life.command("start", by="ana")
        assert not life.live(pressed.done)
        assert "(failed by cockpit: seen)" in str(pressed.exception())
        assert (len(listed.times), len(other.times)) == (2, 1), "only what is listed is read again"
        listed.state = State.OK
        assert not life.live(life.command("sign", item=DASHED, by="ana").done)
        listed.takes_s = 3600.0
        _later(stage, life, AGAIN_S + 1.0)
        began, pressed = stage.loop.time(), life.command("start", by="ana")
        assert not life.live(pressed.done)
        assert life.run_state.started_at is not None
        assert stage.loop.time() - began == pytest.approx(WAIT_S, abs=0.5), "one that hangs is not waited for"


def test_a_signature_of_what_is_due_until_start_expires() -> None:
    with Stage(None) as stage:
        life = _ready(stage, Told(State.FAILED))
        assert not life.live(life.command("sign", item=ITEM, by="ana").done)
        mark = life.run_state.standings[ITEM]
        assert mark.expires_at == pytest.approx(stage.world.clock.now() + Policy().signature_s, abs=1.0)
        due = next(item.key for item in items_of(ALL_CHECKLISTS) if item.due > Due.START and not item.follows)
        assert not life.live(life.command("sign", item=due, by="ana").done)
        assert life.run_state.standings[due].expires_at is None


@pytest.mark.parametrize("mark", ["signed", "failed"])
def test_where_a_signature_has_ended_the_machine_tells_again_what_it_reads(mark: str) -> None:
    """What a person found to fail has no end: only they take it back."""
    with Stage(None) as stage:
        stage.change(policy=Policy(signature_s=120.0))
        sensor = Told(State.UNKNOWN)
        life = _ready(stage, sensor)
        assert not life.live(life.command("sign", item=ITEM, by="ana", mark=mark).done)
        _later(stage, life, 2.0 * SOON_S)
        sensor.state = State.OK
        assert life.run_state.standings[ITEM].by == "ana"
        _later(stage, life, EVERY_S + 2.0 * SOON_S)
        standing = life.run_state.standings[ITEM]
        assert (standing.by, _blocks(stage, life) == "") == ((PROGRAM, True) if mark == "signed" else ("ana", False))


def test_before_go_a_few_are_read_once_more_and_told_as_a_note() -> None:
    with Stage(AUTO) as stage:
        stage.world.sensors = (Told(items=("monitoring.alert-rules",)), Told())
        life = stage.begin()
        assert life.live()
        notes = [one.event for one in life.recorder.records if isinstance(one.event, Noted)]
    assert [one.words for one in notes if one.by == PROGRAM] == [
        "Before GO: 1 of 1 checks hold that were read once more"
    ]


def test_what_is_due_after_start_is_read_from_the_switch_on_and_never_blocks_start() -> None:
    late = Told(items=("production-migration.integrity",), words="12 rows, none without an owner")
    with Stage(AUTO, window_s=20.0) as stage:
        stage.world.sensors = (late,)
        run = stage.whole_run()
        standing = run.standings["production-migration.integrity"]
        assert (standing.mark, standing.by, standing.value) == ("measured", PROGRAM, late.words)
        assert run.t0 is not None
        assert len(late.times) == 2, "at the switch and before the decision, and not once before START"


def test_what_fails_after_the_switch_is_marked_so_and_a_person_decides() -> None:
    late = Told(State.FAILED, "3 rows without an owner", ("production-migration.integrity",))
    with Stage(AUTO, window_s=20.0) as stage:
        stage.world.sensors = (late,)
        run = stage.whole_run()
        assert run.standings["production-migration.integrity"].mark == "failed"
