"""The judge: a stream of observations in, one verdict with its reason out.

Pure: it has no clock and asks nobody. `Judge.verdict` may be asked at any time; what it answers depends only on what it
was told and on ``now``. Missing data is never healthy: without it there is no GO. ROLLBACK is sticky; its figures go
on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cpr_cockpit.core.block_queue import BlockQueue
from cpr_cockpit.core.custom import CustomSignals, SignalSpec
from cpr_cockpit.core.dead_letters import dead_letters_rose
from cpr_cockpit.core.decision import incomplete_or_thin, keep_words, pending, slower, stale
from cpr_cockpit.core.doubt import Doubt
from cpr_cockpit.core.early import EarlyTests
from cpr_cockpit.core.early_latency import tempered
from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.figures import figures, warnings
from cpr_cockpit.core.own_steps import Walk
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Baseline, Observation, Source
from cpr_cockpit.core.silence import ceased, cross_checked
from cpr_cockpit.core.synthetic import SYNTHETIC, in_place_of_users, synthetic_words
from cpr_cockpit.core.targets import no_history, target_missed
from cpr_cockpit.core.triggers import Finding, degradation, error_rate, unavailable
from cpr_cockpit.core.verdict import HoldCause, PersonTrigger, Verdict, VerdictKind, clock_time

_Decided = tuple[VerdictKind, HoldCause | None, str | None, str]
"""Kind, cause, rule, sentence."""
PRODUCTION_SOURCES = (Source.LOGS, Source.PLATFORM, Source.PROBES_PRODUCTION)


class Judge:
    """Judges one release in one window.

    ``policy``: already scaled to the window. ``declared_delay_s``: ingestion delay of the logs until one is measured.
    ``sources``: those that are configured; GO needs all of them that are about production and fine enough for the
    window, so leave out what does not exist. ``early`` False: the written triggers alone. ``share``: the new version's
    share of the traffic, None where nobody knows it (sessions keep their slot when a rule changes). ``control``: the
    old version serves users beside the new one, on the same settings, so that what both suffer is no fault of the
    release; ``beside``: what those users are called. ``signals``: the team's own. Feed it in the order received:
    `baseline`, `t0`, `observe`.
    """

    def __init__(
        self,
        policy: Policy,
        new_version: str,
        old_version: str,
        declared_delay_s: float,
        *,
        sources: Sequence[Source] = PRODUCTION_SOURCES,
        early: bool = True,
        share: float | None = 1.0,
        control: bool = False,
        beside: str = "the old version",
        signals: Sequence[SignalSpec] = (),
    ) -> None:
        if declared_delay_s < 0:
            raise ValueError(f"judge: the declared delay is not negative, found {declared_delay_s} s")
        self.policy = policy
        self._evidence = Evidence(policy, new_version, old_version, declared_delay_s, tuple(sources), control, beside)
        self._holds: dict[HoldCause, str] = {}
        self._raised: tuple[PersonTrigger, str] | None = None
        self._final: Verdict | None = None
        self._share = share
        self._until = 0.0
        self._custom = CustomSignals(signals, policy)
        self._blocks = BlockQueue() if early else None
        self._early: EarlyTests | None = None

    # -- what it is told ------------------------------------------------------------------------------------------

    def baseline(self, before: Baseline) -> None:
        """Production before the switch. A later one begins the early tests anew."""
        self._evidence.baseline = before
        self._early = None

    def t0(self, at: float) -> None:
        """Traffic was seen to switch to the new version at ``at``; the window begins."""
        self._evidence.begin(at)
        self._custom.begin(at)

    def observe(self, observation: Observation) -> None:
        """One reading. Duplicates and readings out of order change nothing that a newer one said."""
        self._evidence.take(observation)
        self._custom.take(observation)
        if self._blocks is not None and observation.source is Source.LOGS and observation.blocks:
            self._take_blocks(self._blocks, observation)

    def _take_blocks(self, queue: BlockQueue, seen: Observation) -> None:
        evidence, t0 = self._evidence, self._evidence.t0
        state = evidence.state(Source.LOGS)
        if t0 is None or state.received is None or state.future.value or seen.error or seen.partial:
            return
        if self._early is None:
            yardstick = evidence.baseline.yardstick if evidence.baseline else None
            self._early = EarlyTests(self.policy, t0, yardstick, self._share, evidence.beside)
        queue.take(block for block in seen.blocks if block.start >= t0 - 1e-3)
        for versions in queue.complete(state.received - evidence.lag(Source.LOGS)):
            control = versions.get(evidence.old_version) if evidence.control else None
            self._early.add(versions.get(evidence.new_version), control)

    def walked(self, walk: Walk) -> None:
        """A journey was walked in production; of what was begun before T0 nothing is known here."""
        if self._evidence.t0 is not None and walk.began >= self._evidence.t0 - 1e-3:
            self._evidence.steps.take(walk)

    def extend(self, until: float) -> None:
        """A person waits longer: the decision is due at ``until`` (epoch seconds). Nothing else changes."""
        self._until = max(self._until, until)

    def raise_trigger(self, name: str, by: str) -> None:
        """A person says that ``name`` (a `PersonTrigger`) is true. ValueError for any other name."""
        try:
            trigger = PersonTrigger(name.strip().lower().replace("-", " ").replace("_", " "))
        except ValueError:
            allowed = ", ".join(trigger.value for trigger in PersonTrigger)
            raise ValueError(f"judge: no trigger {name!r}; a person can raise: {allowed}") from None
        self._raised = (trigger, by)

    def hold(self, cause: HoldCause, sentence: str) -> None:
        """Something outside the figures needs a person (``foreign``, ``slept``); it stays until `release`."""
        self._holds[cause] = sentence

    def release(self, cause: HoldCause) -> None:
        """A person has looked at that cause; nothing happens where it was not held."""
        self._holds.pop(cause, None)

    def restore(self, verdict: Verdict) -> None:
        """After a restart: a ROLLBACK that was given before stays given; other verdicts are judged afresh."""
        if verdict.kind is VerdictKind.ROLLBACK:
            self._final = verdict

    # -- what it answers ------------------------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """T0 plus the window, or to when it was extended; None before T0."""
        return None if self._evidence.t0 is None else max(self._evidence.t0 + self.policy.window_s, self._until)

    def verdict(self, now: float, *, last: bool = False) -> Verdict:
        """The verdict at ``now``; ``last``: no more data will be awaited, so it is not WAIT."""
        if self._final is not None:
            # What was decided stands; who carries it out still watches the figures.
            return replace(self._final, at=now, figures=figures(self._evidence, now))
        findings = self._findings(now)
        given = self._given(now, findings, last)
        if given.kind is VerdictKind.ROLLBACK:
            self._final = given
        return given

    def _findings(self, now: float) -> tuple[Finding, ...]:
        if self._evidence.t0 is None:
            return ()
        found: tuple[Finding | None, ...] = (
            unavailable(self._evidence, now),
            error_rate(self._evidence),
            degradation(self._evidence),
            ceased(self._evidence) if self._blocks is not None else None,
        )
        early = self._early.findings() if self._early is not None else ()
        if self._early is not None and Source.PROBES_PRODUCTION not in self._evidence.sources:
            found = (self._early.unavailable(), *found)
        written = tuple(finding for finding in found if finding is not None)
        checked = (cross_checked(self._evidence, tempered(self._evidence, finding)) for finding in early)
        return (*written, *(finding for finding in checked if finding is not None), *self._custom.findings(now))

    def _given(self, now: float, findings: Sequence[Finding], last: bool) -> Verdict:
        rising = [finding for finding in findings if finding.kind is VerdictKind.WAIT]
        words = tuple(f"{finding.rule}: {finding.sentence}" for finding in rising)

        def answer(kind: VerdictKind, cause: HoldCause | None, rule: str | None, sentence: str) -> Verdict:
            shown = figures(self._evidence, now)
            return Verdict(kind, cause, rule, sentence, now, shown, words, warnings(self._evidence), self._visible(now))

        if self._raised is not None:
            trigger, by = self._raised
            return answer(VerdictKind.ROLLBACK, None, trigger.value, f"{trigger.value}: raised by {by}")
        for finding in findings:
            if finding.kind is VerdictKind.ROLLBACK:
                return answer(VerdictKind.ROLLBACK, None, finding.rule, finding.sentence)
        for held_cause, sentence in self._holds.items():
            return answer(VerdictKind.HOLD, held_cause, None, sentence)
        held = [finding for finding in findings if finding.kind is VerdictKind.HOLD]
        if self._evidence.t0 is None:
            return answer(VerdictKind.WAIT, None, None, f"production does not serve {self._evidence.new_version} yet")
        doubt = stale(self._evidence, now)
        if doubt is not None and not any(finding.cause is HoldCause.STALE for finding in held):
            return answer(VerdictKind.HOLD, doubt.cause, None, doubt.sentence)
        for finding in held:
            return answer(VerdictKind.HOLD, finding.cause, finding.rule, finding.sentence)
        kind, cause, rule, sentence = self._decide(now, rising, last)
        return answer(kind, cause, rule, sentence)

    def _decide(self, now: float, rising: Sequence[Finding], last: bool) -> _Decided:
        """GO, HOLD or WAIT on data that is fresh and triggers that are silent or only under way."""
        due = None if last else self._due(now)
        doubt = self._doubt(rising)
        if due is None and doubt is not None and doubt.cause is HoldCause.THIN and self.policy.synthetic_go:
            doubt = in_place_of_users(self._evidence, rising, now, self.deadline or now)
            if doubt is None:
                return VerdictKind.GO, None, SYNTHETIC, synthetic_words(self._evidence, now)
        if due is None and doubt is None:
            return VerdictKind.GO, None, None, keep_words(self._evidence, now)
        if due is None and doubt is not None:
            return VerdictKind.HOLD, doubt.cause, None, doubt.sentence
        if doubt is None and self.policy.go_early and self._triggers_had_their_time():
            return VerdictKind.GO, None, None, keep_words(self._evidence, now)
        sentence = "; ".join([keep_words(self._evidence, now), *(finding.sentence for finding in rising)])
        return VerdictKind.WAIT, None, None, f"{sentence}; {due}"

    def _visible(self, now: float) -> str:
        deadline = self.deadline
        if self._early is None or deadline is None or now >= deadline:
            return ""
        return self._early.visible(now, deadline, self._evidence.lag(Source.LOGS))

    def _triggers_had_their_time(self) -> bool:
        """Whether every written trigger could have fired by now: before that its silence means nothing."""
        policy, t0 = self.policy, self._evidence.t0
        needed = policy.bins_beyond(max(policy.error_for_s, policy.degradation_for_s)) * policy.bin_s
        return t0 is not None and self._evidence.seen_until(Source.LOGS) >= t0 + needed

    def _due(self, now: float) -> str | None:
        """Why the decision is not due yet, or None. After the deadline the last seconds' data is awaited."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return f"decision at {clock_time(deadline)}" if deadline is not None else "the window has not begun"
        if self._evidence.required(Source.LOGS) and self._evidence.seen_until(Source.LOGS) < deadline:
            lag = self._evidence.lag(Source.LOGS)
            return f"the decision is due, its last data is on the way (usually {lag:.0f} s late)"
        return None

    def _doubt(self, rising: Sequence[Finding]) -> Doubt | None:
        evidence = self._evidence
        if evidence.new_version == evidence.old_version:
            sentence = f"both arms run {evidence.new_version}: users' figures cannot be told apart"
            return Doubt(HoldCause.UNDECIDABLE, sentence)
        doubt = incomplete_or_thin(evidence) or pending(rising) or target_missed(evidence) or slower(evidence)
        return doubt or dead_letters_rose(evidence) or no_history(evidence)
