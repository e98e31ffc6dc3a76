"""User journeys that a team declares: what one is, what came of it, and which checklist items that is evidence for.

A journey is walked with a real account against a staging address, the slot, or production. No word of a result is from
an answer, except what was captured and declared to be shown: nothing that a server says back can be a secret then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from cpr_cockpit.core.plan import PRODUCTION, Act
from cpr_cockpit.core.ports import PlannedRequest
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.core.verdict import clock_time

STAGING, SLOT = "staging", "slot"
PLACES = (STAGING, SLOT, PRODUCTION)
"""Where a journey may be walked; a slot goes by its own name when it is done."""


class Proof(StrEnum):
    """What a step can be evidence of."""

    HEALTH = "health"
    READ = "read"
    WRITE = "write"
    ENDPOINTS = "endpoints"
    AUTHENTICATION = "authentication"
    AUTHORIZATION = "authorization"
    PERSISTENCE = "persistence"
    ERROR_HANDLING = "error-handling"
    LOGIN = "login"
    FEATURE = "feature"
    DATA = "data"
    LOADS = "loads"


# Of each proof the items of steps 6 and 8: in staging, in the critical window, in the extended validation.
_STAGING = {
    Proof.HEALTH: ("staging-api-health.health",),
    Proof.READ: ("staging-api-health.read",),
    Proof.WRITE: ("staging-api-health.write",),
    Proof.ENDPOINTS: ("staging-api-feature.endpoints",),
    Proof.AUTHENTICATION: ("staging-api-feature.authentication",),
    Proof.AUTHORIZATION: ("staging-api-feature.authorization",),
    Proof.PERSISTENCE: ("staging-api-feature.persistence",),
    Proof.ERROR_HANDLING: ("staging-api-feature.error-handling",),
    Proof.LOADS: ("staging-ui-loading.loads",),
}
_WINDOW = {
    Proof.LOGIN: ("production-critical-path.login",),
    Proof.FEATURE: ("production-critical-path.feature",),
    Proof.DATA: ("production-critical-path.data",),
    Proof.LOADS: ("production-health.loads",),
}
_EXTENDED = {
    Proof.ENDPOINTS: ("extended-functional.endpoints",),
    Proof.AUTHENTICATION: ("extended-functional.authentication",),
    Proof.AUTHORIZATION: ("extended-functional.authorization",),
    Proof.PERSISTENCE: ("extended-functional.persistence",),
}
CRITICAL_IN_STAGING = "staging-journey.critical-journeys"
API_IN_STAGING = "staging-performance.api"
UI_IN_STAGING, UI_IN_PRODUCTION = "staging-performance.ui", "extended-performance.ui"
# p95 of fewer is the slowest of them.
_FEWEST = 20


class Walked(StrEnum):
    """How a step, or a whole journey, ended. NOT_RUN: it could not be begun, which says nothing of the application."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Journey:
    """What is declared. ``account``: whose it is; ``steps``: their names, () of a command.

    ``critical``: the product is broken where it fails. ``places``: of `PLACES`. ``proves``: everything that its steps
    are evidence of. ``timeout_s``: after that many seconds it is given up.
    """

    name: str
    account: str
    critical: bool
    places: tuple[str, ...]
    steps: tuple[str, ...]
    proves: tuple[Proof, ...]
    timeout_s: float

    @property
    def of_command(self) -> bool:
        """Whether it is a command, such as a suite in a browser."""
        return not self.steps


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step: how it ended, in words, in how many milliseconds, and what it is evidence of."""

    name: str
    walked: Walked
    words: str
    ms: float = 0.0
    proves: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class JourneyResult:
    """One journey at one place. ``at``: epoch seconds of its end.

    ``shown``: what was captured and declared to be shown. ``console_errors`` and ``load_ms``: as a command told them,
    None where it did not; ``load_target_ms``: what they are held against. ``artifacts``: the folder of a command's
    screenshots and traces, "": none. ``unreached``: it failed as no answer came at all.
    """

    name: str
    account: str
    critical: bool
    walked: Walked
    words: str
    at: float
    ms: float
    steps: tuple[StepResult, ...] = ()
    shown: Mapping[str, str] = field(default_factory=dict)
    console_errors: int | None = None
    load_ms: float | None = None
    load_target_ms: float | None = None
    artifacts: str = ""
    unreached: bool = False

    @property
    def passed(self) -> bool:
        """Whether everything in it was as expected, and what it made was deleted again."""
        return self.walked is Walked.PASSED


Heard = Callable[[tuple[str, ...]], None]
"""Hears lines of a command's output, without secrets."""


class Journeys(Protocol):
    """Walks the declared journeys against one application."""

    @property
    def declared(self) -> tuple[Journey, ...]:
        """All of them, in their order."""

    @property
    def staging(self) -> bool:
        """Whether there is a staging address."""

    async def walk(self, name: str, place: str, heard: Heard) -> JourneyResult:
        """Walk one, at `STAGING`, in production or in the slot of that name; never raises for what comes of it.

        What it made is deleted again, also where it failed or was cancelled.
        """

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send to the application."""


def at(declared: Iterable[Journey], place: str) -> tuple[Journey, ...]:
    """Those that are declared for the place, a slot by `SLOT`."""
    return tuple(one for one in declared if place in one.places)


def wrong_words(results: Iterable[JourneyResult]) -> str:
    """Those that did not pass, each with why; "" where all did."""
    return "; ".join(f"{one.name}: {one.words}" for one in results if not one.passed)


def items_at(declared: Iterable[Journey], place: str) -> tuple[str, ...]:
    """The checklist items that journeys are evidence for at a place."""
    proofs = {proof for one in declared for proof in one.proves}
    found = [item for table in _tables(place) for proof, items in table.items() if proof in proofs for item in items]
    if place == STAGING and any(one.critical for one in declared):
        found.append(CRITICAL_IN_STAGING)
    if place == STAGING and any(one.steps for one in declared):
        found.append(API_IN_STAGING)
    if any(one.of_command for one in declared):
        found += [UI_IN_STAGING] if place == STAGING else [UI_IN_PRODUCTION] if place == PRODUCTION else []
    return tuple(dict.fromkeys(found))


def _tables(place: str) -> tuple[Mapping[Proof, tuple[str, ...]], ...]:
    if place == STAGING:
        return (_STAGING,)
    return (_WINDOW, _EXTENDED) if place == PRODUCTION else ()


def readings_of(results: Sequence[JourneyResult], place: str, target_p95_ms: float) -> tuple[Reading, ...]:
    """What the results are evidence of at a place, by item; an item that nothing was walked for is left out.

    ``target_p95_ms``: what the time of an answer is held against.
    """
    found = [
        Reading(item, state, words)
        for table in _tables(place)
        for proof, items in table.items()
        for state, words in _proven(results, proof)
        for item in items
    ]
    if place == STAGING:
        found += [*_critical(results), *_api(results, target_p95_ms)]
    if place in (STAGING, PRODUCTION):
        found += _load(results, UI_IN_STAGING if place == STAGING else UI_IN_PRODUCTION)
    return tuple(found)


def _proven(results: Sequence[JourneyResult], proof: Proof) -> Iterable[tuple[State, str]]:
    """One state of all steps that are evidence of the same, with their number, the slowest time and when."""
    steps = [(one, step) for one in results for step in one.steps if proof in step.proves]
    if not steps:
        return
    wrong = next(((one, step) for one, step in steps if step.walked is Walked.FAILED), None)
    missing = next(((one, step) for one, step in steps if step.walked is Walked.NOT_RUN), None)
    if wrong or missing:
        journey, step = wrong or missing or steps[0]
        yield (State.FAILED if wrong else State.UNKNOWN), f"{journey.name}, {step.name}: {step.words}{_when(journey)}"
        return
    slowest, newest = max(step.ms for _, step in steps), max((one for one, _ in steps), key=lambda one: one.at)
    names = ", ".join(dict.fromkeys(one.name for one, _ in steps))
    yield State.OK, f"{names}: as expected, n {len(steps)}, the slowest {slowest:.0f} ms{_when(newest)}"


def _when(one: JourneyResult) -> str:
    return f", at {clock_time(one.at)}"


def _critical(results: Sequence[JourneyResult]) -> Iterable[Reading]:
    critical = [one for one in results if one.critical]
    if not critical:
        return
    wrong = [one for one in critical if not one.passed]
    words = wrong_words(wrong) or ", ".join(f"{one.name} in {one.ms:.0f} ms" for one in critical)
    known = any(one.walked is Walked.FAILED for one in wrong)
    state = State.FAILED if known else State.UNKNOWN if wrong else State.OK
    yield Reading(CRITICAL_IN_STAGING, state, f"{words}, n {len(critical)}{_when(critical[-1])}")


def _api(results: Sequence[JourneyResult], target_ms: float) -> Iterable[Reading]:
    """p95 (nearest rank) of all answers that came as expected."""
    times = sorted(step.ms for one in results for step in one.steps if step.walked is Walked.PASSED and step.ms > 0)
    if not times:
        return
    value = times[math.ceil(0.95 * len(times)) - 1]
    name = "p95" if len(times) >= _FEWEST else "the slowest"
    words = f"{name} {value:.0f} ms of n {len(times)}, from this machine, target {target_ms:g} ms{_when(results[-1])}"
    yield Reading(API_IN_STAGING, State.OK if value < target_ms else State.FAILED, words)


def _load(results: Sequence[JourneyResult], item: str) -> Iterable[Reading]:
    for one in results:
        if one.load_ms is not None and one.load_target_ms is not None:
            ok = one.load_ms < one.load_target_ms
            words = f"{one.name}: {one.load_ms:.0f} ms, target {one.load_target_ms:g} ms, n 1{_when(one)}"
            yield Reading(item, State.OK if ok else State.FAILED, words)
