"""The role that ``doctor`` prints is enough: deployments under exactly its actions, and their ways back."""

from __future__ import annotations

import json

import httpx
import pytest

from cpr_cockpit.core.role import NEEDS
from tests.drills.cockpit import Home

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--scenario", "errors", "--preview", "--window", "10s"), 10),
        (("--scenario", "swap-refused", "--decide", "rollback", "--window", "10s"), 10),
        (("--strategy", "canary", "--window", "30s"), 0),
    ],
    ids=["preview and back", "redeployed", "canary"],
)
def test_a_drill_needs_no_more_than_the_role(home: Home, options: tuple[str, ...], code: int) -> None:
    drill = home.start("drill", *options, "--json")
    folder = home.folder()
    control = json.loads((folder / "lab.json").read_text("utf-8"))["control"]
    sets = [{"actions": [one.action for one in NEEDS], "notActions": []}]
    headers = {"Authorization": f"Bearer {control['token']}"}
    answer = httpx.put(f"{control['url']}/rights", json={"permissions": sets}, headers=headers, trust_env=False)
    assert answer.status_code == 200
    ended = drill.end()
    assert ended.code == code, ended.err
    assert [line for line in ended.lines if "AuthorizationFailed" in json.dumps(line)] == []
