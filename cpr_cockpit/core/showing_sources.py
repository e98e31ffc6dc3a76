"""The sources of a Run, each as it stands: what it told last, how old that may become, its last trouble.

Where the judge speaks, the ages of what it needs are its own; everything else is what the Run has heard, and of our own
probes the newest look. Nothing here walks the journal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from cpr_cockpit.core.afterwards import SLOT_S
from cpr_cockpit.core.custom_spec import SignalSpec
from cpr_cockpit.core.heard import Heard, Key
from cpr_cockpit.core.noticing import Channel
from cpr_cockpit.core.ports import Sighting
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.showing import Stage
from cpr_cockpit.core.showing_further import slowest_poll_s, stale_after
from cpr_cockpit.core.signals import Source, staleness_limit
from cpr_cockpit.core.source_row import SourceRow
from cpr_cockpit.core.verdict import VerdictKind

_ALWAYS = (Source.LOGS, Source.PLATFORM, Source.PROBES_PRODUCTION, Source.PROBES_SLOT)
_NAMES = {
    Source.PROBES_PRODUCTION: "probes production",
    Source.PROBES_SLOT: "probes slot",
    Source.LOG_STREAM: "log stream",
}
_JUDGED_PHASES = (Phase.DEPLOYING, Phase.WINDOW, Phase.KEEPING)


def sources(run: Run, stage: Stage) -> tuple[SourceRow, ...]:
    """A row for each source: those of every run, the further ones that were heard of, the team's own signals."""
    specs, newest = _specs(run), _newest_told(stage)
    asked = (_row(run, stage, key, specs.get(key[1]), newest) for key in _keys(run, specs))
    return (*asked, *(_channel(run, one) for one in run.notices.channels.values()))


def _channel(run: Run, one: Channel) -> SourceRow:
    """A channel in which people are told: nothing comes from it, and that it failed is shown beside what does."""
    return SourceRow(
        key=f"notify: {one.name}",
        name=f"notify {one.name}",
        asked=run.ended is None,
        asked_at=one.tried_at,
        answered_at=one.sent_at,
        trouble=one.trouble,
        trouble_at=one.trouble_at,
    )


def _specs(run: Run) -> dict[str, SignalSpec]:
    found = {}
    for body in run.opened.signals if run.opened is not None else ():
        # One that this program cannot read is shown once it was heard of, as a source that nobody judges.
        with suppress(ValueError):
            spec = SignalSpec.from_dict(body)
            found[spec.name] = spec
    return found


def _keys(run: Run, specs: dict[str, SignalSpec]) -> Iterator[Key]:
    """In an order that stays: as the sources are named, the signals as they are configured."""
    for source in Source:
        if source in _ALWAYS or (source.value, "") in run.heard:
            yield source.value, ""
    yield from ((Source.CUSTOM.value, name) for name in specs)
    yield from (key for key in run.heard if key[0] == Source.CUSTOM and key[1] and key[1] not in specs)


def _newest_told(stage: Stage) -> dict[str, float]:
    """Event time of the newest figure of each further source: after GO readings come that are not recorded."""
    found: dict[str, float] = {}
    for figure in stage.verdict.figures if stage.verdict is not None else ():
        label, colon, _ = figure.name.partition(": ")
        if stage.verdict is not None and colon and figure.age_s is not None:
            found[label] = max(stage.verdict.at - figure.age_s, found.get(label, 0.0))
    return found


def _row(run: Run, stage: Stage, key: Key, spec: SignalSpec | None, told: dict[str, float]) -> SourceRow:
    source = Source(key[0])
    heard = _with_look(run.heard.get(key), _look(source, stage))
    newest: float | None
    limit: float | None
    if source in _ALWAYS:
        newest, limit = _judged(run, stage, source, heard)
    else:
        later = told.get(" ".join(part for part in key if part))
        newest = max((at for at in (heard.newest, later) if at is not None), default=None)
        limit = _further_limit(stage, source, spec, heard, newest)
    return SourceRow(
        key=": ".join(part for part in key if part),
        name=f"signal {key[1]}" if source is Source.CUSTOM else _NAMES.get(source, source.value),
        asked=run.judged_since is not None and run.ended is None,
        since=run.judged_since,
        newest=newest,
        stale_after_s=limit,
        lag_s=heard.lag_s,
        asked_at=heard.asked_at,
        answered_at=heard.answered_at,
        trouble=heard.trouble,
        trouble_at=heard.trouble_at,
        recovered_at=heard.recovered_at,
    )


# -- our own probes ----------------------------------------------------------------------------------------------------


def _look(source: Source, stage: Stage) -> Sighting | None:
    return {Source.PROBES_PRODUCTION: stage.production_look, Source.PROBES_SLOT: stage.slot_look}.get(source)


def _with_look(heard: Heard | None, look: Sighting | None) -> Heard:
    """What was recorded, and the newest look, which is not recorded yet."""
    copy = Heard() if heard is None else replace(heard)
    if look is not None:
        status = "no answer" if look.status is None else f"answered {look.status}"
        words = "" if look.ok else look.error or (status if look.status != 200 else "it tells no version")
        copy.look(look.at, words, answered=look.status is not None)
    return copy


# -- how old a datum is, and may become --------------------------------------------------------------------------------


def _judged(run: Run, stage: Stage, source: Source, heard: Heard) -> tuple[float | None, float]:
    """Newest datum and limit of a source that every run has, as the judge has them while it speaks."""
    verdict, name = stage.verdict, f"{source.value} age"
    figure = next((one for one in verdict.figures if one.name == name), None) if verdict is not None else None
    if verdict is None or figure is None or figure.limit is None:
        return heard.newest, _limit(run, stage, source, heard)
    # Its last word stays as it was said, and on the way back nobody waits for the new version's users.
    if verdict.kind is VerdictKind.ROLLBACK or run.phase not in _JUDGED_PHASES:
        return heard.newest, figure.limit
    return None if figure.age_s is None else verdict.at - figure.age_s, figure.limit


def _limit(run: Run, stage: Stage, source: Source, heard: Heard) -> float:
    """The limit as the judge makes it, where it does not say it."""
    policy = stage.policy
    declared = {
        Source.LOGS: run.opened.declared_delay_s if run.opened is not None else 0.0,
        Source.PLATFORM: policy.platform_delay_s,
    }
    polls = {Source.LOGS: policy.poll_logs_s, Source.PLATFORM: policy.poll_platform_s}
    poll_s = polls.get(source, policy.poll_probes_s)
    if run.phase is Phase.KEEPING and source is Source.PROBES_SLOT:
        poll_s = max(policy.poll_floor_s, SLOT_S * policy.scale)
    return staleness_limit(poll_s, declared.get(source, 0.0) if heard.lag_s is None else heard.lag_s)


def _further_limit(
    stage: Stage, source: Source, spec: SignalSpec | None, heard: Heard, newest: float | None
) -> float | None:
    """How old the newest datum of a further source may become; of a signal it is what the judge allows."""
    if spec is not None:
        poll_s = max(stage.policy.poll_floor_s, spec.every_s * stage.policy.scale)
        poll_s = poll_s if stage.later is None else max(poll_s, slowest_poll_s(stage))
        return staleness_limit(poll_s, spec.delay_s if heard.lag_s is None else heard.lag_s)
    # No exception is good news, and what has answered that it has no rows has nothing that could be old.
    nothing = newest is None and heard.answered_at is not None
    return None if source is Source.EXCEPTIONS or nothing else stale_after(stage)
