"""Secrets out of a text that is told: their values, and the forms in which programs and servers repeat them."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

HIDDEN = "***"
_SHORTEST = 6
"""Characters: what is shorter would blot out half of any text, and is no secret that anybody chose."""


class Veil:
    """Hides values in texts. A value may be added at any time: what was told before, was told before."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._texts: list[str] = []
        self.hide(*values)

    def hide(self, *values: str) -> None:
        """From now on none of these is told, nor a line of one, nor what stands behind the scheme of a header."""
        # "Bearer ..." may be told without its scheme.
        found = {*values, *(words[-1] for one in values if (words := one.split()))}
        texts = {text for value in found for text in _forms(value) if len(text) >= _SHORTEST}
        # The longest first: one may be part of another.
        self._texts = sorted({*self._texts, *texts}, key=len, reverse=True)

    def over(self, text: str) -> str:
        """The text without any of them."""
        for one in self._texts:
            text = text.replace(one, HIDDEN)
        return text


def _forms(value: str) -> Iterator[str]:
    """A value and each line of it, for of several lines one alone may be told; and how they are written elsewhere."""
    for plain in {value, *(line.strip() for line in value.splitlines())}:
        if len(plain) < _SHORTEST:
            continue
        yield plain
        yield quote(plain, safe="")
        yield quote(plain)
        yield quote_plus(plain)
        yield html.escape(plain)
        yield json.dumps(plain)[1:-1]
        yield json.dumps(plain, ensure_ascii=False)[1:-1]
        raw = plain.encode("utf-8", "surrogateescape")
        for coded in (base64.b64encode, base64.urlsafe_b64encode):
            yield coded(raw).decode().rstrip("=")
            yield from (_within(coded, raw, before) for before in range(3))


def _within(coded: Callable[[bytes], bytes], raw: bytes, before: int) -> str:
    """Those signs of base64 that a value alone makes where ``before`` + 3 n bytes stand before it: NAME:VALUE."""
    first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
    return coded(bytes(before) + raw).decode()[first:last]
