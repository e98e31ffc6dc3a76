"""What git knows of a folder: its repository, remote, branches, newest tag, and who works in it. It only reads."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cpr_cockpit.core.inert import clean

_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class GitFacts:
    """``root``: the repository's folder, None: there is none; "" for what git does not know."""

    root: Path | None = None
    remote: str = ""
    branch: str = ""
    main: str = "main"
    tag: str = ""
    person: str = ""


def git_facts(folder: Path) -> GitFacts:
    """Of the repository that ``folder`` is in. Never raises."""
    program = shutil.which("git")
    if program is None:
        return GitFacts()

    def ask(*words: str) -> str:
        try:
            # The words are ours, and no shell reads them.
            ended = subprocess.run(
                [program, "-C", str(folder), *words],
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
                env=os.environ | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return clean(ended.stdout.decode("utf-8", "replace")).strip() if ended.returncode == 0 else ""

    person = ask("config", "user.name")
    root = ask("rev-parse", "--show-toplevel")
    if not root:
        return GitFacts(person=person)
    remotes = ask("remote").split()
    remote = "origin" if "origin" in remotes else next(iter(remotes), "")
    main = ask("symbolic-ref", "--short", f"refs/remotes/{remote}/HEAD").removeprefix(f"{remote}/") if remote else ""
    return GitFacts(
        root=Path(root),
        remote=remote,
        branch=ask("symbolic-ref", "--short", "HEAD"),
        main=main or "main",
        tag=ask("describe", "--tags", "--abbrev=0"),
        person=person,
    )
