"""What guards a deployment beside its gates, as a run is told: tag, freezes, which acts need a second person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cpr_cockpit.core.freeze import Freeze

# Acts that may be made to need a second person. ROLLBACK is none of them, and cannot be made one.
START, GO, DATABASE_UNDO, WAIVER = "start", "go", "database-undo", "waiver"
TWO_PERSON = (START, GO, DATABASE_UNDO, WAIVER)


@dataclass(frozen=True, slots=True)
class Somebody:
    """One of the people of the settings."""

    name: str
    initials: str
    role: str


@dataclass(frozen=True, slots=True)
class Safeguards:
    """``tag``: what each app's tags, or its resource group's, must say. ``two_person``: acts, of `TWO_PERSON`."""

    tag: Mapping[str, str] = field(default_factory=dict)
    two_person: tuple[str, ...] = ()
    people: tuple[Somebody, ...] = ()
    freezes: tuple[Freeze, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For session.json."""
        people = [asdict(one) for one in self.people]
        freezes = [one.to_dict() for one in self.freezes]
        return {"tag": dict(self.tag), "two_person": list(self.two_person), "people": people, "freezes": freezes}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Safeguards:
        """From session.json; one of an older program guards nothing. KeyError, TypeError or ValueError."""
        return cls(
            tag={str(name): str(value) for name, value in body.get("tag", {}).items()},
            two_person=tuple(str(one) for one in body.get("two_person", ())),
            people=tuple(Somebody(**one) for one in body.get("people", ())),
            freezes=tuple(Freeze.from_dict(one) for one in body.get("freezes", ())),
        )
