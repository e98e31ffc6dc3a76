"""Step 4 of the procedure: all repositories of the feature merged and tagged, beside a run that has not begun.

Nothing waits for it but START, which needs what it measures; sensors go on, and a run may be stopped at any moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from cpr_cockpit.core import code_events as ce
from cpr_cockpit.core.code import CodeHost
from cpr_cockpit.core.code_run import Code, MergeState
from cpr_cockpit.core.merging import STEPS, short, tag_of
from cpr_cockpit.core.ports import Clock, PortError
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.merge_after import MergeAfter
from cpr_cockpit.engine.merge_look import MergeLook
from cpr_cockpit.engine.merge_marks import mark
from cpr_cockpit.engine.merge_room import MergeRoom
from cpr_cockpit.engine.planning import Blocked
from cpr_cockpit.engine.pursuit import Patience
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings

log = logging.getLogger(__name__)

UNCHANGED = "Nothing was changed."
# Seconds between two looks at the repositories while nothing is begun.
LOOK_EVERY_S = 300.0
_LONGEST_REASON = 500
_NOTHING_MERGED = "Nothing is merged any more"
_TO_BEGIN = (MergeState.NONE, MergeState.OPEN, MergeState.BLOCKED)
_RESTS = (MergeState.HALF, MergeState.UNTAGGED)


class Merging:
    """The merge of one run: what a face may ask of it, and its life beside the run until START."""

    def __init__(
        self,
        hosts: Sequence[CodeHost],
        settings: SessionSettings,
        clock: Clock,
        recorder: Recorder,
        patience: Patience,
    ) -> None:
        self._hosts = tuple(hosts)
        self._clock = clock
        self._settings = settings
        self._recorder = recorder
        self._look = MergeLook(settings, clock, recorder, patience)
        self._room = MergeRoom(settings, clock, recorder, patience)
        self._after = MergeAfter(settings, clock, recorder, patience)
        self._asked = asyncio.Event()
        self._at_rest = asyncio.Event()
        # Whether it goes on no more, because the journal refuses what it would write.
        self._over = False

    @property
    def code(self) -> Code:
        """What the run knows of it."""
        return self._recorder.run.code

    # -- what a face asks for ----------------------------------------------------------------------------------------

    def begin(self, by: str) -> None:
        """A person begins the merge, or has it look again where it rests; Blocked where neither is possible."""
        self._check()
        code = self.code
        if code.state in _RESTS:
            self.choose("again", by)
            return
        if code.state not in _TO_BEGIN:
            raise Blocked(f"The merge is {code.state}: it is not begun again. {UNCHANGED}")
        self._recorder.record(
            ce.MergeBegun(
                by=by,
                method=str(self._settings.merge.method),
                tag=tag_of(self._settings.new_version),
                repositories=tuple(host.name for host in self._hosts),
            )
        )
        self._wake()

    def choose(self, choice: str, by: str, reason: str = "") -> None:
        """Where it rests half merged, or merged and not tagged: again, revert or go-on. Blocked."""
        self.check_choice(choice, reason)
        reason = reason.strip()[:_LONGEST_REASON]
        self._recorder.record(ce.MergeChosen.model_validate({"by": by, "choice": choice, "reason": reason}))
        self._wake()

    def check_choice(self, choice: str, reason: str) -> None:
        """Blocked where that cannot be chosen now."""
        self._check()
        state = self.code.state
        if state not in _RESTS:
            raise Blocked(f"The merge is {state}: there is nothing to choose. {UNCHANGED}")
        if choice not in ("again", "revert", "go-on"):
            raise Blocked(f"There is no {choice!r} to choose, only again, revert and go-on. {UNCHANGED}")
        if choice == "go-on" and not reason.strip():
            raise Blocked(f"Going on with what is merged needs a reason. {UNCHANGED}")

    def _check(self) -> None:
        run = self._recorder.run
        if not self._hosts:
            raise Blocked(f"No repository of the feature is known at its host: sign the list by hand. {UNCHANGED}")
        if run.observed or run.ended is not None or run.started_at is not None:
            why = "only looks on" if run.observed else "has ended" if run.ended is not None else "was started already"
            raise Blocked(f"This run {why}: nothing is merged by it. {UNCHANGED}")
        if self.code.running:
            raise Blocked(f"The merge is under way. {UNCHANGED}")

    def _wake(self) -> None:
        self._at_rest.clear()
        self._asked.set()

    # -- its life ----------------------------------------------------------------------------------------------------

    async def go_on(self) -> None:
        """Look at the repositories, and merge them once a person has begun it. Cancel it; it never raises.

        What an earlier session had begun goes on by what is seen.
        """
        if not self._hosts or self._recorder.run.observed:
            return
        try:
            while True:
                self._asked.clear()
                await self._once()
                self._at_rest.set()
                if not self._asked.is_set():
                    await self._next()
        except JournalError:
            log.exception("the merge goes no further: what is not on disk is not begun")
        finally:
            self._over = True
            self._at_rest.set()

    async def _once(self) -> None:
        """One round, or one look. JournalError."""
        try:
            await (self._round() if self.code.running else self._read())
        except JournalError:
            raise
        except Exception:
            log.exception("the merge met a defect of this program")
            if self.code.running:
                self._rest(self._rests_as, "a defect of this program: see cockpit.log")

    async def _next(self) -> None:
        """Until somebody asks for something, or it is time to look again."""
        waking = asyncio.create_task(self._asked.wait())
        resting = asyncio.create_task(self._clock.sleep(LOOK_EVERY_S))
        try:
            await asyncio.wait({waking, resting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waking.cancel()
            resting.cancel()

    async def by_script(self, by: str) -> None:
        """A script begins it, and waits for its end. Blocked where it was not merged and tagged."""
        if not self._hosts:
            raise Blocked(f"There is no Git host to merge at. {UNCHANGED}")
        if not self.code.running and self.code.state is not MergeState.DONE:
            self.begin(by)
        while self.code.running and not self._over:
            self._at_rest.clear()
            await self._at_rest.wait()
        if self.code.state is not MergeState.DONE:
            words = self.code.rested.words if self.code.rested else ""
            raise Blocked(f"Step 4, the merge, is {self.code.state}: {words}")

    async def _read(self) -> None:
        """What there is, before anything is begun; after the merge nothing of it is asked any more."""
        if self.code.state in _TO_BEGIN:
            await self._look.read(self._hosts)

    # -- a round -----------------------------------------------------------------------------------------------------

    async def _round(self) -> None:
        """Every step of every repository, until all is done or something is in the way."""
        chosen = self.code.choice
        if chosen is not None and chosen.choice == "revert":
            await self._take_back(chosen)
            return
        hosts = self._hosts
        taken_back = [why for why in await asyncio.gather(*map(self._look.not_taken_back, hosts)) if why]
        if taken_back:
            self._rest(self._rests_as, f"{'; '.join(taken_back)}. Nothing more was changed")
            return
        if self.code.gone_on is not None:
            hosts = tuple(host for host in hosts if self._room.of(host).merged_as)
            if not hosts:
                self._rest("blocked", f"What was gone on with is taken back. {_NOTHING_MERGED}")
                return
        for step in STEPS:
            if not await self._step(step, hosts):
                self._stopped()
                return
        mark(self._recorder, hosts)
        self._rest("done", self._done_words())

    async def _step(self, step: str, hosts: Sequence[CodeHost]) -> bool:
        """One step in all repositories that need it. Whether all of them are as they should be."""
        left = [host for host in hosts if self._needs(step, host)]
        failed = [host for host in left if self._told(step, host)]
        if failed:
            return False
        if step in ("look", "checks", "tag"):
            # These are gone through in all of them, so that a person is told all that is wrong at once.
            do = {"look": self._look.look, "checks": self._room.checks, "tag": self._after.tag}[step]
            return all(await self._each(left, do))
        if step == "merge":
            # What a session sent before it died comes first, and may be all that is left to know.
            if not all(await self._each([host for host in left if self._room.sent(host)], self._room.settled)):
                return False
            left = [host for host in left if self._needs(step, host)]
            # A last look at every one before the first is merged: one that moved keeps the others back.
            if not all(await self._each(left, self._room.holds)):
                return False
        act = self._room.pull_request if step == "pull-request" else self._room.merge
        for host in left:
            if not await act(host):
                return False
        return True

    def _needs(self, step: str, host: CodeHost) -> bool:
        one = self._room.of(host)
        return not one.good(step) and (step == "tag" or not one.merged_as)

    def _told(self, step: str, host: CodeHost) -> bool:
        """Whether the step did not succeed already, before a session died: a person decides what comes then."""
        row = self._room.of(host).rows.get(step)
        return row is not None and row.result is not None and not row.good

    async def _take_back(self, chosen: ce.MergeChosen) -> None:
        """Pull requests that take back what is merged; nobody merges them but a person."""
        hosts = [host for host in self._hosts if self._room.of(host).merged_as]
        told = [await self._after.revert(host, chosen) for host in hosts]
        rows = [(host.name, self._room.of(host).rows.get("revert")) for host in hosts]
        words = "; ".join(f"{name}: {row.words if row is not None else 'taken back'}" for name, row in rows)
        if not self.code.merged:
            self._rest("blocked", f"{words}. {_NOTHING_MERGED}")
            return
        then = ". Merge what takes it back there, then look again" if any(told) else ""
        self._rest(self._rests_as, f"{words}{then}")

    @property
    def _rests_as(self) -> ce.MergeEnd:
        """How it stands where it goes no further, and not all is done."""
        code = self.code
        if code.half and code.gone_on is None:
            return "half"
        return "untagged" if code.merged else "blocked"

    def _stopped(self) -> None:
        code = self.code
        wrong = [
            f"{one.name}: {row.words}"
            for one in code.repositories.values()
            for row in one.rows.values()
            if row.result is not None and not row.good
        ]
        words = "; ".join(wrong)
        state = self._rests_as
        if state == "half":
            merged = ", ".join(f"{one.name} merged as {short(one.merged_as)}" for one in code.merged)
            words = f"{merged}. {words}"
        elif state == "blocked" and not any(one.perhaps for one in code.repositories.values()):
            words = f"{words}. This run has merged nothing"
        self._rest(state, words)

    def _done_words(self) -> str:
        told = [f"{one.name} as {short(one.merged_as)}" for one in self.code.merged]
        left = [one.name for one in self.code.unmerged]
        without = f"; without {', '.join(left)}" if left else ""
        tag = self.code.begun.tag if self.code.begun else ""
        return f"{', '.join(told)}, tagged {tag}{without}"

    def _rest(self, state: ce.MergeEnd, words: str) -> None:
        self._recorder.record(ce.MergeRested(state=state, words=words[:2000]))

    @staticmethod
    async def _each(hosts: Sequence[CodeHost], do: Callable[[CodeHost], Awaitable[bool]]) -> list[bool]:
        """The same in several repositories at once; all of it ends before anything is raised."""
        done = await asyncio.gather(*(do(host) for host in hosts), return_exceptions=True)
        errors = [one for one in done if isinstance(one, BaseException)]
        for error in errors:
            if not isinstance(error, PortError):
                raise error
        return [one is True for one in done]
