"""Figures of the business: told in a line, shown with n and who, signing the items of the first day."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.business import FigureError, newest_words, told
from cpr_cockpit.core.issue_events import FigureTold
from cpr_cockpit.core.run import fold
from cpr_cockpit.core.standings import standings
from cpr_cockpit.documents.papers.known_after import first_day
from cpr_cockpit.documents.report import render_report
from tests.documents.report_runs import T0, Told, kept


def test_a_figure_that_a_person_enters_signs_its_item_and_stands_in_report_and_file() -> None:
    script = kept(Told())
    for kind, line in (("tickets", "3 help desk"), ("adoption", "12 of 340 dashboard"), ("feedback", "they | like it")):
        script.add(told(kind, "ana", line))
    script.add(FigureTold(kind="conversion", by="cockpit", value=2.5, unit="%", source="orders"))
    run = fold(script.rows)
    known = standings(run, T0 + 900.0)
    assert (known["first-day-business.tickets"].mark, known["first-day-business.tickets"].by) == ("signed", "ana")
    assert known["first-day-business.conversion"].mark == "measured"
    assert newest_words(run).startswith("tickets 3 (ana Thu ")
    assert "adoption 12 of 340 (ana" in newest_words(run)
    assert first_day(run) == {"support_tickets": 3.0, "feature_adoption_users": 12.0}
    assert "they \\| like it" in render_report(run)


@pytest.mark.parametrize(("kind", "line"), [("tickets", "many"), ("mood", "3"), ("feedback", " "), ("adoption", "-3")])
def test_what_is_no_figure_is_refused(kind: str, line: str) -> None:
    with pytest.raises(FigureError, match="is no"):
        told(kind, "ana", line)
