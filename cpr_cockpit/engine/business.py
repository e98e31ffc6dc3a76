"""After GO: the declared figures of the business, each at its own pace; only what is new of one is recorded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from cpr_cockpit.core.business import LONGEST, PROGRAM, FigureReader
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.issue_events import FigureTold
from cpr_cockpit.core.ports import Clock, PortError
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

_LEAST_S = 5.0


class FigureWatch:
    """Reads ``readers`` since ``t0``; ``scale``: how short a short window makes their pace."""

    def __init__(
        self, readers: Sequence[FigureReader], clock: Clock, recorder: Recorder, t0: float, scale: float
    ) -> None:
        self._readers = readers
        self._clock = clock
        self._recorder = recorder
        self._t0 = t0
        self._scale = scale
        # What was told last of each, also by a session before this one.
        self._told: dict[str, tuple[float | None, int | None, str]] = {
            one.source: (one.value, one.n, one.words) for _, one in recorder.run.figures if one.source
        }

    async def go_on(self) -> None:
        """Until it is cancelled; a figure that cannot be read is told so once, and asked again at its pace."""
        await asyncio.gather(*(self._keep(one) for one in self._readers))

    async def _keep(self, reader: FigureReader) -> None:
        while True:
            value, n, words = await self._read(reader)
            self._tell(reader, value, n, words)
            await self._clock.sleep(max(_LEAST_S, reader.spec.every_s * self._scale))

    async def _read(self, reader: FigureReader) -> tuple[float | None, int | None, str]:
        try:
            async with asyncio.timeout(reader.timeout_s):
                value, n = await reader.read(self._t0, self._clock.now())
        except PortError as error:
            return None, None, f"not read: {error.what}"
        except TimeoutError:
            return None, None, f"not read: no answer within {reader.timeout_s:g} s"
        except Exception as error:
            log.exception("the figure %s met a defect", reader.spec.name)
            return None, None, f"not read: a defect of this program ({type(error).__name__})"
        return (value, n, "") if value is not None else (None, None, "not read: the query answered no row")

    def _tell(self, reader: FigureReader, value: float | None, n: int | None, words: str) -> None:
        spec, told = reader.spec, clean(words)[:LONGEST]
        if self._told.get(spec.name) == (value, n, told):
            return
        event = FigureTold(
            kind=spec.kind, by=PROGRAM, value=value, n=n, unit=spec.unit, words=told, source=clean(spec.name)
        )
        try:
            self._recorder.record(event)
        except JournalError:
            log.exception("the figure %s could not be recorded", spec.name)
        else:
            self._told[spec.name] = (value, n, told)
