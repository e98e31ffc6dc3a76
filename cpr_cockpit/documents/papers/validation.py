"""Production validation: smoke tests, performance beside its targets, monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.tally import reading
from cpr_cockpit.core.verdict import percent
from cpr_cockpit.documents.papers.ending import switched
from cpr_cockpit.documents.papers.figures import (
    Compared,
    health_path,
    latencies,
    limit,
    new_version,
    old_version,
    rate_before,
    rate_missed,
    served,
    served_again,
)
from cpr_cockpit.documents.papers.marks import Marks
from cpr_cockpit.documents.papers.text import (
    NOT_MEASURED,
    bullet,
    clock,
    field,
    heading,
    ms,
    paragraph,
    point,
    share,
    table,
)

# The procedure's five lines, and the items of its production validation that they sum up.
CHECKS = (
    ("Health checks", ("production-health.health",)),
    ("Authentication", ("production-critical-path.login",)),
    ("API endpoints", ("extended-functional.endpoints",)),
    ("UI rendering", ("extended-functional.ui",)),
    ("Critical journeys", ("production-journeys.critical-journeys",)),
)


def validation(run: Run, marks: Marks) -> list[str]:
    """The three parts, and in one line what they come to."""
    return [
        *heading(2, "Production Validation"),
        field("Validation Results", _result(run, marks)),
        "",
        *heading(3, "Smoke Tests"),
        *_smoke(run, marks),
        *_journeys(run),
        *heading(3, "Performance Metrics"),
        *_performance(run),
        *heading(3, "Monitoring"),
        *_monitoring(run),
    ]


def _result(run: Run, marks: Marks) -> str:
    if not switched(run):
        return f"not applicable: production was not seen to serve {new_version(run)}"
    said = [marks.passed(*keys) for _, keys in CHECKS]
    missed = [one.missed for one in latencies(run)] + [rate_missed(run)]
    return (
        f"{said.count(True)} of {len(said)} checks in production passed, {said.count(False)} failed, "
        f"{said.count(None)} not carried out or not signed; "
        f"{missed.count(False)} of {len(missed)} targets met, {missed.count(True)} missed, "
        f"{missed.count(None)} not measured; last verdict {run.verdict.kind if run.verdict else 'none'}"
    )


# -- smoke tests -------------------------------------------------------------------------------------------------------


def _smoke(run: Run, marks: Marks) -> list[str]:
    row = run.row("smoke", "forward")
    lines: list[str] = []
    if row is None:
        lines += paragraph("Smoke tests on the slot: not run.")
    else:
        slot = run.plan.slot if run.plan else "not known"
        result = row.result or "no outcome"
        lines += paragraph(f"On slot {slot} before the switch, at {clock(row.ended_at)}: {result}, {row.words}")
        if row.facts:
            lines += table(("Test", "Result and what was seen"), sorted(row.facts.items()))
    lines += paragraph(f"In production, {new_version(run)}:")
    lines += [bullet(name, words) for name, words in _checks(run, marks)]
    return [*lines, ""]


def _journeys(run: Run) -> list[str]:
    """The newest walk of each journey at each place; how many there were in production."""
    seen = run.journeys
    if not seen.newest:
        return []
    rows = [
        (
            one.name,
            f"{one.place} of {one.app}" if one.app else one.place,
            f"{one.account}{', critical' if one.critical else ''}",
            one.walked,
            f"{one.words}, {ms(one.ms)}",
            clock(one.ended_at),
        )
        for one in seen.newest.values()
    ]
    lines = table(("Journey", "Where", "With", "Result", "What was seen", "At"), rows)
    lines += [point(f"{one.name}: artifacts in {one.artifacts}") for one in seen.newest.values() if one.artifacts]
    return [*heading(3, "Journeys"), *paragraph(f"Walked {seen.count} times in production."), *lines, ""]


def _checks(run: Run, marks: Marks) -> Iterator[tuple[str, str]]:
    for name, keys in CHECKS:
        if not switched(run):
            yield name, f"not applicable: users were not served by {new_version(run)}"
            continue
        passed = marks.passed(*keys)
        word = NOT_MEASURED if passed is None else "PASS" if passed else "FAIL"
        said = "; ".join(marks.item(key) for key in keys)
        extra = f"; {_health(run)}" if name == "Health checks" else ""
        yield name, f"{word} ({said}){extra}"


def _health(run: Run) -> str:
    probes = run.tally.forward
    if not probes.count:
        return "no probe of production is in the journal"
    return f"own probes of GET {health_path(run)}: {probes.ok} of {probes.count} well"


# -- performance -------------------------------------------------------------------------------------------------------


def _since(run: Run) -> str:
    """From when on the requests are counted, and which."""
    if run.t0 is None and run.flag_at is not None and run.plan is not None:
        return f"with the flag {run.plan.flag} on, the last share from {clock(run.flag_at)} on"
    return f"since the switch at {clock(run.t0 if run.t0 is not None else run.switched_at)}"


def _performance(run: Run) -> list[str]:
    now = served(run, new_version(run))
    if now is None:
        since = f"No figures of {new_version(run)}: "
        since += "no request of it is in the journal." if switched(run) else "users were not served by it."
    else:
        window = limit(run, "window_s")
        since = (
            f"Users' requests to {new_version(run)} {_since(run)}, read at {clock(now.read_at)}, "
            f"n = {now.requests:,}; critical window {window:g} s."
        )
    lines = paragraph(since)
    lines += [bullet(f"API {one.name}", _latency(one)) for one in latencies(run)]
    lines.append(bullet("UI load time", f"{NOT_MEASURED} (target: < 2 s; the eleven principles: < 1 s)"))
    lines.append(bullet("Error rate", _rate(run)))
    again = served_again(run)
    if again is not None:
        since = "since the flag was proven off" if run.went_dark else "whole bins after the switch back"
        words = f"{share(again.failures, again.requests)} requests failed ({since})"
        served_by = new_version(run) if run.went_dark else old_version(run)
        lines.append(bullet(f"Error rate of {served_by} after the rollback", words))
    elif run.switched_back_at is not None:
        words = f"{NOT_MEASURED}: the run ended before a whole bin of it"
        lines.append(bullet(f"Error rate of {old_version(run)} after the rollback", words))
    return [*lines, ""]


def _latency(one: Compared) -> str:
    target = f"target: < {one.target:g} ms; before the switch {ms(one.before)}"
    return f"{ms(one.value)} ({target}){_judged(one.missed)}"


def _rate(run: Run) -> str:
    now, before, missed = served(run, new_version(run)), rate_before(run), rate_missed(run)
    words = NOT_MEASURED if now is None else share(now.failures, now.requests)
    was = NOT_MEASURED if before is None else percent(before)
    target = f"target: < {percent(limit(run, 'target_error_rate'))}; before the switch {was}"
    return f"{words} ({target}){_judged(missed)}"


def _judged(missed: bool | None) -> str:
    return "" if missed is None else ": TARGET MISSED" if missed else ": within the target"


# -- monitoring --------------------------------------------------------------------------------------------------------


def _monitoring(run: Run) -> list[str]:
    lines = [
        bullet("Application logs", _requests(run)),
        bullet("Error tracking", f"exceptions and new error patterns {NOT_MEASURED} by the cockpit in this version"),
        bullet("Performance dashboard", _verdict(run)),
        bullet("Infrastructure metrics", infrastructure(run)),
        bullet("Front end (platform)", _platform(run)),
    ]
    return [*lines, *_troubles(run), ""]


def _requests(run: Run) -> str:
    body = run.readings.get(Source.LOGS.value)
    if body is None:
        return f"{NOT_MEASURED}: no readable answer of the logs is in the journal"
    seen = served(run, new_version(run))
    counted = share(seen.failures, seen.requests) + " requests failed" if seen else "no request was told of"
    return f"requests read, log messages not scanned: {counted}"


def _verdict(run: Run) -> str:
    if run.verdict is None:
        return f"{NOT_MEASURED}: no verdict was given"
    return f"last verdict {run.verdict.kind} at {clock(run.verdict_at)}: {run.verdict.sentence}"


def infrastructure(run: Run) -> str:
    """CPU and memory of the plan, as last read and at their highest."""
    limits = {"CPU": "warning_cpu_percent", "memory": "warning_memory_percent"}
    said = []
    for name, warning in limits.items():
        load = run.tally.load.get(name)
        if load is None:
            said.append(f"{name} {NOT_MEASURED}")
        else:
            above = ", above the warning" if load.peak > limit(run, warning) else ""
            said.append(f"{name} {load.last:.0f} % at {clock(load.at)}, highest {load.peak:.0f} %{above}")
    return "; ".join(said)


def _platform(run: Run) -> str:
    body = run.readings.get(Source.PLATFORM.value)
    seen = reading(body) if body is not None else None
    if seen is None or not seen.bins:
        return NOT_MEASURED
    since = clock(min(row.start for row in seen.bins))
    return f"{share(seen.failures, seen.requests)} requests answered 5xx from {since} on, counted by the platform"


def _troubles(run: Run) -> list[str]:
    """Sources whose last answer could not be used."""
    lines = []
    for source, body in sorted(run.observations.items()):
        why = body.get("error") or body.get("partial")
        if why:
            lines.append(point(f"Source {source}: its last answer at {clock(_at(body.get('at')))} was not used: {why}"))
    return lines


def _at(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
