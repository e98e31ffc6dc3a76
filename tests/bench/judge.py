"""The judge's protocol: lines a second, the slowest lines, and memory from one hour to a day of history."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

from cpr_cockpit.core.protocol import ProtocolJudge

EDGES = [round(2.0 ** (index / 8.0), 6) for index in range(121)]
OPERATIONS = ("browse", "search", "checkout", "admin")


def _arm(chance: random.Random, requests: int) -> dict[str, Any]:
    counts: dict[int, int] = {}
    for _ in range(min(requests, 200)):
        bucket = min(120, max(0, round(8.0 * (5.7 + chance.gauss(0.0, 0.65)))))
        counts[bucket] = counts.get(bucket, 0) + 1
    told = sum(counts.values())
    parts = {name: [told // 4, 0] for name in OPERATIONS}
    return {"requests": told, "errors": 0, "hist": sorted(map(list, counts.items())), "endpoints": parts}


def messages(window: int, *, canary: bool = False, history: int = 3600) -> Iterator[dict[str, Any]]:
    """A healthy run: an hour of history, then ``window`` seconds of scrapes."""
    chance = random.Random(7)
    mode = "canary" if canary else "bluegreen"
    yield {"type": "start", "mode": mode, "delay": 0, "share": 0.5, "window": window, "edges_ms": EDGES}
    for t in range(-history + 15, window + 1, 15):
        new = _arm(chance, 200) if t > 0 else None
        base = _arm(chance, 200) if t <= 0 or canary else None
        yield {"type": "obs", "wall": t, "t": t, "interval": 15, "new": new, "base": base}
    yield {"type": "end"}


def throughput(runs: int = 12) -> None:
    """Lines a second of the real process, and the 99th percentile of a line."""
    lines = [json.dumps(one) + "\n" for one in messages(900, canary=True)]
    command = [sys.executable, "-m", "cpr_cockpit", "judge"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        took = []
        for _ in range(runs):
            for line in lines:
                began = time.perf_counter()
                process.stdin.write(line)
                process.stdin.flush()
                process.stdout.readline()
                took.append(time.perf_counter() - began)
        process.stdin.close()
    took = sorted(took[len(lines) :])
    rate, slow = len(took) / sum(took), 1000.0 * took[int(0.99 * len(took))]
    print(f"{'judge: lines a second, one by one':<42} {rate:8.0f} /s   p99 of a line {slow:.2f} ms")


def memory() -> None:
    """What the judge keeps at the end of a window after an hour, and after a day, of history."""
    kept = []
    for history in (3600, 86_400):
        judge = ProtocolJudge()
        tracemalloc.start()
        for one in messages(900, history=history):
            if one["type"] == "end":
                break
            judge.answer(one)
        kept.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    ratio = kept[1] / kept[0]
    print(f"{'judge: memory after 24 h of history':<42} {kept[1] / 1024:8.0f} kB   {ratio:6.2f} x after 1 h of it")
