"""Benchmarks, as ratios within one run: ``python -m tests.bench``. Nothing here fails a test suite.

How soon a rollback is on its way, and how long it takes: ``python -m tests.bench.rollback``, which takes minutes.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.view_json import sections, view_of
from tests.bench import judge, sources
from tests.core.observations import BEFORE, NEW, OLD, T0, WRITTEN, logs, probes, user_bin
from tests.tui import views

ROUNDS = 7


def _process(code: str) -> Callable[[], None]:
    def run() -> None:
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    return run


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _pair(name: str, work: Callable[[], None], beside: str, other: Callable[[], None]) -> None:
    """Both in turn, so that a machine whose speed drifts drifts for both; the median of the ratios is the figure."""
    work()
    other()
    times = [(_seconds(work), _seconds(other)) for _ in range(ROUNDS)]
    ratio = statistics.median(one / two for one, two in times)
    middle = statistics.median(one for one, _ in times)
    print(f"{name:<42} {1000 * middle:8.1f} ms   {ratio:6.2f} x {beside}")


def _judging(minutes: int) -> Callable[[], None]:
    def run() -> None:
        judging = Judge(WRITTEN, NEW, OLD, 2.0)
        judging.baseline(BEFORE)
        judging.t0(T0)
        rows = []
        for minute in range(minutes):
            rows.append(user_bin(minute, 2400, 5))
            judging.observe(logs(rows))
            for second in range(60):
                judging.observe(probes(60.0 * minute + second))
                judging.verdict(T0 + 60.0 * minute + second)

    return run


def _over_the_wire() -> None:
    view_of(json.loads(json.dumps(sections(views.window_breach()))))


def _made() -> None:
    views.window_breach()


def main() -> None:
    """Print the table."""
    bare, textual = _process("pass"), _process("import textual.app")
    version = "from cpr_cockpit.cli import main\ntry:\n    main(['--version'])\nexcept SystemExit:\n    pass"
    _pair("start: cpr-cockpit --version", _process(version), "a bare interpreter", bare)
    _pair("start: status (imports)", _process("import cpr_cockpit.cli.listing"), "a bare interpreter", bare)
    _pair("start: the screen (imports)", _process("import cpr_cockpit.tui.app"), "import textual.app", textual)
    _pair("judge: a 15 minute window", _judging(15), "a window of 5 minutes", _judging(5))
    judge.throughput()
    judge.memory()
    sources.to_a_verdict()
    sources.one_round()
    _pair("view: over the wire and back", _over_the_wire, "making the sample", _made)


if __name__ == "__main__":
    main()
