"""One line of text from a person, below its question, in the place of the foot. Here a letter is a letter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from cpr_cockpit.tui.plain_text import clean, elide_middle
from cpr_cockpit.tui.toned import Line, row

# A reason or a note is a sentence or two.
LONGEST = 400
_HOW = "Enter sends, Esc leaves"
_HOW_SHORT = "Enter, Esc"
_FULL = f"{LONGEST} letters at most"
_NEEDED = "type a word at least; Esc leaves"


class PromptInput(Input):
    """The field. Its text comes from `Prompt.take`, letter by letter in the order of the keys."""

    def take(self, text: str) -> None:
        """Put a text where the cursor is, in the place of what is selected."""
        self.replace(text, *self.selection)

    async def action_submit(self) -> None:
        """Hand the line up at once: what is typed after Enter is no part of it."""
        if isinstance(self.parent, Prompt):
            await self.parent.enter()


class Prompt(Vertical):
    """A title and its field; Enter answers with the line, Escape with None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave", show=False)]
    DEFAULT_CSS = """
    Prompt {
        height: 2;
        background: $panel;
        & > PromptInput { width: 1fr; height: 1; border: none; padding: 0 1; background: $surface; }
        & > PromptInput:focus { border: none; }
    }
    """

    def __init__(self, title: str, draft: str, answer: Callable[[str | None], Awaitable[None]]) -> None:
        super().__init__(classes="foot-place")
        self._answer = answer
        self._title = clean(title)
        self._draft = draft

    def compose(self) -> ComposeResult:
        """What is asked, and below it all the room there is to answer."""
        yield Line()
        yield PromptInput(self._draft, max_length=LONGEST, select_on_focus=False)

    def on_mount(self) -> None:
        """Type at once; a cursor that blinks would move for nothing."""
        self.field.cursor_blink = False
        self.field.focus()
        self._ask(_HOW, "dim")

    def on_resize(self) -> None:
        """The question keeps its beginning and its end."""
        self._ask(_HOW, "dim")

    def _ask(self, hint: str, tone: str) -> None:
        if hint == _HOW and len(self._title) + len(hint) + 4 > self.app.size.width:
            # What is asked for goes before how it is answered.
            hint = _HOW_SHORT
        title = elide_middle(self._title, max(20, self.app.size.width - len(hint) - 4))
        self.query_one(Line).say(row((f" {title}:", "key")), row((f"{hint} ", tone)))

    @property
    def field(self) -> PromptInput:
        """Where the text goes."""
        return self.query_one(PromptInput)

    def take(self, text: str) -> None:
        """A letter, or a paste as one harmless line; that there is no room for more is told."""
        before = len(self.field.value)
        self.field.take(clean(text))
        full = text and len(self.field.value) == before == LONGEST
        self._ask(_FULL if full else _HOW, "warn" if full else "dim")

    async def enter(self) -> None:
        """Hand the line up, if there is one; else say what is needed."""
        if words := clean(self.field.value).strip():
            await self._answer(words)
        else:
            self._ask(_NEEDED, "warn")

    @property
    def words(self) -> str:
        """What was typed so far."""
        return self.field.value

    async def action_leave(self) -> None:
        """Leave without an answer."""
        await self._answer(None)
