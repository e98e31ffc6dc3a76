"""The options that show on a lab what guards a deployment: two persons, and a freeze that holds now."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cpr_cockpit.core.freeze import Freeze
from cpr_cockpit.core.safeguards import TWO_PERSON, Safeguards, Somebody

_AROUND = timedelta(days=1)


def add_safeguard_options(parser: argparse.ArgumentParser) -> None:
    """Both, off by default."""
    parser.add_argument(
        "--two-person", action="store_true", help="START, GO and waivers need a second person (a script is both)"
    )
    parser.add_argument("--freeze", action="store_true", help="in a freeze: START needs a reason (a script has one)")


def safeguards_of(options: argparse.Namespace, settings: Path, tag: Mapping[str, str]) -> Safeguards:
    """What guards a lab's run; the people are those of the sample's ``settings``. SettingsError."""
    return Safeguards(
        tag=dict(tag),
        two_person=TWO_PERSON if options.two_person else (),
        people=_people(settings) if options.two_person else (),
        freezes=(_freeze(),) if options.freeze else (),
    )


def _people(settings: Path) -> tuple[Somebody, ...]:
    from cpr_cockpit.config import load

    no_variables: dict[str, Any] = {}
    people = load(settings, no_variables).settings.people
    return tuple(Somebody(one.name, one.initials, one.role) for one in people)


def _freeze() -> Freeze:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return Freeze("of the drill", "UTC", today - _AROUND, today + 2 * _AROUND)
