"""The one place of the decision: word, sentence, and what each key does or why it cannot; armed: what would be sent."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.cells import cell_len
from textual.geometry import Size

from cpr_cockpit.core.view import Control, Panel, Shape
from cpr_cockpit.tui.alone import NO_SESSION
from cpr_cockpit.tui.arming import Armed, Arming
from cpr_cockpit.tui.glyphs import Glyphs
from cpr_cockpit.tui.plain_text import clean, elide, elide_middle
from cpr_cockpit.tui.toned import Row, Span, row, row_text, row_width, wrapped
from cpr_cockpit.tui.widgets.block_letters import block_letters
from cpr_cockpit.tui.widgets.canvas import Canvas
from cpr_cockpit.tui.widgets.frame import ARMED, framed, tone_of_shape

# Cells between two controls on one line.
_GAP = 4
# Cells below which a control beside another says nothing.
_LEAST_KEY = 18
# Rows of a terminal from which on the panel has room, as in the breakpoints of the app; below SHORT it has hardly any.
_TALL, _SHORT = 40, 24
# Its frame: cells beside the words, rows above and below them.
_SIDES, _EDGES = 6, 2


class DecisionPanel(Canvas):
    """Draws a Panel and the Arming that belongs to it; taller while something is armed, or must be done by hand.

    ``show`` it with every View, every second, and after every key while something is armed.
    """

    DEFAULT_CSS = """
    DecisionPanel { height: auto; width: 1fr; }
    """

    def __init__(self, *, glyphs: Glyphs | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(glyphs=glyphs, id=id, classes=classes)
        self._panel = Panel("PREPARING", Shape.CALM)
        self._arming: Arming | None = None
        self._inert = ""
        self._large = True
        self._wanted = 0

    def show(self, panel: Panel, arming: Arming | None = None, *, inert: str = "", large: bool = True) -> None:
        """Draw that panel; ``inert``: why no key does anything ("READ ONLY"), told in the border.

        ``large``: production may be touched, so it has more of a small screen.
        """
        self._panel, self._arming, self._inert, self._large = panel, arming, inert, large
        if self.size.width and self._height(self.app.size.height, self.size.width) != self._wanted:
            self.refresh(layout=True)
        self.redraw()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """By the terminal's height, so that what is above does not jump with the words; more where all must show."""
        self._wanted = self._height(viewport.height, width)
        return self._wanted

    def _height(self, rows: int, width: int) -> int:
        usual = 11 if rows >= _TALL else 7 if rows >= _SHORT and self._large else 5
        # Blank lines are worth no jump where the usual height holds all of it.
        airy = usual if rows >= _TALL else rows // 2
        return min(max(usual, self._needed(width - _SIDES, airy - _EDGES) + _EDGES), max(5, rows * 2 // 3))

    def _needed(self, width: int, airy: int) -> int:
        """Lines of what must not be cut: everything armed, and where somebody is waited for or acts by hand."""
        arming = self._arming
        if arming is not None and arming.armed is not None:
            details = sum(len(lines) for lines in _details(arming.armed.control.details, width))
            least = 1 + details + len(_prompt(arming.armed, arming, width))
            # With a blank line above the details and one below, where ``airy`` lines hold them too.
            return max(least, min(least + 2, airy))
        panel = self._panel
        if not panel.commands and panel.word != NO_SESSION and panel.second is None and panel.revert is None:
            return 0
        said = _texts(panel, arming.words if arming is not None else "", width)
        # The word above, and the keys below: each where the merge rests half done, which is before START.
        keys = key_rows(panel, width, lines=1 if panel.revert is None else 3)
        return 1 + sum(len(lines) for lines in said) + len(keys)

    @property
    def value(self) -> str:
        """Its words: what ``c`` copies."""
        panel = self._panel
        parts = (panel.word, panel.sentence, panel.back, *panel.commands, panel.detail)
        return "\n".join(clean(part) for part in parts if part)

    def compose_rows(self, width: int, height: int) -> Sequence[Row]:
        """The frame and what is in it."""
        if width < 12 or height < 3:
            return [row((elide(self._panel.word, width), "strong"))]
        arming = self._arming
        if arming is not None and arming.armed is not None:
            rows = armed_rows(arming.armed, arming, width - _SIDES, height - _EDGES)
            left = math.ceil(arming.seconds_left)
            # Where letters are typed, r is one of them: the key that is none has to be named.
            back = "; F9 rolls back" if arming.armed.typed and _can(self._panel.rollback) else ""
            foot = f"expires in {left} s; Esc: send nothing{back}"
            return framed(rows, ARMED, width, height, self.glyphs, title=f"ARMED  {clean(self._panel.word)}", foot=foot)
        words = arming.words if arming is not None else ""
        rows = panel_rows(self._panel, words, width - _SIDES, height - _EDGES, self.glyphs)
        return framed(rows, self._panel.shape, width, height, self.glyphs, title=self._inert)


def _can(control: Control | None) -> bool:
    return control is not None and control.enabled


# -- at rest -----------------------------------------------------------------------------------------------------------


def panel_rows(panel: Panel, words: str, width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """Word, sentence, detail and keys; ``words``: the last thing that happened. In need, word and keys survive."""
    keys = key_rows(panel, width, lines=height - 1)[: max(0, height - 1)]
    room = height - len(keys)
    said, orders, back, more = _texts(panel, words, width)
    texts = said + orders + back + more
    # Of a View's words there is more on the screens; a path and a command that are cut help nobody, and where nothing
    # can be pressed any more the words are all there is.
    whole = panel.word == NO_SESSION or bool(orders) or not keys
    least = len(texts) if whole else min(len(texts), 2 + panel.warns)
    letters = _word_rows(panel, width, room - least, glyphs)
    if room == len(letters) == 1:
        letters = [_with_words(letters[0], words, panel.sentence, width)]
    left = room - len(letters)
    # What is wrong with the way back keeps a place beside a sentence that is long.
    kept = 1 if panel.warns and back else 0
    texts = _cut(_cut(said, max(1, left - len(orders) - kept), width) + orders + back + more, left, width)
    spare = height - len(letters) - len(texts) - len(keys)
    above = [()] if spare >= 1 and len(letters) > 1 else []
    below: list[Row] = [()] if spare >= 1 + len(above) else []
    lead: list[Row] = [()] if spare >= 3 else []
    return [*lead, *letters, *above, *texts, *below, *keys]


def _texts(panel: Panel, words: str, width: int) -> tuple[list[Row], list[Row], list[Row], list[Row]]:
    """What was said just now with the sentence, the commands, the rollback check, the detail: each in whole lines."""
    said = [(words, "warn"), (panel.sentence, "strong")]
    check, detail = (panel.back, "warn" if panel.warns else "dim"), (panel.detail, "dim")
    return _lines(said, width), _commands(panel, width), _lines([check], width), _lines([detail], width)


def _lines(spans: Sequence[Span], width: int) -> list[Row]:
    return [line for words, tone in spans if words for line in wrapped(row((words, tone)), width)]


def _commands(panel: Panel, width: int) -> list[Row]:
    """What to send by hand, each from its first letter to its last."""
    return [line for one in panel.commands for line in wrapped(row(("$ ", "dim"), (one, "strong")), width, indent=2)]


def _with_words(word: Row, words: str, sentence: str, width: int) -> Row:
    """Where the keys need every other line, why stands beside the word."""
    room = width - row_width(word) - 2
    return (*word, ("  ", ""), (elide(words or sentence, room), "warn" if words else "strong")) if room > 8 else word


def _word_rows(panel: Panel, width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """Block letters, or one bold line in reverse between marks of the shape."""
    tone = tone_of_shape(panel.shape)
    letters = block_letters(clean(panel.word), width, height - (1 if height > 5 else 0), glyphs)
    if letters is not None:
        return [((line, tone),) for line in letters]
    mark = (
        {Shape.BREACH: "!!", Shape.LOOK: "??", Shape.NO_DATA: "??"}.get(Shape(panel.shape), "") if _known(panel) else ""
    )
    text = " ".join(part for part in (mark, elide(panel.word, max(1, width - 8)), mark) if part)
    return [((f" {text} ", "fail" if panel.shape == Shape.BREACH else "here"),)]


def _known(panel: Panel) -> bool:
    return panel.shape in Shape.__members__.values()


def _cut(texts: list[Row], room: int, width: int) -> list[Row]:
    """As many lines as there is room for; that something is left out is told."""
    if len(texts) <= room:
        return texts
    kept = texts[: max(0, room)]
    if kept:
        words, tone = row_text(kept[-1]), kept[-1][-1][1]
        kept[-1] = ((elide(words + " ...", width), tone),)
    return kept


def key_rows(panel: Panel, width: int, *, lines: int) -> list[Row]:
    """The controls, in a breach ROLL BACK first: side by side where each can say what it must, else one a line."""
    controls = [one for one in (panel.start, panel.go, panel.rollback) if one is not None]
    if panel.shape == Shape.BREACH:
        controls.reverse()
    if not controls:
        return []
    room = width - _GAP * (len(controls) - 1)
    least = [_must(one) for one in controls]
    if sum(least) > room:
        if lines >= len(controls):
            return [_key(one, width) for one in controls]
        if room // len(controls) < _LEAST_KEY:
            # Hardly any room at all: the one that matters most and is possible.
            return [_key(min(controls, key=lambda one: (not one.enabled, one is not panel.rollback)), width)]
        return [_beside([_key(one, room // len(controls)) for one in controls], width)]
    # What is left goes to the reasons of what is possible; what blocks a control is always told whole.
    spare, shown = room - sum(least), []
    for one, need in zip(controls, least, strict=True):
        more = min(spare, cell_len(clean(one.reason or _how(one))) + 2) if one.enabled else 0
        spare -= more
        shown.append(_key(one, need + more))
    return [_beside(shown, width)]


def _must(control: Control) -> int:
    """Cells for the key, the label, and the reason why it is blocked."""
    reason = "" if control.enabled else f": {clean(control.reason)}"
    return cell_len(clean(control.key) + clean(control.label) + reason) + 4


def _beside(keys: list[Row], width: int) -> Row:
    """Controls in equal columns where they fit these, else one after another."""
    share = (width + _GAP) // len(keys)
    equal = all(row_width(one) <= share - _GAP for one in keys)
    spans: list[tuple[str, str]] = []
    for place, one in enumerate(keys):
        spans += one
        if place < len(keys) - 1:
            spans.append((" " * (share - row_width(one) if equal else _GAP), ""))
    return tuple(spans)


def _key(control: Control, width: int) -> Row:
    """One control: its key in reverse when it does something, in parentheses when it is blocked, with the reason."""
    key = clean(control.key)
    room = max(1, width - cell_len(key) - 4)
    if not control.enabled:
        return ((f"({key})", "dim"), ("  " + elide(f"{control.label}: {control.reason}", room), "dim"))
    label = elide(control.label, room)
    reason = elide(control.reason or _how(control), max(0, room - cell_len(label) - 2))
    chip: Row = ((f" {key} ", "here"), ("  ", ""), (label, "key"))
    return (*chip, (f"  {reason}", "dim")) if cell_len(reason) >= 6 else chip


def _how(control: Control) -> str:
    return f"type {control.type_this}" if control.type_this else "then y"


# -- armed -------------------------------------------------------------------------------------------------------------


def armed_rows(armed: Armed, arming: Arming, width: int, height: int) -> list[Row]:
    """What is armed, what to press or type, and what it will do; details give way first."""
    head: list[Row] = [((f" {elide(armed.control.label, width - 2)} ", "here"),)]
    prompt = _prompt(armed, arming, width)
    if arming.words:
        prompt += wrapped(row((arming.words, "warn")), width)
    room = height - len(head) - len(prompt)
    details = _detail_rows(armed.control.details, width, room)
    spare = room - len(details)
    gap: list[Row] = [()] if spare >= 1 else []
    return [*head, *([()] if spare >= 2 else []), *details, *gap, *prompt]


def _detail_rows(details: Sequence[str], width: int, room: int) -> list[Row]:
    """Every detail; where there is no room for all of it the longest (ids, a path) lose their middles."""
    made = _details(details, width)
    for place in sorted(range(len(made)), key=lambda at: -cell_len(clean(details[at]))):
        if sum(len(lines) for lines in made) > room:
            made[place] = [row(("- ", "dim"), elide_middle(details[place], width - 2))]
    return _cut([line for lines in made for line in lines], room, width)


def _details(details: Sequence[str], width: int) -> list[list[Row]]:
    return [wrapped(row(("- ", "dim"), one), width, indent=2) for one in details]


def _prompt(armed: Armed, arming: Arming, width: int) -> list[Row]:
    if arming.guarded:
        return [
            (("keys are ignored for a moment", "dim"),),
            *([()] if armed.typed and armed.control.needs_reason else []),
        ]
    if not armed.typed:
        return [
            ((f" {armed.confirm_key} ", "fail"), ("  ", ""), ("sends it", "strong"), ("      ", ""), (" n ", "here"),
             ("  sends nothing", "dim"))
        ]  # fmt: skip
    word = _field(f"type {armed.control.type_this}", armed.word, width, here=not armed.in_reason, fits=armed.word_fits)
    lines: list[Row] = [(*word, ("  fits", "good")) if armed.word_fits else word]
    if armed.control.needs_reason:
        fits = bool(armed.reason.strip())
        lines.append(_field("and a reason", armed.reason, width, here=armed.in_reason, fits=fits))
    lines[-1] = (*lines[-1], ("   Enter sends it" if armed.whole else "   then Enter", "dim"))
    return lines


def _field(label: str, text: str, width: int, *, here: bool, fits: bool) -> Row:
    """One line to type into: ``>`` stands before the one that takes the keys; the end of a long text is shown."""
    name = elide(label, 24)
    room = max(4, width - len(name) - 26)
    shown = clean(text)[-room:]
    mark, end = (">" if here else " "), ("_" if here else "")
    return ((f"{mark} {name}: ", "strong" if here else "dim"), (shown + end, "good" if fits else "warn"))
