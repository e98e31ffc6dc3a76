"""What instances tell of their own background work, asked at the address that the table [workers] names.

The answer is a JSON object: ``version``, ``instance``, ``workers`` (each with ``name`` and ``running``) and, where the
app has a queue, ``queue`` with ``depth``, ``oldest_s`` (null: nothing waits) and ``dead_letters``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Annotated

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.over_http import WORDS, TooLong, bounded, short, words_of
from cpr_cockpit.adapters.own_requests import marks, pinned
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import PRODUCTION, Asked, Clock, PlannedRequest, PortError
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.worker_proof import HOSTED
from cpr_cockpit.core.workers import DEAD_LETTERS, QUEUE_DEPTH, QUEUE_OLDEST, Queue, Worker, WorkersTold

_ANSWER_S = 10.0
_LONGEST = 256 * 1024  # bytes of an answer that are read
_MOST = 100  # workers of one instance
_HEARD = 600
_SETTLES_S = 2.0
_TELLING = (ActKind.PROVE_WORKERS, ActKind.PROVE_WORKERS_OFF)


class HostedServices:
    """Asks instances, each time over a fresh connection. ``hosts``: base address of each slot by name."""

    def __init__(self, connections: Connections, clock: Clock, hosts: Mapping[str, str], path: str) -> None:
        self._client, self._clock = connections.fresh, clock
        self._hosts, self._path = hosts, path
        self._marks = marks()
        self.heard: deque[WorkersTold] = deque(maxlen=_HEARD)
        """The newest answers of production that told of its queue, in their order."""

    async def look(self, slot: str) -> WorkersTold:
        """One answer; what the application does is in it, never raised."""
        pin = {"Cookie": pinned(slot)} if slot == PRODUCTION else {}
        try:
            async with (
                asyncio.timeout(_ANSWER_S),
                self._client.stream("GET", self._url(slot), headers=self._marks | pin) as answer,
            ):
                if answer.status_code != 200:
                    return self._untold(f"answered {answer.status_code}")
                body = await bounded(answer, _LONGEST)
        except TooLong as error:
            return self._untold(f"answered {error}")
        except TimeoutError:
            return self._untold(f"gave no whole answer within {_ANSWER_S:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return self._untold(words_of(error))
        try:
            told = told_by(body, self._clock.now())
        except ValueError as error:
            return self._untold(f"its answer is no listing of workers: {short(str(error))}")
        if slot == PRODUCTION and told.queue is not None:
            self.heard.append(told)
        return told

    def _url(self, slot: str) -> str:
        return self._hosts[slot] + self._path

    def _untold(self, error: str) -> WorkersTold:
        return WorkersTold(self._clock.now(), error=error)

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send to the application."""
        if act.kind not in _TELLING:
            return ()
        production = PlannedRequest("GET", self._url(PRODUCTION), f"cookie {pinned(PRODUCTION)}")
        return (production, PlannedRequest("GET", self._url(act.slot)))


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("holds a control character")
    return value


# Names and versions are compared and shown.
_Text = Annotated[str, AfterValidator(_printable), Field(min_length=1, max_length=WORDS)]
_Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class _Worker(_Part):
    name: _Text
    running: bool


class _Queue(_Part):
    depth: _Count
    oldest_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
    dead_letters: _Count


class _Answer(_Part):
    """Other members are the product's own."""

    version: _Text
    instance: _Text
    workers: Annotated[list[_Worker], Field(max_length=_MOST)]
    queue: _Queue | None = None


def told_by(body: bytes, at: float) -> WorkersTold:
    """An instance's answer, received at ``at``; ValueError says in a few words what is wrong with it."""
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from error
    workers = tuple(
        Worker(one.name, HOSTED, one.running, "running" if one.running else "off") for one in answer.workers
    )
    queue = answer.queue
    told = None if queue is None else Queue(queue.depth, queue.oldest_s, queue.dead_letters)
    return WorkersTold(at, answer.version, answer.instance, workers, told)


class QueueReader:
    """The Reader of what waits for the workers, and of what they have given up, as production tells it.

    Dead letters are held against their number when that began which is judged. Where this session began later, that is
    what the journal knows of it; where it knows nothing, the first that was seen. What was written before is given up a
    little later.
    """

    source = Source.WORKERS
    name = ""
    poll_s = 15.0
    timeout_s = _ANSWER_S + 5.0

    def __init__(self, hosted: HostedServices) -> None:
        self._hosted = hosted
        self._known: dict[float, WorkersTold | None] = {}

    async def read(self, asked: Asked) -> Observation:
        """The queue as it is now. PortError where production does not tell of one."""
        told = await self._hosted.look(PRODUCTION)
        queue = told.queue
        if queue is None:
            raise PortError(f"Reading the queue: {told.error or 'production tells of none'}.")
        earlier = self._told_by(asked.t0, told.at, keep=True)
        before = _before(asked) if earlier is None else _figures(earlier)
        oldest = 0.0 if not queue.depth else queue.oldest_s
        readings = (
            Reading(QUEUE_DEPTH, float(queue.depth), before=before.get(QUEUE_DEPTH)),
            Reading(QUEUE_OLDEST, oldest, "s"),
            Reading(
                DEAD_LETTERS,
                float(queue.dead_letters),
                limit=self._dead_when_it_began(asked, told),
                before=before.get(DEAD_LETTERS),
            ),
        )
        return Observation(self.source, told.at, measured_at=told.at, readings=readings)

    def _dead_when_it_began(self, asked: Asked, told: WorkersTold) -> float:
        begun = self._told_by(asked.start + _SETTLES_S, told.at, keep=asked.since is None)
        if begun is not None:
            return _figures(begun)[DEAD_LETTERS]
        known = _named(asked.known, DEAD_LETTERS)
        if asked.known is not None and known is not None:
            dead = known.value if asked.known.at < asked.start else known.limit
            if dead is not None:
                return dead
        return _figures(self._hosted.heard[0])[DEAD_LETTERS]

    def _told_by(self, until: float, now: float, *, keep: bool) -> WorkersTold | None:
        """The newest answer from before ``until``; None where none is known. ``keep``: it may be asked for in days."""
        if until in self._known:
            return self._known[until]
        found = next((one for one in reversed(self._hosted.heard) if one.at < until), None)
        if keep and now >= until:
            self._known[until] = found
        return found


def _figures(told: WorkersTold) -> dict[str, float]:
    queue = told.queue
    return {} if queue is None else {QUEUE_DEPTH: float(queue.depth), DEAD_LETTERS: float(queue.dead_letters)}


def _named(seen: Observation | None, name: str) -> Reading | None:
    return None if seen is None else next((one for one in seen.readings if one.name == name), None)


def _before(asked: Asked) -> dict[str, float]:
    """What was before the switch, as an earlier session of the run told it."""
    told = () if asked.known is None else asked.known.readings
    return {one.name: one.before for one in told if one.before is not None}
