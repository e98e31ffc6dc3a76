"""Which run a command means: the one that is named, or without a name the one that a person can only mean."""

from __future__ import annotations

from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.output import complain
from cpr_cockpit.engine.places import PlacesError, all_runs, find_run
from cpr_cockpit.engine.writer import FILE, writer_alive


def chosen_run(name: str | None) -> Path:
    """The folder of the named run; without a name the newest whose session lives, else the newest with a journal.

    A folder without a journal is a run that never began: it is meant only where there is no other. PlacesError where
    there is no run, or the name fits several.
    """
    if name is not None:
        return find_run(name)
    folders = all_runs()
    if not folders:
        raise PlacesError("There is no run yet. Start one with: cpr-cockpit rehearse")
    begun = [folder for folder in folders if (folder / FILE).exists()]
    alive = [folder for folder in begun if writer_alive(folder)]
    return (alive or begun or folders)[-1]


def no_run(name: str | None, error: PlacesError) -> int:
    """Say why no run is meant; wrong use where one was named that is not there, else blocked."""
    complain(str(error))
    return codes.BLOCKED if name is None else codes.WRONG_USE


def run_to_roll_back(name: str | None) -> Path:
    """As `chosen_run`, but of those that live the one that is in production; PlacesError names them if several are."""
    if name is not None:
        return find_run(name)
    from cpr_cockpit.cli.known import known_run

    runs = {folder: known_run(folder) for folder in all_runs() if writer_alive(folder)}
    begun = [folder for folder, run in runs.items() if run is None or (run.started_at is not None and not run.ended)]
    if len(begun) > 1:
        names = ", ".join(folder.name for folder in begun)
        raise PlacesError(f"{len(begun)} runs are in production: {names}. Nothing was changed. Name the one you mean.")
    return begun[0] if begun else chosen_run(None)
