"""A release shown by a feature flag as whole drills: healthy, with a fault of the feature, with a flag ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drills.long.series import assert_all_of
from tests.drills.long.test_scenarios import BACK, KEPT, Case, Outcome, assert_drilled

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
FLAG = "goal-suggestions"
BY_FLAG = ("--strategy", "feature-flag", "--window", "60s")
DARK = ("rolled_back", "v1.3.0", ["v1.3.0"])


def _on_for_all(outcome: Outcome) -> None:
    assert outcome["flag"] == {"name": FLAG, "percent": 100.0, "alone": False}


def _off_and_dark(outcome: Outcome) -> None:
    assert outcome["flag"] == {"name": FLAG, "percent": 0.0, "alone": True}
    assert outcome["requests"]["failed_by_defect"] > 0
    assert outcome["requests"]["on_bad_version_after_rollback"] == 0
    # An instance asks its store anew after an interval, which shrinks with the window to two seconds.
    assert outcome["rollback_s"] <= 8.0, outcome


def _off_and_back(outcome: Outcome) -> None:
    assert outcome["flag"] == {"name": FLAG, "percent": 0.0, "alone": False}
    assert outcome["requests"]["failed_by_defect"] > 0
    assert outcome["requests"]["on_bad_version_after_rollback"] == 0


CASES = (
    Case((*BY_FLAG, "--scenario", "healthy"), 0, KEPT, _on_for_all),
    Case((*BY_FLAG, "--scenario", "errors"), 10, DARK, _off_and_dark),
    Case((*BY_FLAG, "--scenario", "flag-ignored"), 10, BACK, _off_and_back),
)


def test_a_release_by_flag_ends_as_it_must(tmp_path: Path) -> None:
    assert_all_of(CASES, tmp_path, assert_drilled)
