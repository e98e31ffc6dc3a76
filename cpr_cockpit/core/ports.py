"""What the engine needs of the outside world, as Protocols; adapters implement them, tests stand in for them.

Times are epoch seconds, UTC. Every method that changes something is sent once: what came of a lost answer is
found out by reading, never by sending again (``never swap twice``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cpr_cockpit.core.blocks import BlockQuestion
from cpr_cockpit.core.flags import FlagFacts, FlagLook
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.rights import Permission
from cpr_cockpit.core.signals import Observation, Source

PRODUCTION = "production"


class PortError(Exception):
    """A call to the outside world that did not do what was asked.

    ``what`` happened, what was ``unchanged``, what to do ``next``: three short sentences for a tired person.
    ``ambiguous`` is true when the call may have taken effect all the same (no answer, or an answer 5xx).
    ``code`` is the service's own error code where it gave one, ``status`` the HTTP status. ``again``: the service asks
    for the same once more, which is sent only where it is seen that nothing came of the first.
    """

    def __init__(
        self,
        what: str,
        *,
        unchanged: str = "Nothing was changed.",
        next_step: str = "",
        ambiguous: bool = False,
        code: str = "",
        status: int | None = None,
        again: bool = False,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.unchanged = unchanged
        self.next_step = next_step
        self.ambiguous = ambiguous
        self.code = code
        self.status = status
        self.again = again

    def words(self) -> str:
        """The three sentences as one line."""
        return " ".join(part for part in (self.what, self.unchanged, self.next_step) if part)


class Clock(Protocol):
    """Time, so that tests can run a window of 15 minutes in milliseconds."""

    def now(self) -> float:
        """Epoch seconds, UTC."""

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """One slot as Resource Manager tells it (``state``: Running or Stopped; ``availability``: Normal, ...)."""

    name: str
    host: str
    state: str
    availability: str = "Normal"


@dataclass(frozen=True, slots=True)
class SwapStatus:
    """What Resource Manager says of swaps: the one in flight, the last successful one, a pending preview.

    ``pending_preview``: the slot that it leads to; ``preview_on``: the one that it shows on, which has its settings.
    """

    in_flight: str | None = None
    last_at: str | None = None
    last_source: str | None = None
    last_destination: str | None = None
    pending_preview: str | None = None
    preview_on: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A long-running operation that was accepted; ``operation`` is the URL or id to follow, "" if none was given."""

    operation: str


@dataclass(frozen=True, slots=True)
class OperationState:
    """``state``: running, succeeded, failed, or unknown (the operation cannot be found: decide by observation).

    Of one that failed: ``next_step``, what to do; ``again``, as in `PortError`.
    """

    state: str
    words: str = ""
    retry_after_s: float | None = None
    next_step: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """One request as the plan prints it; ``body`` is JSON text or a description of the bytes."""

    method: str
    url: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """What a pipeline ran on and made: the commit, and its artifact's SHA-256 (hex); "" where it does not tell."""

    commit: str
    sha256: str


class Pipeline(Protocol):
    """The team's own pipeline, which deploys the new version to the slot. ``run`` marks what this run has started."""

    async def start(self, run: str, slot: str, version: str) -> Accepted:
        """Start it, once; ``operation`` "" where the answer did not name what was started."""

    async def find(self, run: str) -> str:
        """The newest operation that this run has started; "": none is to be seen."""

    async def look(self, operation: str) -> OperationState:
        """One look at an operation."""

    async def built(self, operation: str) -> Built:
        """What an operation ran on and made."""

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send."""


class WebApps(Protocol):
    """App Service: one pinned app and its slots."""

    async def slots(self) -> tuple[SlotFacts, ...]:
        """Production first, then every slot."""

    async def swap_status(self) -> SwapStatus:
        """Read afresh; never from a cache."""

    async def shares(self) -> Mapping[str, float]:
        """Percentage of production's new sessions that each slot gets; without those that get none."""

    async def differences(self, slot: str) -> tuple[str, ...]:
        """In what ``slot`` differs from production for those routed to it, by name (``app setting X``); no value."""

    async def signing_in(self, slot: str) -> tuple[str, ...]:
        """Which of production and ``slot`` have a sign-in of the platform's, which no preview of a swap goes with."""

    async def create_slot(self, slot: str) -> Accepted:
        """Create a slot like production; sent once."""

    async def route(self, slot: str, percent: float) -> Accepted:
        """Send that percentage of production's new sessions to ``slot``, 0: none; other slots' shares stay. Sent once.

        Whoever holds a routing cookie keeps its slot, for an hour on Azure.
        """

    async def swap(self, slot: str) -> Accepted:
        """Swap ``slot`` with production; sent once. PortError.ambiguous when the answer was lost or is a 5xx."""

    async def preview(self, slot: str) -> Accepted:
        """Run ``slot`` with production's settings, as the first half of a swap that `swap` completes; sent once."""

    async def reset_preview(self, slot: str) -> Accepted:
        """Give ``slot`` its own settings back: no swap is prepared any more; sent once."""

    async def operation(self, operation: str) -> OperationState:
        """One look at an accepted operation; a vanished one is ``unknown``, never success."""

    async def instances(self, slot: str) -> tuple[str, ...]:
        """Names of the instances that run ``slot`` (``production`` for the app itself)."""

    async def deploy(self, slot: str, package: Path) -> Accepted:
        """Start a zip deployment to ``slot``; sent once; ``operation`` is the deployment's id."""

    async def deployment(self, slot: str, operation: str) -> OperationState:
        """One look at a zip deployment by its id; with an empty id, at the newest one of the slot."""

    async def content(self, slot: str, destination: Path) -> None:
        """Save what ``slot`` serves as a zip at ``destination`` (written beside and renamed)."""

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send, with pinned ids; sends nothing."""


class Rights(Protocol):
    """What this sign-in may do at the app."""

    async def granted(self) -> tuple[Permission, ...]:
        """Read afresh. PortError; status 401 or 403 where signing in or reading is not allowed any more."""

    async def warm(self) -> float | None:
        """Have a token of every service that the way back needs; seconds for which the first to end is good.

        None where that is not known. PortError where signing in fails.
        """


@dataclass(frozen=True, slots=True)
class Sighting:
    """One answer of the application's health address over a fresh connection.

    ``version``, ``instance`` and ``commit`` (what the version was built from) are None where the answer did not tell;
    ``status`` None: no answer (``error``: why).
    """

    at: float
    status: int | None
    version: str | None
    instance: str | None
    ms: float
    error: str = ""
    commit: str | None = None

    @property
    def ok(self) -> bool:
        """The application answered 200 and told its version."""
        return self.status == 200 and self.version is not None


@dataclass(frozen=True, slots=True)
class SmokeResult:
    """One smoke test: what was asked, whether it held, what was seen."""

    name: str
    passed: bool
    words: str
    ms: float


class Probe(Protocol):
    """The application itself, asked over HTTP with the cockpit's own header (excluded from user figures)."""

    async def look(self, slot: str, *, by_cookie: bool = False, as_new: bool = False) -> Sighting:
        """One health request over a fresh connection; never raises for what the application does.

        Production is asked with its own routing cookie, so that no share of the traffic sends the look to another slot;
        ``as_new``: without one, as a new session comes. ``by_cookie``: ask the production host with the routing cookie
        of ``slot`` instead of the slot's own host.
        """

    async def smoke(self, slot: str) -> tuple[SmokeResult, ...]:
        """The configured smoke tests against ``slot``'s own host."""

    async def warm(self, slot: str, times: int) -> tuple[float, ...]:
        """Ask the slot's pages ``times`` times; milliseconds of each answer below 500."""

    async def flag(self, slot: str, name: str) -> FlagLook:
        """What the instance that answers says of a feature flag; the request is what makes it ask its store again."""

    async def second_host(self) -> bool:
        """Whether another host than the application answers at all: tells a dead network from a dead application."""

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send."""


class FeatureFlags(Protocol):
    """The store of the feature flags that the application reads."""

    async def read(self, name: str) -> FlagFacts:
        """The flag as it is now; one that does not exist is told as such. PortError where the store cannot be read."""

    async def write(self, name: str, *, enabled: bool, percent: float | None, etag: str) -> Accepted:
        """Set it on or off, and its share of the users (None: as it is), while it still is what ``etag`` names.

        Sent once; other filters and members stay. PortError: 412 where somebody changed it meanwhile, 409 where it is
        locked, 404 where it does not exist.
        """

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send."""


class Telemetry(Protocol):
    """Application Insights' requests of users (own probes and warm-up excluded)."""

    async def requests(
        self,
        *,
        start: float,
        end: float,
        bin_s: float,
        versions: Sequence[str],
        blocks: BlockQuestion | None = None,
        flag: str = "",
    ) -> Observation:
        """Bins of ``bin_s`` seconds aligned to ``start`` and one row for the whole time, per version.

        With ``blocks`` also those, of every version in ``versions``, up to the newest row: one without rows has 0
        requests. ``flag``: each version is told apart by what that flag was for the request, under the names that
        `core.feature_flag.arm` gives, and ``versions`` are such names. PortError when nothing could be
        read; a partial result is in ``Observation.partial``.
        """

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send."""


class UserCount(Protocol):
    """How many users a share of the traffic has reached: each of them keeps a routing cookie."""

    async def users(self, *, version: str, since: float, until: float) -> int | None:
        """Distinct users that ``version`` has served in that time; None where no request tells its user. PortError."""


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What the logs tell of themselves: users' ``rows`` in the asked time and the ``requests`` that they stand for.

    ``newest``: event time of the newest row; ``lag_p95``: seconds from event to arrival; None: no row. ``stopped_at``:
    when the workspace took no more rows in (daily cap), None: it takes them, or ``cap_known`` is false (nothing tells).
    """

    rows: int
    requests: float
    newest: float | None
    lag_p95: float | None
    stopped_at: float | None = None
    cap_known: bool = False


@dataclass(frozen=True, slots=True)
class Arrived:
    """Rows of one version, synthetic ones included; ``newest``: event time; ``lag_p95``: seconds."""

    version: str
    rows: int
    newest: float
    lag_p95: float | None


STRETCH_S = 300.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Users' rows of one stretch of `STRETCH_S` seconds from ``start``; ``oldest``: event time of the first."""

    start: float
    rows: int
    oldest: float


class Premises(Protocol):
    """What must hold of the logs for a verdict to be possible."""

    async def facts(self, *, since: float) -> LogFacts:
        """Users' rows since then, and whether the workspace takes rows in. PortError where nothing could be read."""

    async def arrived(self, *, since: float) -> tuple[Arrived, ...]:
        """Which versions' rows came with event times since then, users' and our own probes' alike. PortError."""

    async def by_hour(self, *, since: float) -> tuple[Stretch, ...]:
        """Users' rows by stretches of `STRETCH_S` since then; those without any are left out. PortError."""

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send."""


class Metrics(Protocol):
    """Platform metrics of the production slot (what the front end counted)."""

    async def platform(self, *, start: float, end: float, granularity_s: float) -> Observation:
        """Requests and 5xx per point since ``start``; a missing point is no data, not zero."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader is asked at ``now``: the run as it stands. ``scale``: f of a short window (1 at full length).

    What was before is always what was before ``t0``. ``since``: after GO, where the newest stretch begins, of which
    alone everything else is told; None: all since T0. ``window_s``: how long that is at most. ``known``: what the
    reader told last, in an earlier session perhaps, as the journal holds it; None: nothing.
    """

    now: float
    t0: float
    old_version: str
    new_version: str
    window_s: float
    scale: float
    since: float | None = None
    known: Observation | None = None

    @property
    def start(self) -> float:
        """Where that begins which is told as the new version's: ``since``, else T0."""
        return self.t0 if self.since is None else self.since


class Reader(Protocol):
    """A further source of the watch, which shows it and may warn; only the judge's own rules decide.

    ``poll_s``: seconds between two readings in a window of full length; ``timeout_s``: a reading that takes longer is
    given up and told as an error. ``name`` is "" where a source has one reader.
    """

    @property
    def source(self) -> Source:
        """Which source it reads."""

    @property
    def name(self) -> str:
        """Which of several readers of that source."""

    @property
    def poll_s(self) -> float:
        """Seconds between readings."""

    @property
    def timeout_s(self) -> float:
        """Seconds that one reading may take."""

    async def read(self, asked: Asked) -> Observation:
        """One reading of all that the source tells since `Asked.start`. PortError where nothing could be read."""
