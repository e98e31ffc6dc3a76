"""The judge's answer: WAIT, GO, HOLD or ROLLBACK, why, and the figures it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class VerdictKind(StrEnum):
    """What the judge says. ROLLBACK is sticky; GO exists only at or after the deadline (or where policy allows)."""

    WAIT = "WAIT"
    GO = "GO"
    HOLD = "HOLD"
    ROLLBACK = "ROLLBACK"


class HoldCause(StrEnum):
    """Why a person must look."""

    STALE = "stale"
    INCOMPLETE = "incomplete"
    THIN = "thin"
    SUSPICIOUS = "suspicious"
    UNDECIDABLE = "undecidable"
    TARGET_MISSED = "target missed"
    BY_THE_LETTER = "by the letter"
    FOREIGN = "foreign"
    SLEPT = "slept"


class PersonTrigger(StrEnum):
    """The rollback triggers of the procedure that only a person (or a named probe) can raise."""

    CRITICAL_FUNCTIONALITY = "critical functionality"
    DATA_CORRUPTION = "data corruption"
    SECURITY_BREACH = "security breach"


class Rule(StrEnum):
    """The written triggers that figures can fire."""

    ERROR_RATE = "error rate"
    DEGRADATION = "performance degradation"
    UNAVAILABLE = "complete unavailability"


EARLY = "early"
"""What the rule of an early test's finding begins with; after it, what was tested."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure as the screen shows it.

    ``value`` is None where there is no data (never 0 instead). ``unit``: "share", "ms", "requests", "s" or "%".
    ``n``: rows behind a rate or percentile; ``age_s``: age of the newest datum; ``limit``: what it is held against;
    ``before``: the baseline's value.
    """

    name: str
    value: float | None
    unit: str = ""
    n: int | None = None
    age_s: float | None = None
    limit: float | None = None
    before: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Every member by name, for the journal."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verdict at ``at``. ``cause`` belongs to HOLD, ``rule`` to the trigger that fired (or would).

    ``sentence`` is one sentence with numbers for a tired person. ``pending``: trigger streaks under way;
    ``warnings``: the procedure's warnings that hold now; neither changes what was decided. ``visible``: what size of
    fault could be seen by when.
    """

    kind: VerdictKind
    cause: HoldCause | None
    rule: str | None
    sentence: str
    at: float
    figures: tuple[Figure, ...] = ()
    pending: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    visible: str = ""

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """What makes a verdict another one: kind, cause and rule; the figures in the sentence move all the time."""
        return (self.kind.value, self.cause.value if self.cause else None, self.rule)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: kind, cause and rule as plain strings."""
        return {
            "kind": self.kind.value,
            "cause": self.cause.value if self.cause else None,
            "rule": self.rule,
            "sentence": self.sentence,
            "at": self.at,
            "figures": [figure.to_dict() for figure in self.figures],
            "pending": list(self.pending),
            "warnings": list(self.warnings),
            "visible": self.visible,
        }

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Verdict:
        """The verdict of its JSON form; ValueError says what is wrong with it."""
        try:
            cause = body.get("cause")
            return cls(
                kind=VerdictKind(body["kind"]),
                cause=HoldCause(cause) if cause is not None else None,
                rule=body.get("rule"),
                sentence=body["sentence"],
                at=body["at"],
                figures=tuple(Figure(**figure) for figure in body.get("figures", ())),
                pending=tuple(body.get("pending", ())),
                warnings=tuple(body.get("warnings", ())),
                visible=body.get("visible", ""),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"verdict: {error}") from error


def clock_time(at: float) -> str:
    """``14:03:10 UTC`` of epoch seconds."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S} UTC"


def moment(at: float) -> str:
    """``Thu 14:03 UTC`` of epoch seconds: for what may be days away."""
    return f"{datetime.fromtimestamp(at, UTC):%a %H:%M} UTC"


def percent(share: float) -> str:
    """``2.8 %``; more digits only where one would hide that something is there."""
    text = f"{100 * share:.1f}"
    return f"{100 * share:.2g} %" if share > 0 and text == "0.0" else f"{text} %"
