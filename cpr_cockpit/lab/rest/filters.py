"""The filters by which lists of an App Configuration store are asked: texts, beginnings of texts, or any of some.

Source: the service's documentation, "Supported filters": `*`, `abc`, `abc*`, `abc,xyz` (five at most); a backslash
takes the meaning from what follows it; a label of one NUL character, or an empty one, means no label.
"""

from __future__ import annotations

from collections.abc import Callable

from cpr_cockpit.lab.rest.problems import invalid

Matches = Callable[[str | None], bool]
_MOST = 5
NO_LABEL = ("", "\0")


def read(name: str, text: str | None) -> Matches:
    """Whether a key or a label matches the filter `text`, None: all do. Raises Problem 400; `name`: the parameter."""
    if text is None or text == "*":
        return lambda _: True
    tests = [_one(name, part) for part in _parts(text)]
    if len(tests) > _MOST:
        raise invalid(name, f"Too many values, at most {_MOST} are allowed")
    return lambda found: any(test(found) for test in tests)


def _parts(text: str) -> list[list[tuple[str, bool]]]:
    """The alternatives, each as its characters and whether they mean something else than themselves."""
    parts: list[list[tuple[str, bool]]] = [[]]
    escaped = False
    for character in text:
        if escaped:
            parts[-1].append((character, False))
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ",":
            parts.append([])
        else:
            parts[-1].append((character, character == "*"))
    return parts


def _one(name: str, part: list[tuple[str, bool]]) -> Matches:
    stars = [at for at, (_, special) in enumerate(part) if special]
    if stars and stars != [len(part) - 1]:
        raise invalid(name, f"{name}({stars[0] + 1}): Invalid character")
    wanted = "".join(character for character, special in part if not special)
    if stars:
        return lambda found: found is not None and found.startswith(wanted)
    if wanted in NO_LABEL:
        return lambda found: found is None
    return lambda found: found == wanted
