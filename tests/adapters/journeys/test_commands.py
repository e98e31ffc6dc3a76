from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.adapters.journeys import command
from cpr_cockpit.core.journeys import JourneyResult, Walked
from tests.adapters.journeys.conftest import SECRET, Runner, lines

SUITE = """
import base64, json, os, pathlib, sys
secret = os.environ["LOGIN_PASSWORD"]
folder = pathlib.Path(os.environ["JOURNEY_ARTIFACTS"])
print("against", os.environ["BASE_URL"], os.environ["JOURNEY_PLACE"], flush=True)
print("headers", os.environ["JOURNEY_HEADERS"], flush=True)
print("oops", secret, base64.b64encode(secret.encode()).decode(), "credential", os.environ.get("COCKPIT_USER_TOKEN"))
(folder / "shot.png").write_bytes(b"png")
(folder / "out").symlink_to("/etc/hosts")
%s
"""


def suite(tmp_path: Path, more: str, **table: Any) -> dict[str, Any]:
    (tmp_path / "suite.py").write_text(SUITE % more)
    return {
        "name": "Sign in in a browser",
        "account": "check@goals.example",
        "command": [sys.executable, "suite.py"],
        "variables": {"LOGIN_PASSWORD": "{secret:login}"},
        "proves": ["loads"],
        **table,
    }


async def walked(runner: Runner, tmp_path: Path, more: str, heard: Any = lambda _: None, **table: Any) -> JourneyResult:
    one = suite(tmp_path, more, **table)
    return await runner(one, artifacts=str(tmp_path / "kept")).walk(one["name"], "green", heard)


async def test_a_commands_lines_come_as_it_writes_them_without_secrets_and_its_artifacts_are_kept(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCKPIT_USER_TOKEN", "of-the-cockpit-itself")
    said, heard = lines()
    more = 'print(json.dumps({"console_errors": 0, "load_ms": 830.5}))'
    result = await walked(runner, tmp_path, more, heard)
    assert (result.walked, result.console_errors, result.load_ms) == (Walked.PASSED, 0, 830.5)
    assert said[0].startswith("against https://localhost:")
    assert said[0].endswith(" green")
    assert '"SyntheticTest-Location": "cpr-cockpit"' in said[1]
    assert said[2] == "oops *** *** credential None"
    assert result.artifacts == "artifacts/journeys/sign-in-in-a-browser/green"
    kept = tmp_path / "kept" / "sign-in-in-a-browser" / "green"
    assert sorted(one.name for one in kept.iterdir()) == ["shot.png"]
    assert "1 of its artifacts not kept" in result.words
    assert SECRET not in f"{result}{said}"


@pytest.mark.parametrize(
    ("more", "walk", "words"),
    [
        ("sys.exit(f'it broke on {secret}')", Walked.FAILED, "exit code 1; it broke on ***"),
        ('(folder / "result.json").write_text(\'{"console_errors": 2}\')', Walked.FAILED, "2 console errors, where 0"),
        ("print('{\"load_ms\": 2500}')", Walked.FAILED, "loaded in 2500 ms, where 2000 ms are allowed"),
        ('print(\'{"load_ms": "soon", "console_errors": -1}\')', Walked.PASSED, "exit code 0"),
    ],
)
async def test_what_a_command_tells_is_held_against_its_targets(
    runner: Runner, tmp_path: Path, more: str, walk: Walked, words: str
) -> None:
    result = await walked(runner, tmp_path, more)
    assert result.walked is walk
    assert words in result.words
    assert SECRET not in repr(result)


async def test_a_command_that_writes_on_and_on_is_told_to_a_limit(runner: Runner, tmp_path: Path) -> None:
    said, heard = lines()
    result = await walked(runner, tmp_path, "for n in range(300): print(n)\nprint('x' * 200_000 + secret)", heard)
    assert len(said) == command.MOST_LINES
    assert f"{304 - command.MOST_LINES} more lines not told" in result.words
    assert SECRET not in repr(result)


async def test_a_command_that_is_not_there_was_not_run(runner: Runner, tmp_path: Path) -> None:
    one = suite(tmp_path, "", command=["no-such-suite"])
    result = await runner(one).walk(one["name"], "green", lambda _: None)
    assert result.walked is Walked.NOT_RUN
    assert result.words == "no-such-suite cannot be started (No such file or directory)"


async def test_a_command_that_hangs_is_stopped_in_its_time(tmp_path: Path) -> None:
    hangs = (sys.executable, "-c", "import time; time.sleep(60)")
    ended = await command.carry_out(command.Errand(hangs, tmp_path, {}, tmp_path / "kept", 0.2), {}, lambda _: None)
    assert (ended.walked, ended.words) == (Walked.FAILED, "did not end within 0.2 s and was stopped")


def test_the_largest_artifacts_are_let_go(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name, size in (("small", 10), ("deep/middle", 60), ("large", 70)):
        (tmp_path / name).write_bytes(b"x" * size)
    assert command.within_limits(tmp_path, most_bytes=100).startswith("1 of its artifacts not kept")
    assert sorted(one.name for one in tmp_path.rglob("*") if one.is_file()) == ["middle", "small"]


async def test_a_journey_of_steps_and_one_of_a_command_do_not_share_secrets_through_argv(
    runner: Runner, tmp_path: Path
) -> None:
    more = "print('argv', open(f'/proc/{os.getpid()}/cmdline').read())"
    said, heard = lines()
    await walked(runner, tmp_path, more, heard)
    assert SECRET not in str(said)
    assert "suite.py" in said[3]
