"""Notices follow the journal: each is on disk first, sent once where it can be seen to arrive, and never in the way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cpr_cockpit.core.notice_events import NoticeOutcome
from cpr_cockpit.core.notices import Attachment, NoticeKind
from cpr_cockpit.core.run import Phase
from cpr_cockpit.engine.journal import read
from tests.engine.inbox import Inbox
from tests.engine.stage import Life, Stage
from tests.engine.users import Behaviour
from tests.engine.world import NEW

WINDOW_S = 90.0


def ended(stage: Stage) -> Life:
    life = stage.begin()
    assert life.live()
    life.loop.run_until_complete(life.session.notifying.farewell())
    return life


def outcomes(life: Life) -> list[tuple[str, str, str]]:
    sendings = life.run_state.notices.sendings.values()
    return [(one.intent.notice, to, o.result) for one in sendings for to, (_, o) in one.outcomes.items()]


def test_a_whole_run_is_told_with_its_status_in_a_line() -> None:
    with Stage(window_s=30.0) as stage:
        inbox = Inbox()
        stage.world.notifiers = (inbox,)
        life = ended(stage)
        assert inbox.kinds_got == ["start", "decision", "end"]
        start, decision, end = inbox.got
        assert start.title == "REHEARSAL: START of v1.3.0 on app by drill"
        assert [one.name for one in start.attachments] == ["rollback-card.md"]
        assert b"v1.2.0" in start.attachments[0].content
        assert decision.line.startswith("v1.3.0 on app: kept, errors 0.0 % (n ")
        assert end.line.startswith("v1.3.0 on app: ended, kept, errors 0.0 % (n ")
        assert start.id == f"{life.run_state.opened.run if life.run_state.opened else ''}/start"
        assert all(result == "sent" for _, _, result in outcomes(life))


def test_a_bad_version_is_told_at_once_and_so_is_its_way_back() -> None:
    with Stage(window_s=30.0, behaviour=Behaviour(fails=2)) as stage:
        inbox = Inbox()
        stage.world.notifiers = (inbox,)
        ended(stage)
        told = [one.title.removeprefix("REHEARSAL: ") for one in inbox.got]
        assert told[0].startswith("START")
        assert told[-2:] == [f"ROLLBACK decided for {NEW} on app by drill", f"ROLLED BACK: {NEW} on app"]


@pytest.mark.parametrize("answer", ["refuse", "hang", "crash"])
def test_what_is_not_taken_is_tried_again_told_and_in_nobodys_way(answer: str) -> None:
    with Stage(window_s=30.0) as stage:
        good, bad = Inbox("good"), Inbox("bad", {NoticeKind.START}, answers=[answer] * 99)
        stage.world.notifiers = (bad, good)
        life = ended(stage)
        assert good.kinds_got[-1] == "end"
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "kept"
        assert ("start", "bad", "left") in outcomes(life)
        channel = life.run_state.notices.channels["bad"]
        assert channel.left == 1
        assert channel.trouble in ("The service answered 500.", "no answer within 25 s", "RuntimeError")
        assert "secret" not in (stage.folder / "journal.db").read_bytes().decode("latin-1")


def test_a_service_that_recovers_gets_its_notice_once() -> None:
    with Stage(window_s=30.0) as stage:
        inbox = Inbox(answers=["refuse", "refuse"])
        stage.world.notifiers = (inbox,)
        life = ended(stage)
        assert inbox.kinds_got == ["start", "decision", "end"]
        assert life.run_state.notices.channels["oncall"].trouble == ""


def test_who_resumes_sends_what_was_not_seen_to_arrive_and_nothing_else() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        sure, unsure = Inbox("sure"), Inbox("unsure", answers=["hang"])
        stage.world.notifiers = (sure, unsure)
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: bool(sure.got) and unsure.tries == 1)
        first = life.run_state.notices.sendings["start"].intent
        life.die()
        again = stage.begin()
        assert not again.live(lambda: again.run_state.phase is Phase.WINDOW)
        assert sure.kinds_got == ["start"]
        assert unsure.kinds_got == ["start"]
        assert (unsure.got[0].id, unsure.got[0].title) == (sure.got[0].id, first.title)


def test_the_end_is_told_after_it_and_its_outcome_is_not_in_the_sealed_journal() -> None:
    with Stage(window_s=30.0) as stage:
        stage.world.notifiers = (Inbox(),)
        life = ended(stage)
        life.end()
        assert read(stage.folder)[-1].event.type == "run.ended"
        late = [event.type for _, event in life.session.notifying.late]
        assert late.count("notice.intent") == 1
        assert late[-1] == "notice.outcome"


def test_who_is_told_to_end_while_the_end_is_told_keeps_what_was_left() -> None:
    with Stage(window_s=30.0) as stage:
        stage.world.notifiers = (Inbox("hangs", {NoticeKind.END}, answers=["hang"] * 9),)
        life = stage.begin()
        assert life.live()
        telling = life.loop.create_task(life.session.notifying.farewell())
        life.loop.run_until_complete(stage.world.clock.sleep(1.0))
        telling.cancel()
        life.loop.run_until_complete(asyncio.wait([telling]))
        assert [event.result for _, event in life.session.notifying.late if isinstance(event, NoticeOutcome)] == [
            "left"
        ]


class Painter:
    """Draws what it was given, or has trouble."""

    def __init__(self, trouble: str = "") -> None:
        self.trouble = trouble
        self.drawn = 0

    async def paint(self, view: dict[str, Any]) -> tuple[Attachment, ...]:
        self.drawn += 1
        await asyncio.sleep(1.0)
        if self.trouble == "hangs":
            await asyncio.Event().wait()
        if self.trouble:
            raise RuntimeError(self.trouble)
        return (Attachment("screen.svg", "image/svg+xml", str(view["phase"]).encode()),)


@pytest.mark.parametrize("trouble", ["", "hangs", "fails"])
def test_the_screen_is_drawn_once_for_all_who_want_it_and_no_notice_is_lost_for_it(trouble: str) -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        plain, one, two = Inbox("plain"), Inbox("one", picture=True), Inbox("two", picture=True)
        stage.world.notifiers, stage.world.painter = (plain, one, two), Painter(trouble)
        life = stage.begin()
        life.session.notifying.view = lambda: {"phase": str(life.run_state.phase)}
        stage.sign_and_start(life)
        assert not life.live(lambda: bool(plain.got and one.got and two.got))
        assert stage.world.painter.drawn == 1
        files = [[file.name for file in inbox.got[0].attachments] for inbox in (plain, one, two)]
        picture = [] if trouble else ["screen.svg"]
        assert files == [["rollback-card.md"], ["rollback-card.md", *picture], ["rollback-card.md", *picture]]


def test_a_channel_without_its_address_is_told_before_anything_is_to_be_sent() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        inbox = Inbox("night")
        inbox.trouble = "variable NIGHT is not set"
        stage.world.notifiers = (inbox,)
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        life.die()
        again = stage.begin()
        assert not again.live(lambda: stage.loop.time() > 20.0)
        told = [note.words for _, note in again.run_state.notes if "night" in note.words]
        assert told == ["nobody is told by channel night: variable NIGHT is not set. Set it, and resume the run."]
