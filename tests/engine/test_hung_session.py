"""A session process that hangs: faces are told in time."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest

from cpr_cockpit.engine.client import Client
from cpr_cockpit.engine.greeting import PATIENCE_S, SessionGone
from cpr_cockpit.engine.writer import writer_pid
from tests.engine.children import child


async def test_a_session_that_hangs_is_gone_for_old_and_new_faces_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = tmp_path / "a-run"
    with child("tests.engine.hosting_child", str(folder)) as session:
        assert await asyncio.to_thread(session.line) == "ready"
        client = await Client.connect(folder.name)
        assert (await client.command("say", words="alive"))["seq"] == 1
        session.signal(signal.SIGSTOP)
        assert writer_pid(folder) == session.pid
        began = time.monotonic()
        ends = await asyncio.gather(client.command("status"), Client.connect(folder.name), return_exceptions=True)
        assert all(isinstance(end, SessionGone) for end in ends), ends
        assert time.monotonic() - began < PATIENCE_S + 3.0
        session.signal(signal.SIGCONT)
        async with await Client.connect(folder.name) as again:
            assert (await again.command("status"))["seq"] == 1
