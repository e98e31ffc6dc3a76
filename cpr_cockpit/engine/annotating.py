"""Marks the switch, and the switch back, in Application Insights. Nothing waits for it; a failure is a note."""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import Literal, cast

from cpr_cockpit.core.annotation import RIGHT, Annotation, Annotations, to_mark
from cpr_cockpit.core.annotation_events import AnnotationIntent, AnnotationOutcome
from cpr_cockpit.core.events import Noted
from cpr_cockpit.core.ports import Clock, PortError
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

TICK_S = 0.5
# Seconds for which one request is waited for, and before each further try.
WAIT_S, PAUSES = 15.0, (2.0, 10.0)

Way = Literal["forward", "back"]


class Annotating:
    """``port`` None: the environment names no component."""

    def __init__(self, port: Annotations | None, clock: Clock, recorder: Recorder) -> None:
        self._port = port
        self._clock = clock
        self._recorder = recorder

    async def go_on(self) -> None:
        """Never returns; cancel it. A defect of it is logged and ends nothing else."""
        if self._port is None:
            return
        await self._tell_beforehand(self._port)
        while True:
            run = self._recorder.run
            for way, moment in tuple(to_mark(run)) if run.ended is None else ():
                try:
                    await self._mark(self._port, cast(Way, way), moment)
                except JournalError:
                    log.exception("the release annotation could not be recorded")
            await self._clock.sleep(TICK_S)

    async def _tell_beforehand(self, port: Annotations) -> None:
        """Before START a missing right can still be given."""
        run, words = self._recorder.run, f"no release annotation will be written: {RIGHT} is not given at the component"
        if run.started_at is not None or words in {note.words for _, note in run.notes}:
            return
        try:
            async with asyncio.timeout(WAIT_S):
                if not await port.allowed():
                    self._recorder.record(Noted(by=PROGRAM, words=words))
        except (PortError, TimeoutError):
            log.info("whether a release annotation may be written is not known")
        except JournalError:
            log.exception("%s", words)

    async def _mark(self, port: Annotations, way: Way, moment: float) -> None:
        run = self._recorder.run
        known = run.annotations.intents.get(way)
        one = self._annotation(way, moment if known is None else known.moment)
        if known is None:
            self._recorder.record(AnnotationIntent(id=one.id, way=way, name=one.name, moment=moment))
        # What an earlier session, or a try of this one, sent may have been taken: that is looked for first.
        unsure, words = known is not None, ""
        for pause in (*PAUSES, None):
            try:
                async with asyncio.timeout(WAIT_S):
                    if unsure and await port.present(one.id):
                        self._outcome(one, way, "already")
                        return
                    unsure = True
                    await port.write(one)
            except (PortError, TimeoutError) as error:
                words = error.words() if isinstance(error, PortError) else f"no answer within {WAIT_S:g} s"
                refused = isinstance(error, PortError) and error.status in (400, 401, 403, 404)
            else:
                self._outcome(one, way, "written")
                return
            if pause is None or refused:
                break
            await self._clock.sleep(pause)
        self._outcome(one, way, "failed", words)

    def _outcome(self, one: Annotation, way: Way, result: str, words: str = "") -> None:
        body = {"id": one.id, "way": way, "result": result, "words": words}
        self._recorder.record(AnnotationOutcome.model_validate(body))

    def _annotation(self, way: Way, moment: float) -> Annotation:
        run = self._recorder.run
        opened, plan = run.opened, run.plan
        old, new = (plan.old_version, plan.new_version) if plan is not None else ("", "")
        name = f"Release {new}" if way == "forward" else f"Rollback to {old}"
        told = {"ReleaseName": new, "Replaces": old, "Strategy": plan.strategy if plan is not None else ""}
        told |= {"Run": opened.run, "Feature": opened.feature, "By": run.started_by} if opened is not None else {}
        told |= {"RolledBackTo": old} if way == "back" else {}
        # Derived, so that whoever resumes marks the same one.
        id = uuid.uuid5(uuid.NAMESPACE_URL, f"cpr-cockpit/{told.get('Run', '')}/{way}/{moment!r}")
        return Annotation(str(id), name, moment, told)
