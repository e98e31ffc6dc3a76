"""The network to one source is cut for a minute in the window: it ages, all others go on, the verdict comes back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from cpr_cockpit.core.view import View
from cpr_cockpit.engine.face import SocketFace
from cpr_cockpit.engine.greeting import SessionGone
from tests.drills.cockpit import Ended, Home, Line, lab_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

WINDOW_S, CUT_S = 180.0, 60.0
FIRST_S = 45.0  # of the window, undisturbed
# Who asks the log workspace, who asks the platform's metrics.
OF = {
    "logs": {"logs", "exceptions", "dependencies", "usage", "browser"},
    "platform": {"platform", "plan", "database"},
}
ROW = {"logs": "error rate", "platform": "platform requests"}
# A question that was cut off may be waited for once more, and a source that failed is asked more slowly for a while.
BACK_S = 30.0


@dataclass
class Screen:
    """What a face was shown: when (epoch seconds), and what."""

    run: str
    shown: list[tuple[float, View]] = field(default_factory=list)

    async def watch(self) -> None:
        """To the end of the session."""
        face = await SocketFace.connect(self.run)
        with suppress(SessionGone):
            async for view in face.views():
                self.shown.append((time.time(), view))
        await face.close()

    def ages(self, key: str, since: float, until: float) -> list[tuple[float, float]]:
        """When it was shown, and how old the row's datum was then, seconds."""
        return [
            (at, at - row.measured_at)
            for at, view in self.shown
            for row in view.signals
            if row.key == key and row.measured_at is not None and since <= at <= until
        ]


@contextmanager
def _screen(run: str) -> Iterator[Screen]:
    screen = Screen(run)
    thread = threading.Thread(target=lambda: asyncio.run(screen.watch()))
    thread.start()
    try:
        yield screen
    finally:
        thread.join(60.0)


@dataclass(frozen=True)
class Cut:
    """A whole drill in which a source was cut off from ``since`` to ``until`` (epoch seconds)."""

    source: str
    ended: Ended
    screen: Screen
    since: float
    until: float

    def of_type(self, kind: str) -> list[Line]:
        """The journal's events of a type."""
        return [event for event in self.ended.events if event["type"] == kind]


def _drill(home: Home, source: str) -> Cut:
    drill = home.start("drill", "--window", f"{WINDOW_S:g}s", "--json")
    switched: list[float] = []

    def undisturbed(line: Line) -> bool:
        if line["type"] == "traffic.switched" and not switched:
            switched.append(line["t0"])
        read = line["type"] == "observation" and line["source"] == source
        return bool(switched) and read and line["at"] >= switched[0] + FIRST_S

    drill.wait_for_type("traffic.switched")
    folder = home.folder()
    with _screen(folder.name) as screen:
        drill.wait_for(undisturbed)
        fault = {"fault": "cut", "source": source, "seconds": CUT_S}
        found = lab_of(folder).control("PUT", "/telemetry", json=fault)[source]
        ended = drill.end(500.0)
    return Cut(source, ended, screen, found["since"], found["until"])


def _its_age_grows(cut: Cut) -> None:
    ages = cut.screen.ages(ROW[cut.source], cut.since + 5.0, cut.until)
    assert len(ages) > 10, "the screen was not drawn anew"
    (first, young), (last, old) = ages[0], ages[-1]
    assert last - first > 0.75 * CUT_S
    assert old - young == pytest.approx(last - first, abs=1.5), "its age stood still"
    after = cut.screen.ages(ROW[cut.source], cut.until + BACK_S, cut.until + WINDOW_S)
    assert after, "the drill ended before the source could come back"
    assert max(age for _, age in after) < old


def _the_others_go_on(cut: Cut) -> None:
    """Each at its own pace: its longest silence in the cut is not much longer than the longest before."""
    (t0,) = [event["t0"] for event in cut.of_type("traffic.switched")]
    seen: dict[str, list[float]] = {}
    for event in cut.of_type("observation"):
        if event["at"] >= t0:
            seen.setdefault(event["source"], []).append(event["at"])
    others = seen.keys() - OF[cut.source]
    assert {"probes_production", "probes_slot", "log_stream", *OF} - OF[cut.source] <= others
    for source in others:
        before = _silences([at for at in seen[source] if at <= cut.since])
        during = _silences([at for at in seen[source] if cut.since <= at <= cut.until])
        assert max(during) <= 1.5 * max(before) + 1.0, f"{source} was held up"
        assert not _errors(cut, source), f"{source} failed"
    for source in OF[cut.source] & seen.keys():
        answered = [at for at in seen[source] if cut.since + 1.0 < at < cut.until - 1.0]
        assert not [at for at in answered if not _failed_at(cut, source, at)], f"{source} answered while it was cut off"


def _silences(times: list[float]) -> list[float]:
    assert len(times) > 2, times
    return [later - earlier for earlier, later in pairwise(times)]


def _errors(cut: Cut, source: str) -> list[Line]:
    return [one for one in cut.of_type("observation") if one["source"] == source and "error" in one["body"]]


def _failed_at(cut: Cut, source: str, at: float) -> bool:
    return any(one["at"] == at for one in _errors(cut, source))


def _held_when_too_old_and_no_longer(cut: Cut) -> None:
    """HOLD stale once its age is over the limit that the screen shows, and only until its data is back."""
    limits = [row.stale_after_s for _, view in cut.screen.shown for row in view.signals if row.key == ROW[cut.source]]
    limit = max(limit for limit in limits if limit is not None)
    oldest = max(age for _, age in cut.screen.ages(ROW[cut.source], cut.since, cut.until))
    verdicts = cut.of_type("verdict")
    held = [one for one in verdicts if (one["kind"], one["cause"]) == ("HOLD", "stale")]
    assert bool(held) == (oldest > limit), (oldest, limit, verdicts)
    for one in held:
        assert cut.since < one["at"] < cut.until
        assert cut.source in one["sentence"]
    later = [one for one in verdicts if one["at"] > cut.until]
    assert later[-1]["kind"] == "GO", verdicts
    assert not held or later[0]["kind"] in ("WAIT", "GO"), verdicts
    assert later[0]["at"] < cut.until + BACK_S or not held
    assert (cut.ended.code, cut.ended.outcome["decision"]) == (0, "kept")


@pytest.mark.parametrize("source", sorted(OF))
def test_a_source_that_is_cut_off_for_a_minute(home: Home, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    # The face looks for the session's socket where the drill's session made it.
    monkeypatch.setenv("XDG_RUNTIME_DIR", home.environment["XDG_RUNTIME_DIR"])
    cut = _drill(home, source)
    assert cut.ended.outcome["telemetry_fault"] == {"fault": "cut", "sources": [source]}
    _its_age_grows(cut)
    _the_others_go_on(cut)
    _held_when_too_old_and_no_longer(cut)
