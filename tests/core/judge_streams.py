"""Nights as the judge's protocol tells them: seeded scrapes of a service, healthy until somebody says otherwise.

Poisson requests (with some noise of the day), binomial failures, lognormal latencies counted into buckets whose edges
are 2 ** (i / 8) ms. The switch is at 0, history before it; a scrape covers 15 s and comes ``delay`` seconds late.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import Any

from cpr_cockpit.core.protocol import ProtocolJudge

Message = dict[str, Any]
EDGES_MS = tuple(2.0 ** (index / 8.0) for index in range(121))
OPERATIONS = {"browse": 0.55, "search": 0.25, "checkout": 0.15, "admin": 0.05}
MEDIAN_MS, SPREAD = 50.0, 0.45
SLOW_MS = 3000.0
"""Where the requests of a long tail are."""
INTERVAL_S, WINDOW_S, HISTORY_S = 15.0, 900.0, 1800.0
BUCKETS = range(len(EDGES_MS) + 1)


@dataclass(frozen=True, slots=True)
class Health:
    """One version at one moment. ``traffic``: of what it should get. ``failing``: share, and by operation or instance.

    ``slower``: factor of every latency; ``tail``: share of the requests that take 3 s; ``gone``: operations that no
    user reaches any more; ``instances``: failing share by name, () where instances are not told.
    """

    traffic: float = 1.0
    failing: float = 0.002
    slower: float = 1.0
    tail: float = 0.0
    operations: Mapping[str, float] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    instances: Mapping[str, float] = field(default_factory=dict)


WELL = Health()
Course = Callable[[float], Health]
"""Health of a version at an event time (middle of a scrape)."""


def well(_: float) -> Health:
    """Nothing happens."""
    return WELL


def since(start: float, health: Health, until: float = math.inf) -> Course:
    """Healthy, but for the time from ``start`` to ``until``."""
    return lambda t: health if start <= t < until else WELL


@dataclass(frozen=True, slots=True)
class Night:
    """One run. ``rate``: requests a second. ``share``: the new version's in a canary; None is blue-green.

    ``new`` and ``old`` in the window, ``old`` in the history too. ``told``: operations, or none.
    """

    seed: int = 1
    rate: float = 20.0
    share: float | None = None
    new: Course = well
    old: Course = well
    delay: float = 0.0
    interval: float = INTERVAL_S
    window: float = WINDOW_S
    history: float = HISTORY_S

    def messages(self) -> list[Message]:
        """The whole run: start, every scrape in the order received, end."""
        return [self.start(), *self.scrapes(), {"type": "end"}]

    def start(self) -> Message:
        """The message that begins the run."""
        mode = "bluegreen" if self.share is None else "canary"
        share = 1.0 if self.share is None else self.share
        edges = list(EDGES_MS)
        return {"type": "start", "mode": mode, "delay": self.delay, "share": share, "window": self.window} | {
            "edges_ms": edges
        }

    def scrapes(self) -> list[Message]:
        """Only the scrapes; those that cannot have come by the deadline are left out."""
        chance = random.Random(self.seed)
        found = []
        first, last = -round(self.history / self.interval) + 1, math.floor(self.window / self.interval)
        for index in range(first, last + 1):
            t = index * self.interval
            if t > 0 and t + self.delay > self.window:
                break
            found.append(self._scrape(chance, t))
        return found

    def _scrape(self, chance: random.Random, t: float) -> Message:
        middle = t - 0.5 * self.interval
        level = self.rate * self.interval * math.exp(chance.gauss(0.0, 0.05))
        new = base = None
        if t <= 0:
            base = _arm(chance, level, self.old(middle))
        elif self.share is None:
            new = _arm(chance, level, self.new(middle))
        else:
            new = _arm(chance, level * self.share, self.new(middle))
            base = _arm(chance, level * (1.0 - self.share), self.old(middle))
        return {"type": "obs", "wall": t + self.delay, "t": t, "interval": self.interval, "new": new, "base": base}


def _arm(chance: random.Random, level: float, health: Health) -> Message:
    requests = poisson(chance, level * health.traffic)
    latencies = Counter(chance.choices(BUCKETS, cum_weights=_weights(health.slower, health.tail), k=requests))
    names = [name for name in OPERATIONS if name not in health.gone]
    split = Counter(chance.choices(names, [OPERATIONS[name] for name in names], k=requests))
    counts = {name: [split[name], 0] for name in names if split[name]}
    arm: Message = {"requests": requests, "errors": 0, "hist": [list(pair) for pair in sorted(latencies.items())]}
    if health.instances:
        parts = Counter(chance.choices(list(health.instances), k=requests))
        arm["instances"] = {
            name: [parts[name], binomial(chance, parts[name], share)] for name, share in health.instances.items()
        }
        arm["errors"] = sum(failures for _, failures in arm["instances"].values())
        return arm
    for name, pair in counts.items():
        pair[1] = binomial(chance, pair[0], health.operations.get(name, health.failing))
    arm["errors"] = sum(failures for _, failures in counts.values())
    arm["endpoints"] = counts
    return arm


def poisson(chance: random.Random, mean: float) -> int:
    """A Poisson count; from 60 on by the normal distribution, which is near enough."""
    if mean > 60.0:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    count, product, floor = -1, 1.0, math.exp(-mean)
    while product > floor or count < 0:
        product *= chance.random()
        count += 1
    return count


def binomial(chance: random.Random, trials: int, share: float) -> int:
    """A binomial count."""
    if share in (0.0, 1.0):
        return round(trials * share)
    return sum(chance.random() < share for _ in range(trials))


@lru_cache(maxsize=64)
def _weights(slower: float, tail: float) -> tuple[float, ...]:
    """Cumulative weights of the buckets, the overflow last."""

    def below(ms: float) -> float:
        usual = 0.5 * (1.0 + math.erf(math.log(ms / (MEDIAN_MS * slower)) / (SPREAD * math.sqrt(2.0))))
        return (1.0 - tail) * usual + (tail if ms >= SLOW_MS else 0.0)

    ends = [*(below(edge) for edge in EDGES_MS), 1.0]
    return tuple(accumulate(high - low for low, high in zip([0.0, *ends], ends, strict=False)))


# -- what the judge makes of it --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Played:
    """A run's outcome: the last answer, the wall clock when it was given, and every verdict with its wall clock."""

    answer: Message
    wall: float
    said: tuple[tuple[float, str], ...]

    @property
    def verdict(self) -> str:
        """The last word."""
        return str(self.answer["verdict"])

    @property
    def reason(self) -> str:
        """Its sentence."""
        return str(self.answer["reason"])

    @property
    def cause(self) -> str | None:
        """Of a hold."""
        return self.answer.get("cause")

    @property
    def rule(self) -> str:
        """What fired."""
        return str(self.answer.get("rule", ""))


def play(messages: Iterable[Message], judge: ProtocolJudge | None = None) -> Played:
    """Ask the judge message by message; a rollback ends the run."""
    judge = judge or ProtocolJudge()
    answer: Message = {}
    wall, said = 0.0, []
    for message in messages:
        answer = judge.answer(message)
        wall = message.get("wall", wall)
        said.append((wall, answer["verdict"]))
        if answer["verdict"] == "rollback":
            break
    return Played(answer, wall, tuple(said))


def judged(night: Night) -> Played:
    """The night, played."""
    return play(night.messages())


def changed(messages: Sequence[Message], change: Callable[[Message], Message | None]) -> list[Message]:
    """The run with every scrape of the window changed; None: the scrape slot passed and nothing arrived."""
    found: list[Message] = []
    for message in messages:
        if message["type"] != "obs" or message["t"] <= 0:
            found.append(message)
            continue
        other = change(message)
        found.append({"type": "obs", "wall": message["wall"], "lost": True} if other is None else other)
    return found
