"""Real processes: what they print is bounded, what they begin ends with them, what is secret is not kept."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from cpr_cockpit.adapters.sensors.declared import CommandCheck
from cpr_cockpit.adapters.sensors.programs import LONGEST, keep_secret, run
from cpr_cockpit.core.sensing import State

ITEM = "configuration.cors"


def _python(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


async def test_exit_code_and_both_outputs(tmp_path: Path) -> None:
    ended = await run(
        _python("import os,sys; print(os.getcwd()); print('no', file=sys.stderr); sys.exit(3)"), tmp_path, 20.0
    )
    assert (ended.code, ended.out, ended.err) == (3, f"{tmp_path}\n", "no\n")


async def test_megabytes_are_read_and_only_the_end_is_kept(tmp_path: Path) -> None:
    ended = await run(_python("print('x' * 5_000_000); print('last')"), tmp_path, 20.0)
    assert ended.out == "last\n", "half a line is not told: half a secret is no secret that anybody knows"


async def test_what_hangs_is_stopped_with_all_it_began(tmp_path: Path) -> None:
    told = tmp_path / "child"
    child = f"import os,time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    script = f"import subprocess,sys; subprocess.run([sys.executable, '-c', {child!r}])"
    running = asyncio.create_task(run(_python(script), tmp_path, 600.0))
    while not _text(told):  # noqa: ASYNC110  # a file of another process: nothing tells of it
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    pid = int(_text(told))
    while _lives(pid):  # noqa: ASYNC110  # as above; the test's own time limit ends it
        await asyncio.sleep(0.01)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


async def test_lines_that_are_whole_are_kept_up_to_the_bound(tmp_path: Path) -> None:
    ended = await run(_python("print('\\n'.join(['x' * 1000] * 100))"), tmp_path, 20.0)
    assert LONGEST - 1001 < len(ended.out) <= LONGEST
    assert set(ended.out.splitlines()) == {"x" * 1000}


async def test_who_ends_is_not_waited_for_because_of_what_it_left(tmp_path: Path) -> None:
    began = asyncio.get_running_loop().time()
    ended = await run(("sh", "-c", "setsid sleep 5 & sleep 0.03; echo ok"), tmp_path, 20.0)
    assert (ended.code, ended.out) == (0, "ok\n")
    assert asyncio.get_running_loop().time() - began < 3.0


async def test_what_may_be_a_secret_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("GH_PAT", "PAYMENT_AUTH", "PGPASS", "SENTRY_DSN", "STORE_SAS", "DB_PWD")
    for name in names:
        monkeypatch.setenv(name, f"s-{name.lower()}")
    monkeypatch.setenv("DATABASE_URL", "postgres://me:hidden@db/x")
    monkeypatch.setenv("PRIVATE_KEY", "-----BEGIN-----\nabcdefgh\n-----END-----")
    asked = (*names, "DATABASE_URL", "PRIVATE_KEY")
    text = f"import os; print('|'.join(os.environ[n] for n in {asked!r}))"
    ended = await run(
        _python(text + "; print('abcdefgh'); print('a-code')"), tmp_path, 20.0, secrets=("Bearer a-code",)
    )
    assert ended.out == "|".join(["***"] * 8) + "\n***\n***\n"


async def test_what_a_program_names_a_secret_is_not_told(tmp_path: Path) -> None:
    (reading,) = await CommandCheck(ITEM, "key", _python("print('password=hunter22 ok')"), tmp_path, 20.0).read()
    assert reading.words.startswith("key: password=*** ok, in ")


async def test_no_program_is_given_what_the_cockpit_signs_in_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("COCKPIT_USER_TOKEN", "COCKPIT_PIPELINE_TOKEN", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"):
        monkeypatch.setenv(name, "given")
    text = "import os; print(sorted(n for n in os.environ if n.startswith(('COCKPIT_', 'AZURE_'))))"
    assert (await run(_python(text), tmp_path, 20.0)).out == "['AZURE_TENANT_ID']\n"


async def test_a_channels_url_is_given_to_no_program_and_told_by_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_CHANNEL", "slack://first/second")
    monkeypatch.setenv("SIGN_IN", "hunter2-hunter2")
    keep_secret(("SIGN_IN",), ("TEAM_CHANNEL",))
    words = "import os; print(os.environ.get('TEAM_CHANNEL'), os.environ['SIGN_IN'], 'slack://first/second')"
    ended = await run((sys.executable, "-c", words), tmp_path, 20.0)
    assert ended.out.split() == ["None", "***", "***"]


async def test_the_value_of_a_secret_variable_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENT_API_KEY", "s3cr3t-value")
    monkeypatch.setenv("PAYMENT_HOST", "payments.example")
    check = CommandCheck(
        ITEM,
        "key",
        _python("import os; print(os.environ['PAYMENT_HOST'], os.environ['PAYMENT_API_KEY'])"),
        tmp_path,
        20.0,
    )
    (reading,) = await check.read()
    assert reading.state is State.OK
    assert reading.words.startswith("key: payments.example ***, in ")


@pytest.mark.parametrize(
    ("command", "state", "words"),
    [
        (_python("print('3 of 3')"), State.OK, "it: 3 of 3, in "),
        (_python("pass"), State.OK, "it: exit code 0, in "),
        (_python("import sys; print('all'); sys.exit('2 missing')"), State.FAILED, "it: exit code 1 in "),
        (_python("import os; os.kill(os.getpid(), 9)"), State.FAILED, "it: signal 9 in "),
        (("./no-such-tool",), State.UNKNOWN, "it: ./no-such-tool cannot be started (No such file or directory)"),
        (("a\0b",), State.UNKNOWN, "it: a\0b cannot be started (embedded null byte)"),
    ],
)
async def test_a_command_holds_by_its_exit_code(
    tmp_path: Path, command: tuple[str, ...], state: State, words: str
) -> None:
    (reading,) = await CommandCheck(ITEM, "it", command, tmp_path, 20.0).read()
    assert reading.state is state
    assert reading.words.startswith(words)


async def test_a_command_that_takes_too_long_is_not_known(tmp_path: Path) -> None:
    (reading,) = await CommandCheck(ITEM, "it", _python("import time; time.sleep(600)"), tmp_path, 0.2).read()
    assert (reading.state, reading.words) == (State.UNKNOWN, "it: did not end within 0.2 s and was stopped")


async def test_a_command_is_given_no_shell(tmp_path: Path) -> None:
    command = (*_python("import sys; print(sys.argv[1:])"), f"; touch {tmp_path / 'made'}", "$(touch x)")
    (reading,) = await CommandCheck(ITEM, "it", command, tmp_path, 20.0).read()
    assert reading.state is State.OK
    assert not _names(tmp_path)


def _names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]
