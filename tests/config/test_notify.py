"""The tables [[notify]]: what a channel may be, and that no message shows a URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.config import Notify, load
from cpr_cockpit.wiring.target import Target, variables_of
from tests.config.files import TEXT, refused

CHANNEL = '\n[[notify]]\nname = "on call"\nurl_env = "ONCALL_WEBHOOK"\n'
SECRET = "s3cr3t-path"


def test_a_channel_is_read_with_its_defaults_and_kept_for_resume(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(TEXT + CHANNEL + 'events = ["overdue", "page"]\n', "utf-8")
    loaded = load(path, {"ONCALL_WEBHOOK": f"https://hooks.example.com/{SECRET}?sig=x"})
    assert loaded.settings.notify == (Notify(name="on call", url_env="ONCALL_WEBHOOK", events=("overdue", "page")),)
    target = Target(loaded.settings.environments["production"], notify=loaded.settings.notify)
    kept = target.to_dict()
    assert Target.from_dict(kept).notify == target.notify
    assert SECRET not in str(kept)
    assert variables_of(target) == ("ONCALL_WEBHOOK",)
    del kept["notify"]
    assert Target.from_dict(kept).notify == ()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('kind = "pigeon"', ["notify[1].kind", "'pigeon'", '"webhook"']),
        ('events = ["start", "strat"]', ["notify[1].events", "an event that there is not", "overdue, page"]),
        ("events = []", ["notify[1].events", "names no event"]),
        ('url = "https://hooks.example.com/x"', ["notify[1].url", "nearest match: url_env"]),
        ('picture = "yes"', ["notify[1].picture", "true or false"]),
        (CHANNEL, ["notify[2].name", "as in notify[1]"]),
    ],
)
def test_a_mistake_is_told_with_its_place(more: str, told: list[str], tmp_path: Path) -> None:
    said = " ".join(refused(tmp_path, f"{TEXT}{CHANNEL}{more}\n"))
    assert [part for part in told if part not in said] == []


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("webhook", f"http://hooks.example.com/{SECRET}"),
        ("webhook", f"slack://{SECRET}"),
        ("webhook", f"https://hooks.example.com:x/{SECRET}"),
        ("webhook", f"https://hooks.example.com/{SECRET}#part"),
        ("service", SECRET),
    ],
)
def test_a_variable_that_holds_no_url_is_named_and_its_value_is_not(kind: str, url: str, tmp_path: Path) -> None:
    said = refused(tmp_path, f'{TEXT}{CHANNEL}kind = "{kind}"\n', {"ONCALL_WEBHOOK": url})
    assert said[0].startswith("variable ONCALL_WEBHOOK: ")
    assert "'on call'" in said[0]
    assert SECRET not in said[0]


def test_what_nobody_answers_is_one_of_two_words(tmp_path: Path) -> None:
    said = refused(tmp_path, TEXT.replace("require_ready = false", 'unattended = "go"'))
    assert "policy.unattended" in said[0]
    assert "page or rollback" in said[0]
