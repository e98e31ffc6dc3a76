"""One line of text from a person, in the place of the foot. Here a letter is a letter."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Paste
from textual.message import Message
from textual.widgets import Input

from cpr_cockpit.tui.plain_text import clean
from cpr_cockpit.tui.toned import Line, row

# A reason or a note is a sentence or two.
LONGEST = 400


class PromptInput(Input):
    """The field: a paste longer than a sentence is a mistake and is left out."""

    def on_paste(self, event: Paste) -> None:
        """Take a short paste as one harmless line, and nothing of a long one."""
        event.prevent_default()
        event.stop()
        if len(event.text) <= LONGEST:
            self.insert_text_at_cursor(clean(event.text).strip())


class Prompt(Horizontal):
    """A title and its field; Enter answers, Escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave", show=False)]
    DEFAULT_CSS = """
    Prompt {
        height: 1;
        background: $panel;
        & > Line { width: auto; }
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
        """Title and field."""
        label = Line()
        label.styles.width = len(self._title) + 3
        label.say(row((f" {self._title}: ", "key")))
        yield label
        yield PromptInput(self._draft, max_length=LONGEST, select_on_focus=False, placeholder="Enter sends, Esc leaves")

    def on_mount(self) -> None:
        """Type at once; a cursor that blinks would move for nothing."""
        field = self.query_one(PromptInput)
        field.cursor_blink = False
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the line up, if there is one."""
        event.stop()
        if words := clean(event.value).strip():
            self.post_message(self.Answered(self, words))

    @property
    def words(self) -> str:
        """What was typed so far."""
        return self.query_one(PromptInput).value

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.post_message(self.Left(self))
