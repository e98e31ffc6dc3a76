"""One line of text from a person, below its question, in the place of the foot. Here a letter is a letter."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Paste
from textual.message import Message
from textual.widgets import Input

from cpr_cockpit.tui.plain_text import clean, elide_middle
from cpr_cockpit.tui.toned import Line, row

# A reason or a note is a sentence or two.
LONGEST = 400
_HOW = "Enter sends, Esc leaves"
_NEEDED = "type a word at least; Esc leaves"


class PromptInput(Input):
    """The field: a paste longer than a sentence is a mistake and is left out."""

    def on_paste(self, event: Paste) -> None:
        """Take a short paste as one harmless line, and nothing of a long one."""
        event.prevent_default()
        event.stop()
        if len(event.text) <= LONGEST:
            self.insert_text_at_cursor(clean(event.text).strip())


class Prompt(Vertical):
    """A title and its field; Enter answers, Escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave", show=False)]
    DEFAULT_CSS = """
    Prompt {
        height: 2;
        background: $panel;
        & > PromptInput { width: 1fr; height: 1; border: none; padding: 0 1; background: $surface; }
        & > PromptInput:focus { border: none; }
    }
    """

    class Answered(Message):
        """A line was entered."""

        def __init__(self, prompt: Prompt, words: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.words = words

    class Left(Message):
        """The prompt was left: nothing was sent."""

        def __init__(self, prompt: Prompt) -> None:
            super().__init__()
            self.prompt = prompt

    def __init__(self, title: str, draft: str = "") -> None:
        super().__init__(classes="foot-place")
        self._title = clean(title)
        self._draft = draft

    def compose(self) -> ComposeResult:
        """What is asked, and below it all the room there is to answer."""
        yield Line()
        yield PromptInput(self._draft, max_length=LONGEST, select_on_focus=False)

    def on_mount(self) -> None:
        """Type at once; a cursor that blinks would move for nothing."""
        field = self.query_one(PromptInput)
        field.cursor_blink = False
        field.focus()
        self._ask(_HOW, "dim")

    def on_resize(self) -> None:
        """The question keeps its beginning and its end."""
        self._ask(_HOW, "dim")

    def _ask(self, hint: str, tone: str) -> None:
        title = elide_middle(self._title, max(20, self.app.size.width - len(hint) - 4))
        self.query_one(Line).say(row((f" {title}:", "key")), row((f"{hint} ", tone)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the line up, if there is one; else say what is needed."""
        event.stop()
        if words := clean(event.value).strip():
            self.post_message(self.Answered(self, words))
        else:
            self._ask(_NEEDED, "warn")

    @property
    def words(self) -> str:
        """What was typed so far."""
        return self.query_one(PromptInput).value

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.post_message(self.Left(self))
