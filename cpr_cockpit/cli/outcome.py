"""The outcome of a run: its decision from the journal, and on a lab what the lab's own clients and log measured."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from cpr_cockpit.cli.last_notices import take_last_notices
from cpr_cockpit.cli.output import Printer, complain
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers.ending import left_to_do
from cpr_cockpit.documents.papers.figures import back_seconds, proven_at
from cpr_cockpit.documents.papers.writing import REPORT, feature_folder, write_papers
from cpr_cockpit.documents.whole import write_whole
from cpr_cockpit.engine.writer import FILE
from cpr_cockpit.lab_client import READY_FILE, TELEMETRY_SOURCES, LabControl, LabError, read_ready

OUTCOME_FILE = "outcome.json"
# How long the lab's clients are watched after the rollback was proven.
AFTER_ROLLBACK_S = 5.0
# How often, and how many seconds apart, it is looked for the outcome of another face.
LOOKS, LOOK_S = 10, 0.2
SWAP = "SwapSiteSlots"


async def conclude(folder: Path, run: Run, printer: Printer, before_it: str = "") -> int:
    """Measure, write the report and the outcome, print it, end the lab; the run's exit code.

    ``before_it``: as in `Printer.outcome`.
    """
    told = await take_last_notices(folder, run)
    try:
        measured = await _measured(folder, run)
    except LabError as error:
        before = await _of_another_face(folder)
        if before is not None:
            printer.outcome(before, before_it)
            return run.exit_code()
        complain(f"{error} The figures of its clients are missing in the outcome.")
        measured = {}
    if not told:
        await take_last_notices(folder, run)
    outcome = _outcome(folder, run, measured)
    try:
        write_papers(folder, run, feature_folder(folder, run))
        write_whole(folder / OUTCOME_FILE, (json.dumps(outcome) + "\n").encode())
    except OSError as error:
        complain(
            f"The report cannot be written: {error}. The journal holds everything: cpr-cockpit report {folder.name}"
        )
    printer.outcome(outcome, before_it)
    return run.exit_code()


async def _of_another_face(folder: Path) -> dict[str, Any] | None:
    """The outcome of a face that saw the same end a moment earlier, measured it and ended the lab; it may write yet."""
    for _ in range(LOOKS):
        outcome = stored(folder)
        if outcome is not None:
            return outcome
        await asyncio.sleep(LOOK_S)
    return None


def stored(folder: Path) -> dict[str, Any] | None:
    """The outcome that was measured when the run ended; None where there is none to be read."""
    try:
        outcome = json.loads((folder / OUTCOME_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return outcome if isinstance(outcome, dict) else None


def _outcome(folder: Path, run: Run, measured: dict[str, Any]) -> dict[str, Any]:
    ended, proof = run.ended, back_seconds(run)
    return {
        "type": "outcome",
        "run": folder.name,
        "decision": ended.decision if ended else "failed",
        "provisional": bool(ended and ended.provisional),
        "production_version": ended.production_version if ended else "unknown",
        "swaps": measured.get("swaps", run.swaps),
        "swaps_by_others": measured.get("swaps_by_others"),
        "detected_after_s": measured.get("detected_after_s"),
        "rollback_s": measured.get("rollback_s"),
        "proven_s": None if proof is None else round(proof, 3),
        "azure_s": measured.get("azure_s"),
        "requests": measured.get("requests"),
        "flag": _flag(run),
        "telemetry_fault": measured.get("telemetry_fault"),
        "journal": str(folder / FILE),
        "report": str(folder / "report" / REPORT),
        "reason": ended.reason if ended else "the run has not ended",
        "left_to_do": left_to_do(run) or None,
    }


def _flag(run: Run) -> dict[str, Any] | None:
    """The feature flag as it was last seen: for how many percent of the users it is on; None where there is none.

    ``alone``: setting it off was the whole rollback.
    """
    if run.plan is None or not run.plan.flag:
        return None
    return {"name": run.plan.flag, "percent": run.flag, "alone": run.went_dark}


async def _measured(folder: Path, run: Run) -> dict[str, Any]:
    """What the lab's own clients met; nothing where the run is not on a lab. LabError where the lab has ended."""
    try:
        control = LabControl(read_ready(folder / READY_FILE))
    except LabError:
        return {}
    try:
        measured = await _measure(control, run)
        await control.stop()
    finally:
        await control.close()
    return measured


async def _measure(control: LabControl, run: Run) -> dict[str, Any]:
    proven = proven_at(run)
    bad_after = 0
    if proven is not None and run.plan is not None:
        now = float((await control.state())["now"])
        await asyncio.sleep(max(0.0, proven + AFTER_ROLLBACK_S - now))
        since = await control.traffic(proven)
        bad_after = _with_flag(since, run.plan.flag) if run.went_dark else _count(since["counts"], run.plan.new_version)
    traffic, operations = await control.traffic(), await control.operations()
    measured: dict[str, Any] = {
        **_swaps(operations),
        "requests": {
            "total": traffic["total"],
            "failed_by_defect": traffic["failed_by_defect"],
            "failed_otherwise": traffic["failed_otherwise"],
            "on_bad_version_after_rollback": bad_after,
        },
        "telemetry_fault": _telemetry_fault(operations),
    }
    first_bad, verdict_at = traffic["first_bad_at"], run.first_rollback_verdict_at
    if first_bad is not None and verdict_at is not None:
        measured["detected_after_s"] = round(max(0.0, verdict_at - first_bad), 3)
    if proven is not None and run.decided_at is not None:
        measured |= await _rollback_times(control, run, run.decided_at, operations)
    return measured


def _swaps(operations: list[dict[str, Any]]) -> dict[str, int]:
    """How many swaps took effect: this run's own, and those that somebody else asked for."""
    others = {entry["id"] for entry in operations if entry["kind"] == "swap.accepted" and entry.get("by")}
    switched = [entry["id"] for entry in operations if entry["kind"] == "swap.switched"]
    foreign = sum(id in others for id in switched)
    return {"swaps": len(switched) - foreign, "swaps_by_others": foreign}


def _telemetry_fault(operations: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The last fault of telemetry that began: its name, the sources it hit; None where the telemetry was whole."""
    for entry in reversed(operations):
        faults = entry["faults"] if entry["kind"] == "telemetry.fault" else {}
        hit = {source: faults[source]["fault"] for source in TELEMETRY_SOURCES if faults.get(source)}
        if hit:
            return {"fault": next(iter(hit.values())), "sources": sorted(hit)}
    return None


def _with_flag(traffic: dict[str, Any], flag: str) -> int:
    """Requests of users for whom the flag was on."""
    return int(traffic.get("flags", {}).get(flag, {}).get("on", 0))


def _count(counts: dict[str, dict[str, int]], version: str) -> int:
    return sum(group.get(version, 0) for group in counts.values())


async def _rollback_times(
    control: LabControl, run: Run, decided_at: float, operations: list[dict[str, Any]]
) -> dict[str, Any]:
    """Decision to the last request without a slot cookie that did not meet the old version; the platform's share.

    Where the flag was set off and the new version stays dark: to the last request for which the flag was on.
    """
    if run.went_dark and run.plan is not None:
        last = (await control.traffic(decided_at)).get("flags", {}).get(run.plan.flag, {}).get("last_on")
        return {"rollback_s": round(max(decided_at, last or decided_at) - decided_at, 3)}
    old = run.plan.old_version if run.plan else ""
    last_sent = (await control.traffic(decided_at))["last_sent"]["unpinned"]
    others = [at for version, at in last_sent.items() if version != old]
    accepted: float | None = None
    azure: list[float] = []
    for entry in operations:
        if entry["at"] < decided_at or entry.get("name", SWAP) != SWAP:
            continue
        if entry["kind"] == "swap.accepted" and accepted is None:
            accepted = entry["at"]
        elif entry["kind"] == "swap.switched" and accepted is not None:
            # Of several apps one swap after another.
            azure.append(entry["at"] - accepted)
            accepted = None
    return {
        "rollback_s": round(max([decided_at, *others]) - decided_at, 3),
        "azure_s": round(sum(azure), 3) if azure else None,
    }
