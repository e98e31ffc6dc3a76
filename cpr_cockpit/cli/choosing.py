"""Which run a command means: the one that is named, or without a name the one that a person can only mean."""

from __future__ import annotations

from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.output import complain
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.card import CARD
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
    """The named run; else the one in production. PlacesError where several live there, or none ever is.

    One whose session died there counts too, the newest of them, but never before one that lives. Whatever cannot be
    read may be in production.
    """
    if name is not None:
        return find_run(name)
    from cpr_cockpit.cli.known import known_run, never_began

    folders = [folder for folder in all_runs() if not never_began(folder)]
    if not folders:
        return chosen_run(None)
    alive = [folder for folder in folders if writer_alive(folder) and _may_be_there(known_run(folder))]
    if len(alive) > 1:
        names = ", ".join(folder.name for folder in alive)
        raise PlacesError(f"{len(alive)} runs are in production: {names}. Nothing was changed. Name the one you mean.")
    newest, newest_run = folders[-1], known_run(folders[-1])
    # Of those whose session died the newest; an old one that cannot be read is not what a person means.
    dead = (one for one in reversed(folders) if one == newest or known_run(one) is not None)
    found = alive[0] if alive else next((one for one in dead if _may_be_there(known_run(one))), None)
    if found is None:
        raise PlacesError(_nothing_there(newest, newest_run))
    state = "it is" if alive else "its session is gone, and it was the newest"
    complain(f"Rolls back {found.name}: {state} in production.")
    return found


def _may_be_there(run: Run | None) -> bool:
    """Whether the run is in production; one that cannot be read may be."""
    return run is None or _in_production(run)


def _in_production(run: Run) -> bool:
    return run.ended is None and (run.started_at is not None or run.continued is not None)


def _nothing_there(folder: Path, run: Run | None) -> str:
    state = "" if run is None else run.ended.decision.replace("_", " ") if run.ended else str(run.phase)
    card = folder / CARD
    serves = run is None or run.ended is None or run.ended.decision not in ("rolled_back", "stopped")
    by_hand = f" To go back by hand: {card}" if serves and card.exists() else ""
    return (
        f"No run is in production: there is nothing to roll back, and nothing was changed. The newest is {folder.name}"
        f" ({state}); it is named like this: cpr-cockpit rollback {folder.name}.{by_hand}"
    )
