"""What a Run says of step 4: its repositories, the steps of the merge, and what its keys would do."""

from __future__ import annotations

from collections.abc import Iterable

from cpr_cockpit.core import code_view as cv
from cpr_cockpit.core import view as vw
from cpr_cockpit.core.code_run import Code, MergeRow, MergeState, Repository
from cpr_cockpit.core.merging import STEPS, TITLES, MergePolicy, in_the_way, short, tag_of
from cpr_cockpit.core.run import Phase, Run

SHOWN, MERGE, REVERT, GO_ON = "6", "a", "v", "b"
_RESTS = (MergeState.HALF, MergeState.UNTAGGED)


def code(run: Run, policy: MergePolicy) -> cv.CodeView:
    """The repositories and their merge as they stand."""
    known, begun = run.code, run.code.begun
    version = run.opened.new_version if run.opened else ""
    return cv.CodeView(
        state=str(known.state),
        sentence=_sentence(known),
        method=begun.method if begun else str(policy.method),
        tag=begun.tag if begun else tag_of(version),
        by=begun.by if begun else "",
        repositories=tuple(_repository(one, known, policy) for one in known.repositories.values()),
    )


def _sentence(known: Code) -> str:
    if known.rested is not None:
        return known.rested.words
    if known.running:
        words = next((f"{TITLES[row.step]}, {one.name}" for one, row in _open_rows(known)), "going on")
        return f"under way: {words}"
    return ""


def _open_rows(known: Code) -> list[tuple[Repository, MergeRow]]:
    return [(one, row) for one in known.repositories.values() for row in one.rows.values() if row.result is None]


def _repository(one: Repository, known: Code, policy: MergePolicy) -> cv.CodeRepository:
    looked = one.looked
    if looked is None:
        return cv.CodeRepository(one.name, "not looked at yet", "", "", "", "")
    why = "" if one.merged_as or known.running else in_the_way(looked, policy)
    return cv.CodeRepository(
        name=one.name,
        word=_word(one, why),
        source=looked.source,
        head=short(looked.branch),
        into=looked.into,
        main=short(looked.main),
        pull=one.number or looked.pull,
        url=one.url or looked.url,
        in_the_way=why,
        conflicts=looked.conflicts,
        deploys=tuple(f"{flow.path} deploys on a {flow.on} by itself ({flow.why})" for flow in looked.workflows),
        reviews=_reviews(one),
        checks=_checks(one),
        steps=_steps(one) if known.begun is not None else (),
        looked_at=one.looked_at,
    )


def _word(one: Repository, why: str) -> str:
    if one.fact("tag", "tag"):
        return f"merged as {short(one.merged_as)}, tagged"
    if one.merged_as:
        return f"merged as {short(one.merged_as)}"
    if one.perhaps:
        return f"not known: {TITLES[one.perhaps].lower()} was sent"
    if one.looked is not None and one.looked.conflicts:
        return "CONFLICT"
    return "in the way" if why else "not merged"


def _reviews(one: Repository) -> str:
    seen = one.checks
    if seen is None:
        return ""
    told = [f"approved by {', '.join(seen.approved_by)}"] if seen.approved_by else []
    told += [f"changes asked for by {', '.join(seen.refused_by)}"] if seen.refused_by else []
    needed = "no approval" if not seen.needed else "1 approval" if seen.needed == 1 else f"{seen.needed} approvals"
    return "; ".join((*told, f"{needed} needed"))


def _checks(one: Repository) -> tuple[cv.CodeCheck, ...]:
    if one.checks is None:
        return ()
    rows = sorted(one.checks.rows, key=lambda row: (not row.required, row.name))
    return tuple(cv.CodeCheck(row.name, row.state, row.required, row.words) for row in rows)


def _steps(one: Repository) -> tuple[cv.CodeStep, ...]:
    keys = (*STEPS, *(("revert",) if "revert" in one.rows else ()))
    return tuple(_step(one, key) for key in keys)


def _step(one: Repository, key: str) -> cv.CodeStep:
    row = one.rows.get(key)
    if row is None:
        return cv.CodeStep(key, TITLES[key], "waiting")
    took = None if row.ended_at is None else max(0.0, row.ended_at - row.began_at)
    words = row.words or (row.doubts[-1] if row.doubts else "")
    return cv.CodeStep(key, TITLES[key], row.result or "running", words, row.began_at, took)


# -- the panel ---------------------------------------------------------------------------------------------------------


def why_no_start(run: Run) -> str:
    """Why START waits for the merge; "" where it does not."""
    return "the merge is under way" if run.code.running else ""


def half_words(run: Run) -> str:
    """What the panel says first where the merge rests half done; "" where it does not."""
    known = run.code
    if known.state not in _RESTS or known.rested is None or run.started_at is not None:
        return ""
    merged = ", ".join(one.name for one in known.merged)
    left = f", {', '.join(one.name for one in known.unmerged)} not" if known.unmerged else ""
    return f"{str(known.state).upper()}: {merged} merged{left}. {SHOWN} shows why and what can be done."


def merge(run: Run, policy: MergePolicy) -> vw.Control | None:
    """Begin the merge, or look again; None where there is nothing to merge."""
    known = run.code
    if known.state is MergeState.NONE or run.observed or run.ended is not None or run.started_at is not None:
        return None
    again = known.state in _RESTS
    names = [one.name for one in _next_ones(known)]
    label = f"LOOK AGAIN, and go on with {', '.join(names)}" if again else f"MERGE {', '.join(names)}"
    if known.state in (MergeState.RUNNING, MergeState.DONE, MergeState.GONE_ON):
        return vw.Control(MERGE, label, enabled=False, reason=f"{known.state}")
    ways = [one for one in known.repositories.values() if one.name in names and one.looked is not None]
    wrong = [f"{one.name}: {why}" for one in ways if one.looked and (why := in_the_way(one.looked, policy))]
    tag = tag_of(run.opened.new_version) if run.opened else ""
    details = (
        *(f"in the way when last looked at: {one}; it is looked at again first" for one in wrong if not again),
        f"for each of {', '.join(names)}: pull request, required checks, then merge by {policy.method}, pinned heads",
        *(f"{one.looked.source} {short(one.looked.branch)} into {one.looked.into}" for one in ways if one.looked),
        *_deploys(ways),
        f"tag {tag} on what CI built of the merge commits; nothing is merged where a check of any is red",
        "undo: none but a pull request that takes it back",
    )
    return vw.Control(MERGE, label, enabled=True, reason=wrong[0] if wrong and not again else "", details=details)


def _next_ones(known: Code) -> Iterable[Repository]:
    """The repositories that MERGE, or looking again, would go on with."""
    if known.state not in _RESTS or not known.half:
        return known.repositories.values()
    return known.unmerged if known.gone_on is None else known.merged


def _deploys(ways: list[Repository]) -> list[str]:
    flows = [(one.name, flow) for one in ways if one.looked for flow in one.looked.workflows]
    return [f"DEPLOYS BY ITSELF on the {flow.on}: {name} {flow.path}" for name, flow in flows]


def revert(run: Run) -> vw.Control | None:
    """Pull requests that take back what is merged; None where nothing rests half done."""
    if not _chooses(run):
        return None
    names = ", ".join(f"{one.name} {short(one.merged_as)}" for one in run.code.merged)
    details = (
        f"opens a pull request that takes back {names}",
        "it is merged by a person at the host, not by this program; then look again",
        "undo: close that pull request",
    )
    return vw.Control(REVERT, "REVERT by a pull request", enabled=True, details=details)


def go_on(run: Run) -> vw.Control | None:
    """Go on with what is merged, for a reason; None where nothing rests half done."""
    if not _chooses(run):
        return None
    left = ", ".join(one.name for one in run.code.unmerged)
    without = f"without {left}" if left else "although not all is tagged"
    details = (
        f"goes on {without}: what is merged is tagged where CI built it",
        "the items of step 4 stand as waived under your name, with the reason, in journal and report",
        "undo: none in this run",
    )
    label = f"GO ON {without}"
    return vw.Control(GO_ON, label, enabled=True, type_this="go-on", needs_reason=True, details=details)


def _chooses(run: Run) -> bool:
    return run.code.state in _RESTS and run.started_at is None and run.ended is None and run.phase is not Phase.ENDED
