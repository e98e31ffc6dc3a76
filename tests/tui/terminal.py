"""A real pseudo-terminal, and what a program leaves of it."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0
_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")


class Terminal:
    """A program with a face in a pseudo-terminal of 80x24, and everything it wrote."""

    def __init__(self, state: Path, *arguments: str, module: str = "tests.tui.terminal_face", **environ: str) -> None:
        self.master, self._slave = pty.openpty()
        termios.tcsetwinsize(self._slave, (24, 80))
        self.usual = termios.tcgetattr(self._slave)
        self.output = b""
        known = {**os.environ, "TERM": "xterm-256color", "XDG_STATE_HOME": str(state), "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=self._slave, stdout=self._slave, stderr=self._slave,
            cwd=ROOT, env={**known, **environ}, start_new_session=True,
        )  # fmt: skip

    def read_until(self, words: bytes) -> None:
        """Read until the words were written."""
        end = time.monotonic() + PATIENCE_S
        while words not in self.output:
            assert time.monotonic() < end, self.output[-2000:]
            self.read(0.1)

    def read(self, seconds: float) -> bool:
        """Read what comes within that time; whether anything did."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        with suppress(OSError):
            data = os.read(self.master, 65536)
            self.output += data
            return bool(data)
        return False

    def ended(self) -> int:
        """The exit code, when all was read."""
        end = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < end
            self.read(0.02)
        while self.read(0.05):
            pass
        return self.process.returncode

    def modes_on(self) -> set[bytes]:
        """Private modes that were switched on and never off, without wrapping and the cursor, which belong on."""
        on: set[bytes] = set()
        for numbers, how in _MODE.findall(self.output):
            for number in numbers.split(b";"):
                (on.add if how == b"h" else on.discard)(number)
        return on - {b"7", b"25"}

    def is_clean(self) -> bool:
        """As it was found: no mode left on, the cursor shown, lines edited and echoed again."""
        cursor = [how for numbers, how in _MODE.findall(self.output) if numbers == b"25"]
        return not self.modes_on() and cursor[-1:] != [b"l"] and termios.tcgetattr(self._slave) == self.usual

    def close(self) -> None:
        """End it all."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for one in (self.master, self._slave):
            with suppress(OSError):
                os.close(one)
