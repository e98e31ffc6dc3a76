"""Every action of the face, in one registry: its key, its words, where it is, and why it is not possible now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.binding import Binding

from cpr_cockpit.core.naming import brief
from cpr_cockpit.core.view import Control
from cpr_cockpit.tui.shown import Shown, clock

SCREENS = ("gate", "lists", "plan", "window", "papers")


def _always(shown: Shown) -> str:
    return ""


def _writes(shown: Shown) -> str:
    if shown.replay:
        return "this is a replay, nothing is sent"
    if shown.read_only:
        return "this face is read-only"
    if shown.view is None:
        return "not connected yet"
    if shown.gone_since is not None:
        return f"no session since {clock(shown.gone_since)} UTC: cpr-cockpit resume {brief(shown.view.run)}"
    return "the run has ended" if shown.view.phase == "ended" else ""


def _writes_after(shown: Shown) -> str:
    """As `_writes`, for what goes into the afterword of a run that has ended."""
    view = shown.view
    ended = shown.afterword and shown.ended and view is not None and view.phase == "ended"
    return "" if ended and not shown.replay and not shown.read_only else _writes(shown)


def _control(name: str) -> Callable[[Shown], str]:
    def why_not(shown: Shown) -> str:
        control: Control | None = getattr(shown.panel, name, None)
        if name == "rollback" and control is not None and shown.gone_since is not None:
            return f"no session; {control.reason}"
        if (reason := _writes(shown)) != "":
            return reason
        if control is None:
            return _missing(name, shown)
        return "" if control.enabled else control.reason or "not possible now"

    return why_not


# What is missing where the panel has no such control, whatever the phase.
_MISSING = {
    "acknowledge": "others have changed nothing that waits for you",
    "ack": "nobody is being called",
    "second": "nothing waits for a second person",
    "take_over": "no other run holds the lease",
    "merge": "there is nothing to merge now",
    "revert": "no merge rests half done",
    "go_on": "no merge rests half done",
}
_PHASES = {
    "deploying": "the deployment is under way",
    "window": "the new version serves already",
    "keeping": "the new version is kept already",
    "rolling back": "the rollback is under way",
}


def _missing(name: str, shown: Shown) -> str:
    """Why the panel has no such control: what is missing, or what the run does now."""
    phase = shown.view.phase if shown.view is not None else ""
    if name in _MISSING:
        return _MISSING[name]
    if name == "start":
        return _PHASES.get(phase, "nothing is planned yet")
    if name == "rollback":
        return "production was not touched"
    if phase == "rolling back":
        return _PHASES[phase]
    return "START comes first" if phase in ("preparing", "ready") else "the critical window is not open"


def _raises(shown: Shown) -> str:
    reason = _writes(shown)
    if reason or shown.view is None:
        return reason
    return "" if shown.view.phase in ("deploying", "window", "keeping") else "triggers are raised after START"


def _figures(shown: Shown) -> str:
    reason = _writes_after(shown)
    if reason or shown.view is None:
        return reason
    return (
        "" if shown.view.phase in ("window", "keeping") else "figures are told once production serves the new version"
    )


def _closes(shown: Shown) -> str:
    reason = _writes_after(shown)
    if reason or shown.view is None:
        return reason
    closing = shown.view.closing
    return closing if closing.startswith("closed by") else "" if closing else "there is nothing to close yet"


def _chooses(shown: Shown) -> str:
    reason = _writes(shown)
    if reason or shown.view is None:
        return reason
    return shown.view.plan.fixed or ("" if shown.view.plan.choices else "the plan is being made")


@dataclass(frozen=True, slots=True)
class Action:
    """One action. ``where``: the screen that has it ("" : all); ``call``: Textual's name for it.

    ``why_not``: "" where it is possible, else the reason in words. ``first``: its key goes before every pane and text.
    """

    id: str
    key: str
    label: str
    tooltip: str
    call: str
    where: str = ""
    why_not: Callable[[Shown], str] = _always
    first: bool = False
    hint: str = ""


_ROLLBACK = "arms it: the panel says what will run; y confirms"
_ANYWHERE = "as r, also where r is a letter: while GO is armed, and in every text field"
ACTIONS: tuple[Action, ...] = (
    Action("rollback", "r", "ROLL BACK", _ROLLBACK, "app.arm('rollback')", why_not=_control("rollback")),
    Action("rollback-anywhere", "f9", "ROLL BACK", _ANYWHERE, "app.arm('rollback')",
           why_not=_control("rollback"), first=True),
    Action("go", "g", "GO", "arms it: keep the new version; the panel says what to type", "app.arm('go')",
           why_not=_control("go")),
    Action("start", "s", "START", "arms it: deploy to production; y confirms", "app.arm('start')",
           why_not=_control("start")),
    Action("trigger", "t", "Raise a trigger", "Critical functionality, data corruption or security breach",
           "app.triggers", why_not=_raises, hint="trigger"),
    Action("note", "e", "Note", "Writes a note into the journal", "app.note", why_not=_writes, hint="note"),
    Action("issue", "p", "Issue", "Records an issue: how grave it is, then one line; or more of one that is there",
           "app.menu('issue')", why_not=_writes_after, hint="issue"),
    Action("figure", "n", "Figure", "Support tickets, adoption, feedback: a figure, of how many, and where it was read",
           "app.menu('figure')", why_not=_figures),
    Action("strategy", "o", "Other strategy", "What can be chosen until START, and why not", "app.strategies",
           why_not=_chooses, hint="other strategy"),
    Action("acknowledge", "u", "Looked at", "You have looked at what others changed, with a word on what you saw",
           "app.ask('acknowledge')", why_not=_control("acknowledge"), hint="looked at"),
    Action("ack", "m", "Seen", "Nobody is called any more, and nothing happens by itself; with a word",
           "app.ask('ack')", why_not=_control("ack"), hint="seen"),
    Action("take-over", "x", "Take over", "Takes the lease of another run, with a reason: that is on record",
           "app.ask('take-over')", why_not=_control("take_over"), hint="take over"),
    Action("second", "h", "Second person", "Confirms what another person pressed, with your initials",
           "app.ask('second')", why_not=_control("second"), hint="second person"),
    Action("gate", "1", "Gate", "Documents side by side, blockers, findings", "app.go_to('gate')"),
    Action("lists", "2", "Lists", "Every checklist", "app.go_to('lists')"),
    Action("plan", "3", "Production", "The way forth and the way back", "app.go_to('plan')"),
    Action("window", "4", "Window", "Countdown, charts, signals, checks", "app.go_to('window')"),
    Action("papers", "5", "Papers", "The report as it stands", "app.go_to('papers')"),
    Action("log", "l", "Log", "Error lines of production's log", "app.go_to('log')", hint="log"),
    Action("sources", "i", "Sources", "Who is asked, how old its data is, its last trouble", "app.go_to('sources')",
           hint="sources"),
    Action("code", "6", "Code", "Pull requests, checks, merge and tag (step 4)", "app.go_to('code')", hint="code"),
    Action("merge", "a", "MERGE", "arms it: pull requests, checks, merge, tag; y confirms", "app.arm('merge')", "code",
           _control("merge"), hint="merge, look again"),
    Action("revert", "v", "REVERT", "arms it: pull requests that take back what is merged; y confirms",
           "app.arm('revert')", "code", _control("revert"), hint="revert"),
    Action("go-on", "b", "GO ON", "arms it: go on with what is merged, for a reason", "app.arm('go-on')", "code",
           _control("go_on"), hint="go on with one"),
    Action("close", "k", "Close the run", "Closes its paperwork where every closing item stands, with a word",
           "app.ask('close')", "papers", _closes, hint="close the run"),
    Action("next", "right", "Next screen", "", "app.turn(1)"),
    Action("previous", "left", "Previous screen", "", "app.turn(-1)"),
    Action("sign", "space", "Sign", "Signs it with your initials, as looked at",
           "screen.mark('signed')", "lists", _writes_after,
           hint="sign"),
    Action("sign-noted", "enter", "Sign with a note", "Asks what you saw, then signs the item with it",
           "screen.sign_noted", "lists", _writes_after, hint="with note"),
    Action("sign-list", "a", "Sign the list", "Signs every open item of the list, with a word on how it was checked",
           "screen.sign_list", "lists", _writes_after, hint="sign list"),
    Action("fail", "f", "Fail", "Marks the item as failed", "screen.mark('failed')", "lists", _writes, hint="fail"),
    Action("defer", "d", "Defer", "Marks the item as deferred: it returns later", "screen.mark('deferred')", "lists",
           _writes, hint="defer"),
    Action("waive", "w", "Waive", "Waives the item, with a reason", "screen.waive", "lists", _writes_after,
           hint="waive"),
    Action("filter", "b", "Only what blocks", "Shows only what blocks the next point, or everything again",
           "screen.filter", "lists", hint="only what blocks"),
    Action("extend", "w", "Wait longer", "The critical window lasts a third longer, within policy; with a word",
           "app.ask('extend')", "window", _control("extend"), hint="wait longer"),
    Action("charts", "v", "Charts or signals", "Where there is no room for both: one in the place of the other",
           "screen.charts", "window", hint="charts"),
    Action("copy", "c", "Copy", "Copies the focused value, and writes it to a file", "app.copy", hint="copy"),
    Action("zoom", "z", "Zoom", "The focused pane alone, and back", "app.zoom", hint="zoom"),
    Action("help", "question_mark", "Help", "The keys of this screen", "app.help", hint="help"),
    Action("palette", "colon", "All actions", "The command palette", "app.command_palette"),
    Action("theme", "f2", "Theme", "Dark, light, the terminal's own colours", "app.theme"),
    Action("suspend", "ctrl+z", "Suspend", "To the shell; fg comes back", "app.suspend_process"),
    Action("quit", "q", "Close", "Closes this screen; the session runs on", "app.close", hint="close"),
)  # fmt: skip
# What keys do in a replay, before any pane and any action of the same key.
REPLAY: tuple[Action, ...] = (
    Action("replay-pause", "space", "Pause", "Stands still, and goes on", "app.replay('pause')", hint="pause"),
    Action("replay-next", "n", "Next event", "To the next event, and stands still there", "app.replay('next')",
           hint="next"),
    Action("replay-previous", "p", "Event before", "To the event before, and stands still there",
           "app.replay('previous')", hint="before"),
    Action("replay-back", "left", "Back", "30 s back", "app.replay('back')", hint="-30 s"),
    Action("replay-on", "right", "On", "30 s on", "app.replay('on')", hint="+30 s"),
    Action("replay-faster", "plus", "Faster", "1, 2, 5, 10, 30, 60, max", "app.replay('faster')", hint="faster"),
    Action("replay-slower", "minus", "Slower", "The same ladder down", "app.replay('slower')", hint="slower"),
)  # fmt: skip
BY_ID = {one.id: one for one in ACTIONS}
_MORE = ("trigger", "note", "issue", "zoom")
_KEY_WORDS = {"plus": "+", "minus": "-", "question_mark": "?", "colon": ":", "f9": "F9", "f2": "F2"}


def key_word(key: str) -> str:
    """A key as a person calls it."""
    return _KEY_WORDS.get(key, key)


def bindings(where: str) -> list[Binding]:
    """The bindings of a screen, or of all (``""``), remappable by the actions' ids."""
    return [
        Binding(one.key, one.call, one.label, show=False, priority=one.first, tooltip=one.tooltip, id=one.id)
        for one in ACTIONS
        if one.where == where
    ]


def hints(where: str, *, replay: bool = False, code: bool = False) -> list[Action]:
    """What the foot tells on a screen: its own keys first; in a replay those that play it.

    ``code``: whether there are repositories to merge, so that their screen is told of before START.
    """
    if replay:
        return [REPLAY[0], BY_ID["quit"], *REPLAY[1:], BY_ID["help"]]
    # What a run waits for goes before what can be done at any time.
    own = [BY_ID[one] for one in ("ack", "second", "acknowledge", "take-over")]
    own += [one for one in ACTIONS if one.hint and one.where == where and where]
    own += [BY_ID["strategy"]] if where == "plan" else []
    own += [BY_ID["code"]] if code and where in ("plan", "lists", "gate") else []
    own += [BY_ID["log"], BY_ID["sources"]] if where == "window" else []
    return [*own, BY_ID["help"], BY_ID["quit"], *(one for one in ACTIONS if one.hint in _MORE and not one.where)]
