"""Views and commands over a real Unix socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.view import View
from cpr_cockpit.core.view_json import sections
from cpr_cockpit.engine.face import SocketFace
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.engine.host import CommandError, Host
from cpr_cockpit.engine.journal import Journal
from cpr_cockpit.engine.recorder import Recorder
from tests.tui import views


class WallClock:
    """Real time."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Stand:
    """A host over a real journal, with a View that the test changes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "face.sock"
        self.view = views.window_calm()
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.recorder = Recorder(Journal(folder / "run"), WallClock())
        self.host = Host(self.recorder, self._command, self.path, lambda: sections(self.view))

    async def _command(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if name == "keep":
            raise CommandError("GO is not possible before the end of the window. Nothing was changed.")
        self.commands.append((name, arguments))
        return {}

    def happen(self) -> None:
        """Something is recorded, which wakes every face."""
        self.recorder.record(ev.Noted(by="test", words="news"))


@asynccontextmanager
async def _stand(folder: Path) -> AsyncIterator[Stand]:
    stand = Stand(folder)
    await stand.host.open()
    try:
        yield stand
    finally:
        await stand.host.close(0.1)
        stand.recorder.close(seal=False)


async def _next(stream: AsyncIterator[View]) -> View:
    return await asyncio.wait_for(anext(stream), 30.0)


async def _drained(stream: AsyncIterator[View]) -> list[View]:
    return [view async for view in stream]


async def test_first_view_is_whole_and_a_change_follows_at_once(tmp_path: Path) -> None:
    async with _stand(tmp_path) as stand:
        face = await SocketFace.connect("r", stand.path)
        stream = face.views()
        assert await _next(stream) == stand.view
        stand.view = views.window_breach()
        stand.happen()
        assert await _next(stream) == stand.view
        await face.close()


async def test_two_faces_see_the_same(tmp_path: Path) -> None:
    async with _stand(tmp_path) as stand:
        faces = [await SocketFace.connect("r", stand.path) for _ in range(2)]
        assert [await _next(face.views()) for face in faces] == [stand.view, stand.view]
        for face in faces:
            await face.close()


async def test_commands_are_answered_while_views_flow(tmp_path: Path) -> None:
    async with _stand(tmp_path) as stand:
        face = await SocketFace.connect("r", stand.path)
        await face.command("rollback", by="ana", reason="")
        with pytest.raises(SessionRefused, match="before the end of the window"):
            await face.command("keep", by="ana")
        assert stand.commands == [("rollback", {"by": "ana", "reason": ""})]
        assert await _next(face.views()) == stand.view
        await face.close()


async def test_a_session_that_goes_is_told_and_an_ended_run_just_ends(tmp_path: Path) -> None:
    async with _stand(tmp_path) as stand:
        face = await SocketFace.connect("r", stand.path)
        stream = face.views()
        await _next(stream)
        await stand.host.close(0.0)
        with pytest.raises(SessionGone):
            await _drained(stream)
        await face.close()


async def test_after_the_end_the_last_view_comes_and_the_stream_ends(tmp_path: Path) -> None:
    async with _stand(tmp_path) as stand:
        face = await SocketFace.connect("r", stand.path)
        stream = face.views()
        await _next(stream)
        stand.view = replace(views.kept(), run="r")
        stand.recorder.record(
            ev.RunEnded(decision="kept", provisional=True, production_version="v2", slot_version="v1", reason="kept")
        )
        seen = await asyncio.wait_for(_drained(stream), 30.0)
        assert seen[-1] == stand.view
        await face.close()


async def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(SessionGone):
        await SocketFace.connect("r", tmp_path / "nothing.sock")
