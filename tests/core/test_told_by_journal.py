"""What a run's journal proves of the lists after START: by value and n; failed where it fails, open where silent."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.closing import seen_of
from cpr_cockpit.core.events import ItemMarked
from cpr_cockpit.core.run import fold
from cpr_cockpit.core.standings import standings
from cpr_cockpit.core.told_by_journal import TOLD, told_by_journal
from tests.documents.report_runs import T0, Script, Told, kept, rolled_back, started


def marks(script: Script) -> dict[str, tuple[str, str]]:
    return {key: (str(one.mark), one.value) for key, one in told_by_journal(fold(script.rows)).items()}


def test_a_good_release_is_proven_by_its_figures() -> None:
    found = marks(kept(Told(failures=3)))
    assert found["production-health.error-rate"] == ("measured", "0.3 % of 1000, target 1.0 %")
    assert found["quality-execution.deployed"] == ("measured", "prove-production done")
    assert found["quality-execution.zero-downtime"][0] == "measured"
    assert "0 of 40 looks" in found["quality-execution.zero-downtime"][1]
    assert found["quality-rollback.under-five-minutes"][0] == "measured"
    assert found["extended-monitoring.infrastructure"] == (
        "measured",
        "CPU at most 35 % of 80 %, memory at most 62 % of 85 %",
    )
    assert "quality-monitoring.error-tracking" not in found, "no reading of the exceptions is in the journal"
    assert set(found) <= TOLD


@pytest.mark.parametrize(
    ("told", "item", "words"),
    [
        (Told(failures=28), "production-health.error-rate", "2.8 % of 1000"),
        (Told(probes_failed=3), "quality-execution.zero-downtime", "3 of 40 looks"),
        (Told(swap_s=400.0), "quality-rollback.under-five-minutes", "swap 400 s"),
        (Told(cpu=97.0), "extended-monitoring.infrastructure", "CPU at most 97 %"),
    ],
)
def test_what_fails_is_marked_so_with_its_figure(told: Told, item: str, words: str) -> None:
    mark, value = marks(kept(told))[item]
    assert (mark, words in value) == ("failed", True), value


def test_a_person_s_mark_comes_first_and_nothing_is_told_before_the_switch_or_after_a_rollback() -> None:
    item = "production-health.error-rate"
    script = kept(Told())
    script.rows.insert(-1, script.rows[-1].model_copy(update={"event": ItemMarked(item=item, mark="signed", by="ana")}))
    known = standings(fold(script.rows), T0 + 900.0)
    assert (known[item].mark, known[item].by) == ("signed", "ana")
    assert marks(started(Told())) == {}
    assert set(marks(rolled_back(Told()))) <= {"rollback-follow-up.dead-letters"}


def test_what_sensors_read_before_start_bears_on_the_closing_and_stands_in_for_no_person() -> None:
    script = kept(Told())
    for item in ("database.rollback-scripts", "monitoring.alert-rules"):
        event = ItemMarked(item=item, mark="measured", by="cockpit", value=f"{item} seen")
        script.rows.insert(-1, script.rows[-1].model_copy(update={"event": event}))
    run = fold(script.rows)
    told = told_by_journal(run)
    assert told["quality-rollback.database-scripts"].value.endswith(": database.rollback-scripts seen")
    assert "quality-monitoring.alert-rules" not in told
    assert seen_of(run, "quality-monitoring.alert-rules").endswith("monitoring.alert-rules seen")
    assert seen_of(run, "quality-monitoring.dashboard") == ""
