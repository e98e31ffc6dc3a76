"""How people and scripts spell what a document says: levels, approvals, scores, counts, and templates not filled."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

from cpr_cockpit.core.readiness import Readiness, decision_of
from cpr_cockpit.documents.parts import printable


class Said(Enum):
    """What a text says to a question of yes or no; BLANK: a template's place not filled; UNCLEAR: neither."""

    YES = True
    NO = False
    BLANK = "blank"
    UNCLEAR = "unclear"


class Unclear(Exception):
    """The text is filled in but cannot be read as what belongs there; nothing is guessed."""


def word_set(*lines: str) -> frozenset[str]:
    """The words of the lines."""
    return frozenset(" ".join(lines).split())


_YES = word_set(
    "yes true approved approve accepted pass passed passing success successful succeeded",
    "signed obtained granted given ok green 1",
)
_NO = word_set(
    "no not false rejected refused fail failed failing failure pending missing outstanding waiting awaiting incomplete",
    "denied withheld unapproved declined cancelled canceled red none open 0",
)
_RESERVED = word_set(
    "with conditions condition conditional conditionally except but partial partially if unless reservations subject",
    "until without however some most later once after when",
)
_AFTER_READY = word_set("FOR PRODUCTION DEPLOYMENT TO DEPLOY RELEASE GO LIVE SCORE THE STATUS")
_BLANKS = re.compile(
    r"_{2,}.*|.*#{4}.*|.*\bYYYY\b.*|\[(?![xX ]\])[^\]]*\][\W\d]*|<[^>]*>|x{2,}\b.*|tbd\W*|todo\W*|\?+|\.\.\.|…",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"[A-Za-z][A-Za-z/_ -]*(\|[A-Za-z/_ -]+)+")
_BOX = re.compile(r"(\[[ xX]?\]|[☐☑])")
_NUMBER = r"[-\u2212]?[0-9]{1,9}(?:\.[0-9]{1,12}|,[0-9]{1,2}(?![0-9]))?"
_SCORE = re.compile(
    rf"({_NUMBER})\s*(?:%|points?\b|pts\b|(?:/|\bout of\b|\bof\b)\s*({_NUMBER})\s*(?:%|points?\b|pts\b)?)?",
    re.IGNORECASE,
)
_GONE = r"(?:fixed|resolved|closed|done)"
_STILL = re.compile(
    r"\b([0-9]{1,6})\s+(?:are\s+|is\s+|still\s+)*(?:open|remaining|unresolved|outstanding)\b", re.IGNORECASE
)


def blank(text: str) -> bool:
    """Whether a place of the template is still empty or holds its placeholder: "", "__/100", "A|B", "YYYY-MM-DD"."""
    text = text.strip()
    return not text or _BLANKS.fullmatch(text) is not None or _CHOICE.fullmatch(text) is not None


def ticked(text: str) -> str | None:
    """The ticked ones of several boxes on a line, the whole text where there are no boxes, None for none ticked."""
    pieces = _BOX.split(text)
    if len(pieces) == 1:
        return text
    chosen = [label.strip(" ,;/|") for box, label in zip(pieces[1::2], pieces[2::2], strict=True) if box in "[x][X]☑"]
    return " / ".join(chosen) or None


def decision(text: str) -> str | None:
    """A level's usual spelling for what surely means it, the text as written for anything else, None for not filled.

    The worse is heard in any place of the text; READY only where nothing restricts it.
    """
    chosen = ticked(text)
    if chosen is None or blank(chosen):
        return None
    words = re.findall(r"[^\W\d_]+", chosen.upper())
    alternatives = {
        level for part in re.split(r"[|/]|\bor\b", chosen, flags=re.IGNORECASE) if (level := decision_of(part))
    }
    if len(alternatives) > 1:
        return None
    flat = " ".join(words)
    if re.search(r"\bNOT ?READY\b|\bNO GO\b", flat):
        return str(Readiness.NOT_READY)
    if "NOT" not in words and re.search(r"\bCONDITIONAL(LY)?\b|\bREADY WITH CONDITIONS?\b", flat):
        return str(Readiness.CONDITIONAL)
    if words == ["PRODUCTION", "READY"] or (words[:1] == ["READY"] and _AFTER_READY.issuperset(words[1:])):
        return str(Readiness.READY)
    return printable(chosen, 80)


def badness(text: str) -> float:
    """NOT READY is worse than words of its own, those than CONDITIONAL, that than READY: unclear is not the best."""
    return {Readiness.READY: 0.0, Readiness.CONDITIONAL: 1.0, None: 2.0, Readiness.NOT_READY: 3.0}[decision_of(text)]


def approval(text: str) -> Said:
    """Whether a text says yes: "✅ Approved", "true", "signed off by ..."; reservations are unclear, never yes."""
    chosen = ticked(text)
    if chosen is None or blank(chosen):
        return Said.BLANK
    words = re.findall(r"[a-z]+|\b[01]\b", re.sub(r"\bn/a\b", "n/a", chosen.lower()))
    parts = {approval(part) for part in re.split(r"[|/]", chosen)} if re.search(r"\w\s*[|/]\s*\w", chosen) else set()
    if {Said.YES, Said.NO} <= parts:
        return Said.BLANK
    if "❌" in chosen or "✗" in chosen or "✘" in chosen or _NO.intersection(words):
        return Said.NO
    if "?" in chosen or _RESERVED.intersection(words):
        return Said.UNCLEAR
    if words and words[0] in _YES:
        return Said.YES
    marked = any(mark in chosen for mark in "✅✔✓")
    return Said.YES if marked and (not words or _YES.intersection(words)) else Said.UNCLEAR


def score(text: str) -> float | None:
    """Points of 100: "85/100", "85 %", "85 out of 100", "89,5"; None for not filled, Unclear for anything else.

    Any further number beside it (outside parentheses) makes it unclear: "85 -> 92" names two.
    """
    if blank(text):
        return None
    found = _SCORE.match(_bare(text))
    if found is None:
        raise Unclear
    rest = re.sub(r"\([^()]*\)", "", _bare(text)[found.end() :])
    if re.search(r"[0-9]", rest) or re.match(r"[\w/]", rest):
        raise Unclear
    if found[2] is not None and number(found[2]) != 100:
        raise Unclear
    points = number(found[1])
    if not 0 <= points <= 100:
        raise Unclear
    return points


def number(text: str) -> float:
    """A plain number with a point or a comma; Unclear for anything else."""
    text = text.strip()
    if re.fullmatch(_NUMBER, text) is None:
        raise Unclear
    return float(text.replace(",", ".").replace("\u2212", "-"))


def open_count(text: str) -> int | None:
    """How many issues are open: "0", "None", "2 (all resolved)", "3 found, 1 fixed"; None for not filled."""
    if blank(text):
        return None
    bare = _bare(text)
    if re.match(r"(none|no|nil|zero)\b(?!\s*[0-9])", bare, re.IGNORECASE) and "except" not in bare.lower():
        return 0
    if (still := _STILL.search(bare)) is not None:
        return int(still[1])
    share = re.match(rf"([0-9]{{1,6}})\s*/\s*([0-9]{{1,6}})\s+{_GONE}\b", bare, re.IGNORECASE)
    if share is not None:
        return max(int(share[2]) - int(share[1]), 0)
    found = re.match(r"([0-9]{1,6})(?![\w.,/%]*[0-9])", bare)
    if found is None or re.match(r"\s*(%|ms\b|s\b)", bare[found.end() :]):
        raise Unclear
    total = int(found[1])
    if re.search(rf"\ball\s+(?:are\s+|now\s+)?{_GONE}\b", bare, re.IGNORECASE):
        return 0
    gone = re.findall(rf"\b([0-9]{{1,6}})\s+{_GONE}\b", bare[found.end() :], re.IGNORECASE)
    return max(total - sum(map(int, gone)), 0)


def _bare(text: str) -> str:
    """Without the pictures, emphasis and spaces in front; a comparison ("≥ 75") stays, for it states a limit."""
    start = 0
    while start < len(text) and (text[start] in " *_`~" or unicodedata.category(text[start]) in ("So", "Mn", "Zs")):
        start += 1
    return text[start:].strip()
