"""The lease: it keeps others from START, is never taken over without a record, and is never in ROLLBACK's way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.lease import Lease
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.engine.gate import start_blockers
from cpr_cockpit.engine.greeting import PATIENCE_S
from cpr_cockpit.engine.host import CommandError
from cpr_cockpit.engine.lease_keeper import RENEW_S, START_S
from tests.engine.leases import WAY, Store
from tests.engine.moments import bounded
from tests.engine.stage import AUTO, Life, Stage, bodies
from tests.engine.virtual import EPOCH
from tests.engine.world import NEW, OLD

WINDOW_S = 60.0
BEN = Lease("ben", "laptop", "other-run", EPOCH - 600.0, EPOCH + 3600.0)
BENS = "ben on laptop (run other-run)"


def leased(held: Lease | None = None, script: ev.Script | None = None) -> tuple[Stage, Store]:
    """A stage whose environment has a lease; every write is held against the journal on disk."""
    stage, store = Stage(script, window_s=WINDOW_S), Store()
    store.put(held)

    def recorded_first(before: Lease | None) -> None:
        intents = [body for body in bodies(stage.folder) if body["type"] == "lease.intent"]
        assert intents, "the lease was written without an intent on disk"
        if before is not None and before.run != stage.settings.run:
            assert intents[-1]["over"] == before.holder, "a lease was taken over without a record"

    store.witness = recorded_first
    stage.world.lease_store = store
    return stage, store


def until(life: Life, what: object, most: float = 200.0) -> None:
    latest = life.loop.time() + most
    assert callable(what)
    assert not life.live(lambda: what() or life.loop.time() >= latest), "the session ended"
    assert what(), f"it did not come within {most:g} s"


def rest(life: Life, seconds: float) -> None:
    end = life.loop.time() + seconds
    until(life, lambda: life.loop.time() >= end, seconds + 1.0)


def asked(life: Life, name: str, **arguments: str) -> str:
    """A command by ana; what it was refused with, or ""."""
    task = life.command(name, by="ana", **arguments)
    until(life, task.done)
    error = task.exception()
    assert error is None or isinstance(error, CommandError)
    return str(error or "")


def in_window(stage: Stage) -> Life:
    life = stage.begin()
    stage.sign_and_start(life)
    until(life, lambda: life.run_state.phase is Phase.WINDOW)
    return life


def test_it_is_taken_at_start_renewed_and_given_back_at_the_end() -> None:
    stage, store = leased(script=AUTO)
    with stage:
        life = stage.begin()
        until(life, lambda: life.run_state.started_at is not None)
        assert store.held is not None
        assert (store.held.run, life.run_state.others.lease is not None) == (stage.settings.run, True)
        until(life, lambda: store.writes >= 2)
        assert life.live()
        assert life.run_state.others.lease is None
        assert store.held is None
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "kept"


def test_it_is_given_back_though_it_would_have_been_renewed_meanwhile() -> None:
    stage, store = leased()
    with stage:
        life = in_window(stage)
        writes = store.writes
        until(life, lambda: store.writes > writes)
        rest(life, RENEW_S - 8.0)
        life.command("rollback", by="ana")
        until(life, lambda: life.run_state.proven_back)
        # The end is written while the store still removes it.
        store.removal_s = stage.world.read_s = 9.0
        assert life.live()
        assert store.held is None


def signed(stage: Stage) -> Life:
    """A session in which only START is left to press."""
    life = stage.begin()
    until(life, lambda: life.run_state.phase is Phase.READY)
    for blocker in start_blockers(life.run_state, stage.world.clock.now()):
        if not blocker.item.follows:
            life.command("sign", item=blocker.item.key, by="ana")
    return life


def planned_anew(life: Life) -> None:
    """Another plan, made once."""
    if life.run_state.plan is not None and life.run_state.plans == 1:
        life.recorder.record(life.run_state.plan)


def test_a_start_that_is_refused_after_it_was_taken_gives_it_back() -> None:
    stage, store = leased()
    with stage:
        life = signed(stage)
        # Another plan is made while the lease is on its way, and the store takes its time for all of it.
        store.before_write = lambda: planned_anew(life)
        store.fault, store.way_s, store.removal_s = "lost", 1.4, 5.0
        began = stage.loop.time()
        assert "The plan has changed since this screen showed it" in asked(life, "start", plan="1")
        assert stage.loop.time() - began < PATIENCE_S
        assert "given back by another command" in asked(life, "start", plan="2")
        store.way_s, store.removal_s = WAY, 0.0
        rest(life, START_S)
        assert life.run_state.started_at is None
        assert asked(life, "start", plan="2") == ""
        assert store.held is not None


@pytest.mark.parametrize("given_back", [False, True])
def test_a_rollback_that_comes_before_the_end_is_written_is_carried_out_at_once(given_back: bool) -> None:
    stage, store = leased()
    stage.change(window_s=10.0)
    with stage:
        life = in_window(stage)
        until(life, lambda: life.session.watch is not None and life.session.watch.may_keep())
        life.command("keep", by="ana")
        until(life, lambda: life.run_state.phase is Phase.KEEPING)
        stage.world.read_s, store.removal_s = (0.1, 1.2) if given_back else (1.0, 0.0)
        assert asked(life, "stop") == ""
        until(life, lambda: store.removals == 1) if given_back else rest(life, 0.5)
        began = stage.loop.time()
        assert asked(life, "rollback") == ""
        until(life, lambda: life.run_state.row("swap-back", "back") is not None)
        if given_back:
            assert stage.loop.time() - began < store.removal_s
        # While it is only looked whether the run ends, the environment is still its own.
        assert (store.removals, store.held is None) == (int(given_back), False)
        assert life.live()
        assert life.run_state.ended is not None
        assert (life.run_state.ended.decision, stage.world.production, store.held) == ("rolled_back", OLD, None)


def test_a_start_that_is_refused_takes_the_lease_from_nobody_who_has_begun_with_it() -> None:
    stage, store = leased()
    with stage:
        life = signed(stage)
        store.before_write = lambda: planned_anew(life)
        late = life.command("start", by="ana", plan="1")
        until(life, lambda: store.writes == 1)
        assert asked(life, "start", plan="2") == ""
        assert isinstance(late.exception(), CommandError)
        rest(life, 1.0)
        assert store.held is not None
        assert life.run_state.others.lease is not None


def test_an_item_that_fails_while_the_lease_is_taken_blocks_start() -> None:
    stage, store = leased()
    with stage:
        life = signed(stage)
        failed = ev.ItemMarked(item="configuration.cors", mark=Mark.FAILED, by=PROGRAM, value="* may call it")
        store.before_write = lambda: life.session.sign(failed)
        assert "1 items block START" in asked(life, "start")
        rest(life, 1.0)
        assert (life.run_state.started_at, store.held, life.run_state.others.lease) == (None, None, None)


def test_a_run_that_is_stopped_while_its_start_takes_the_lease_leaves_none() -> None:
    stage, store = leased()
    with stage:
        life = signed(stage)
        store.before_write = life.session.stop
        store.way_s = 1.0
        started = life.command("start", by="ana")
        assert life.live()
        assert (store.writes, store.held) == (1, None)
        assert str(started.exception()) == "The run has ended. Nothing was changed."


def test_another_holder_is_told_at_the_opening_and_blocks_start_by_name_and_age() -> None:
    stage, store = leased(BEN)
    with stage:
        life = stage.begin()
        with pytest.raises(CommandError, match=r"held by ben on laptop \(run other-run\) for 10 min"):
            stage.sign_and_start(life)
        assert life.run_state.started_at is None
        assert life.run_state.others.seen is not None
        assert (store.held or BEN).person == "ben"
        assert stage.world.calls == []


def test_a_script_does_not_begin_where_another_holds_it() -> None:
    stage, store = leased(BEN, AUTO)
    with stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert BENS in run.ended.reason
        assert stage.world.calls == []
        assert store.writes == 0


def test_it_is_taken_over_by_a_confirmed_act_with_a_reason_that_is_on_record() -> None:
    stage, store = leased(BEN)
    with stage:
        life = stage.begin()
        until(life, lambda: life.run_state.phase is Phase.READY)
        assert "needs a reason" in asked(life, "take_over", words=" ")
        assert asked(life, "take_over", words="ben is asleep") == ""
        assert store.held is not None
        assert (store.held.person, store.held.run) == ("ana", stage.settings.run)
        stage.sign_and_start(life)
        taken = [moment for moment in life.run_state.timeline if moment.what == "Lease taken over"]
        assert [moment.detail for moment in taken] == [f"from {BENS}, by ana: ben is asleep"]


def test_one_that_has_expired_is_taken_with_a_record() -> None:
    stage, store = leased(Lease("ben", "laptop", "other-run", EPOCH - 600.0, EPOCH - 1.0))
    with stage:
        life = in_window(stage)
        assert store.held is not None
        assert store.held.run == stage.settings.run
        assert any(moment.what == "Lease taken over" for moment in life.run_state.timeline)


def test_who_was_first_by_a_moment_is_not_overwritten() -> None:
    stage, store = leased()
    with stage:
        life = stage.begin()
        until(life, lambda: life.run_state.phase is Phase.READY)
        store.before_write = lambda: store.put(BEN)
        with pytest.raises(CommandError, match="took the lease"):
            stage.sign_and_start(life)
        assert (store.held or BEN).person == "ben"
        assert life.run_state.others.lease is None


@pytest.mark.parametrize("fault", ["down", "hangs"])
def test_a_store_that_fails_keeps_from_start_in_words(fault: str) -> None:
    stage, store = leased()
    with stage:
        store.fault = fault
        life = stage.begin()
        until(life, lambda: life.run_state.phase is Phase.READY)
        began = stage.loop.time()
        with pytest.raises(CommandError, match="lease cpr-cockpit/lease/goals cannot be read"):
            stage.sign_and_start(life)
        # A face waits five seconds for an answer.
        assert stage.loop.time() - began < 5.0
        store.fault = ""
        stage.sign_and_start(life)


def test_an_answer_that_was_lost_is_settled_by_reading() -> None:
    stage, store = leased()
    with stage:
        store.fault = "lost"
        life = in_window(stage)
        assert life.run_state.others.lease is not None
        store.fault = "lost"
        rest(life, 70.0)
        assert life.run_state.others.lease is not None
        assert life.run_state.others.words == ""


@pytest.mark.parametrize(
    ("thief", "words"), [(BEN, f"taken over: it is held by {BENS}"), (None, "removed by somebody")]
)
def test_one_that_is_lost_is_held_as_foreign_and_names_who_has_it(thief: Lease | None, words: str) -> None:
    stage, store = leased()
    with stage:
        life = in_window(stage)
        store.put(thief)
        until(life, lambda: bool(life.run_state.others.words), 40.0)
        assert words in life.run_state.others.words
        rest(life, 1.0)
        assert life.run_state.verdict is not None
        assert (life.run_state.verdict.kind, life.run_state.verdict.cause) == ("HOLD", "foreign")
        assert asked(life, "acknowledge", words="he may") == ""
        rest(life, 40.0)
        assert life.run_state.others.words == ""
        assert (store.held is None) is (thief is None), "what was lost was taken again"


def test_a_session_that_died_goes_on_with_its_own_lease() -> None:
    stage, store = leased()
    with stage:
        life = in_window(stage)
        life.die()
        until_expired = store.held.expires_at - stage.world.clock.now() if store.held else 0.0
        life = stage.begin()
        rest(life, until_expired + 60.0)
        assert store.held is not None
        assert store.held.run == stage.settings.run
        assert store.held.expires_at > stage.world.clock.now()
        assert life.run_state.others.words == ""


def test_one_that_could_not_be_renewed_before_its_end_is_told() -> None:
    stage, store = leased()
    with stage:
        life = in_window(stage)
        store.fault = "down"
        rest(life, 200.0)
        told = [note.words for _, note in life.run_state.notes if "could not be renewed" in note.words]
        assert len(told) == 1


@bounded(4)
@given(
    fault=st.sampled_from(("", "down", "hangs", "lost")),
    thief=st.sampled_from((None, BEN, "ours")),
    phase=st.sampled_from((Phase.DEPLOYING, Phase.WINDOW)),
    dies=st.booleans(),
)
def test_rollback_needs_no_lease_and_waits_for_none(
    fault: str, thief: Lease | str | None, phase: Phase, dies: bool
) -> None:
    stage, store = leased()
    with stage:
        life = stage.begin()
        stage.sign_and_start(life)
        until(life, lambda: life.run_state.phase is phase and life.run_state.finished("deploy", "forward"))
        store.fault = fault
        if thief != "ours":
            store.put(thief if isinstance(thief, Lease) else None)
        rest(life, 31.0)
        if dies:
            life.die()
            life = stage.begin(rollback_by="ana")
            began = stage.loop.time()
        else:
            began = stage.loop.time()
            life.command("rollback", by="ana")
        ended: list[float] = []

        def noticed() -> bool:
            if life.run_state.ended is not None and not ended:
                ended.append(stage.loop.time())
            return False

        assert life.live(noticed)
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back"
        assert (stage.world.production, stage.world.slot) == (OLD, OLD)
        # As long as the way back takes without any lease: the store is waited for by nobody before the end.
        assert ended[0] - began < 15.0
        assert NEW not in (stage.world.production, stage.world.slot)
