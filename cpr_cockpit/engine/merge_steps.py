"""One step of the merge in one repository: observed, intended, sent once, and found out by reading (laws 2 and 3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from cpr_cockpit.core import code_events as ce
from cpr_cockpit.core.code import CodeHost, PullRequest
from cpr_cockpit.core.code_run import Repository
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.merging import MUTATES, tag_of
from cpr_cockpit.core.ports import Clock, PortError
from cpr_cockpit.engine.pursuit import Patience
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings

log = logging.getLogger(__name__)

T = TypeVar("T")
# Seconds that one request to the host, or one look of git's, may take.
CALL_S = 90.0
LONGEST = 300
# Looks at a host in polls of the environment: it counts requests by the hour.
_POLLS = 10.0
# It carries on with a request whose answer was given up: it is believed later than the environment.
_CALMS = 3.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look or an answer tells of a step: None of these are told where it is not done.

    ``result`` done: it is as it should be; stopped or failed: it cannot be. ``facts`` as in `MergeOutcome`.
    """

    result: ce.MergeResult
    words: str
    facts: Mapping[str, str] = field(default_factory=dict)


async def asked(work: Awaitable[T], what: str, *, changes: bool = False) -> T:
    """What the host answers, within `CALL_S`. PortError, ambiguous where a change was sent and nothing came back."""
    try:
        async with asyncio.timeout(CALL_S):
            return await work
    except TimeoutError as error:
        raise PortError(f"{what}: no answer within {CALL_S:g} s.", ambiguous=changes) from error
    except OSError as error:
        raise PortError(f"{what}: {error.strerror or error}.", ambiguous=changes) from error


def pulled(pull: PullRequest, result: ce.MergeResult) -> Seen:
    """A pull request that was created, or that is there."""
    word = "created" if result == "done" else "is there"
    facts = {"number": str(pull.number), "url": pull.url, "head": pull.head}
    return Seen(result, f"#{pull.number} {word}: {pull.url}", facts)


class Stepper:
    """Carries one step out in one repository."""

    def __init__(self, recorder: Recorder, clock: Clock, patience: Patience) -> None:
        self._recorder = recorder
        self._clock = clock
        self._patience = patience

    def repository(self, host: CodeHost) -> Repository:
        """What the run knows of a host's repository."""
        return self._recorder.run.code.of(host.name)

    def intend(self, host: CodeHost, step: ce.MergeStep, **facts: str) -> int:
        """The intent, on disk; the attempt's number."""
        row = self.repository(host).rows.get(step)
        attempt = row.attempt + 1 if row is not None and row.result is None else 1
        mutates = step in MUTATES
        self._recorder.record(
            ce.MergeIntent(repository=host.name, step=step, attempt=attempt, mutates=mutates, facts=facts)
        )
        return attempt

    def tell(self, host: CodeHost, step: ce.MergeStep, seen: Seen) -> bool:
        """The outcome, on disk; whether the step is as it should be."""
        row = self.repository(host).rows.get(step)
        began = row.began_at if row is not None and row.result is None else self._clock.now()
        self._recorder.record(
            ce.MergeOutcome(
                repository=host.name,
                step=step,
                attempt=row.attempt if row is not None else 1,
                result=seen.result,
                words=clean(seen.words)[:LONGEST],
                seconds=round(max(0.0, self._clock.now() - began), 3),
                facts={key: clean(value)[:LONGEST] for key, value in seen.facts.items()},
            )
        )
        return seen.result in ("done", "already")

    async def change(
        self,
        host: CodeHost,
        step: ce.MergeStep,
        look: Callable[[], Awaitable[Seen | None]],
        send: Callable[[], Awaitable[Seen]],
        **facts: str,
    ) -> bool:
        """A change: looked for, intended, sent once, looked for again where its answer was lost.

        It is sent again only after it was seen for three times `Patience.calm_s` that nothing came of the one before.
        """
        try:
            seen = await (self._settled(look) if self.sent(host, step) else look())
            for _ in range(self._patience.attempts):
                if seen is not None:
                    break
                seen = await self._sent(host, step, look, send, facts)
        except PortError as error:
            seen = self._unread(host, step, error)
        words = f"it was sent {self._patience.attempts} times, and nothing came of it"
        return self.tell(host, step, seen or Seen("failed", words))

    async def settle(self, host: CodeHost, step: ce.MergeStep, look: Callable[[], Awaitable[Seen | None]]) -> bool:
        """What came of a change that was sent, on disk once it is known; nothing is sent. False: it is in doubt."""
        try:
            seen = await self._settled(look)
        except PortError as error:
            seen = self._unread(host, step, error)
        return seen is None or self.tell(host, step, seen)

    def _unread(self, host: CodeHost, step: ce.MergeStep, error: PortError) -> Seen:
        if not self.sent(host, step):
            return Seen("failed", error.words())
        return Seen("failed", f"not known whether it was done: {error.words()}", {"perhaps": "yes"})

    def sent(self, host: CodeHost, step: ce.MergeStep) -> bool:
        """Whether a request of the step was intended, and its outcome is not known yet."""
        row = self.repository(host).rows.get(step)
        return row is not None and row.result is None and row.mutates

    async def _sent(
        self,
        host: CodeHost,
        step: ce.MergeStep,
        look: Callable[[], Awaitable[Seen | None]],
        send: Callable[[], Awaitable[Seen]],
        facts: Mapping[str, str],
    ) -> Seen | None:
        """One request; None where its answer was lost, and nothing came of it."""
        attempt = self.intend(host, step, **facts)
        try:
            seen = await send()
        except PortError as error:
            words = clean(error.words())[:LONGEST]
            if error.ambiguous:
                doubt = ce.MergeDoubtful(repository=host.name, step=step, attempt=attempt, words=words)
                self._recorder.record(doubt)
                return await self._settled(look)
            seen = Seen("failed", words)
        if seen.result in ("done", "already"):
            return seen
        try:
            # An earlier request, or somebody else's, may be why it says no; the earlier one may be under way still.
            return await (look() if attempt == 1 else self._settled(look)) or seen
        except PortError:
            if attempt > 1:
                raise
            return seen

    async def _settled(self, look: Callable[[], Awaitable[Seen | None]]) -> Seen | None:
        """What came of a request whose answer is lost; None once it is seen that nothing did. PortError: not known.

        While it cannot be read nothing is concluded, for as long as an application may take to start; then it is left
        open, to be looked at again.
        """
        began = self._clock.now()
        calm_from: float | None = None
        while True:
            try:
                seen = await look()
            except PortError:
                seen, calm_from = None, None
                if self._clock.now() - began >= self._patience.start_s:
                    raise
            else:
                calm_from = self._clock.now() if calm_from is None else calm_from
                if seen is not None or self._clock.now() - calm_from >= _CALMS * self._patience.calm_s:
                    return seen
            await self._clock.sleep(_POLLS * self._patience.poll_s)


class MergePart:
    """What every part of the merge works with: the run's settings, its clock and journal, and how a step is taken."""

    def __init__(self, settings: SessionSettings, clock: Clock, recorder: Recorder, patience: Patience) -> None:
        self._settings = settings
        self._policy = settings.merge
        self._clock = clock
        self._recorder = recorder
        self._poll_s = _POLLS * patience.poll_s
        self._steps = Stepper(recorder, clock, patience)
        self._tag = tag_of(settings.new_version)

    def of(self, host: CodeHost) -> Repository:
        """What the run knows of it."""
        return self._steps.repository(host)
