"""What ``check`` found, as lines for a person and as one JSON object."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cpr_cockpit.cli.release import Aim, name_of
from cpr_cockpit.core.checklist import items_of
from cpr_cockpit.core.checklists import PRE_DEPLOYMENT
from cpr_cockpit.core.readiness import Contradiction, ReadinessVerdict
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.core.workflow import WORKFLOW, table
from cpr_cockpit.documents.feature import FeatureDocuments

_WIDTH = 118
_PRE = tuple(items_of(PRE_DEPLOYMENT))


@dataclass(frozen=True, slots=True)
class Checked:
    """All that was found. ``troubles``: of the settings; ``aim`` None: no environment was asked about."""

    folder: Path
    gate: ReadinessVerdict
    documents: FeatureDocuments
    file: Path | None
    environments: tuple[str, ...]
    aim: Aim | None
    troubles: tuple[str, ...]
    readings: tuple[Reading, ...]


def _blockers(checked: Checked) -> list[str]:
    """The gate's blockers without those that only repeat a document's problem, which is told with its advice."""
    repeated = {f"{one.source}: {one.unusable}" for one in checked.documents.facts if one.unusable}
    return [one for one in checked.gate.blockers if one not in repeated]


def lines(checked: Checked, *, items: bool, trace: bool) -> Iterator[str]:
    """For a person."""
    gate = checked.gate
    score = "not known" if gate.score is None else f"{gate.score:g} of 100"
    yield f"Gate of {name_of(checked.folder)}: {gate.level}, score {score}"
    for one in checked.documents.problems:
        yield f"  {'blocked' if one.blocks else 'note':<10} {one.words()}"
    yield from (f"  {'blocked':<10} {one}" for one in _blockers(checked))
    yield from (f"  {'condition':<10} {one}" for one in gate.conditions)
    yield from (f"  {'disagree':<10} {_both(one)}" for one in gate.contradictions)
    yield from (f"  {'watch':<10} {one.text} ({one.file})" for one in checked.documents.findings)
    yield ""
    yield from _environment(checked)
    if items:
        yield ""
        yield from _items()
    if trace:
        yield ""
        yield from _trace()
    yield ""
    yield _result(checked)


def _both(one: Contradiction) -> str:
    said = ", ".join(f"{source} says {value}" for source, value in one.values)
    return f"{one.fact}: {said}; {one.taken} counts"


def _environment(checked: Checked) -> Iterator[str]:
    if checked.troubles:
        yield "Settings cannot be used:"
        yield from (f"  {'blocked':<10} {one}" for one in checked.troubles)
    if checked.aim is not None:
        ids = ", ".join(f"{key} {value}" for key, value in checked.aim.pinned.items())
        yield f"Environment {checked.aim.name}{' (REHEARSAL)' if checked.aim.ready else ''}: {ids}"
        yield from (f"  {one.state:<10} {one.name}: {one.words}{_took(one)}" for one in checked.readings)
        read = {one.name for one in checked.readings if one.state is not State.UNKNOWN}
        number = sum(item.key in read for item in _PRE)
        yield f"  {number} of {len(_PRE)} pre-deployment items read by the machine{_when(checked)}"
    elif not checked.troubles:
        known = f"{checked.file.name} has {', '.join(checked.environments) or 'none'}" if checked.file else ""
        yield f"Environment: not asked ({known or 'there is no cockpit.toml'}). Ask with --environment or --lab."


def _took(one: Reading) -> str:
    return f" [{one.took_s:.1f} s]" if one.took_s is not None else ""


def _when(checked: Checked) -> str:
    times = [one.at for one in checked.readings if one.at is not None]
    if not times:
        return ""
    return f", the last at {datetime.fromtimestamp(max(times), UTC):%Y-%m-%d %H:%M:%S} UTC"


def _items() -> Iterator[str]:
    rows = table()
    yield f"{'due':<11} {'kind':<9} item, and what its evidence proves"
    for row in rows:
        yield f"{row.due:<11} {row.kind:<9} {row.key}: {row.text}"
        yield from textwrap.wrap(row.evidence, _WIDTH, initial_indent=" " * 22, subsequent_indent=" " * 22)
    yield f"{len(rows)} items"


def _trace() -> Iterator[str]:
    count = 0
    for step in WORKFLOW:
        yield f"Step {step.number}: {step.title}"
        for checklist in step.checklists:
            yield f"  {checklist.title}"
            for item in checklist.items:
                yield f"    {item.text}  ->  {item.key} ({item.kind}, due {item.due})"
                count += 1
    yield f"{count} lines of the procedure, each carried by an item"


def _result(checked: Checked) -> str:
    states = [one.state for one in checked.readings]
    if checked.troubles or State.FAILED in states:
        failed = len(checked.troubles) + states.count(State.FAILED)
        return f"{checked.gate.level} by the documents; {failed} blocking beside them. Nothing was changed."
    if State.UNKNOWN in states:
        unknown = states.count(State.UNKNOWN)
        return f"{checked.gate.level} by the documents; {unknown} could not be determined. Nothing was changed."
    rest = {
        "READY": "",
        "CONDITIONAL": ": mitigations and a named approval are needed before START",
        "NOT READY": ": production is blocked",
    }
    where = "" if checked.aim else " by the documents; the environment was not asked"
    return f"{checked.gate.level}{where}{rest[checked.gate.level]}. Nothing was changed."


def as_json(checked: Checked, code: int, *, items: bool, trace: bool) -> dict[str, Any]:
    """For a machine; ``items`` and ``procedure`` only where asked for."""
    gate, chosen = checked.gate, checked.aim
    body: dict[str, Any] = {
        "type": "check",
        "feature": name_of(checked.folder),
        "exit_code": code,
        "gate": {
            "level": str(gate.level),
            "score": gate.score,
            "blockers": list(gate.blockers),
            "conditions": list(gate.conditions),
            "contradictions": [
                {"fact": one.fact, "values": dict(one.values), "taken": one.taken} for one in gate.contradictions
            ],
            "unknown": list(gate.unknown),
        },
        "problems": [asdict(one) for one in checked.documents.problems],
        "findings": [asdict(one) for one in checked.documents.findings],
        "settings": {"file": str(checked.file) if checked.file else None, "problems": list(checked.troubles)},
        "environment": {"name": chosen.name, "lab": bool(chosen.ready), **chosen.pinned} if chosen else None,
        "readings": [asdict(one) for one in checked.readings],
    }
    if items:
        body["items"] = [asdict(row) for row in table()]
    if trace:
        body["procedure"] = [
            {"step": step.number, "checklist": each.key, "line": item.text, "item": item.key}
            for step in WORKFLOW
            for each in step.checklists
            for item in each.items
        ]
    return body
