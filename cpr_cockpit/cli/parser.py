"""The words of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from cpr_cockpit import __version__
from cpr_cockpit.cli.ack_options import add_ack_options
from cpr_cockpit.cli.close_options import add_close_options
from cpr_cockpit.cli.doctor_options import add_doctor_options
from cpr_cockpit.cli.fault_options import (
    add_defect_options,
    add_fault_name,
    add_staging,
    add_trouble_names,
    wrong_fault,
)
from cpr_cockpit.cli.figure_options import add_figure_options
from cpr_cockpit.cli.follow_up_options import add_follow_up_options
from cpr_cockpit.cli.init_options import add_init_options
from cpr_cockpit.cli.issue_options import add_issue_options
from cpr_cockpit.cli.night_options import add_night_options, add_rate
from cpr_cockpit.cli.observe_options import add_observe_options
from cpr_cockpit.cli.one_line import OneLineParser, with_negatives
from cpr_cockpit.cli.safeguard_options import add_safeguard_options
from cpr_cockpit.cli.values import control, feature_folder, file, moment, seconds, speed, window, wrong_preview
from cpr_cockpit.core.pipeline import DEPLOYERS, ZIP
from cpr_cockpit.core.strategies import STRATEGIES
from cpr_cockpit.core.strategy import ROLLING

SURPRISES = (
    *("healthy", "errors", "slow", "outage", "silent", "dependency"),
    *("one-endpoint", "pool", "crash-loop", "slow-swap"),
)
SCENARIOS = (*SURPRISES, "swap-refused", "foreign-swap", "flag-ignored", "one-instance", "double-work")
SURPRISE = "surprise"
_FAST = "swaps of 2 s instead of 20 to 60 s"

_EPILOG = """\
exit codes:
  0 done, ready, kept     1 blocked, not ready, or failed before START: nothing was changed
  2 wrong use             3 could not be determined
  4 conditional without approval
 10 rolled back          11 rolled back in part
 12 (open --observe) rollback advised: to be done by others
 20 held                 30 stopped before START
 40 failed after START: look   50 journal damaged   128+n signal n

examples:
  cpr-cockpit rehearse                       a whole deployment on the embedded lab, on the screen
  cpr-cockpit drill                          the same without a screen, scripted
  cpr-cockpit drill --scenario errors --window 60s   the same with a bad release: it is rolled back
  cpr-cockpit check FEATURE_DIR              whether a feature's documents let it be deployed
  cpr-cockpit runs                           what ran, and what is still running
  cpr-cockpit replay --from T0               a run once more on the screen, ten times as fast
  cpr-cockpit replay --policy other.toml     what another policy would have decided, and when
  cpr-cockpit rollback                       roll back the run that is in production, now
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options, with ``call``: what carries the command out. Exits with 2 on wrong use."""
    parser: argparse.ArgumentParser = OneLineParser(
        prog="cpr-cockpit",
        description="The deployment cockpit of the CPR framework.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"cpr-cockpit {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _rehearse(commands)
    _drill(commands)
    _deployment(commands)
    _attach(commands)
    _lab(commands)
    _runs(commands)
    _replay(commands)
    _control(commands)
    _judge(commands)
    _preparing(commands)
    options = parser.parse_args(with_negatives(arguments))
    wrong = wrong_fault(options) or wrong_preview(options) or _wrong_strategy(options)
    if wrong:
        parser.error(wrong)
    return options


_Commands = argparse._SubParsersAction  # argparse has no public name for it


def _add(commands: _Commands[argparse.ArgumentParser], name: str, words: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=words, description=words, allow_abbrev=False)


def _drill(commands: _Commands[argparse.ArgumentParser]) -> None:
    words = "A whole deployment on the embedded lab without a screen, scripted: for CI and for nightly rollback drills."
    drill = _add(commands, "drill", words)
    drill.add_argument(
        "--scenario", choices=SCENARIOS, default="healthy", help="the defect of the new version (default: healthy)"
    )
    _strategy_argument(drill)
    _deploy_argument(drill)
    drill.add_argument(
        "--decide",
        choices=("auto", "keep", "rollback"),
        default="auto",
        help="auto: by the verdict; keep or rollback: at the end of the window, whatever it says (default: auto)",
    )
    drill.add_argument(
        "--window",
        type=window,
        default=30.0,
        metavar="30s",
        help="length of the critical window (default: 30s; the real one: 15m)",
    )
    drill.add_argument(
        "--extended", action="store_true", help="go on to the end of the extended validation (twice the window)"
    )
    drill.add_argument("--fast", action=argparse.BooleanOptionalAction, default=True, help=f"{_FAST} (default: yes)")
    add_defect_options(drill)
    add_safeguard_options(drill)
    add_trouble_names(drill)
    add_staging(drill, usual=False)
    add_night_options(drill)
    drill.add_argument(
        "--merge", action="store_true", help="merge and tag the lab's two repositories first (step 4), before START"
    )
    drill.add_argument(
        "--plan",
        action="store_true",
        help="print the plan with its requests, the way back and the card; send none of them",
    )
    drill.add_argument("--json", action="store_true", help="events as JSON lines; the last line is the outcome")
    drill.set_defaults(call=_Call("drill"))


def _rehearse(commands: _Commands[argparse.ArgumentParser]) -> None:
    words = "Rehearse a whole deployment on the screen, on the embedded lab: real processes, no account, no network."
    rehearse = _add(commands, "rehearse", words)
    rehearse.add_argument(
        "--scenario",
        choices=(*SCENARIOS, SURPRISE),
        default="healthy",
        help="the defect of the new version; surprise picks one and does not tell (default: healthy)",
    )
    _strategy_argument(rehearse)
    _deploy_argument(rehearse)
    rehearse.add_argument(
        "--window",
        type=window,
        default=180.0,
        metavar="3m",
        help="length of the critical window (default: 3m; the real one: 15m)",
    )
    rehearse.add_argument("--fast", action="store_true", help=_FAST)
    add_defect_options(rehearse)
    add_safeguard_options(rehearse)
    add_trouble_names(rehearse)
    add_staging(rehearse, usual=True)
    add_night_options(rehearse)
    _face_arguments(rehearse)
    rehearse.set_defaults(call=_Call("rehearse"))


def _strategy_argument(parser: argparse.ArgumentParser, *, default: str | None = STRATEGIES[0]) -> None:
    words = "how it is deployed: all at once by a swap, by shares of the new sessions, app after app, or dark by a flag"
    preset = default or "as cockpit.toml says, else blue-green"
    parser.add_argument("--strategy", choices=STRATEGIES, default=default, help=f"{words} (default: {preset})")
    words = "percent of new sessions that stay on the old version during the window, to judge beside"
    parser.add_argument("--control", type=control, default=None, metavar="5", help=f"{words} (default: none)")
    words = "blue-green only: prove production's settings on the slot, then complete the swap"
    parser.add_argument("--preview", action=argparse.BooleanOptionalAction, default=None, help=f"{words} (default: no)")


def _wrong_strategy(options: argparse.Namespace) -> str:
    """What is wrong with the strategy, the control and the deployer taken together; "" where nothing is."""
    if getattr(options, "strategy", None) != ROLLING:
        return ""
    if options.control:
        return "--control does not go with --strategy rolling: it judges beside the apps that are not switched yet"
    if getattr(options, "deploy", ZIP) != ZIP:
        return "--deploy pipeline does not go with --strategy rolling: every app's slot gets the zip from this program"
    return ""


def _deploy_argument(parser: argparse.ArgumentParser) -> None:
    words = "who lays the new version into the slot: this program by zip, or the lab's own pipeline host"
    parser.add_argument("--deploy", choices=DEPLOYERS, default=ZIP, help=f"{words} (default: {ZIP})")


def _face_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as", dest="person", default="", metavar="WHO", help="who you are (default: your user name)")
    parser.add_argument("--plain", action="store_true", help="lines instead of a screen")


def _deployment(commands: _Commands[argparse.ArgumentParser]) -> None:
    check = _add(commands, "check", "Gate, settings and, where one is named, the environment; changes nothing.")
    _target_arguments(check)
    check.add_argument(
        "--items", action="store_true", help="the table of all items: what is due when, and what its evidence proves"
    )
    check.add_argument(
        "--trace-procedure",
        action="store_true",
        help="each line of the procedure's checklists with the item that carries it",
    )
    check.add_argument("--json", action="store_true", help="as one JSON object")
    check.set_defaults(call=_Call("check"))
    plan = _add(commands, "plan", "The whole plan with every request that it would send; sends none that changes.")
    _target_arguments(plan)
    plan.set_defaults(call=_Call("plan"))
    opened = _add(
        commands, "open", "A deployment as cockpit.toml says, on the screen; with --lab on a lab that you run."
    )
    _target_arguments(opened)
    _face_arguments(opened)
    add_observe_options(opened, window)
    opened.set_defaults(call=_Call("open"))


def _target_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("feature", type=feature_folder, metavar="FEATURE_DIR", help="folder of the feature's documents")
    _strategy_argument(parser, default=None)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--environment", metavar="NAME", help="one of those in cockpit.toml")
    where.add_argument("--lab", type=file, metavar="FILE", help="ready file of a running lab instead of an environment")


def _attach(commands: _Commands[argparse.ArgumentParser]) -> None:
    attach = _add(commands, "attach", "Another face on a running session; closing it leaves the session running.")
    _run_argument(attach)
    _face_arguments(attach)
    attach.add_argument("--read-only", action="store_true", help="show, and send nothing")
    attach.set_defaults(call=_Call("attach"))


def _lab(commands: _Commands[argparse.ArgumentParser]) -> None:
    lab = _add(
        commands, "lab", "Run the lab alone, in the foreground, for any Azure client; it ends with this command."
    )
    lab.add_argument(
        "--ready-file",
        required=True,
        metavar="FILE",
        help="written once all of it answers: addresses and credentials, mode 0600",
    )
    lab.add_argument("--fast", action="store_true", help=_FAST)
    lab.add_argument(
        "--telemetry-delay", type=seconds, default=2.0, metavar="2s", help="how late telemetry arrives (default: 2s)"
    )
    lab.add_argument(
        "--window",
        type=window,
        default=900.0,
        metavar="15m",
        help="window that scales the lab's own times (default: 15m)",
    )
    add_fault_name(lab)
    lab.add_argument(
        "--apps", type=int, choices=range(1, 5), default=1, help="apps in as many regions, with a front (default: 1)"
    )
    lab.add_argument("--instances", type=int, choices=range(1, 5), default=1, help="of each slot (default: 1)")
    add_trouble_names(lab)
    add_staging(lab, usual=True)
    add_rate(lab)
    lab.add_argument("--port", type=int, metavar="N", help="port of Resource Manager (default: any free one)")
    lab.set_defaults(call=_Call("lab"))


def _runs(commands: _Commands[argparse.ArgumentParser]) -> None:
    runs = _add(commands, "runs", "List the runs, the newest last.")
    runs.add_argument("--json", action="store_true", help="as one JSON list")
    runs.set_defaults(call=_Call("runs"))
    status = _add(
        commands, "status", "One glance at a run: where it stands, which version serves, what the verdict is."
    )
    _run_argument(status)
    status.add_argument("--json", action="store_true", help="as one JSON object")
    status.set_defaults(call=_Call("status"))
    report = _add(commands, "report", "Write the report of a run again, from its journal, and print where it is.")
    _run_argument(report)
    report.set_defaults(call=_Call("report"))


def _replay(commands: _Commands[argparse.ArgumentParser]) -> None:
    words = "Play a run once more from its journal; or judge it once more, from T0 on, with another policy. "
    words += "Changes nothing."
    replay = _add(commands, "replay", words)
    _run_argument(replay)
    replay.add_argument(
        "--speed", type=speed, metavar="10", help="journal seconds a second, or max (default: 10; with --plain: max)"
    )
    replay.add_argument(
        "--from",
        dest="start",
        type=moment,
        metavar="MOMENT",
        help="where to begin: T0, T0+90s, or seconds since T0 (-30)",
    )
    replay.add_argument("--plain", action="store_true", help="lines with their times instead of a screen")
    replay.add_argument(
        "--policy", type=file, metavar="FILE", help="no screen: what its table [policy] would have decided, and when"
    )
    replay.add_argument(
        "--judge",
        choices=("whole", "written"),
        help="no screen: judge with everything (default), or by the written triggers alone; from T0 on, so that the "
        "shares of a canary are not judged again",
    )
    replay.add_argument("--json", action="store_true", help="with --policy or --judge: as one JSON object")
    replay.set_defaults(call=_Call("replay"))


def _control(commands: _Commands[argparse.ArgumentParser]) -> None:
    resume = _add(commands, "resume", "Go on with a run whose session died, or follow one that lives.")
    _run_argument(resume)
    resume.add_argument("--json", action="store_true", help="events as JSON lines; the last line is the outcome")
    resume.set_defaults(call=_Call("resume"))
    rollback = _add(commands, "rollback", "Roll back a run at once, without any screen; asks nothing.")
    _run_argument(rollback, default="the one that is in production")
    rollback.add_argument(
        "--as", dest="person", default="", metavar="WHO", help="who rolls back (default: your user name)"
    )
    rollback.add_argument("--json", action="store_true", help="events as JSON lines; the last line is the outcome")
    rollback.set_defaults(call=_Call("rollback"))
    stop = _add(
        commands,
        "stop",
        "End a run, and a rehearsal's lab with it: before START, after GO, or once the old version is proven back.",
    )
    _run_argument(stop)
    stop.set_defaults(call=_Call("stop"))
    seen = _add(commands, "ack", "Say that you have seen what you were called for: nobody is called for it any more.")
    _run_argument(seen)
    add_ack_options(seen)
    seen.set_defaults(call=_Call("ack"))
    left = _add(
        commands, "follow-up", "What is left to do after a rollback; --sign signs it, also after the run's end."
    )
    _run_argument(left)
    add_follow_up_options(left)
    left.set_defaults(call=_Call("follow_up"))
    words = "Tell a figure of the first day and week: tickets, adoption, feedback; also after the run's end; list them."
    figure = _add(commands, "figure", words)
    _run_argument(figure)
    add_figure_options(figure)
    figure.set_defaults(call=_Call("figure"))
    words = "Close a run's paperwork once its closing checklist stands; shows what is open, and refuses until then."
    close = _add(commands, "close", words)
    _run_argument(close)
    add_close_options(close)
    close.set_defaults(call=_Call("close"))
    issue = _add(commands, "issue", "Record an issue of a run, or what is new of one, also after its end; list them.")
    _run_argument(issue)
    add_issue_options(issue)
    issue.set_defaults(call=_Call("issue"))


def _judge(commands: _Commands[argparse.ArgumentParser]) -> None:
    words = "The judge alone: scrapes as JSON lines on standard input, a verdict for each on standard output."
    _add(commands, "judge", words).set_defaults(call=_Call("judge"))


def _preparing(commands: _Commands[argparse.ArgumentParser]) -> None:
    init = _add(commands, "init", "Write a first cockpit.toml by asking Azure and git; shows it before it is written.")
    add_init_options(init)
    init.set_defaults(call=_Call("init"))
    words = "Whether this machine and this sign-in are fit for a deployment, and the role it needs; changes nothing."
    doctor = _add(commands, "doctor", words)
    add_doctor_options(doctor)
    doctor.set_defaults(call=_Call("doctor"))


def _run_argument(parser: argparse.ArgumentParser, *, default: str = "the newest that lives, else the newest") -> None:
    words = f"name of the run, its beginning or end, or a part that no other has (default: {default})"
    parser.add_argument("run", nargs="?", metavar="RUN", help=words)


# Which module of this package carries a command out; those that are not named have a module of their own.
_MODULES = {
    "runs": "listing",
    "status": "listing",
    "report": "listing",
    "resume": "control",
    "rollback": "control",
    "stop": "control",
}


class _Call:
    """Imports and calls a command's module when it is used."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __call__(self, options: argparse.Namespace) -> int:
        from importlib import import_module

        module = import_module(f"cpr_cockpit.cli.{_MODULES.get(self._command, self._command)}")
        code: int = getattr(module, self._command)(options)
        return code
