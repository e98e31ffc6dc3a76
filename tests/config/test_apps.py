"""The tables [[environments.NAME.apps]]: further apps of several."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.config import load
from tests.config.files import TEXT, refused

WEST = """
[[environments.production.apps]]
app = "goals-west"
resource_group = "rg-west"
production_url = "https://goals-west.azurewebsites.net"
slot_url = "https://goals-west-green.azurewebsites.net"
"""


def test_further_apps_come_after_the_environments_own_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(TEXT + WEST + WEST.replace("west", "north").replace('resource_group = "rg-north"\n', ""), "utf-8")
    environment = load(path, {}).settings.environments["production"]
    assert environment.names == (environment.app, "goals-west", "goals-north")
    assert [one.resource_group for one in environment.apps] == ["rg-west", ""]


def test_without_further_apps_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(TEXT, "utf-8")
    environment = load(path, {}).settings.environments["production"]
    assert environment.names == (environment.app,)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('app = "goals-west"', 'app = "-"', "environments.production.apps[1].app"),
        ('app = "goals-west"\n', "", "environments.production.apps[1].app is missing"),
        ('"https://goals-west.azurewebsites.net"', '"http://x.net"', "apps[1].production_url"),
        ('"rg-west"', '"rg west"', "apps[1].resource_group"),
        ("-west-green", "-west", "is named twice"),
        ("slot_url", "slot_urls", "slot_url"),
    ],
)
def test_what_cannot_be_is_refused_by_name(old: str, new: str, words: str, tmp_path: Path) -> None:
    assert WEST.count(old) == 1
    told = refused(tmp_path, TEXT + WEST.replace(old, new))
    assert any(words in problem for problem in told), told


def test_an_app_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    told = refused(tmp_path, TEXT + WEST + WEST)
    assert any("goals-west is named twice: each app has its own" in problem for problem in told), told
