"""Keeps the environment's lease for one run: read at the opening, taken at START, renewed, released at the end.

Whoever lost it is told by whom, as a foreign change; nothing on the way back waits for it (law 5).
"""

from __future__ import annotations

import asyncio
import logging
import platform
from dataclasses import replace

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.lease import Lease, LeaseLost, LeaseStore
from cpr_cockpit.core.ports import Clock, PortError
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.core.surroundings import Part
from cpr_cockpit.core.verdict import clock_time
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

# Seconds: how long a lease lasts unless it is renewed, between two renewals, and for which the store is waited for.
LASTS_S, RENEW_S, WAIT_S = 120.0, 30.0, 10.0
# The same for each of the three requests of START, and for its turn: a face waits five seconds for its answer.
START_S, TURN_S = 1.5, 0.4


class LeaseRefused(Exception):
    """The lease was not taken: why, that nothing was changed, what to do."""


class LeaseKeeper:
    """``run``: this run's name, by which its own lease is known again after a restart."""

    def __init__(self, store: LeaseStore, run: str, clock: Clock, recorder: Recorder) -> None:
        self._store = store
        self._run = run
        self._clock = clock
        self._recorder = recorder
        self._held: Lease | None = None
        self._unrenewed_told = False
        # It is taken and given back by one after another.
        self._turn = asyncio.Lock()

    @property
    def _is_ours(self) -> bool:
        """Whether this run holds it, by its own journal."""
        return self._recorder.run.others.lease is not None

    async def look(self) -> None:
        """At the opening: whose it is, so that nobody learns it only at START. A store that fails is told as such."""
        try:
            found = await self._read()
        except PortError as error:
            words = f"the lease {self._store.key} could not be read: {error.what} START needs it, ROLLBACK never does"
            self._recorder.record(ev.Noted(by=PROGRAM, words=words))
            return
        self._saw(found)

    def _saw(self, found: Lease | None) -> None:
        seen = self._recorder.run.others.seen
        mine_or_none = found is None or found.run == self._run or found.expires_at <= self._clock.now()
        holder = "" if found is None or mine_or_none else found.holder
        if holder != (seen.holder if seen else ""):
            since, until = (found.since, found.expires_at) if found is not None else (0.0, 0.0)
            event = ev.LeaseSeen(key=self._store.key, holder=holder, since=since, expires_at=until)
            self._recorder.record(event)

    async def _read(self, wait_s: float = WAIT_S) -> Lease | None:
        try:
            async with asyncio.timeout(wait_s):
                return await self._store.read()
        except TimeoutError as error:
            raise PortError(f"The lease store did not answer in {wait_s:g} s.") from error

    async def take(self, by: str, *, take_over: str = "") -> None:
        """Take it, before START; ``take_over``: why, where another one holds it. LeaseRefused, and nothing is changed.

        What is done is on disk before it is done, whose place is taken included. JournalError: it may be taken all the
        same, and is to be given back.
        """
        try:
            async with asyncio.timeout(TURN_S):
                await self._turn.acquire()
        except TimeoutError as error:
            words = "is being taken or given back by another command. Nothing was changed. Try again."
            raise LeaseRefused(f"The lease {self._store.key} {words}") from error
        try:
            self._check_open()
            await self._take(by, take_over)
        finally:
            self._turn.release()

    def _check_open(self) -> None:
        if self._recorder.run.ended is not None:
            raise LeaseRefused("The run has ended. Nothing was changed.")

    async def _take(self, by: str, take_over: str) -> None:
        try:
            found = await self._read(START_S)
        except PortError as error:
            raise LeaseRefused(f"The lease {self._store.key} cannot be read: {error.words()}") from error
        self._check_open()
        self._saw(found)
        now = self._clock.now()
        ours = found is not None and found.run == self._run
        if found is not None and not ours and found.expires_at > now and not take_over:
            raise LeaseRefused(
                f"The lease {self._store.key} is {found.words(now)}. Nothing was changed. Ask them, or take it over."
            )
        over = found.holder if found is not None and not ours else ""
        self._recorder.record(ev.LeaseIntent(key=self._store.key, by=by, over=over, words=take_over))
        wanted = Lease(by, platform.node() or "an unnamed host", self._run, now, now + LASTS_S)
        self._hold(await self._written(wanted, found))

    async def _written(self, wanted: Lease, found: Lease | None) -> Lease:
        """The lease as written; where the answer was lost, what is read decides."""
        try:
            async with asyncio.timeout(START_S):
                return await self._store.write(wanted, found.etag if found is not None else None)
        except LeaseLost as error:
            raise LeaseRefused(f"Somebody else took the lease {self._store.key} first: press START again.") from error
        except (PortError, TimeoutError) as error:
            words = error.words() if isinstance(error, PortError) else f"no answer in {START_S:g} s"
            try:
                written = await self._read(START_S)
            except PortError:
                written = None
            if written is not None and written.run == self._run and written.since == wanted.since:
                return written
            raise LeaseRefused(f"The lease {self._store.key} could not be taken: {words}") from error

    def _hold(self, lease: Lease) -> None:
        self._held, self._unrenewed_told = lease, False
        self._check_open()
        event = ev.LeaseHeld(key=self._store.key, holder=lease.holder, expires_at=lease.expires_at)
        self._recorder.record(event)

    # -- while it is held --------------------------------------------------------------------------------------------

    async def go_on(self) -> None:
        """Renew it until cancelled; a defect of this program is logged, and tried past."""
        while True:
            if self._is_ours:
                try:
                    await self._renew()
                except Exception:
                    log.exception("the lease could not be renewed")
            await self._clock.sleep(RENEW_S)

    async def _renew(self) -> None:
        now = self._clock.now()
        try:
            held = self._held or await self._own()
            if held is None:
                return
            async with asyncio.timeout(WAIT_S):
                self._held = await self._store.write(replace(held, expires_at=now + LASTS_S), held.etag)
            self._unrenewed_told = False
        except LeaseLost:
            await self._look_whose()
        except (PortError, TimeoutError) as error:
            self._tell_unrenewed(error)

    async def _look_whose(self) -> None:
        """What was written and not answered has another ETag, and is ours all the same; else it is lost."""
        try:
            self._held = await self._own()
        except PortError as error:
            self._tell_unrenewed(error)

    async def _own(self) -> Lease | None:
        """The lease where the store says that it is ours; where it is another's, that is told, and it is let go."""
        found = await self._read()
        if found is not None and found.run == self._run:
            return found
        self._lost(found)
        return None

    def _lost(self, found: Lease | None) -> None:
        self._held = None
        now = self._clock.now()
        words = "removed by somebody" if found is None else f"taken over: it is {found.words(now)}"
        words = f"the lease {self._store.key} of this run was {words}"
        self._recorder.record(ev.LeaseLeft(key=self._store.key, released=False, words=words))
        value = found.holder if found is not None else ""
        since = self._recorder.run.started_at or now
        self._recorder.record(
            ev.ForeignChanged(part=Part.LEASE.value, topic="lease", value=value, words=words, since=since)
        )

    def _tell_unrenewed(self, error: Exception) -> None:
        """Once for each time that it could not be renewed before its end: others may take it now."""
        lease = self._held
        if lease is None or self._clock.now() < lease.expires_at or self._unrenewed_told:
            return
        why = error.what if isinstance(error, PortError) else "no answer"
        words = f"the lease {self._store.key} could not be renewed and ended at {clock_time(lease.expires_at)}: {why}"
        try:
            self._recorder.record(ev.Noted(by=PROGRAM, words=words))
        except JournalError:
            log.exception("%s", words)
        else:
            self._unrenewed_told = True

    # -- the end -----------------------------------------------------------------------------------------------------

    async def give_back(self, why: str) -> None:
        """Give back what START has taken, where nothing was begun: nobody waits longer for it than for taking it."""
        async with self._turn:
            # Another START may have begun production with it meanwhile.
            if self._recorder.run.started_at is None:
                await self._release(why, START_S)

    async def release(self) -> None:
        """Give it back where it is ours, if the store answers in time; nothing is written once the run has ended."""
        async with self._turn:
            await self._release("at the end of the run", WAIT_S)

    async def _release(self, why: str, wait_s: float) -> None:
        # What was taken, and the journal did not take any more, is ours as well.
        if not self._is_ours and self._held is None:
            return
        try:
            async with asyncio.timeout(wait_s):
                found = self._held or await self._store.read()
                if found is not None and found.run == self._run:
                    await self._store.remove(found.etag)
        except (PortError, TimeoutError) as error:
            log.warning("the lease %s was not released and ends by itself: %s", self._store.key, error)
            return
        self._held = None
        if self._is_ours and self._recorder.run.ended is None:
            words = f"{self._store.key}, {why}"
            self._recorder.record(ev.LeaseLeft(key=self._store.key, released=True, words=words))
