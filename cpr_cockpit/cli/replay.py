"""``replay``: a run that was, on the screen or in lines; or its judge once more with another policy."""

from __future__ import annotations

import argparse
import json
import math
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.attach import no_screen
from cpr_cockpit.cli.choosing import chosen_run, no_run
from cpr_cockpit.cli.known import damage_words, no_journal
from cpr_cockpit.cli.output import Printer, complain, say
from cpr_cockpit.cli.rejudged import WIDTH, as_json, at_its_window, lines
from cpr_cockpit.core.events import Record
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read
from cpr_cockpit.engine.places import PlacesError
from cpr_cockpit.engine.rejudging import CannotJudge, judge_again, policy_of
from cpr_cockpit.engine.replaying import EDGE_S, IDLE_S, More, Player, ReplayFace, gap_words, speed_words
from cpr_cockpit.engine.tape import ReplaySettings, Tape
from cpr_cockpit.engine.writer import writer_alive

if TYPE_CHECKING:
    from cpr_cockpit.config import Loaded

_SPEED = 10.0


def replay(options: argparse.Namespace) -> int:
    """Play the run or judge it once more; 50 after as much as a damaged journal holds."""
    wrong = _wrong_use(options)
    if wrong:
        complain(f"{wrong} Nothing was changed. See: cpr-cockpit replay --help")
        return codes.WRONG_USE
    records: Sequence[Record] = ()
    damage = ""
    try:
        folder = chosen_run(options.run)
    except PlacesError as error:
        return no_run(options.run, error)
    try:
        records = read(folder)
    except JournalDamaged as error:
        records, damage = error.good, damage_words(error)
    except FileNotFoundError:
        # A run that has only just begun: that it has no journal yet is said below.
        records = ()
    except JournalError as error:
        complain(str(error))
        return codes.BLOCKED
    code = _replayed(options, folder, records, damage)
    if damage:
        complain(damage)
        return codes.DAMAGED
    return code


def _wrong_use(options: argparse.Namespace) -> str:
    """What does not go together: a run is played, or judged once more."""
    judged = options.policy is not None or options.judge is not None
    if judged and (options.plain or options.speed is not None or options.start is not None):
        return "--policy and --judge judge the whole run at once: --plain, --speed and --from play it instead."
    return "--json belongs to --policy and --judge." if options.json and not judged else ""


def _replayed(options: argparse.Namespace, folder: Path, records: Sequence[Record], damage: str) -> int:
    if not records:
        return codes.UNKNOWN if damage else no_journal(folder)
    try:
        if options.policy is not None or options.judge is not None:
            return _judged(options, folder.name, records)
        return _played(options, folder, records, damage)
    except CannotJudge as error:
        complain(f"{error} Nothing was changed.")
        return codes.UNKNOWN


# -- judged once more --------------------------------------------------------------------------------------------------


def _judged(options: argparse.Namespace, run: str, records: Sequence[Record]) -> int:
    loaded = None
    if options.policy is not None:
        loaded = _policy(Path(options.policy))
        if loaded is None:
            return codes.WRONG_USE
    result = judge_again(records, loaded.policy if loaded else None, early=options.judge != "written")
    opened = fold(records).opened
    asked = {"judge": options.judge or "whole", "policy": options.policy, "ignored": None}
    if loaded is not None and opened is not None:
        result = at_its_window(result, policy_of(opened)[0], loaded.policy)
        asked["ignored"] = _ignored(loaded, result.window_s)
    if options.json:
        print(json.dumps(as_json(run, result, asked)))
        return 0
    feature = opened.feature if opened else ""
    for line in lines(f"{run}: {feature}", result, asked):
        # A row of the table has its own columns and is short enough; of the rest, what goes on is set in.
        for part in textwrap.wrap(line, WIDTH, subsequent_indent=" " * 18) or [""]:
            say(part)
    return 0


def _ignored(loaded: Loaded, window_s: float) -> str | None:
    """What the file says that cannot hold for a run that has been: the length of its window."""
    written = loaded.policy.window_s
    if "window_s" not in loaded.settings.policy.model_fields_set or written == window_s:
        return None
    return f"window_s ({written:g} s): the run is judged in its own window of {window_s:g} s, durations scaled to it"


def _policy(path: Path) -> Loaded | None:
    """A file for its table [policy] alone: no variable is laid over it. None after what is wrong with it was said."""
    from cpr_cockpit.config import SettingsError, load

    try:
        return load(path, {})
    except SettingsError as error:
        for problem in error.problems:
            complain(problem.words())
        complain("Nothing was judged, nothing was changed.")
        return None


# -- played ------------------------------------------------------------------------------------------------------------


def _played(options: argparse.Namespace, folder: Path, records: Sequence[Record], damage: str) -> int:
    if no_screen(plain=options.plain):
        return codes.BLOCKED
    run, start = fold(records), -math.inf
    if options.start is not None:
        if run.t0 is None:
            raise CannotJudge("The journal has no T0 to count from: leave --from out.")
        start = run.t0 + options.start
    if options.plain:
        speed = math.inf if options.speed is None else options.speed
        _print(folder.name, sorted(records, key=lambda one: one.at), start, speed)
        return 0
    return _screen(folder, run, records, start, options.speed or _SPEED, damage)


def _print(name: str, records: Sequence[Record], start: float, speed: float) -> None:
    """Every event at its own time; with a speed in its time."""
    printer = Printer(as_json=False)
    say(f"replay {speed_words(speed)} of {name}: all this was, nothing of it is now (times UTC)")
    before = None
    for record in records:
        if record.at < start:
            continue
        if before is not None and math.isfinite(speed):
            _wait(record.at - before, speed)
        before = record.at
        printer.event(record.line())
    say(f"end of the replay of {name}")


def _wait(gap: float, speed: float) -> None:
    if gap > IDLE_S:
        say(f"          nothing happened for {gap_words(gap)}: shortened")
        gap = 2 * EDGE_S
    time.sleep(gap / speed)


def _screen(folder: Path, run: Run, records: Sequence[Record], start: float, speed: float, damage: str) -> int:
    from cpr_cockpit.documents.report import render_report
    from cpr_cockpit.tui.hygiene import run_face
    from cpr_cockpit.tui.replay_app import ReplayApp
    from cpr_cockpit.wiring.run_config import findings_of, readiness_of

    tape = Tape(ReplaySettings(folder.name, folder, readiness_of(folder)), records)
    tape.wind(start)
    grows = not damage and run.ended is None and writer_alive(folder)
    face = ReplayFace(
        Player(tape, speed),
        render_report,
        findings_of(folder, run),
        more=reading_on(folder) if grows else None,
        damage="the journal is damaged from here on" if damage else "",
    )
    return run_face(ReplayApp(face))


def reading_on(folder: Path) -> More:
    """Reads on in a journal that is being written, for as long as it is and holds."""

    def more(after: int) -> Sequence[Record] | None:
        alive = writer_alive(folder)
        try:
            records = read(folder, after=after)
        except (JournalDamaged, JournalError, FileNotFoundError):
            return None
        return records if records or alive else None

    return more
