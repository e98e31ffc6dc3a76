"""The questions to the logs: one ``.kql`` file each beside this module, filled with typed literals.

A name in braces in a file is a parameter. Its value is a `Literal`, which only the functions here make: text from
outside can be a string in a question and never a part of it. What all files agree on: a row of telemetry is one piece
of evidence, and ItemCount is how many it stands for; a failed request is a 5xx, or 0 (aborted or timed out), and where
the code is no number, the row's own Success tells; rows with a SyntheticSource (the cockpit's probes, availability
tests, warm-up) are left out; a workspace may hold many applications, so where ``_ResourceId`` is filled the row must be
of ours. Versions are told by AppVersion: after a swap the role's name still tells the old slot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import NewType

Literal = NewType("Literal", str)
"""Text that is a value of the language, or a list of them."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARAMETER = re.compile(r"\{([a-z_]+)\}")
_COMMENT = re.compile(r"^//.*\n", re.MULTILINE)


def question(name: str, **literals: Literal) -> str:
    """The text of ``name``.kql with ``literals`` for its parameters; KeyError where they are not the file's own."""
    text = _read(name)
    wanted = set(_PARAMETER.findall(text))
    if wanted != set(literals):
        raise KeyError(f"kql: {name} takes {', '.join(sorted(wanted))}; given {', '.join(sorted(literals))}")
    return _PARAMETER.sub(lambda found: literals[found[1]], text)


@cache
def _read(name: str) -> str:
    return _COMMENT.sub("", resources.files(__name__).joinpath(f"{name}.kql").read_text("utf-8"))


def text(value: str) -> Literal:
    """A string literal; ValueError for a control character, which no version or id has."""
    if not value.isprintable():
        raise ValueError(f"kql: {value!r} holds a control character")
    return Literal('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"')


def texts(values: Iterable[str]) -> Literal:
    """A list of string literals for ``in``; of nothing, the empty string, which no version is."""
    return Literal(", ".join(text(value) for value in values) or '""')


def truth(value: bool) -> Literal:
    """A literal of type bool."""
    return Literal("true" if value else "false")


def version_of(flag: str) -> Literal:
    """An expression over rows: whose they are, by version; with a flag, by what it was for the request too.

    The application tells it in Properties, ``FeatureFlag.<id>``: ``on`` or ``off``. The names are those of
    `core.feature_flag.arm`.
    """
    if not flag:
        return Literal("AppVersion")
    return Literal(f"strcat(AppVersion, {text(f' with {flag} ')}, tostring(Properties[{text(f'FeatureFlag.{flag}')}]))")


def moment(at: float) -> Literal:
    """A datetime literal of epoch seconds, to the microsecond."""
    when = _EPOCH + timedelta(seconds=at)
    return Literal(f"datetime({when.strftime('%Y-%m-%dT%H:%M:%S.%f')}Z)")


def reach(begin: float, gap: tuple[float, float]) -> Literal:
    """An expression over rows: those from ``begin`` on, without those in ``gap``, which need not be read."""
    first, last = gap
    whole = f"TimeGenerated >= {moment(begin)}"
    if first >= last:
        return Literal(whole)
    return Literal(f"{whole} and (TimeGenerated < {moment(first)} or TimeGenerated >= {moment(last)})")


def length(seconds: float) -> Literal:
    """A timespan literal, to the tick of 100 ns; ValueError for one that is not above zero."""
    ticks = round(seconds * 10_000_000)
    if ticks <= 0:
        raise ValueError(f"kql: a length is above zero, found {seconds}")
    whole, rest = divmod(ticks, 10_000_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return Literal(f"timespan({days}.{hour:02d}:{minute:02d}:{second:02d}.{rest:07d})")


def counts_above(thresholds_ms: Sequence[float]) -> Literal:
    """An expression over rows: how many took longer than each threshold, as one text with a space between two counts.

    One column instead of many: reading an answer costs by the value. ValueError for a threshold that is none.
    """
    counts = ', " ", '.join(f"tostring(countif(DurationMs > {_real(ms)}))" for ms in thresholds_ms)
    return Literal(f"strcat({counts})" if counts else '""')


def _real(value: float) -> str:
    """A real literal; ValueError for what is no finite number from 0."""
    if not 0.0 <= value < 1e15:
        raise ValueError(f"kql: a threshold is a number of milliseconds, found {value}")
    return f"real({value:.6f})"
