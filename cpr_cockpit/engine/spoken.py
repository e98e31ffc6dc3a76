"""What a watch says: the judge's word as of the last look; where this program itself failed, HOLD."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.ports import Clock, Sighting
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.verdict import HoldCause, PersonTrigger, Verdict, VerdictKind

log = logging.getLogger(__name__)


class Spoken:
    """The word of a watch, and the newest look at each slot."""

    def __init__(self, clock: Clock) -> None:
        self.looks: dict[Source, Sighting] = {}
        self._clock = clock
        self._verdict: Verdict | None = None
        self._defect = ""

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """A defect of this program in one part must not leave an old verdict standing: from then on it is HOLD."""
        try:
            await work()
        except Exception as error:
            log.exception("a part of the watch ended by a defect")
            self._defect = f"a part of the watch ended by a defect of this program ({type(error).__name__})"

    @property
    def verdict(self) -> Verdict | None:
        """The verdict as of the last look; where this program itself failed, HOLD."""
        if self._defect and self.kind == VerdictKind.HOLD.value:
            return Verdict(VerdictKind.HOLD, HoldCause.UNDECIDABLE, None, self._defect, self._clock.now())
        return self._verdict

    @property
    def kind(self) -> str:
        """WAIT, GO, HOLD or ROLLBACK, as of the last look."""
        if self._verdict is not None and self._verdict.kind is VerdictKind.ROLLBACK:
            return VerdictKind.ROLLBACK.value
        if self._defect:
            return VerdictKind.HOLD.value
        return self._verdict.kind.value if self._verdict else VerdictKind.WAIT.value

    @property
    def verdict_sentence(self) -> str:
        """The verdict's sentence."""
        return self._defect or (self._verdict.sentence if self._verdict else "No verdict yet.")

    def may_keep(self) -> bool:
        """Whether the verdict is GO."""
        return self.kind == VerdictKind.GO.value


def person_trigger(name: str) -> PersonTrigger:
    """The trigger of that name; ValueError names those that there are."""
    known = {one.value: one for one in PersonTrigger}
    if name not in known:
        raise ValueError(f"There is no trigger {name!r}; there are: {', '.join(known)}.")
    return known[name]


def verdict_event(verdict: Verdict) -> ev.VerdictGiven:
    """The verdict as the journal holds it."""
    return ev.VerdictGiven(
        kind=verdict.kind.value,
        cause=verdict.cause.value if verdict.cause else None,
        rule=verdict.rule,
        sentence=verdict.sentence,
        figures=tuple(figure.to_dict() for figure in verdict.figures),
    )


def told_already(event: ev.VerdictGiven | None, verdict: Verdict) -> bool:
    """Whether ``verdict`` is, by its `Verdict.key`, the one that an event holds."""
    return event is not None and (event.kind, event.cause, event.rule) == verdict.key


def verdict_of(event: ev.VerdictGiven, at: float) -> Verdict:
    """The verdict that an event holds; its figures stay in the event. A cause that nobody here knows is None."""
    cause = HoldCause(event.cause) if event.cause in set(HoldCause) else None
    if event.cause and cause is None:
        log.error("the cause of a verdict in the journal cannot be read: %r", event.cause)
    return Verdict(VerdictKind(event.kind), cause, event.rule, event.sentence, at)
