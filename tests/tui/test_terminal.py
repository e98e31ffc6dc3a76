"""In a real pseudo-terminal: what is left of it after signals, a hang-up, a crash; and where no screen can be."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cpr_cockpit.tui.hygiene import check_terminal
from tests.tui.terminal import PATIENCE_S, ROOT, Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("key", [b"2", b"l"])
def test_a_key_before_the_first_paint_does_not_keep_the_session_from_being_reached(
    terminal: Terminal, key: bytes
) -> None:
    os.write(terminal.master, key)
    terminal.read_until(b"ROLL BACK to v1.2.0")
    os.write(terminal.master, b"q")
    assert terminal.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_hands_the_terminal_back_clean(terminal: Terminal, number: signal.Signals) -> None:
    terminal.read_until(b"SIGNALS")
    assert b"1049" in terminal.modes_on()
    terminal.process.send_signal(number)
    assert terminal.ended() == 128 + number
    assert terminal.is_clean()
    assert b"Back to it: cpr-cockpit attach 0001-a1b2" in terminal.output


def test_closing_by_a_key_is_quick_clean_and_says_how_to_come_back(terminal: Terminal) -> None:
    terminal.read_until(b"SIGNALS")
    os.write(terminal.master, b"q")
    assert terminal.ended() == 0
    assert terminal.is_clean()
    assert b"Back to it: cpr-cockpit attach 0001-a1b2" in terminal.output
    # The mouse stays the terminal's own: text can be selected.
    assert not re.search(rb"\x1b\[\?100[023]h", terminal.output)


def test_a_line_that_hangs_up_ends_the_face_and_nothing_hangs(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    try:
        terminal.read_until(b"SIGNALS")
        os.close(terminal.master)
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.process.wait(PATIENCE_S) == 128 + signal.SIGHUP
    finally:
        terminal.close()


def test_suspend_hands_the_terminal_to_the_shell_and_back(terminal: Terminal) -> None:
    terminal.read_until(b"SIGNALS")
    os.write(terminal.master, b"\x1a")
    _, status = os.waitpid(terminal.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    while terminal.read(0.05):
        pass
    assert b"1049" not in terminal.modes_on()
    seen = len(terminal.output)
    terminal.process.send_signal(signal.SIGCONT)
    end = time.monotonic() + PATIENCE_S
    while b"\x1b[?1049h" not in terminal.output[seen:]:
        assert time.monotonic() < end
        terminal.read(0.1)
    os.write(terminal.master, b"q")
    assert terminal.ended() == 0
    assert terminal.is_clean()


def test_a_crash_is_one_sentence_without_a_traceback(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "crash")
    try:
        assert terminal.ended() == 1
        assert terminal.is_clean()
        assert b"The screen failed" in terminal.output
        assert b"Traceback" not in terminal.output
        assert b"on fire" not in terminal.output
        crash = next((tmp_path / "cpr-cockpit").glob("screen-crash-*.txt"))
        assert "the machine room is on fire" in crash.read_text()
    finally:
        terminal.close()


def test_a_paste_of_100_kb_in_a_real_terminal_neither_hangs_nor_sends(terminal: Terminal) -> None:
    terminal.read_until(b"SIGNALS")
    text = b"\x1b[200~" + b"ry gs\r" * 17_000 + b"\x1b[201~"
    while text:
        text = text[os.write(terminal.master, text[:4096]) :]
        terminal.read(0)
    terminal.read_until(b"was left out")
    assert b"ARMED" not in terminal.output
    os.write(terminal.master, b"q")
    assert terminal.ended() == 0


# -- where no screen can be --------------------------------------------------------------------------------------------


class Stream(io.StringIO):
    """A stream that says what it is."""

    def __init__(self, *, tty: bool = True, encoding: str = "utf-8") -> None:
        super().__init__()
        self._tty = tty
        self._encoding = encoding

    def isatty(self) -> bool:
        return self._tty

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def test_a_usual_terminal_is_fine() -> None:
    assert check_terminal({"TERM": "xterm-256color"}, (Stream(), Stream(), Stream())) is None


@pytest.mark.parametrize(
    ("environ", "streams", "words"),
    [
        ({"TERM": "xterm"}, (Stream(tty=False), Stream(), Stream()), "standard input"),
        ({"TERM": "xterm"}, (Stream(), Stream(tty=False), Stream()), "standard output"),
        ({"TERM": "xterm"}, (Stream(), Stream(), Stream(tty=False)), "standard error"),
        ({"TERM": "dumb"}, (Stream(), Stream(), Stream()), "TERM is dumb"),
        ({}, (Stream(), Stream(), Stream()), "TERM is not set"),
        ({"TERM": "xterm"}, (Stream(), Stream(), Stream(encoding="ascii")), "UTF-8"),
        ({"TERM": "xterm"}, (Stream(), Stream(), Stream(encoding="no-such")), "UTF-8"),
    ],
)
def test_one_sentence_says_why_there_is_no_screen(
    environ: dict[str, str], streams: tuple[Stream, Stream, Stream], words: str
) -> None:
    why = check_terminal(environ, streams)
    assert why is not None
    assert words in why
    assert "\n" not in why


def test_a_face_that_writes_into_a_pipe_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.tui.terminal_face"],
        cwd=ROOT, env={**os.environ, "XDG_STATE_HOME": str(tmp_path)}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "needs a terminal" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
