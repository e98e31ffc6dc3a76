"""Which workflow of a repository deploys by itself: on a merge into main, or on a tag.

Sources: GitHub's documentation, "Events that trigger workflows" (push) and "Workflow syntax" (on, jobs). It is a
reading of the file, not a proof: what a script does that it calls is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from cpr_cockpit.adapters.github.patterns import matches
from cpr_cockpit.adapters.over_http import short
from cpr_cockpit.core.code import DeployingWorkflow

FOLDER = ".github/workflows"
MERGE, TAG = "merge", "tag"
_MOST_JOBS, _MOST_STEPS = 100, 200
_LONGEST = 100
# The parser's time grows with the square of how deep brackets nest.
_DEEPEST = 100
_BRACKET = re.compile(r"[\[\]{}]")
_DEPLOYING_ACTION = re.compile(
    r"^(azure/(webapps-deploy|functions-action|static-web-apps-deploy|k8s-deploy|container-apps-deploy-action"
    r"|appservice-settings|aks-set-context)|actions/deploy-pages|[^@]*deploy[^@]*)(@|$)",
    re.IGNORECASE,
)
_DEPLOYING_COMMAND = re.compile(
    r"\baz\s+(webapp\s+(up|deployment|deploy)|functionapp\s+deploy\w*|staticwebapp\s+\w+|containerapp\s+(up|update)|"
    r"deployment\s+\w+\s+create|storage\s+blob\s+(upload|sync)\S*)|\bswa\s+deploy\b|\bazd\s+(up|deploy)\b|"
    r"\bkubectl\s+(apply|rollout|set\s+image)\b|\bhelm\s+(upgrade|install)\b|\bterraform\s+apply\b",
    re.IGNORECASE,
)


class Unreadable(Exception):
    """A workflow's file that cannot be read: why."""


def deploying(path: str, text: str, main: str, tag: str) -> tuple[DeployingWorkflow, ...]:
    """What a workflow's file deploys by itself, and by what that is seen. Unreadable."""
    body = _parsed(text)
    why = next(_reasons(body), "")
    events = _events(body.get("on"))
    found = [(MERGE, _on_merge(events, main)), (TAG, _on_tag(events, tag))]
    return tuple(DeployingWorkflow(path, on, why) for on, there in found if there and why)


def _parsed(text: str) -> Mapping[str, Any]:
    if _depth(text) > _DEEPEST:
        raise Unreadable(f"brackets nest deeper than {_DEEPEST}")
    try:
        # All values as texts: YAML 1.1 would take the key `on` for true.
        body = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # constructs texts, lists and mappings only
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Unreadable(short(str(error))) from error
    if not isinstance(body, dict):
        raise Unreadable("no mapping")
    return body


def _depth(text: str) -> int:
    deepest = depth = 0
    for sign in _BRACKET.findall(text):
        depth = depth + 1 if sign in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _events(on: Any) -> dict[str, Mapping[str, Any]]:
    """The events by name with what narrows them, in whichever of the three ways they are written."""
    if isinstance(on, str):
        return {on: {}}
    if isinstance(on, list):
        return {name: {} for name in on if isinstance(name, str)}
    if isinstance(on, dict):
        return {str(name): told if isinstance(told, dict) else {} for name, told in on.items()}
    return {}


def _on_merge(events: Mapping[str, Mapping[str, Any]], main: str) -> bool:
    """A push to main, a pull request that was closed, or another workflow that ran on main."""
    push, pull, run = events.get("push"), events.get("pull_request"), events.get("workflow_run")
    if push is not None and _takes(push, "branches", main, other="tags"):
        return True
    if run is not None and _takes(run, "branches", main):
        return True
    return pull is not None and "closed" in _names(pull.get("types")) and _takes(pull, "branches", main)


def _on_tag(events: Mapping[str, Mapping[str, Any]], tag: str) -> bool:
    """A push of the tag, or that a ref was created."""
    push = events.get("push")
    return "create" in events or (push is not None and _takes(push, "tags", tag, other="branches"))


def _takes(event: Mapping[str, Any], kind: str, name: str, other: str = "") -> bool:
    """Whether the event's filters let a branch or tag through; with filters of the other kind only it is left out."""
    wanted, unwanted = _names(event.get(kind)), _names(event.get(f"{kind}-ignore"))
    if wanted:
        taken = False
        for pattern in wanted:
            if matches(name, pattern.removeprefix("!")):
                taken = not pattern.startswith("!")
        return taken
    if unwanted:
        return not any(matches(name, pattern) for pattern in unwanted)
    return not (other and (_names(event.get(other)) or _names(event.get(f"{other}-ignore"))))


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _reasons(body: Mapping[str, Any]) -> Iterator[str]:
    """By what it is seen that a job deploys: an action, a command, an environment, its name."""
    jobs = body.get("jobs")
    rows = list(jobs.items())[:_MOST_JOBS] if isinstance(jobs, dict) else []
    named = [(_short(name), job) for name, job in rows if isinstance(job, dict)]
    for name, job in named:
        for step in _steps(job):
            yield from (f"job {name} {reason}" for reason in _of_step(step))
    for name, job in named:
        if environment := _environment(job):
            yield f"job {name} has the environment {environment}"
        # Texts only: a list that repeats itself would be written out.
        told = (name, *(one for one in (job.get("name"), job.get("uses")) if isinstance(one, str)))
        if re.search(r"deploy", " ".join(told), re.IGNORECASE):
            yield f"job {name} deploys by its name"


def _steps(job: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    steps = job.get("steps")
    return [step for step in steps[:_MOST_STEPS] if isinstance(step, dict)] if isinstance(steps, list) else []


def _of_step(step: Mapping[str, Any]) -> Iterator[str]:
    uses, command = step.get("uses"), step.get("run")
    if isinstance(uses, str) and _DEPLOYING_ACTION.match(uses):
        yield f"uses {_short(uses)}"
    if isinstance(command, str) and (found := _DEPLOYING_COMMAND.search(command)):
        yield f"runs {_short(found.group(0))}"


def _environment(job: Mapping[str, Any]) -> str:
    told = job.get("environment")
    told = told.get("name") if isinstance(told, dict) else told
    return _short(told) if isinstance(told, str) else ""


def _short(text: Any) -> str:
    return " ".join(short(str(text)).split())[:_LONGEST]
