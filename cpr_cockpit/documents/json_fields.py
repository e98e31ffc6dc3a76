"""Reading the framework's JSON files field by field: every value that cannot be taken is named by its JSON path.

One bad value must not lose the others, and a template's default must not pass for a fact. So each field is in one of
three states: taken, not filled (absent, empty, a placeholder, or a default in a section that nobody filled), or wrong,
which is a problem. Keys that nobody asks for are left alone.
"""

from __future__ import annotations

import contextlib
import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from cpr_cockpit.documents import words
from cpr_cockpit.documents.json_text import JsonObject, kind_of, parse
from cpr_cockpit.documents.parts import Problem, printable
from cpr_cockpit.documents.reading import SourceText
from cpr_cockpit.documents.words import Said, Unclear

T = TypeVar("T")

_MOST = 1_000_000
_CUT_BY_POWERSHELL = ("System.Collections.", "System.Object", "System.Management.Automation.")


class Fields:
    """The top level of a JSON document; collects ``problems`` while sections are read."""

    def __init__(self, source: SourceText) -> None:
        """Parse; DocumentError where the text is no JSON object."""
        self.name = source.name
        self.root = parse(source)
        self.problems: list[Problem] = list(source.problems)
        self._noted: set[Problem] = set()
        metadata = self.root.get("metadata")
        self.feature = metadata.get("feature_id") if isinstance(metadata, dict) else None
        # The scripts fill the metadata first: where even they are a template's, nothing else was written by anyone.
        self.template = isinstance(self.feature, str) and words.blank(self.feature)

    @property
    def feature_id(self) -> str | None:
        """The feature that the document is about, for comparing and showing."""
        named = isinstance(self.feature, str) and not words.blank(self.feature)
        return printable(str(self.feature)) if named else None

    def section(
        self,
        path: str,
        defaults: Mapping[str, Any] | None = None,
        *,
        decisive: bool = True,
        zero_is_blank: bool = False,
        filled_with: Sequence[str] = (),
    ) -> Section:
        """The object at ``path`` (names with dots), empty where it is absent.

        ``defaults``: the template's values; ``zero_is_blank``: a section that holds nothing but them was not filled;
        ``filled_with``: sections whose placeholders say that this one was not filled either; ``decisive``: a wrong
        value blocks the gate.
        """
        body = self._at(path, decisive)
        unfilled = self.template or any(_has_blank(self._quiet(one)) for one in (path, *filled_with))
        if zero_is_blank and body and defaults:
            unfilled = unfilled or all(body.get(key, default) == default for key, default in defaults.items())
        if self.template:
            self.note("$", "the template, not filled", "Run the framework's script, or fill it in.")
        elif body and unfilled and defaults:
            self.note(f"$.{path}", "not filled: it holds the template's placeholders or defaults")
        return Section(self, f"$.{path}", body, dict(defaults or {}) if unfilled else {}, decisive)

    def note(self, where: str, what: str, advice: str = "", *, blocks: bool = False) -> None:
        """Keep a problem of this document, once."""
        problem = Problem(self.name, where, what, advice, blocks)
        if problem not in self._noted:
            self._noted.add(problem)
            self.problems.append(problem)

    def _quiet(self, path: str) -> Any:
        here: Any = self.root
        for part in path.split("."):
            here = here.get(part) if isinstance(here, dict) else None
        return here

    def _at(self, path: str, decisive: bool) -> JsonObject:
        here: Any = self.root
        walked = "$"
        for part in path.split("."):
            if part in here.repeated:
                self.note(
                    f"{walked}.{part}", "given twice, so it is not clear which counts", "Keep one.", blocks=decisive
                )
                return JsonObject()
            if part not in here:
                self._miss(walked, part, here)
                return JsonObject()
            here, walked = here[part], f"{walked}.{part}"
            if here is None:
                return JsonObject()
            if not isinstance(here, JsonObject):
                self.note(walked, f"is {kind_of(here)}", "Allowed: an object in braces.", blocks=decisive)
                return JsonObject()
        return here if isinstance(here, JsonObject) else JsonObject()

    def _miss(self, walked: str, part: str, here: Mapping[str, Any]) -> None:
        near = difflib.get_close_matches(part, list(here)[:200], 1, 0.85)
        if near:
            self.note(f"{walked}.{printable(near[0], 60)}", "unknown name", f"Did you mean {part}?")


class Section:
    """One object of the document. Every reader gives None for what is absent, not filled or wrong."""

    def __init__(self, fields: Fields, path: str, body: JsonObject, defaults: dict[str, Any], decisive: bool) -> None:
        self._fields = fields
        self._body = body
        self._defaults = defaults
        self._decisive = decisive
        self.path = path

    def __bool__(self) -> bool:
        return bool(self._body)

    def where(self, key: str) -> str:
        """The JSON path of a field."""
        return f"{self.path}.{key}"

    def score(self, key: str) -> float | None:
        """Points of 100, as a number or in any usual spelling."""
        return self._numeric(key, words.score, lambda points: 0 <= points <= 100, "Allowed: points, 0 to 100.")

    def number(self, key: str) -> float | None:
        """Any number, or one written as a string."""
        return self._numeric(key, words.number, math.isfinite, "Allowed: a number.")

    def count(self, key: str) -> int | None:
        """A whole number of things."""
        found = self._numeric(key, words.number, _countable, "Allowed: a whole number, 0 or more.")
        return None if found is None else int(found)

    def _numeric(
        self, key: str, read: Callable[[str], float | None], fits: Callable[[float], bool], allowed: str
    ) -> float | None:
        def fitting(text: str) -> float | None:
            found = read(text)
            if found is not None and not fits(found):
                raise Unclear
            return found

        value = self._value(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and fits(_as_float(value)):
            return _as_float(value)
        return self._spelled(key, value, fitting, allowed)

    def flag(self, key: str) -> bool | None:
        """Yes or no, as true and false or in words."""
        value = self._value(key)
        if isinstance(value, bool):
            return value
        value = {0: "no", 1: "yes"}.get(value, value) if isinstance(value, int) else value
        return self._spelled(key, value, _yes_or_no, "Allowed: true or false.")

    def word(self, key: str) -> str | None:
        """A text; None for a placeholder."""
        return self._spelled(key, self._value(key), printable, "Allowed: a text.")

    def decision(self, key: str) -> str | None:
        """A readiness level in its usual spelling, or as written where it is none."""
        allowed = "Allowed: READY, CONDITIONAL or NOT_READY."
        return self._spelled(key, self._value(key), words.decision, allowed)

    def items(self, key: str) -> list[Section | str]:
        """A list's members; a single value counts as a list of one, as PowerShell writes it."""
        value = self._value(key)
        if value is None or value == {}:
            return []
        members = value if isinstance(value, list) else [value]
        found: list[Section | str] = []
        for place, member in enumerate(members):
            path = f"{self.where(key)}[{place}]" if isinstance(value, list) else self.where(key)
            if isinstance(member, JsonObject):
                found.append(Section(self._fields, path, member, {}, self._decisive))
            elif isinstance(member, str) and not words.blank(member):
                if member.startswith(_CUT_BY_POWERSHELL):
                    self._fields.note(path, "cut off by ConvertTo-Json", "Write the file with a larger -Depth.")
                found.append(printable(member))
            elif isinstance(member, int | float) and not isinstance(member, bool):
                found.append(printable(repr(_as_float(member))))
        return found

    def texts(self, key: str) -> list[tuple[str, str]]:
        """A list's members in words, each with its JSON path."""
        found = []
        for place, member in enumerate(self.items(key)):
            path = member.path if isinstance(member, Section) else f"{self.where(key)}[{place}]"
            text = member.in_words() if isinstance(member, Section) else member
            if text:
                found.append((path, text))
        return found

    def in_words(self) -> str:
        """The telling fields of an object: its id, name or title, and description."""
        names = (
            "id",
            "issue_id",
            "test_id",
            "severity",
            "title",
            "name",
            "issue",
            "description",
            "action",
            "mitigation",
        )
        said = [self._body.get(name) for name in names]
        return printable(": ".join(str(one) for one in said if isinstance(one, str) and not words.blank(one)))

    def _value(self, key: str) -> Any:
        """The value, or None where it is absent, null, blank or a default that nobody touched."""
        if key in self._body.repeated:
            what = "given twice, so it is not clear which counts"
            self._fields.note(self.where(key), what, "Keep one.", blocks=self._decisive)
            return None
        value = self._body.get(key)
        if isinstance(value, str) and words.blank(value):
            return None
        if key in self._defaults and _same(value, self._defaults[key]):
            return None
        return value

    def _spelled(self, key: str, value: Any, read: Callable[[str], T | None], allowed: str) -> T | None:
        """What a text says; anything that is no such text is a problem."""
        if value is None:
            return None
        if isinstance(value, str):
            with contextlib.suppress(Unclear):
                return read(value)
        shown = f'"{printable(value, 60)}"' if isinstance(value, str) else kind_of(value)
        self._fields.note(self.where(key), f"is {shown}, which cannot be read", allowed, blocks=self._decisive)
        return None


def _has_blank(value: Any) -> bool:
    """Whether a section's own text still holds a placeholder; an empty text alone says nothing."""
    if isinstance(value, dict):
        return any(_has_blank(one) for one in value.values())
    return isinstance(value, str) and bool(value.strip()) and words.blank(value)


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _countable(value: float) -> bool:
    return value.is_integer() and 0 <= value <= _MOST


def _yes_or_no(text: str) -> bool | None:
    said = words.approval(text)
    if said is Said.UNCLEAR:
        raise Unclear
    return None if said is Said.BLANK else said is Said.YES
