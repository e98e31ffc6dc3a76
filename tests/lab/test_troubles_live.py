"""Every trouble of one lab, one after another, as `check` tells it: the named item turns, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.core.checklist import items_of
from cpr_cockpit.core.checklists import PRE_DEPLOYMENT
from tests.cli.commands import Command
from tests.cli.conftest import command, feature, lab, ready_file
from tests.lab.running import RunningLab, until

__all__ = ["command", "feature", "lab", "ready_file"]

# By trouble: the item that turns, what it says, and the readings beside the items that show the same.
TOLD = {
    "expired-certificate": ("infrastructure.ssl-certificates-valid", "certificate has expired", ()),
    "missing-setting": ("configuration.environment-variables", "not set: GOALS_PAGE_SIZE in green", ()),
    "sticky-difference": ("configuration.environment-variables", "than in production: PARTNER_MODE", ()),
    "stale-backup": ("database.backups", "the newest 73.0 h old", ()),
    "disabled-alert": ("monitoring.alert-rules", "goals-server-errors is not enabled", ()),
    "wrong-dns": ("infrastructure.load-balancers", "DNS: 127.0.0.1 leads to 127.0.0.1, and the app is at", ()),
    "cold-slot": ("infrastructure.staging-healthy", "slot green: status 503", ("slot green",)),
    "red-check": ("code-readiness.ci-checks", "goals/goals-api: not passed: test (failure)", ()),
    # A conflict comes of what main has and the branch has not.
    "merge-conflict": (
        "code-readiness.no-merge-conflicts",
        "goals-api: conflicts in goals/service.py",
        ("code-readiness.branch-up-to-date",),
    ),
    "tag-exists": ("code-readiness.release-tagged", "goals/goals-api: v1.3.0 is there already", ()),
}
_CAPACITY = "infrastructure.production-capacity"  # known from a lab's first whole minute on


def _not_well(body: dict[str, Any]) -> dict[str, str]:
    told = {one["name"]: one["words"] for one in body["readings"] if one["state"] in ("failed", "unknown")}
    told.pop(_CAPACITY, None)
    return told


@pytest.mark.long
def test_each_trouble_turns_its_own_item_and_no_other(
    command: Command, feature: Path, lab: RunningLab, ready_file: Path
) -> None:
    assert until(lambda: lab.control("GET", "/traffic")["total"] > 100)
    assert until(lambda: not _not_well(command.object("check", feature, "--lab", ready_file)))
    for trouble, (item, words, beside) in TOLD.items():
        assert lab.control("PUT", "/troubles", json={"troubles": [trouble]})["troubles"] == [trouble]
        body = command.object("check", feature, "--lab", ready_file)
        found = _not_well(body)
        assert set(found) == {item, *beside}, trouble
        assert words in found[item], trouble
        assert body["exit_code"] == 1, trouble
    lab.control("PUT", "/troubles", json={"troubles": list(TOLD)})
    found = _not_well(command.object("check", feature, "--lab", ready_file))
    assert set(found) == {item for told in TOLD.values() for item in (told[0], *told[2])}
    assert all(words in found[item] for item, words, _ in TOLD.values()), "all at once hide none of each other"
    lab.control("PUT", "/troubles", json={"troubles": []})
    body = command.object("check", feature, "--lab", ready_file)
    assert not _not_well(body)
    read = {one["name"] for one in body["readings"] if one["state"] != "unknown"}
    assert sum(item.key in read for item in items_of(PRE_DEPLOYMENT)) >= 17
