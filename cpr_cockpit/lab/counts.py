"""What the lab's clients met, counted: exact for the last hours by the time of sending, small in memory.

Times are epoch seconds.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cpr_cockpit.lab.flags import FLAG, OFF, ON

PINNED, UNPINNED = "pinned", "unpinned"
_CHUNK = 4096  # results that are summed up together
_CHUNKS = 320  # kept: at 40 requests/s nine hours, in 16 MB
_ERRORS = 20  # texts of the latest failures kept
_OK, _DEFECT, _OTHERWISE = range(3)


@dataclass(frozen=True, slots=True)
class Result:
    """One request of a client, answered or not.

    ``sent``: when its headers went out, or when it was begun if they never did. ``group``: pinned, its cookie names the
    slot, or unpinned. ``version``: who answered, empty where nobody did or did not say. ``status`` 0: a connection
    error, told by ``error``; ``unsent``: it surely came before any byte went out. ``defect``: the header of the defect
    that hit the answer. ``expected``: the status is the one that a sound product answers. ``app``: which of several
    answered, empty where there is one, or nobody did. ``flag``: what the feature flag was for this user, "on" or "off",
    empty where the answer did not say.
    """

    sent: float
    group: str
    version: str
    status: int
    expected: bool
    defect: str = ""
    error: str = ""
    unsent: bool = False
    app: str = ""
    flag: str = ""

    @property
    def outcome(self) -> int:
        """Index of what became of it: well, hit by a defect, failed otherwise."""
        if self.defect:
            return _DEFECT
        return _OK if self.expected else _OTHERWISE


# Group, version, outcome, app and flag: what results that count alike have in common.
_Key = tuple[str, str, int, str, str]


class _Tally:
    """How many results each key has, and when the latest of them was sent."""

    def __init__(self) -> None:
        self.counts: dict[_Key, int] = {}
        self.last: dict[_Key, float] = {}

    def add(self, key: _Key, count: int, last: float) -> None:
        self.counts[key] = self.counts.get(key, 0) + count
        self.last[key] = max(self.last.get(key, last), last)

    def merge(self, other: _Tally) -> None:
        for key, count in other.counts.items():
            self.add(key, count, other.last[key])

    def of_outcome(self, outcome: int) -> int:
        return sum(count for key, count in self.counts.items() if key[2] == outcome)

    def by_app(self) -> dict[str, _Tally]:
        found: dict[str, _Tally] = {}
        for key, count in self.counts.items():
            if key[3]:
                found.setdefault(key[3], _Tally()).add(key, count, self.last[key])
        return found

    def told(self) -> dict[str, Any]:
        return {
            "total": sum(self.counts.values()),
            "failed_by_defect": self.of_outcome(_DEFECT),
            "failed_otherwise": self.of_outcome(_OTHERWISE),
            "counts": self.by_version(),
            "last_sent": self.last_sent(),
            "flags": {FLAG: self.flag()},
        }

    def by_version(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {PINNED: {}, UNPINNED: {}}
        for (group, version, *_), count in self.counts.items():
            versions = found[group]
            versions[version] = versions.get(version, 0) + count
        return found

    def last_sent(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {PINNED: {}, UNPINNED: {}}
        for (group, version, *_), last in self.last.items():
            found[group][version] = max(found[group].get(version, last), last)
        return found

    def flag(self) -> dict[str, Any]:
        count = {state: sum(n for key, n in self.counts.items() if key[4] == state) for state in (ON, OFF)}
        return count | {"last_on": max((last for key, last in self.last.items() if key[4] == ON), default=None)}


class _Chunk:
    """Some results that came one after another: 12 bytes each, and their sums."""

    def __init__(self) -> None:
        self.sent = array("d")
        self.keys = array("I")
        self.earliest = self.latest = 0.0
        self.tally = _Tally()

    def add(self, sent: float, index: int, key: _Key) -> None:
        self.earliest = min(self.earliest, sent) if self.sent else sent
        self.latest = max(self.latest, sent) if self.sent else sent
        self.sent.append(sent)
        self.keys.append(index)
        self.tally.add(key, 1, sent)

    def since(self, moment: float) -> Iterator[tuple[float, int]]:
        return ((sent, index) for sent, index in zip(self.sent, self.keys, strict=True) if sent >= moment)


class Counts:
    """Results of all clients since the lab began."""

    def __init__(self) -> None:
        self._all = _Tally()
        self._keys: dict[_Key, int] = {}
        self._chunks: deque[_Chunk] = deque([_Chunk()], maxlen=_CHUNKS)
        self._first_bad: float | None = None
        self._errors: deque[str] = deque(maxlen=_ERRORS)
        self._unsent = 0

    def add(self, result: Result) -> None:
        """Count one result; results may come in any order."""
        key = (result.group, result.version, result.outcome, result.app, result.flag)
        index = self._keys.setdefault(key, len(self._keys))
        if len(self._chunks[-1].sent) >= _CHUNK:
            self._chunks.append(_Chunk())
        self._chunks[-1].add(result.sent, index, key)
        self._all.add(key, 1, result.sent)
        if result.outcome == _DEFECT:
            self._first_bad = result.sent if self._first_bad is None else min(self._first_bad, result.sent)
        elif result.outcome == _OTHERWISE:
            self._unsent += result.unsent
            self._errors.append(_words(result))

    def summary(self, since: float | None) -> dict[str, Any]:
        """Counts of the results sent at or after `since`; None: all of them.

        A `since` is exact for the last nine hours at 40 requests/s; what was sent before is kept as sums only.

        `failed_by_defect`: answers with the header of a defect; `failed_otherwise`: every other connection error or
        unexpected status. `counts` and `last_sent` are by group and version; the version of what nobody answered is "".
        `apps`: the same of each of several apps, without what none of them answered. `flags`: by feature flag, answers
        to users for whom it was on or off, and when the last of the former was sent.
        `first_bad_at`, `errors` (the latest texts) and `unsent` (failures before any byte went out) ignore `since`.
        """
        tally = self._all if since is None else self._since(since)
        return {
            **tally.told(),
            "apps": {app: found.told() for app, found in sorted(tally.by_app().items())},
            "first_bad_at": self._first_bad,
            "errors": list(self._errors),
            "unsent": self._unsent,
        }

    def _since(self, moment: float) -> _Tally:
        tally, keys = _Tally(), list(self._keys)
        for chunk in self._chunks:
            if chunk.sent and chunk.earliest >= moment:
                tally.merge(chunk.tally)
            elif chunk.sent and chunk.latest >= moment:
                for sent, index in chunk.since(moment):
                    tally.add(keys[index], 1, sent)
        return tally


def _words(result: Result) -> str:
    text = f"{result.sent:.3f} {result.group} {result.version or 'no version'}: "
    if result.status:
        text += f"status {result.status}" + (f", {result.error}" if result.error else "")
    else:
        text += result.error + (" (before any byte was sent)" if result.unsent else "")
    return text
