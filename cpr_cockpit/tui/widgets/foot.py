"""The last line: what was said just now, else what was lost, else the keys of this screen."""

from __future__ import annotations

from textual.strip import Strip

from cpr_cockpit.core.naming import brief
from cpr_cockpit.tui.actions import hints, key_word
from cpr_cockpit.tui.shown import Shown, clock
from cpr_cockpit.tui.toned import Line, Row, Span, row, row_text, row_width, wrapped


class Foot(Line):
    """Never a toast: words stand for some seconds or until the next key, a lost session until it is back."""

    DEFAULT_CSS = """
    Foot { background: $panel; }
    """

    # All that is said, and the lines below the first one that it needs.
    _all: Row = ()
    _rest: tuple[Row, ...] = ()

    def say(self, left: Row, right: Row = ()) -> None:
        """Show these words, all of them: in a second line where one is too short for them."""
        width = self.app.size.width
        first, *rest = wrapped(left, width, indent=1) if row_width(left) > width else [left]
        if len(rest) > 1:
            # Two lines at most: the panes need the others.
            rest = [tuple(span for one in rest for span in one)]
        self._all = left
        if tuple(rest) != self._rest:
            self._rest = tuple(rest)
            self.styles.height = 1 + len(rest)
            self.refresh(layout=True)
        super().say(first, right)

    @property
    def words(self) -> str:
        """All that it says, without tones."""
        return row_text(self._all)

    def render_line(self, y: int) -> Strip:
        """A line of it."""
        if y == 0:
            return super().render_line(y)
        # It may still be as high as the words before these were, until it is laid out anew.
        return self.strip_of(self._rest[y - 1] if y <= len(self._rest) else (), self.size.width)

    def show(self, shown: Shown, screen: str) -> None:
        """Show the words that stand, else hints for this screen."""
        if shown.status:
            self.say(row((" " + shown.status, "strong")))
        elif shown.gone_since is not None or shown.gone_words:
            self.say(row((" " + lost_words(shown), "warn")))
        elif shown.view is None:
            self.say(row((" The session is being started, or reached; q closes.", "dim")))
        else:
            self.say(self._hints(shown, screen))

    def _hints(self, shown: Shown, screen: str) -> Row:
        spans: list[Span] = [(" ", "")]
        size = self.app.size
        code = shown.view is not None and bool(shown.view.code.repositories) and shown.view.panel.merge is not None
        for action in hints(screen, replay=bool(shown.replay), code=code):
            useless = action.id == "charts" and (size.height >= 40 or size.width >= 160)
            if useless or action.why_not(shown):
                continue
            more: list[Span] = [(key_word(action.key), "key"), (f" {action.hint}  ", "")]
            # The two blanks behind the last hint need no room.
            if row_width((*spans, *more)) - 2 > self.app.size.width:
                break
            spans += more
        last, tone = spans[-1]
        return row(*spans[:-1], (last.rstrip(), tone))


def lost_words(shown: Shown) -> str:
    """What a person has to know while the session cannot be reached."""
    if shown.gone_since is None or shown.gone_words:
        return shown.gone_words
    since = f"session gone since {clock(shown.gone_since)}"
    return f"{since}; looking for it. If it died: {f'cpr-cockpit resume {brief(shown.run)}'.rstrip()}"
