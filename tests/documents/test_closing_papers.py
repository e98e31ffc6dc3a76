"""What files beside a feature prove of the closing checklist, and what they only seem to."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.core.events import Record
from cpr_cockpit.core.run import fold
from cpr_cockpit.documents.closing_papers import proven
from tests.core.a_run import OPENED, PLANNED
from tests.core.observations import NEW

RUN = fold(Record(seq=n, at=float(n), event=one, hash="") for n, one in enumerate((OPENED, PLANNED), 1))


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("- [x] Phase 8: Deploy", True),
        ("Phase 8 | complete", True),
        ("Phase 8 Deploy: done", True),
        ("Phase 8: incomplete", False),
        ("- [ ] Phase 8: Deploy (once done, tick it)", False),
        ("Phase 8 is not done", False),
        ("Phase 8: not yet finished", False),
    ],
)
def test_a_phase_is_complete_only_where_its_line_says_so(tmp_path: Path, line: str, held: bool) -> None:
    (tmp_path / "progress.md").write_text(f"# Progress\n{line}\n", "utf-8")
    assert bool(proven(tmp_path, RUN, tmp_path)["quality-phase.progress"]) is held


@pytest.mark.parametrize(("named", "held"), [(NEW, True), (f"{NEW}1", False), (f"{NEW}-rc1", False), ("", False)])
def test_papers_of_another_version_prove_nothing(tmp_path: Path, named: str, held: bool) -> None:
    for name in ("deployment-plan.md", "deployment-report.md", "automation-deploy.json"):
        (tmp_path / name).write_text(f"- [x] deploys {named}.\n", "utf-8")
    found = proven(tmp_path, RUN, tmp_path)
    assert [bool(found[f"quality-{item}"]) for item in ("documentation.plan", "phase.artifacts")] == [held, held]
