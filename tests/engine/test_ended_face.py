"""After the end: what a face may still write, what it is shown then, and that the sealed journal stays as it was."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cpr_cockpit.documents.report import render_report
from cpr_cockpit.engine.ended_face import EndedFace
from cpr_cockpit.engine.greeting import SessionRefused
from cpr_cockpit.engine.writer import FILE
from tests.engine.stage import AUTO, Stage
from tests.engine.users import ERRORS

ITEM = "rollback-follow-up.release-withdrawn"


def test_a_follow_up_is_signed_on_the_screen_after_the_end_and_shown_at_once(tmp_path: Path) -> None:
    with Stage(AUTO, behaviour=ERRORS, folder=tmp_path / "20260101-000000-goal-aaaa") as stage:
        stage.whole_run()
    before = (stage.folder / FILE).read_bytes()
    asyncio.run(_look_and_sign(EndedFace(stage.folder, render_report)))
    asyncio.run(_written_beside(stage.folder))
    assert (stage.folder / FILE).read_bytes() == before


async def _look_and_sign(face: EndedFace) -> None:
    views = face.views()
    first = await anext(views)
    assert (first.phase, {one.key: str(one.state) for one in first.checks}[ITEM]) == ("ended", "open")
    await face.command("sign", item=ITEM, note="tag deleted", by="ana")
    await face.command("issue", severity="LOW", title="logo", by="ana")
    second = await anext(views)
    assert {one.key: str(one.state) for one in second.checks}[ITEM] == "ok"
    assert any("ISSUE-001" in one.text for one in second.happenings)
    for name, key, value in (("rollback", "reason", ""), ("sign", "item", "x"), ("issue", "line", "9 open")):
        with pytest.raises(SessionRefused, match="Nothing"):
            await face.command(name, by="ana", **{key: value})


async def _written_beside(folder: Path) -> None:
    """What a command writes from outside is shown without a key."""
    face, other = EndedFace(folder, render_report, look_s=0.01), EndedFace(folder, render_report)
    views = face.views()
    await anext(views)
    await other.command("issue", severity="LOW", title="from outside", by="ben")
    async with asyncio.timeout(5.0):
        assert any("from outside" in one.text for one in (await anext(views)).happenings)


def test_a_run_is_closed_by_key_once_everything_stands_and_not_before(tmp_path: Path) -> None:
    with Stage(AUTO, behaviour=ERRORS, folder=tmp_path / "20260101-000000-goal-aaaa") as stage:
        stage.whole_run()
    asyncio.run(_close(EndedFace(stage.folder, render_report)))


async def _close(face: EndedFace) -> None:
    with pytest.raises(SessionRefused, match=r"\d+ items of the closing checklist are open: .*It was not closed\."):
        await face.command("close", by="ana", words="done")
    first = await anext(face.views())
    for item in [one.key for one in first.checks if one.key.startswith(("rollback-", "post-rollback"))]:
        await face.command("sign", item=item, note="looked at", by="ana")
    await face.command("close", by="ana", words="done")
    assert (await anext(face.views())).closing.startswith("closed by ana at ")
    with pytest.raises(SessionRefused, match="it was closed by ana"):
        await face.command("close", by="ana", words="done")
