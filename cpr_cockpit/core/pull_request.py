"""The pull request's title and body, after the procedure's template (step 4), from what the run knows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cpr_cockpit.core.inert import clean

_LONGEST = 200
_TO_BE_ADDED = "see the commits of this pull request"


@dataclass(frozen=True, slots=True)
class PullFacts:
    """What the template is filled with; ``score`` and ``decision`` are phase 7's, "" where no document tells them.

    ``done``: keys of the documentation's items that are done; ``others``: the feature's other repositories;
    ``course``: the strategy in words; ``issue``: what the pull request closes, 0: nothing.
    """

    feature: str
    version: str
    source: str
    into: str
    score: str = ""
    decision: str = ""
    done: Sequence[str] = ()
    others: Sequence[str] = ()
    course: str = ""
    old_version: str = ""
    issue: int = 0


_DOCUMENTATION = (
    ("pull-request-documentation.api", "API documentation updated"),
    ("pull-request-documentation.user", "User documentation updated"),
    ("pull-request-documentation.changelog", "CHANGELOG.md updated"),
    ("pull-request-documentation.deployment-plan", "Deployment plan prepared"),
)
DOCUMENTATION = tuple(key for key, _ in _DOCUMENTATION)


def pull_title(feature: str) -> str:
    """The title: the feature's name in words, and its folder's name."""
    number, _, name = feature.partition("-")
    words = name.replace("-", " ").strip().capitalize() if number.isdigit() and name else ""
    return _short(f"{words} ({feature})" if words else feature)


def pull_body(facts: PullFacts) -> str:
    """The body, in the template's order; nothing is said to be so that nobody has told."""
    score = f" (score: {_short(facts.score)}/100)" if facts.score else ""
    ready = f"{_short(facts.decision)}{score}" if facts.decision else "see test-report.md"
    old = _short(facts.old_version)
    back = f"back to {old} by ROLL BACK, before and after GO" if old else "ROLL BACK"
    branches = f"`{_short(facts.source)}` into `{_short(facts.into)}`"
    others = f"\nTogether with: {', '.join(_short(one) for one in facts.others)}\n" if facts.others else ""
    checks = "\n".join(f"- [{'x' if key in facts.done else ' '}] {text}" for key, text in _DOCUMENTATION)
    closes = f"\nCloses #{facts.issue}\n" if facts.issue else ""
    return f"""### Pull Request: {pull_title(facts.feature)}

**Feature**: {_short(facts.feature)}

**Summary**: {_short(facts.feature)}, release {_short(facts.version)}: {branches}
{others}
**Changes**:
- Backend: {_TO_BE_ADDED}
- Frontend: {_TO_BE_ADDED}
- Database: {_TO_BE_ADDED}

**Testing**:
- Phase 6 Code Review: see the reviews of this pull request
- Phase 7 Testing: {ready}
- All tests passing in CI/CD: the required checks of this pull request

**Documentation**:
{checks}

**Deployment Plan**:
- Staging deployment: step 5, after this merge
- Production deployment: {_short(facts.course) or "as planned"}, on START by a person
- Rollback plan: {back}

**Approval Required**: Tech Lead / Solution Owner
{closes}
Opened by CPR Cockpit.
"""


def merge_title(feature: str, number: int) -> str:
    """The merge commit's first line."""
    return f"Feature: {_short(feature)} (#{number})"


def merge_message(version: str, by: str) -> str:
    """The merge commit's text."""
    return f"Release {_short(version)}, merged by {_short(by)} with CPR Cockpit."


def revert_title(number: int, feature: str) -> str:
    """The title of the pull request that takes one back."""
    return f"Revert: {_short(feature)} (#{number})"


def revert_body(number: int, commit: str, by: str, why: str) -> str:
    """Its body."""
    return (
        f"Takes back #{number}, merged as {_short(commit)}: the feature is half merged.\n\n"
        f"Chosen by {_short(by)}{f': {_short(why)}' if why else ''}.\n\nOpened by CPR Cockpit; merged by a person.\n"
    )


def _short(text: str) -> str:
    """One line of somebody's text, which neither formats nor mentions anybody."""
    return clean(text).replace("`", "'").replace("@", "(at)")[:_LONGEST]
