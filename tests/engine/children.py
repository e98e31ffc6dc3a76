"""Real processes for tests: started with our own interpreter, spoken to by lines, killed without mercy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tell(words: object) -> None:
    """In a child: a line for the test."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


class Child:
    """A Python module as a process of its own."""

    def __init__(self, module: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in, self._out = self.process.stdin, self.process.stdout

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def line(self) -> str:
        """Its next line; "" when it has ended."""
        return self._out.readline().strip()

    def say(self, words: str) -> None:
        """Give it a line."""
        self._in.write(words + "\n")
        self._in.flush()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> list[str]:
        """``kill -9``, and wait until it is gone; the lines that it had written and nobody had read."""
        self.process.kill()
        left = self._out.read().splitlines()
        self.process.wait()
        return left


@contextmanager
def child(module: str, *arguments: str) -> Iterator[Child]:
    """A process that does not outlive the test."""
    one = Child(module, *arguments)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()
