"""A second person and a freeze on the smallest screen: what is asked, what is sent, what can be read."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core.view import Control
from tests.tui import views
from tests.tui.faces import Hand, Script, face, foot, screen_text, settled, strike, until
from tests.tui.test_prompts import asked

_WAITS = "ML pressed START, waiting for a second person (JW, OP) until 02:17:11 UTC. h: confirm. "
_FROZEN = "freeze year's end until 2027-01-03 00:00 Europe/Berlin (23:00 UTC)"


async def test_who_pressed_and_who_is_waited_for_stands_on_the_screen_and_initials_confirm() -> None:
    view = views.ready()
    second = Control("h", "CONFIRM START of v1.3.0, pressed by ML: your initials", True)
    source = Script(replace(view, panel=replace(view.panel, sentence=_WAITS + view.panel.sentence, second=second)))
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        words = " ".join(screen_text(app).split())
        assert "ML pressed START, waiting for a second person (JW, OP)" in words
        assert "h second person" in foot(app)
        field = await asked(pilot, app, "h")
        assert "CONFIRM START of v1.3.0, pressed by ML: your initials" in screen_text(app)
        strike(app, *"JW", "enter")
        await until(pilot, lambda: source.commands)
        assert source.commands == [("second", {"words": "JW", "by": "ana"})]
        assert field.value == "JW"


async def test_without_anything_to_confirm_the_key_says_so() -> None:
    source = Script(views.ready())
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        strike(app, "h")
        await until(pilot, lambda: "Second person is not possible now: nothing waits for a second person" in foot(app))
        assert source.commands == []


async def test_in_a_freeze_start_is_typed_with_a_reason() -> None:
    view, clock = views.ready(), Hand()
    assert view.panel.start is not None
    details = (f"{_FROZEN}: say why it is now", *view.panel.start.details)
    start = replace(view.panel.start, type_this="start", needs_reason=True, details=details)
    source = Script(replace(view, panel=replace(view.panel, start=start)))
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("s")
        clock.move(1)
        assert "freeze year's end until 2027-01-03" in " ".join(screen_text(app).split())
        strike(app, *"start", "enter")
        await pilot.pause()
        assert source.commands == []
        clock.move(1)
        strike(app, *"leak", "enter")
        await until(pilot, lambda: source.commands)
        number = str(view.plan.number)
        assert source.commands == [("start", {"reason": "leak", "plan": number, "by": "ana"})]
