"""One change on its way: what has been sent and answered, and how long the executor looks before it believes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.plan import FLAGGING, Step
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.engine.acts import Change, Reading, State

# Answers that say "not now" rather than "never": the change may be sent again once the state has been read.
NOT_NOW = frozenset({409, 429, 503})
# Answers that say that signing in or a right is missing: who asks again is told the same.
MAY_NOT = frozenset({401, 403})
# A write of a flag takes effect at once or never; nothing restarts. And how long a rollback waits for the store to tell
# what became of one that was on its way: every write is conditional, so what comes later than the next one is refused.
FLAG_CALM_S, FLAG_REST_S = 5.0, 15.0
# How long the answer of a request that was left to itself is waited for; and the least time that a look is given.
ANSWER_S, LOOK_S = 60.0, 1.0
# The fact of an outcome that says that it was left under way, for others that wait.
MADE_WAY = "made_way"
# The answer to a conditional change: somebody else was first.
CHANGED = 412
# The longest pause between two tries of a change that is told "not now"; seconds.
PAUSE_MOST_S = 30.0


def not_now(error: PortError) -> bool:
    """Whether the service's own word is that it does not do it now, and may do it later."""
    return not error.ambiguous and (error.status in NOT_NOW or error.again)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the executor looks before it believes; seconds.

    ``calm_s``: how long "not done and nothing under way" must hold before a change counts as without effect.
    ``start_s``: how long an application may take to serve what was laid down. ``attempts``: how often one change is
    sent at most, each time after the state has been read anew. ``refused_s``: how long "not now" is believed of a swap
    back that has rungs below it: users meet the bad version meanwhile.
    """

    poll_s: float = 0.25
    calm_s: float = 3.0
    start_s: float = 180.0
    attempts: int = 3
    refused_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Turn:
    """When a change makes way for others that wait, and comes back to it later by what is seen then.

    ``unread_at``: from then on, where it was not sent and its state cannot be read; ``under_way_at``: while anything is
    under way, or what was sent cannot be read (epoch seconds; None: never). ``called``: whether it must at once.
    """

    unread_at: float | None = None
    under_way_at: float | None = None
    called: Callable[[], bool] = lambda: False

    def over(self, now: float, *, unsent: bool) -> bool:
        """Whether that is so; ``unsent``: nothing of it was sent, and nothing can be read."""
        at = self.unread_at if unsent else self.under_way_at
        return self.called() or (at is not None and now >= at)


@dataclass(slots=True)
class Pursuit:
    """One change on its way: what has been sent, and what was answered.

    ``put_off``: how often in a row the answer was "not now". ``laid_down``: the operation's own word is that it
    succeeded, so that only the application's start is awaited. ``last``: nothing is sent any more, so that an operation
    whose id was lost is taken for ours. ``told``: that a right is missing was told. ``arrived``: a request of it may
    have reached the service; ``accepted``: it took the newest one. ``turn``: how long others wait for it; ``left``: it
    makes way for them.
    """

    way: ev.Way
    step: Step
    change: Change
    attempt: int
    sent: bool
    operation: str
    deadline: float
    refusal: PortError | None = None
    put_off: int = 0
    refused_at: float | None = None
    laid_down: bool = False
    last: bool = False
    turn: Turn = field(default_factory=Turn)
    left: bool = False
    told: bool = False
    arrived: bool = False
    accepted: bool = False

    def remaining_s(self, now: float) -> float:
        """Seconds until the deadline, enough for one look."""
        return max(LOOK_S, self.deadline - now)

    def why_failed(self, reading: Reading, patience: Patience) -> Reading:
        """The reading with the reason why the change is given up."""
        reason = self.refusal.words() if self.refusal else f"sent {self.attempt} times without effect."
        if self.left:
            reason = "left as it is, for others wait; it is looked at again after them."
        elif reading.state is State.IN_FLIGHT:
            reason = f"still under way after {self.step.timeout_s:.0f} s."
        elif self.laid_down:
            version, start_s = self.step.act.version, patience.start_s
            reason = f"the platform says that it succeeded, but {version} did not come up within {start_s:.0f} s."
        return Reading(reading.state, f"{reason} Now {reading.words}.", reading.facts)

    def put_off_by(self, error: PortError) -> bool:
        """Whether that is "not now"; on the way back so is a service that fails or cannot be reached."""
        failing = self.way == "back" and (error.ambiguous or error.status is None)
        return failing or not_now(error)

    @property
    def refused_for_good(self) -> bool:
        """Whether the service said no, and neither "not now" nor "once more"."""
        refusal = self.refusal
        if refusal is None or refusal.status is None or refusal.ambiguous:
            return False
        return not self.put_off and not refusal.again


def by_others(reading: Reading) -> Reading:
    """What is seen as done, and was not done by this run."""
    return Reading(reading.state, f"done outside this run: {reading.words}", reading.facts | {"outside": "yes"})


def why_left(reading: Reading) -> str:
    """What is known of a change that a rollback waits for no longer, by its last reading."""
    if reading.state is State.IN_FLIGHT:
        return "left under way for the rollback"
    if reading.state is State.REFUSED and not reading.facts:
        return "left for the rollback, perhaps under way"
    return "given up for the rollback, without effect"


def calm_needed(pursuit: Pursuit, patience: Patience, since: float, *, other_way: bool) -> float:
    """Seconds, from ``since``, for which nothing may be under way before it is sent again or counts as without effect.

    ``other_way``: there are rungs below, so that the last try comes when the patience with refusals ends, not later.
    """
    refusal = pursuit.refusal
    if refusal is not None and refusal.status == CHANGED and not refusal.ambiguous:
        # It was conditional and had no effect, for certain.
        return 0.0
    calm_s = min(patience.calm_s, FLAG_CALM_S) if pursuit.step.act.kind in FLAGGING else patience.calm_s
    if not pursuit.put_off:
        return patience.start_s if pursuit.laid_down else calm_s
    pause_s = float(min(PAUSE_MOST_S, calm_s * 2 ** (pursuit.put_off - 1)))
    if not other_way or pursuit.refused_at is None:
        return pause_s
    return min(pause_s, max(calm_s, patience.refused_s - (since - pursuit.refused_at)))
