"""Tells people outside what happens to a run. It follows the journal beside the session: nothing ever waits for it.

Each notice is on disk before it is sent, with an id that stays the same: whoever resumes sends what was not seen to
arrive, and nothing else. A channel that refuses or hangs holds up itself alone; that it failed is shown and kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cpr_cockpit.core.alarm import alarm, looked_for
from cpr_cockpit.core.events import Noted, Record
from cpr_cockpit.core.notice_events import NoticeIntent, NoticeOutcome
from cpr_cockpit.core.notice_words import LOOK_ID, Wanted, wanted
from cpr_cockpit.core.notices import Attachment, Notice, NoticeKind, Notifier, Painter
from cpr_cockpit.core.noticing import CALLS
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.core.status_line import status_line
from cpr_cockpit.core.verdict import Verdict
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.reach import ended
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

TICK_S = 0.5
# Seconds before each further try; a try itself is given up after `SEND_S`.
PAUSES = (2.0, 10.0, 30.0)
SEND_S = 25.0
# Seconds for which the end of the session process waits for what is still to be sent.
FAREWELL_S = 15.0
PAINT_S = 10.0


class Notifying:
    """``verdict``: the judge's word as of now, for the status line.

    ``view``: what faces are shown now, given later by whoever can tell; without it no picture is sent.
    """

    def __init__(self, ports: Ports, scaled: Policy, recorder: Recorder, verdict: Callable[[], Verdict | None]) -> None:
        self._notifiers = {one.name: one for one in ports.notifiers}
        self._painter = ports.painter
        self._scaled = scaled
        self._clock = ports.clock
        self._recorder = recorder
        self._verdict = verdict
        # Two for each channel: who is called waits behind no other notice, nor its picture.
        self._queues: dict[tuple[str, bool], asyncio.Queue[Notice]] = {}
        self._senders: list[asyncio.Task[None]] = []
        self._pending: set[tuple[str, str]] = set()
        self._pictures: dict[str, asyncio.Task[tuple[Attachment, ...]]] = {}
        self.view: Callable[[], dict[str, Any]] | None = None
        self.late: list[tuple[float, NoticeIntent | NoticeOutcome]] = []

    async def go_on(self) -> None:
        """Never returns; cancel it. A defect of it is logged and tried past."""
        if not self._notifiers:
            return
        self._begin()
        while True:
            self._look()
            await self._news()

    async def _news(self) -> None:
        """Return at the next event, so that a status is that of its moment, or when time alone may ask for a notice."""
        waits = [asyncio.create_task(self._recorder.wait_news()), asyncio.create_task(self._clock.sleep(TICK_S))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    def _begin(self) -> None:
        if not self._queues:
            self._queues = {(name, calls): asyncio.Queue() for name in self._notifiers for calls in (True, False)}
            self._senders = [
                asyncio.create_task(self._serve(self._notifiers[name], queue))
                for (name, _), queue in self._queues.items()
            ]
            self._senders += [asyncio.create_task(self._tell_trouble(one)) for one in self._notifiers.values()]
            self._take_up()

    async def _tell_trouble(self, one: Notifier) -> None:
        """Where nobody can be told, that is known before it is needed."""
        trouble, run = await one.look(), self._recorder.run
        words = f"nobody is told by channel {one.name}: {trouble}. Set it, and resume the run."
        if not trouble or run.ended is not None or words in {note.words for _, note in run.notes}:
            return
        try:
            self._recorder.record(Noted(by=PROGRAM, words=words))
        except JournalError:
            log.exception("%s", words)

    def _take_up(self) -> None:
        """What an earlier session meant to send, and was not seen to arrive."""
        for sending in self._recorder.run.notices.sendings.values():
            one = sending.intent
            words = ("Sent again: the session had died.",)
            notice = self._notice(one.notice, NoticeKind(one.kind), sending.at, one.title, one.line, words)
            for name in sending.open:
                self._put(name, notice)

    def _look(self) -> None:
        try:
            for one in wanted(self._recorder.run, self._scaled, self._clock.now()):
                self._tell(one)
        except JournalError:
            # What is not on disk is not sent; the next look tries again.
            log.exception("a notice could not be recorded")
        except Exception:
            log.exception("notices could not be made")

    def _tell(self, one: Wanted) -> None:
        to = tuple(name for name, notifier in self._notifiers.items() if notifier.kinds & one.kinds)
        if not to:
            return
        run = self._recorder.run
        line = status_line(run, self._scaled, self._verdict(), self._clock.now())
        self._record(NoticeIntent(notice=one.id, kind=one.kind, to=to, title=one.title, line=line, about=one.about))
        notice = self._notice(one.id, one.kind, one.at, one.title, line, one.words)
        # Who is called is not kept waiting for a picture.
        if one.kind not in CALLS and any(self._notifiers[name].picture for name in to):
            self._paint(notice)
        for name in to:
            self._put(name, notice)

    def _paint(self, notice: Notice) -> None:
        """Begin to draw the screen as it is now: what is told of is still on it."""
        if self._painter is not None and self.view is not None:
            self._pictures[notice.id] = asyncio.create_task(_painted(self._painter, self.view()))

    def _notice(self, name: str, kind: NoticeKind, at: float, title: str, line: str, words: tuple[str, ...]) -> Notice:
        run = self._recorder.run
        opened = run.opened.run if run.opened else ""
        files = _card(run.card.path) if kind is NoticeKind.START and run.card is not None else ()
        return Notice(f"{opened}/{name}", opened, kind, at, title, line, words, files)

    def _put(self, name: str, notice: Notice) -> None:
        queue = self._queues.get((name, notice.kind in CALLS))
        if queue is not None:
            self._pending.add((name, notice.id))
            queue.put_nowait(notice)

    # -- one channel -------------------------------------------------------------------------------------------------

    async def _serve(self, notifier: Notifier, queue: asyncio.Queue[Notice]) -> None:
        while True:
            notice = await queue.get()
            try:
                await self._deliver(notifier, await self._with_picture(notifier, notice))
            except Exception:
                log.exception("a notice to %s was left by a defect of this program", notifier.name)
            finally:
                self._pending.discard((notifier.name, notice.id))
                if not any(waiting == notice.id for _, waiting in self._pending):
                    # A week is long: what everybody has got is let go.
                    self._pictures.pop(notice.id, None)

    async def _with_picture(self, notifier: Notifier, notice: Notice) -> Notice:
        drawn = self._pictures.get(notice.id)
        if drawn is None or not notifier.picture:
            return notice
        # Several channels may wait for the same one: leaving one of them must not end it.
        return replace(notice, attachments=(*notice.attachments, *await asyncio.shield(drawn)))

    async def _deliver(self, notifier: Notifier, notice: Notice) -> None:
        """Try until it is taken or the tries are over; every try has its outcome in the journal."""
        for attempt, pause in enumerate((*PAUSES, None), start=1):
            if needless := self._needless(notifier.name, notice):
                self._outcome(notice, notifier.name, "needless", attempt, needless)
                return
            why = await self._tried(notifier, notice)
            if why is None:
                self._outcome(notice, notifier.name, "sent", attempt)
                return
            if pause is None:
                self._outcome(notice, notifier.name, "left", attempt, why)
                return
            self._outcome(notice, notifier.name, "failed", attempt, why)
            await self._clock.sleep(pause)

    def _needless(self, to: str, notice: Notice) -> str:
        """Why nobody is to be called by it any more, "" where somebody is: it may have waited for its turn."""
        if notice.kind not in CALLS:
            return ""
        run = self._recorder.run
        if notice.id.partition("/")[2].startswith(LOOK_ID):
            looks = looked_for(run, self._scaled, self._clock.now()) is not None
            return "" if looks else "it was no HOLD any more, or somebody had answered"
        found = alarm(run, self._scaled, self._clock.now())
        if found is None or found.acknowledged:
            return "somebody had answered"
        intents = [one.intent for one in run.notices.sendings.values()]
        calls = [one.notice for one in intents if one.kind in CALLS and to in one.to]
        return "" if notice.id.endswith(f"/{calls[-1]}") else "a later call was under way"

    async def _tried(self, notifier: Notifier, notice: Notice) -> str | None:
        """None once it is taken, else why not."""
        try:
            async with asyncio.timeout(SEND_S):
                await notifier.send(notice)
        except PortError as error:
            return error.what
        except TimeoutError:
            return f"no answer within {SEND_S:g} s"
        except Exception as error:  # noqa: BLE001  # a library's defect is one more reason why it was not sent
            # Its text could quote what it was given, and that is secret.
            log.error("a notice to %s failed: %s", notifier.name, type(error).__name__)  # noqa: TRY400
            return f"{type(error).__name__}"
        return None

    def _outcome(self, notice: Notice, to: str, result: str, attempt: int, words: str = "") -> None:
        body = {"notice": notice.id.partition("/")[2], "kind": notice.kind, "to": to, "result": result}
        event = NoticeOutcome.model_validate(body | {"attempt": attempt, "words": words[:300]})
        try:
            self._record(event)
        except JournalError:
            log.exception("what came of a notice to %s could not be recorded", to)

    def _record(self, event: NoticeIntent | NoticeOutcome) -> None:
        """Into the journal; what comes after the run's end is kept for its afterword."""
        if self._recorder.run.ended is None:
            self._recorder.record(event)
            return
        now = self._clock.now()
        self.late.append((now, event))
        self._recorder.run.apply(Record(seq=self._recorder.run.seq, at=now, event=event, hash=""))

    # -- the end -----------------------------------------------------------------------------------------------------

    async def farewell(self) -> None:
        """The run is over: tell its end, wait a while for what is under way, leave the rest."""
        if not self._notifiers:
            return
        self._begin()
        if self._recorder.run.ended is not None:
            self._look()
        waited = 0.0
        try:
            while self._pending and waited < FAREWELL_S:
                await self._clock.sleep(TICK_S / 5)
                waited += TICK_S / 5
            await ended(*self._senders)
        finally:
            for one in (*self._senders, *self._pictures.values()):
                one.cancel()
            if self._recorder.run.ended is not None:
                self._leave()

    def _leave(self) -> None:
        for sending in self._recorder.run.notices.sendings.values():
            for name in sending.open:
                last = sending.outcomes.get(name)
                words = last[1].words if last is not None else "the run was over before it was taken"
                attempt = last[1].attempt if last is not None else 0
                one = sending.intent
                notice = self._notice(one.notice, NoticeKind(one.kind), sending.at, one.title, one.line, ())
                self._outcome(notice, name, "left", attempt, words)


async def _painted(painter: Painter, view: dict[str, Any]) -> tuple[Attachment, ...]:
    """The picture; none where there is any trouble, for the notice goes all the same."""
    try:
        async with asyncio.timeout(PAINT_S):
            return await painter.paint(view)
    except Exception:
        log.exception("no picture of the screen could be drawn")
        return ()


def _card(path: str) -> tuple[Attachment, ...]:
    """The rollback card as a file; none where it cannot be read any more, for the notice goes all the same."""
    try:
        return (Attachment("rollback-card.md", "text/markdown", Path(path).read_bytes()),)
    except OSError:
        log.warning("the rollback card could not be read for a notice")
        return ()
