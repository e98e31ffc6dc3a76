"""Who is called and what happens by itself: never before the written time, never after an answer; the status line."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.alarm import Cause, alarm, page_due, rolls_back_at
from cpr_cockpit.core.notice_events import AlarmAcknowledged, NoticeIntent
from cpr_cockpit.core.notice_words import wanted
from cpr_cockpit.core.notices import NoticeKind
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.status_line import clock, status_line
from cpr_cockpit.core.verdict import Figure, HoldCause, Verdict, VerdictKind

T0, WINDOW_S = 1_760_000_000.0, 900.0
POLICY = replace(Policy(), unattended="rollback")


def run_of(*told: tuple[float, ev.AnyEvent], observe: bool = False) -> Run:
    """A run that a person decides, in its window, to which these things happened (seconds after T0)."""
    opened = ev.RunOpened(
        run="r",
        feature="0001",
        mode="open",
        actor="ana",
        environment={"app": "goals-api"},
        new_version="v1.3.0",
        artifact_sha256="",
        policy={},
        declared_delay_s=0.0,
        program="1",
        observe=observe,
    )
    first: list[tuple[float, ev.AnyEvent]] = [
        (-60.0, opened),
        (-50.0, ev.Started(by="ana")),
        (0.0, ev.TrafficSwitched(way="forward", version="v1.3.0", t0=T0)),
    ]
    events = [*first, *sorted(told, key=lambda one: one[0])]
    return fold(ev.Record(seq=seq, at=T0 + at, event=one, hash="") for seq, (at, one) in enumerate(events, 1))


def verdict(kind: str, cause: str | None = None) -> ev.VerdictGiven:
    return ev.VerdictGiven.model_validate({"kind": kind, "cause": cause, "rule": None, "sentence": "41 of 97 failed"})


@given(
    since=st.floats(1.0, 800.0),
    seen=st.none() | st.floats(0.0, 3000.0),
    looked=st.floats(0.0, 4000.0),
    resumed=st.none() | st.floats(0.0, 3000.0),
)
def test_nothing_is_carried_out_before_its_time_or_after_an_answer(
    since: float, seen: float | None, looked: float, resumed: float | None
) -> None:
    told: list[tuple[float, ev.AnyEvent]] = [(since, verdict("ROLLBACK"))]
    told += [(seen, AlarmAcknowledged(by="ana"))] if seen is not None else []
    told += [(resumed, ev.Interrupted(silent_s=1.0, during="window"))] if resumed is not None else []
    run = run_of(*(one for one in told if one[0] <= looked))
    at = rolls_back_at(run, POLICY, T0 + looked)
    answered = seen is not None and since <= seen <= looked
    if looked < since or answered:
        assert at is None
        assert page_due(alarm(run, POLICY, T0 + looked), POLICY, T0 + looked) is None or looked >= WINDOW_S
    else:
        assert at is not None
        latest = max(since, resumed if resumed is not None and resumed <= looked else 0.0)
        assert abs(at - (T0 + latest + POLICY.unattended_after_s)) < 1e-3
    assert rolls_back_at(run, Policy(), T0 + looked) is None


def test_overdue_is_never_carried_out_and_who_only_looks_on_carries_nothing_out() -> None:
    late = T0 + WINDOW_S + 100_000.0
    found = alarm(run_of(), POLICY, late)
    assert found is not None
    assert found.cause is Cause.OVERDUE
    assert rolls_back_at(run_of(), POLICY, late) is None
    assert rolls_back_at(run_of((5.0, verdict("ROLLBACK")), observe=True), POLICY, late) is None


def test_a_decision_against_the_verdict_is_an_answer_and_a_verdict_after_it_is_a_new_alarm() -> None:
    kept = ev.Decided(word="keep", by="ana", verdict="ROLLBACK", sentence="against the data")
    against = run_of((100.0, verdict("ROLLBACK")), (950.0, kept))
    assert alarm(against, POLICY, T0 + 1500.0) is None
    assert rolls_back_at(against, POLICY, T0 + 1500.0) is None
    after = run_of((950.0, kept), (1000.0, verdict("ROLLBACK")))
    assert rolls_back_at(after, POLICY, T0 + 1001.0) == T0 + 1000.0 + POLICY.unattended_after_s
    late = run_of((950.0, kept), (1900.0, verdict("ROLLBACK")))
    found = alarm(late, POLICY, T0 + 1901.0)
    assert found is not None
    assert rolls_back_at(late, POLICY, T0 + 1901.0) is None


@given(
    answer=st.sampled_from((AlarmAcknowledged(by="ana"), ev.Decided(word="keep", by="ana", verdict="", sentence=""))),
    set_back=st.floats(0.0, 5000.0),
    looked=st.floats(0.0, 5000.0),
)
def test_no_clock_that_is_set_back_takes_an_answer_away(
    answer: AlarmAcknowledged | ev.Decided, set_back: float, looked: float
) -> None:
    run = run_of((5.0, verdict("ROLLBACK")))
    for seq, event in enumerate((answer, ev.Noted(by="ana", words="later")), 10):
        run.apply(ev.Record(seq=seq, at=T0 + 6.0 - set_back, event=event, hash=""))
    found = alarm(run, POLICY, T0 + looked)
    assert found is None or found.acknowledged or found.cause is Cause.OVERDUE
    assert rolls_back_at(run, POLICY, T0 + looked) is None


def test_a_clock_that_is_set_back_at_once_keeps_nobody_from_being_called() -> None:
    run = run_of((100.0, verdict("ROLLBACK")))
    assert page_due(alarm(run, POLICY, T0 - 3600.0), POLICY, T0 - 3600.0) == 0


def test_after_go_verdicts_that_change_to_and_fro_are_no_flood() -> None:
    kept = ev.Decided(word="keep", by="ana", verdict="GO", sentence="")
    told = NoticeIntent(notice="v", kind="verdict", to=("a",), title="", line="", about="WAIT")
    run = run_of((950.0, kept), (1000.0, verdict("WAIT")), (1000.0, told), (1010.0, verdict("HOLD", "stale")))
    assert [verdicts_told(run, at) for at in (1100.0, 1899.0, 1901.0)] == [[], [], ["HOLD stale"]]


def test_another_reason_for_the_same_verdict_calls_nobody_who_has_answered() -> None:
    seen, other = AlarmAcknowledged(by="ana"), verdict("ROLLBACK").model_copy(update={"rule": "error rate"})
    run = run_of((100.0, verdict("ROLLBACK")), (110.0, seen), (120.0, other))
    assert rolls_back_at(run, POLICY, T0 + 130.0) is None
    assert page_due(alarm(run, POLICY, T0 + 130.0), POLICY, T0 + 130.0) is None


def test_who_answered_and_did_not_decide_is_called_when_the_window_is_over() -> None:
    run = run_of((100.0, verdict("ROLLBACK")), (110.0, AlarmAcknowledged(by="ana")))
    late = T0 + WINDOW_S + POLICY.page_after_s
    found = alarm(run, POLICY, late)
    assert found is not None
    assert (found.cause, page_due(found, POLICY, late)) == (Cause.OVERDUE, 0)
    assert rolls_back_at(run, POLICY, late) is None


@given(st.floats(0.0, 5000.0))
def test_pages_are_counted_from_the_written_time(waited: float) -> None:
    now = T0 + WINDOW_S + waited
    number = page_due(alarm(run_of(), POLICY, now), POLICY, now)
    assert number == (None if waited < 60.0 - 1e-6 else int((now - T0 - WINDOW_S - 60.0) // 300.0))


def test_a_hold_that_stands_calls_once_for_somebody_to_look() -> None:
    def calls(*told: tuple[float, ev.AnyEvent], at: float) -> list[str]:
        return [one.id for one in wanted(run_of(*told), POLICY, T0 + at) if one.kind is NoticeKind.PAGE]

    hold = (100.0, verdict("HOLD", "suspicious"))
    assert calls(hold, at=159.0) == []
    assert calls(hold, at=161.0) == [f"look-{T0 + 100:.0f}"]
    sent = NoticeIntent(notice=f"look-{T0 + 100:.0f}", kind="page", to=("a",), title="", line="", about="")
    again = (170.0, verdict("WAIT")), (180.0, verdict("HOLD", "foreign"))
    assert calls(hold, (161.0, sent), at=800.0) == []
    assert calls(hold, (161.0, sent), *again, at=250.0) == [], "a HOLD that comes and goes is no flood"
    assert calls(hold, (161.0, sent), *again, at=470.0) == [f"look-{T0 + 180:.0f}"]
    assert calls((100.0, verdict("HOLD", "thin")), at=400.0) == []
    decided = ev.Decided(word="hold", by="ana", verdict="HOLD", sentence="")
    assert calls(hold, (150.0, decided), at=400.0) == []
    assert rolls_back_at(run_of(hold), POLICY, T0 + 800.0) is None


def verdicts_told(run: Run, at: float) -> list[str]:
    return [one.about for one in wanted(run, POLICY, T0 + at) if one.kind is NoticeKind.VERDICT]


def test_a_verdict_is_told_once_it_stands_and_rollback_at_once() -> None:
    flicker = run_of((100.0, verdict("HOLD", "thin")), (105.0, verdict("WAIT")))
    assert verdicts_told(flicker, 200.0) == []
    hold = run_of((100.0, verdict("HOLD", "thin")))
    assert [verdicts_told(hold, at) for at in (114.0, 115.5)] == [[], ["HOLD thin"]]
    assert verdicts_told(run_of((100.0, verdict("ROLLBACK"))), 100.0) == ["ROLLBACK"]


def test_the_status_of_a_run_is_one_line() -> None:
    figures = (Figure("error rate", 0.004, "share", 1204), Figure("p95", 142.0, "ms", 1204))
    waits = Verdict(VerdictKind.WAIT, None, None, "", T0, figures)
    at = T0 + 372.0
    assert status_line(run_of(), POLICY, waits, at) == (
        "v1.3.0 on goals-api: 6:12 of 15:00, errors 0.4 % (n 1,204), p95 142 ms, WAIT"
    )
    late = status_line(run_of(), POLICY, waits, T0 + WINDOW_S + 74.0)
    assert late.startswith("v1.3.0 on goals-api: window over for 1:14, errors")
    held = Verdict(VerdictKind.HOLD, HoldCause.STALE, None, "", T0)
    assert status_line(run_of(), POLICY, held, at).endswith("15:00, HOLD (stale)")
    assert clock(3725.0) == "1:02:05"
