"""Writes the papers into the run's ``report`` folder, each of them whole or not at all."""

from __future__ import annotations

from pathlib import Path

from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.feature import read_feature
from cpr_cockpit.documents.papers.completion import NAME, complete_file
from cpr_cockpit.documents.papers.deployment_plan import render_deployment_plan
from cpr_cockpit.documents.papers.text import field, heading, points
from cpr_cockpit.documents.reading import DocumentError
from cpr_cockpit.documents.report import render_report
from cpr_cockpit.documents.whole import write_whole

REPORT = "deployment-report.md"
PLAN = "deployment-plan.md"


def feature_folder(folder: Path, run: Run) -> Path | None:
    """The copy of the feature's documents that lies in the run's folder; None where there is none."""
    if run.opened is None:
        return None
    name = Path(run.opened.feature).name
    copied = folder / "feature" / name
    return copied if name not in ("", "..") and copied.is_dir() else None


def write_papers(folder: Path, run: Run, feature: Path | None) -> tuple[Path, ...]:
    """Write report, plan and the completed ``automation-deploy.json`` into ``folder/report``; their paths.

    ``feature``: the folder of the feature's documents, which is only read. Without it, or where its file cannot be
    read, the completed file is not written (one of an earlier time is taken away) and the report says why. OSError
    where the papers cannot be written.
    """
    place = folder / "report"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    data, remarks = _completed(run, feature)
    documents = read_feature(feature) if feature is not None else None
    written = [
        write_whole(place / REPORT, (render_report(run) + _papers(data, remarks)).encode()),
        write_whole(place / PLAN, render_deployment_plan(run, documents).encode()),
    ]
    if data is None:
        (place / NAME).unlink(missing_ok=True)
        return tuple(written)
    return (*written, write_whole(place / NAME, data))


def _completed(run: Run, feature: Path | None) -> tuple[bytes | None, tuple[str, ...]]:
    """The completed file, and what there is to say about it."""
    if feature is None:
        return None, ("the feature's folder is not at hand",)
    try:
        done = complete_file(feature / NAME, run)
    except DocumentError as error:
        return None, (error.problem.words(),)
    except (OSError, ValueError) as error:
        return None, (f"{NAME} cannot be opened: {error}",)
    return done.data, done.refused


def _papers(data: bytes | None, remarks: tuple[str, ...]) -> str:
    state = "NOT completed" if data is None else "completed beside this report; the feature's own file is as it was"
    lines = ["", *heading(2, "Papers"), field(PLAN, "written beside this report"), field(NAME, state), ""]
    lines += points(
        (f"Not filled in: {one}" if data else one for one in remarks), "Every field that the run knows is in it"
    )
    return "\n".join(lines).rstrip() + "\n"
