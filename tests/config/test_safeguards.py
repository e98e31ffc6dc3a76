"""The tables that guard a deployment: tag, two persons, freezes; each mistake with its line and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.config import load
from tests.config.files import TEXT, changed, refused

FREEZES = """
[[freeze]]
name = "year's end"
zone = "Europe/Berlin"
from = 2026-12-20
to = 2027-01-02

[[freeze]]
name = "weekend"
zone = "Europe/Berlin"
days = ["friday", "saturday"]
from = "16:00"
to = 24:00
""".replace("to = 24:00", 'to = "24:00"')


def test_dates_and_weeks_are_read(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(
        TEXT.replace("\nrequire_ready", '\ntwo_person = ["start", "waiver"]\nrequire_ready') + FREEZES, "utf-8"
    )
    settings = load(path, {}).settings
    once, weekly = (one.declared for one in settings.freeze)
    assert (str(once.begins)[:10], str(once.ends)[:10]) == ("2026-12-20", "2027-01-03")
    assert (weekly.days, weekly.from_minute, weekly.to_minute) == (("friday", "saturday"), 960, 1440)
    assert settings.policy.two_person == ("start", "waiver")
    assert settings.environments["production"].tag == {"cpr-environment": "production"}


MISTAKES = {
    "a key misspelt": (
        "from = 2026",
        "form = 2026",
        ["freeze[1].form", "nearest match: from", "days, from, name, to, zone"],
    ),
    "a zone misspelt": (
        'Berlin"\nfrom = 2026',
        'Belrin"\nfrom = 2026',
        ["freeze[1].zone", "nearest match: Europe/Berlin"],
    ),
    "a time without days": ("from = 2026-12-20", 'from = "16:00"', ["freeze[1]", "from is 16:00", "a date"]),
    "a date beside days": ('from = "16:00"', "from = 2026-12-20", ["freeze[2]", "a time of day"]),
    "an offset": ("from = 2026-12-20", "from = 2026-12-20T10:00:00Z", ["freeze[1].from", "has an offset"]),
    "a time that is none": ('from = "16:00"', 'from = "25:00"', ["freeze[2].from", "no date and no time", '"16:00"']),
    "a number for a time": ('from = "16:00"', "from = 16", ["freeze[2].from", "no text", "found 16"]),
    "an end before": ("to = 2027-01-02", "to = 2026-12-01", ["freeze[1]", "which is not after 2026-12-20"]),
    "a day misspelt": (
        '"friday"',
        '"fryday"',
        ["freeze[2].days[1]", "'fryday'", "nearest match: friday", "monday, tuesday"],
    ),
    "a begin at the end": ('from = "16:00"', 'from = "24:00"', ["freeze[2]", "00:00 of the next day"]),
    "two persons for a rollback": (
        "require_ready",
        'two_person = ["rollback"]\nrequire_ready',
        ["two_person[1]", "ROLLBACK never is one"],
    ),
    "a tag with a number": (
        'tag = { cpr-environment = "production" }',
        "tag = { env = 1 }",
        ["production.tag.env", "no text"],
    ),
    "a tag that is a text": (
        'tag = { cpr-environment = "production" }',
        'tag = "x"',
        ["production.tag", "is no table", "found 'x'"],
    ),
}

MISTAKES["an unknown strategy"] = (
    "[artifacts]",
    '[strategy]\nname = "blue-gren"\n[artifacts]',
    ["strategy.name", "'blue-gren'", "blue-green or canary", "nearest match: blue-green"],
)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_place(name: str, tmp_path: Path) -> None:
    old, new, told = MISTAKES[name]
    text = TEXT + FREEZES
    # The sample shows some of it as a comment, before.
    before, found, behind = text.rpartition(old)
    assert found
    said = refused(tmp_path, before + new + behind)
    assert said[0].startswith("cockpit.toml, line ")
    assert [part for part in told if part not in said[0]] == []


def test_the_sample_has_its_tag() -> None:
    assert changed("tag = {", "tag = {") == TEXT
