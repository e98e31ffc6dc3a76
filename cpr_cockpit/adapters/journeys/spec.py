"""A journey as it is walked: its requests, what is expected of their answers, what is captured; or its command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cpr_cockpit.core.journeys import Journey, Proof
from cpr_cockpit.core.templates import references_in


@dataclass(frozen=True, slots=True)
class Capture:
    """Where a value stands in an answer: exactly one of ``pointer`` (RFC 6901), ``header`` and ``regex``.

    Of a regex its first group, else all that it matched. ``shown``: the value is no secret.
    """

    pointer: str = ""
    header: str = ""
    regex: re.Pattern[str] | None = None
    shown: bool = False


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One request. Texts of ``path``, ``headers``, ``body``, ``form`` and ``equals`` may refer (`core.templates`).

    ``body`` is sent as JSON where ``has_body``, ``form`` as a form. ``statuses``: those of a right answer. ``equals``:
    by JSON pointer what stands there, ``exists``: pointers at which something stands. ``follow``: a redirect to the
    same host is followed; one to another never is. ``clean_up``: done at the end, whatever came before.
    """

    name: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    has_body: bool = False
    form: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = (200,)
    contains: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    equals: Mapping[str, Any] = field(default_factory=dict)
    exists: tuple[str, ...] = ()
    within_ms: float | None = None
    captures: Mapping[str, Capture] = field(default_factory=dict)
    clean_up: bool = False
    follow: bool = False
    proves: tuple[Proof, ...] = ()
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A program and its arguments, run in ``folder`` without a shell; ``variables``: more for it, which may refer.

    ``console_errors`` and ``load_ms``: the most that it may tell of each.
    """

    command: tuple[str, ...]
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    console_errors: int = 0
    load_ms: float = 2000.0


@dataclass(frozen=True, slots=True)
class JourneySpec:
    """A declared journey with what is done: ``steps``, or ``command``."""

    facts: Journey
    steps: tuple[StepSpec, ...] = ()
    command: CommandSpec | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that it refers to."""
        texts: list[Any] = [self.command.variables] if self.command is not None else []
        texts += [(one.path, one.headers, one.body, one.form, one.equals) for one in self.steps]
        return tuple(dict.fromkeys(one.name for one in references_in(texts) if one.secret))
