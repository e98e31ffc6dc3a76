"""The two repositories of the sample feature: what is in them, and how they are made fast.

A repository is one stream for `git fast-import`, so that the same commits come of it every time; its clone borrows the
objects of the bare repository, which is its remote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cpr_cockpit.lab.githost.git import Git

OWNER, MAIN, BRANCH = "goals", "main", "feature/0001-personal-goal-creation-management"
WORKFLOWS = ".github/workflows"
CI = f"{WORKFLOWS}/ci.yml"
_BORN = 1_766_000_000  # epoch seconds of the first commit
_APART = 3600

_CI = """\
name: CI
on:
  pull_request:
  push:
    branches: ["**"]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: make package
      - uses: actions/upload-artifact@v4
        with: { name: NAME, path: dist/ }
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: make test
"""
_DEPLOY_SLOT = """\
name: Deploy to a slot
run-name: Deploy ${{ inputs.version }} to ${{ inputs.slot }} (${{ inputs.cpr_run }})
on:
  workflow_dispatch:
    inputs: { slot: {}, version: {}, cpr_run: {} }
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: azure/webapps-deploy@v3
        with: { app-name: goals-api, slot-name: "${{ inputs.slot }}", package: dist/goals-api.zip }
"""
DEPLOYS_ON_TAG = """\
name: Release
on:
  push:
    tags: ["v*"]
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: actions/checkout@v4
      - uses: Azure/static-web-apps-deploy@v1
        with: { action: upload, app_location: dist }
"""
_SERVICE = 'def goals():\n    """All goals of a user."""\n    return []\n'
_SERVICE_NOW = 'def goals():\n    """All goals of a user, the newest first."""\n    return sorted([], reverse=True)\n'
_SERVICE_ELSE = 'def goals():\n    """All goals of a user, by name."""\n    return sorted([])\n'
_VIEW = 'export const title = "Goals";\n'
_VIEW_NOW = 'export const title = "My goals";\nexport const create = true;\n'
_VIEW_ELSE = 'export const title = "Your goals";\n'


@dataclass(frozen=True, slots=True)
class Change:
    """One commit: its message and the files that it writes."""

    message: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Seed:
    """A repository: `main` and, from its head on, the feature's `branch`; `conflicting`: would not merge with that.

    `ruled`: the checks that a ruleset of main requires; `protected`: those that main's older kind of protection does.
    """

    name: str
    main: tuple[Change, ...]
    branch: tuple[Change, ...]
    conflicting: Change
    ruled: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    approvals: int = 0
    methods: dict[str, bool] = field(default_factory=dict)


API = Seed(
    "goals-api",
    main=(
        Change("Goals service", {"README.md": "# Goals API\n", "goals/service.py": _SERVICE}),
        Change(
            "Workflows: CI and the deployment to a slot",
            {CI: _CI.replace("NAME", "goals-api"), f"{WORKFLOWS}/deploy-slot.yml": _DEPLOY_SLOT},
        ),
    ),
    branch=(
        Change("Goals can be created", {"goals/create.py": "def create(title):\n    return {'title': title}\n"}),
        Change("The newest goal comes first", {"goals/service.py": _SERVICE_NOW}),
    ),
    conflicting=Change("Goals are sorted by name", {"goals/service.py": _SERVICE_ELSE}),
    ruled=("build", "test"),
    approvals=1,
    methods={"squash": True, "merge": True, "rebase": True},
)
UI = Seed(
    "goals-ui",
    main=(
        Change("Goals page", {"README.md": "# Goals UI\n", "src/goals.ts": _VIEW}),
        Change(
            "Workflows: CI and the release",
            {CI: _CI.replace("NAME", "goals-ui"), f"{WORKFLOWS}/release.yml": DEPLOYS_ON_TAG},
        ),
    ),
    branch=(Change("A goal is created on the page", {"src/goals.ts": _VIEW_NOW}),),
    conflicting=Change("The page speaks to its reader", {"src/goals.ts": _VIEW_ELSE}),
    protected=("build",),
    methods={"squash": True, "merge": True, "rebase": False},
)
SEEDS = (API, UI)


async def plant(seed: Seed, folder: Path) -> tuple[Git, Path]:
    """The bare repository and its clone, with the feature's branch checked out, within `folder`. GitFailed, OSError."""
    bare, clone = folder / OWNER / f"{seed.name}.git", folder / "clones" / seed.name
    await Git(folder, folder)("init", "--quiet", "--bare", f"--initial-branch={MAIN}", "--template=", str(bare))
    git = Git(bare, folder)
    await git("fast-import", "--quiet", "--done", given=stream(seed))
    shared = ("clone", "--quiet", "--shared", "--template=", "--branch", BRANCH)
    await Git(folder, folder)(*shared, str(bare), str(clone))
    return git, clone


def stream(seed: Seed) -> bytes:
    """The repository as `git fast-import` takes it (git-fast-import, "Input format")."""
    main, branch = f"refs/heads/{MAIN}", f"refs/heads/{BRANCH}"
    lines: list[str] = []
    for number, change in enumerate((*seed.main, *seed.branch)):
        ref = main if number < len(seed.main) else branch
        lines += [f"commit {ref}", f"committer Goals Team <team@goals.example> {_BORN + number * _APART} +0000"]
        lines.append(_data(change.message))
        if number == len(seed.main):
            lines.append(f"from {main}")
        for path, text in change.files.items():
            lines += [f"M 100644 inline {path}", _data(text)]
    return ("\n".join([*lines, "done"]) + "\n").encode()


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}"
