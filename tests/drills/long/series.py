"""Many drills: mostly idle, so up to three at a time."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.drills.cockpit import Home, a_home

AT_ONCE = 3
Case = TypeVar("Case")


def batches(cases: Sequence[Case]) -> list[Sequence[Case]]:
    """The cases in handfuls that may run at once."""
    return [cases[at : at + AT_ONCE] for at in range(0, len(cases), AT_ONCE)]


def assert_all_of(cases: Sequence[Case], root: Path, try_one: Callable[[Home, Case], object]) -> None:
    """Try every case in a home of its own, at once; AssertionError with the words of each that failed."""

    def one(numbered: tuple[int, Case]) -> str:
        number, case = numbered
        try:
            with a_home(root / str(number)) as home:
                try_one(home, case)
        except Exception:  # noqa: BLE001  # whatever went wrong belongs to this case and is shown with it
            return f"{case}:\n{traceback.format_exc()}"
        return ""

    assert len(cases) <= AT_ONCE
    with ThreadPoolExecutor(AT_ONCE) as pool:
        failures = [words for words in pool.map(one, enumerate(cases)) if words]
    assert not failures, "\n".join(failures)


@contextlib.contextmanager
def busy_cores(count: int = 2) -> Iterator[None]:
    """Keep cores busy with endless loops."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
