"""What the judge says: as the journal has it, and where the session lives what it says now.

The journal holds a verdict when it changes its word, not whenever its sentence does: the sentence may be old.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cpr_cockpit.core.run import Run
from cpr_cockpit.core.view import View
from cpr_cockpit.engine.face import SocketFace
from cpr_cockpit.engine.greeting import PATIENCE_S, SessionGone, SessionRefused


def verdict_rows(folder: Path, run: Run, *, alive: bool) -> dict[str, Any]:
    """Rows "verdict", "verdict_at" (ISO 8601, when its word was given) and "now" (what the session's panel says)."""
    view = asyncio.run(_asked(folder.name)) if alive else None
    verdict, at = run.verdict, run.verdict_at
    rows: dict[str, Any] = {"verdict": None, "verdict_at": None, "now": None}
    if view is not None:
        rows["now"] = f"{view.panel.word}: {view.panel.sentence} (asked at {_clock(view.now)})"
    if verdict is not None and at is not None:
        rows["verdict_at"] = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = f"{verdict.kind}, given at {_clock(at)}"
        rows["verdict"] = told if view is not None else f"{verdict.kind}: {verdict.sentence} (as of {_clock(at)})"
    return rows


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S UTC")


async def _asked(run: str) -> View | None:
    """What faces of the session are shown now; None where it does not answer, or not as a session of this program."""
    try:
        face = await SocketFace.connect(run)
    except (SessionGone, SessionRefused):
        return None
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await anext(face.views())
    except (SessionGone, TimeoutError, TypeError, ValueError):
        return None
    finally:
        await face.close()
