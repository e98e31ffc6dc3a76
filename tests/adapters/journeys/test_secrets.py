from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.adapters.journeys.secrets import vault_scope
from cpr_cockpit.core.journeys import Walked
from tests.adapters.journeys.conftest import SECRET, Runner, Signer, journey
from tests.azure.wire import Answer, Wire

STEP = {"name": "in", "method": "POST", "path": "/in", "form": {"user": "a b", "password": "{secret:login}"}}
VAULT = "/secrets/goals-login"


async def walk(runner: Runner, source: dict[str, Any], wire: Wire) -> Any:
    wire.on("POST", "/in", Answer(200))
    return await runner(journey(STEP), secrets={"login": source}, given={}).walk("goals", "green", lambda _: None)


async def test_a_secret_of_a_variable_is_read_when_it_is_needed(
    runner: Runner, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = await walk(runner, {"env": "GOALS_LOGIN"}, wire)
    assert result.walked is Walked.NOT_RUN
    assert result.words == "secret login: variable GOALS_LOGIN is not set. Set it where the session is started"
    monkeypatch.setenv("GOALS_LOGIN", SECRET)
    assert (await walk(runner, {"env": "GOALS_LOGIN"}, wire)).passed
    assert wire.asked[-1].body == f"user=a+b&password={SECRET}".encode()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (f"print('{SECRET}')", ""),
        (f"import sys; print('{SECRET}'); sys.exit('{SECRET}')", "ended with 1"),
        (f"print('{SECRET}'); print('{SECRET}')", "gave no secret of one line"),
        ("", "gave no secret of one line"),
    ],
)
async def test_a_secret_of_a_command_is_what_it_writes(
    runner: Runner, wire: Wire, tmp_path: Path, code: str, words: str
) -> None:
    (tmp_path / "secret.py").write_text(code)
    result = await walk(runner, {"command": [sys.executable, "secret.py"]}, wire)
    assert result.passed is not bool(words)
    assert words in result.words
    assert SECRET not in repr(result)
    assert [one.body.decode().endswith(SECRET) for one in wire.asked] == [True] * (not words)


async def test_a_secret_of_a_key_vault_is_read_with_the_sign_in_that_there_is(
    runner: Runner, wire: Wire, signer: Signer
) -> None:
    wire.on("GET", VAULT, Answer(200, {"value": SECRET, "id": "..."}))
    result = await walk(runner, {"vault": f"{wire.url}{VAULT}"}, wire)
    assert result.passed
    asked = wire.of("GET")[0]
    assert (asked.query, asked.headers["Authorization"]) == ({"api-version": "7.4"}, "Bearer of-the-cockpit")
    assert SECRET not in repr(result)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(403, {"error": {"message": SECRET}}), "the key vault answered 403"),
        (Answer(200, {"value": None}), "gave no secret of one line"),
        (Answer(200, "x" * 100_000), "gave no whole answer"),
        (Answer(cut=True), "the key vault cannot be asked"),
    ],
)
async def test_a_key_vault_that_gives_none_is_told_without_its_words(
    runner: Runner, wire: Wire, answer: Answer, words: str
) -> None:
    wire.on("GET", VAULT, answer)
    result = await walk(runner, {"vault": f"{wire.url}{VAULT}"}, wire)
    assert result.walked is Walked.NOT_RUN
    assert words in result.words
    assert SECRET not in repr(result)
    assert wire.count("POST", "/in") == 0


def test_the_scope_of_a_vault_is_its_service() -> None:
    assert vault_scope("https://goals.vault.azure.net/secrets/login") == "https://vault.azure.net/.default"
    assert vault_scope("https://goals.vault.azure.cn/secrets/login") == "https://vault.azure.cn/.default"


async def test_a_secret_that_was_refused_is_asked_for_again(runner: Runner, wire: Wire, signer: Signer) -> None:
    wire.on("GET", VAULT, Answer(200, {"value": SECRET}))
    wire.on("POST", "/in", Answer(401))
    walking = runner(journey(STEP), secrets={"login": {"vault": f"{wire.url}{VAULT}"}}, given={})
    for _ in range(2):
        assert not (await walking.walk("goals", "green", lambda _: None)).passed
    wire.on("POST", "/in", Answer(200))
    for _ in range(2):
        assert (await walking.walk("goals", "green", lambda _: None)).passed
    assert wire.count("GET", VAULT) == 3
