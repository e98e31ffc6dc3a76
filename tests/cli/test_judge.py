"""``judge`` as a process: one line for each line, at once, whatever comes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.core.judge_streams import Health, Night, since


class Process:
    """The command over pipes; every answer is read before the next line is sent."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "cpr_cockpit", "judge"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def ask(self, line: bytes) -> dict[str, object]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + b"\n")
        answer = json.loads(self._process.stdout.readline())
        assert isinstance(answer, dict)
        return answer

    def close(self) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        return self._process.wait(10)


@pytest.fixture
def process() -> Iterator[Process]:
    judge = Process()
    yield judge
    assert judge.close() == 0


@pytest.mark.parametrize(
    "line",
    [
        b"{", b"\xff\xfe{}", b'"start"', b"7", b"{}", b"NaN", b'{"type":"obs","wall":NaN}', b"[" * 5000,
        b'{"type":"start","mode":"canary","delay":0,"edges_ms":[Infinity]}', b'{"type":"obs","wall":true}',
    ],
    ids=range(10),
)  # fmt: skip
def test_a_line_that_is_no_message_gets_its_error_and_the_process_lives_on(process: Process, line: bytes) -> None:
    night = Night(new=since(0.0, Health(failing=0.3)))
    assert process.ask(json.dumps(night.start()).encode())["verdict"] == "wait"
    (error,) = process.ask(line).values()
    assert not any(word in str(error) for word in ("Expecting", "char 0", "codec", "recursion")), error
    answers = [process.ask(json.dumps(one).encode())["verdict"] for one in night.scrapes()]
    assert "rollback" in answers
    assert process.ask(b'{"type":"end"}')["verdict"] == "rollback"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"hello", "this line is no JSON (from its character 1 on): a message is one JSON object in one line"),
        (b'{"type": }', "this line is no JSON (from its character 10 on): a message is one JSON object in one line"),
        (b"\xff", "this line is no UTF-8 text: a message is one JSON object in one line"),
        (b"[" * 5000, "this line is nested too deeply: a message is one JSON object in one line"),
        (b'{"type":"obs"}', "obs before any start"),
    ],
    ids=["garbage", "cut", "bytes", "deep", "too early"],
)
def test_what_is_wrong_with_a_line_is_said_in_plain_words(process: Process, line: bytes, told: str) -> None:
    assert process.ask(line) == {"error": told}
