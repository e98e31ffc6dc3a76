"""Which workflows deploy by themselves, by their files."""

from __future__ import annotations

import pytest

from cpr_cockpit.adapters.github.workflows import Unreadable, deploying

USES = "jobs: {go: {steps: [{uses: azure/webapps-deploy@v3}]}}"


def on(events: str, jobs: str = USES) -> list[str]:
    return [one.on for one in deploying("x.yml", f"on: {events}\n{jobs}\n", "main", "v1.3.0")]


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ("push", ["merge", "tag"]),
        ("[push, pull_request]", ["merge", "tag"]),
        ("{push: {branches: [main]}}", ["merge"]),
        ("{push: {branches: ['**']}}", ["merge"]),
        ("{push: {branches: ['*', '!main']}}", []),
        ("{push: {branches: ['release/**']}}", []),
        ("{push: {branches-ignore: [main]}}", []),
        ("{push: {tags: ['v*']}}", ["tag"]),
        ("{push: {tags: ['v2.*']}}", []),
        ("{push: {tags-ignore: ['x*']}}", ["tag"]),
        ("{push: {branches: [main], tags: ['v1.*']}}", ["merge", "tag"]),
        ("{pull_request: {types: [closed], branches: [main]}}", ["merge"]),
        ("{pull_request: }", []),
        ("workflow_dispatch", []),
        ("create", ["tag"]),
        ("{push: {tags: ['v[0-9]+.[0-9]+.[0-9]+']}}", ["tag"]),
        ("{push: {tags: ['v?1.3.0', '!v1.*']}}", []),
        (r"{push: {tags: ['v1\.3\.0', 'x[']}}", ["tag"]),
        ("{push: {branches: ['mai?n', 'mast[!e]r']}}", ["merge"]),
        ("{workflow_run: {workflows: [CI], branches: [main]}}", ["merge"]),
        ("{workflow_run: {workflows: [CI], branches: [dev]}}", []),
        ("17", []),
    ],
)
def test_by_what_it_is_started(events: str, found: list[str]) -> None:
    assert on(events) == found


@pytest.mark.parametrize(
    ("job", "why"),
    [
        ("{steps: [{uses: actions/checkout@v4}, {uses: Azure/static-web-apps-deploy@v1}]}", "uses Azure/static-web"),
        ('{steps: [{run: "make && az webapp deployment source config-zip"}]}', "runs az webapp deployment"),
        ("{environment: {name: production}, steps: []}", "has the environment production"),
        ("{uses: goals/shared/.github/workflows/deploy.yml@main}", "deploys by its name"),
        ("{steps: [{run: make test}, 3, {uses: 4}]}", ""),
        ("[]", ""),
    ],
)
def test_by_what_it_is_seen(job: str, why: str) -> None:
    found = deploying("x.yml", f"on: {{push: {{branches: main}}}}\njobs: {{go: {job}}}\n", "main", "v1")
    assert [one.why.startswith(f"job go {why}") for one in found] == ([True] if why else [])


@pytest.mark.parametrize("text", ["on: [push", "- a\n- b\n", "", "&a [*a", "- " * 5000, "[" * 50_000], ids=range(6))
def test_what_is_no_workflow_is_said(text: str) -> None:
    with pytest.raises(Unreadable):
        deploying("x.yml", text, "main", "v1")


def test_a_file_that_multiplies_itself_takes_no_time() -> None:
    lines = ["a0: &a0 [{run: make}]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    text = "\n".join([*lines, "on: push", "jobs: {go: {steps: *a11}}"])
    assert deploying("x.yml", text, "main", "v1") == ()


def test_a_file_that_refers_to_itself_over_and_over_is_read_in_no_time() -> None:
    rows = "\n".join(f"  - &a{n} [{', '.join(f'*a{n - 1}' for _ in range(9))}]" for n in range(1, 12))
    file = f"on: push\nx:\n  - &a0 [lol]\n{rows}\njobs: {{go: {{name: *a11, uses: *a11}}}}\n"
    assert deploying("x.yml", file, "main", "v1") == ()


def test_a_pattern_of_many_stars_is_held_against_a_long_name_in_no_time() -> None:
    file = f"on: {{push: {{tags: ['{'**a' * 40}b']}}}}\n{USES}\n"
    assert deploying("x.yml", file, "main", "a" * 250) == ()
