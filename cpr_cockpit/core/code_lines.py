"""Step 4 as lines of the plain face: the repositories, their checks, and what can be typed now."""

from __future__ import annotations

from cpr_cockpit.core.code_view import CodeRepository, CodeView
from cpr_cockpit.core.view import Control, Panel

WORDS = {"merge": "merge", "revert": "revert", "go-on": "go_on"}
"""What is typed, and the panel's control of it."""


def control_of(panel: Panel, word: str) -> Control | None:
    """The control of a typed word."""
    control: Control | None = getattr(panel, WORDS[word])
    return control


def command_of(word: str) -> tuple[str, dict[str, str]]:
    """The session's command of a typed word, with its choice."""
    return ("merge", {}) if word == "merge" else ("merge_choice", {"choice": word})


def code_lines(code: CodeView, panel: Panel) -> list[str]:
    """Where step 4 stands, and what can be typed."""
    if not code.repositories:
        return ["no repository of the feature is known at its Git host: sign the list Merge to Main Branch"]
    lines = [f"{code.state}: {code.sentence}" if code.sentence else code.state]
    lines.append(f"merge by {code.method}, tag {code.tag}")
    for one in code.repositories:
        lines += _repository(one)
    for word in WORDS:
        control = control_of(panel, word)
        if control is not None:
            state = "possible" if control.enabled else f"not possible: {control.reason}"
            lines.append(f"{word}: {control.label}; {state}")
    return lines


def _repository(one: CodeRepository) -> list[str]:
    pull = f", pull request #{one.pull} {one.url}" if one.pull else ""
    lines = [f"{one.name}: {one.word}, {one.source} {one.head} into {one.into} {one.main}{pull}"]
    lines += [f"  in the way: {one.in_the_way}"] if one.in_the_way else []
    lines += [f"  warning: {words}" for words in one.deploys]
    lines += [f"  {step.title}: {step.state}{f', {step.words}' if step.words else ''}" for step in one.steps]
    lines += [f"  check {row.name}: {row.state}{', required' if row.required else ''}" for row in one.checks]
    return lines
