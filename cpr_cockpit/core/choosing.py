"""What may be chosen before START: each strategy and each option, and why one cannot be taken now.

A strategy that needs something of the environment adds what it needs to `ChoiceFacts`, its reason to `_REASONS` and its
words to `_WORDS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cpr_cockpit.core.strategies import STRATEGIES, Course
from cpr_cockpit.core.strategy import BLUE_GREEN, CANARY, FEATURE_FLAG, ROLLING

CONTROL = 5.0
"""Percent that a control holds back where none is configured."""


@dataclass(frozen=True, slots=True)
class FlagChoice:
    """The configured feature flag: why it cannot be raised in steps, or be the kill switch ("": it can), its state."""

    not_raised: str = ""
    not_set_off: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceFacts:
    """What was read of the environment.

    ``unlike``: in what sessions that are routed to the slot would meet other settings than production's, in words ("":
    in nothing that is not declared harmless). ``signing_in``: the slots, production among them, that have a sign-in of
    the platform's. ``unread``: why one of these could not be read; what stands on it cannot be chosen then. ``flag``:
    what can be done with the feature flag.
    """

    unlike: str = ""
    signing_in: tuple[str, ...] = ()
    unread: str = ""
    flag: FlagChoice = FlagChoice()


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the menu: taking it leads to ``course``; ``why_not``: why it cannot be taken now, or ""."""

    key: str
    label: str
    chosen: bool
    course: Course
    why_not: str = ""


def unavailable(course: Course, facts: ChoiceFacts) -> str:
    """Why this course cannot be taken, in words; "" where it can."""
    return next((words for words in (reason(course, facts) for reason in _REASONS) if words), "")


def refused(course: Course, facts: ChoiceFacts) -> str:
    """The same as a sentence with its subject; "" where nothing is in the way."""
    why = unavailable(course, facts).rstrip(".")
    preview = " with a preview" if course.preview else ""
    return f"{course.strategy}{preview} cannot be taken now: {why}. Nothing was changed." if why else ""


def choices(now: Course, configured: Course, facts: ChoiceFacts) -> tuple[Choice, ...]:
    """Everything that can be chosen while ``now`` holds; a key names what results, so that it never toggles twice."""
    found = [_strategy(name, now) for name in STRATEGIES]
    percent = 0.0 if now.control else configured.control or CONTROL
    held = f"control: {now.control or percent:g} % of new sessions stay on the old version after the swap"
    found.append(Choice(f"control={percent:g}", held, bool(now.control), replace(now, control=percent)))
    word = "off" if now.preview else "on"
    shown = "preview: production's settings are proven on the slot before the swap"
    found.append(Choice(f"preview={word}", shown, now.preview, replace(now, preview=not now.preview)))
    return tuple(replace(one, why_not=unavailable(one.course, facts)) for one in found)


def _strategy(name: str, now: Course) -> Choice:
    # An option that another strategy does not have is left behind.
    control = 0.0 if name == FEATURE_FLAG else now.control
    course = replace(now, strategy=name, preview=now.preview and name == BLUE_GREEN, control=control)
    return Choice(name, words_of(course), name == now.strategy, course)


def words_of(course: Course) -> str:
    """A course in a line, without its options."""
    say = _WORDS.get(course.strategy)
    return f"{course.strategy}: {say(course)}" if say else course.strategy


def _canary(course: Course) -> str:
    percents = ", ".join(f"{one:g}" for one in course.percents)
    return f"{percents} % of new sessions first, each judged, then everybody"


def _rolling(course: Course) -> str:
    turn = "one app" if course.at_once == 1 else f"{course.at_once} apps"
    several = f" of {len(course.apps)}" if len(course.apps) > 1 else ""
    return f"{turn}{several} after another, each judged beside the others"


def _by_flag(course: Course) -> str:
    percents = ", ".join(f"{one:g}" for one in course.percents)
    return f"deployed with {course.flag or 'its flag'} off, which then goes on for {percents} and 100 % of the users"


_WORDS: dict[str, Callable[[Course], str]] = {
    BLUE_GREEN: lambda course: "everybody at once, by a swap",
    CANARY: _canary,
    ROLLING: _rolling,
    FEATURE_FLAG: _by_flag,
}


def _routed(course: Course, facts: ChoiceFacts) -> str:
    """Whoever is routed to the slot meets the slot's own settings."""
    if not course.shares_sessions or not (facts.unread or facts.unlike):
        return ""
    return facts.unread or f"users who are routed to it would meet other settings: {facts.unlike}"


def _previewed(course: Course, facts: ChoiceFacts) -> str:
    """App Service has no preview for a slot with a sign-in of its own (Azure documentation, "Swap with preview")."""
    if not course.preview:
        return ""
    if course.strategy != BLUE_GREEN:
        return f"only a {BLUE_GREEN} swap is previewed"
    if facts.unread or not facts.signing_in:
        return facts.unread
    return f"App Service cannot preview a swap where a sign-in is switched on: {', '.join(facts.signing_in)}"


def _several(course: Course, facts: ChoiceFacts) -> str:
    """Rolling needs several apps, and judges beside those that are not switched yet."""
    return course.grey


def _flagged(course: Course, facts: ChoiceFacts) -> str:
    """A flag must be there to be raised, or to be set off by a rollback."""
    if course.strategy != FEATURE_FLAG:
        return facts.flag.not_set_off if course.flag else ""
    if course.control:
        return "those with the flag off are the control: none is held back beside them"
    return facts.flag.not_raised


_REASONS: tuple[Callable[[Course, ChoiceFacts], str], ...] = (_several, _routed, _previewed, _flagged)
