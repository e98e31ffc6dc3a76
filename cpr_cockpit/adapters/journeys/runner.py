"""The Journeys port: walks the declared journeys at staging, at the slot, in production."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.journeys.command import CommandEnd, Errand, carry_out
from cpr_cockpit.adapters.journeys.secrets import Secrets
from cpr_cockpit.adapters.journeys.spec import CommandSpec, JourneySpec
from cpr_cockpit.adapters.journeys.walk import Walk, Way
from cpr_cockpit.adapters.own_requests import marks, pinned
from cpr_cockpit.adapters.veil import Veil
from cpr_cockpit.core.journeys import STAGING, Heard, Journey, JourneyResult, Walked
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import Clock, PlannedRequest, PortError
from cpr_cockpit.core.templates import filled

_TIDY_S = 60.0
"""Seconds that cleaning up may take in all."""


@dataclass(frozen=True, slots=True)
class Places:
    """Base address (scheme and host) of each place by name.

    ``artifacts``: the folder in which those of commands are kept; None: they are not.
    """

    hosts: Mapping[str, str]
    artifacts: Path | None = None


class JourneyRunner:
    """Walks journeys. ``close`` waits for what is still being cleaned up."""

    def __init__(
        self, specs: Sequence[JourneySpec], places: Places, secrets: Secrets, connections: Connections, clock: Clock
    ) -> None:
        self._specs = {one.facts.name: one for one in specs}
        self._places = places
        self._secrets = secrets
        self._client = connections.fresh
        self._clock = clock
        self._marks = marks()
        self._tidying: set[asyncio.Task[str]] = set()

    @property
    def declared(self) -> tuple[Journey, ...]:
        """All of them, in their order."""
        return tuple(one.facts for one in self._specs.values())

    @property
    def staging(self) -> bool:
        """Whether there is a staging address."""
        return STAGING in self._places.hosts

    async def walk(self, name: str, place: str, heard: Heard) -> JourneyResult:
        """Walk one; what it made is deleted again, after a cancellation beside whatever comes next."""
        spec, began = self._specs[name], time.perf_counter()
        try:
            values = await self._secrets.values(spec.secrets)
        except PortError as error:
            words = ". ".join(part for part in (error.what, error.next_step.rstrip(".")) if part)
            return self._result(spec, Walked.NOT_RUN, words, began)
        if spec.command is not None:
            return await self._carried_out(spec, spec.command, place, values, heard)
        return await self._walked(spec, place, values)

    async def _walked(self, spec: JourneySpec, place: str, values: Mapping[str, str]) -> JourneyResult:
        began = time.perf_counter()
        pin = "" if place == STAGING else pinned(place)
        way = Way(self._places.hosts[place], self._client, self._marks, pin)
        walk = Walk(spec.steps, way, values, Veil(values.values()))
        late = ""
        try:
            async with asyncio.timeout(spec.facts.timeout_s):
                await walk.forth()
        except TimeoutError:
            late = f"did not end within {spec.facts.timeout_s:g} s"
        except BaseException:
            self._tidy(walk)
            raise
        # Whoever is cancelled meanwhile waits no longer; the cleaning goes on.
        left = await asyncio.shield(self._tidy(walk))
        if walk.refused:
            self._secrets.forget(spec.secrets)
        return self._of_walk(spec, walk, late, left, began)

    def _of_walk(self, spec: JourneySpec, walk: Walk, late: str, left: str, began: float) -> JourneyResult:
        steps = tuple(walk.results)
        wrong = next((f"{one.name}: {one.words}" for one in steps if one.walked is not Walked.PASSED), "")
        words = "; ".join(dict.fromkeys(part for part in (late, wrong, left) if part))
        first = next((one.walked for one in steps if one.walked is not Walked.PASSED), Walked.FAILED)
        # A step that could not be asked, for a rate limit, says nothing of the application; what is left behind does.
        walked = Walked.PASSED if not words else Walked.FAILED if late or left else first
        whole = words or f"{len(steps)} of {len(steps)} steps as expected"
        return self._result(
            spec, walked, whole, began, steps=steps, shown=walk.shown, unreached=walk.unreached and not late
        )

    def _tidy(self, walk: Walk) -> asyncio.Task[str]:
        async def in_time() -> str:
            try:
                async with asyncio.timeout(_TIDY_S):
                    return await walk.tidy()
            except TimeoutError:
                return f"what it made may still be there (cleaning up took more than {_TIDY_S:g} s)"

        task = asyncio.create_task(in_time())
        self._tidying.add(task)
        task.add_done_callback(self._tidying.discard)
        return task

    async def _carried_out(
        self, spec: JourneySpec, command: CommandSpec, place: str, values: Mapping[str, str], heard: Heard
    ) -> JourneyResult:
        began = time.perf_counter()
        kept = self._places.artifacts
        with contextlib.ExitStack() as stack:
            home = kept or Path(stack.enter_context(TemporaryDirectory(prefix="cpr-cockpit-journeys-")))
            folder = home / slug(spec.facts.name) / slug(place)
            ended = await self._ended(spec, command, place, values, folder, heard)
        walked, words = _judged(ended, command)
        return self._result(
            spec,
            walked,
            words,
            began,
            console_errors=ended.console_errors,
            load_ms=ended.load_ms,
            load_target_ms=command.load_ms,
            artifacts=f"artifacts/journeys/{folder.parent.name}/{folder.name}" if kept else "",
        )

    async def _ended(
        self,
        spec: JourneySpec,
        command: CommandSpec,
        place: str,
        values: Mapping[str, str],
        folder: Path,
        heard: Heard,
    ) -> CommandEnd:
        variables = {name: filled(text, {}, values) for name, text in command.variables.items()}
        variables |= {"BASE_URL": self._places.hosts[place], "JOURNEY_PLACE": place}
        variables["JOURNEY_HEADERS"] = json.dumps(self._marks | ({} if place == STAGING else {"Cookie": pinned(place)}))
        errand = Errand(command.command, command.folder, variables, folder, spec.facts.timeout_s)
        return await carry_out(errand, values, heard)

    def _result(self, spec: JourneySpec, walked: Walked, words: str, began: float, **more: object) -> JourneyResult:
        facts, ms = spec.facts, (time.perf_counter() - began) * 1000.0
        return JourneyResult(facts.name, facts.account, facts.critical, walked, words, self._clock.now(), ms, **more)  # type: ignore[arg-type]  # each caller names members of the result

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests of the journeys that ``act`` names; nothing that a text refers to is filled in."""
        if act.kind is not ActKind.JOURNEYS:
            return ()
        base = self._places.hosts.get(act.slot, f"<host of {act.slot}>")
        specs = [self._specs[name] for name in act.names if name in self._specs]
        commands = [one.command.command for one in specs if one.command is not None]
        steps = [(one.facts.name, step) for one in specs for step in one.steps]
        asked = [
            PlannedRequest(step.method, base + step.path, f"{name}: {step.name}{', at the end' * step.clean_up}")
            for name, step in steps
        ]
        return (*asked, *(PlannedRequest("RUN", " ".join(one), f"against {base}") for one in commands))

    async def close(self) -> None:
        """Wait for what is still being cleaned up."""
        with contextlib.suppress(Exception):
            await asyncio.gather(*self._tidying, return_exceptions=True)


def slug(name: str) -> str:
    """A journey's folder."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower() or "journey"


def _judged(ended: CommandEnd, command: CommandSpec) -> tuple[Walked, str]:
    """What a command told is held against its targets."""
    missed = []
    if ended.console_errors is not None and ended.console_errors > command.console_errors:
        missed.append(f"{ended.console_errors} console errors, where {command.console_errors} are allowed")
    if ended.load_ms is not None and ended.load_ms > command.load_ms:
        missed.append(f"loaded in {ended.load_ms:.0f} ms, where {command.load_ms:g} ms are allowed")
    if ended.walked is Walked.PASSED and missed:
        return Walked.FAILED, "; ".join((*missed, ended.words))
    return ended.walked, ended.words
