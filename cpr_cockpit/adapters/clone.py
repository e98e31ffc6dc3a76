"""A clone on this machine, asked by git: what its remote has, and what a trial merge comes to.

No working tree, no ref and no setting of the clone is touched: of the remote only objects are fetched.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cpr_cockpit.adapters.log_lines import shown
from cpr_cockpit.adapters.sensors.programs import Ended, last_line, run
from cpr_cockpit.core.ports import PortError

_STEP_S = 20.0
_CONFLICT = 1
# A trial merge too: in a clone without all objects it fetches those that it needs.
_ASKS_REMOTE = ("ls-remote", "fetch", "merge-tree")
# Nobody is at the keyboard of git or ssh; whoever works in the clone meets no lock of ours; errors are in English.
_VARIABLES = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
# What git exports to its hooks (git rev-parse --local-env-vars): of whatever repository that was, not of the clone.
_OF_ANOTHER = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE"),
)
_SIGNED_IN = re.compile(r"(?<=://)[^\s/@]*@")
# Names of files as they are, whatever their letters.
_QUOTING = ("-c", "core.quotePath=false")
_UNNAMED = "files that git does not name"
_OWN_SSH = ("GIT_SSH_COMMAND", "GIT_SSH")
_SILENT_SSH = {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
# Objects and nothing else. Without --refmap git would move refs/remotes too, and those are what a push with
# --force-with-lease of whoever works in the clone is held against.
_FETCH = (
    *("fetch", "--quiet", "--refmap=", "--no-tags", "--no-prune", "--no-write-fetch-head"),
    *("--no-recurse-submodules", "--no-auto-gc"),
)


@dataclass(frozen=True, slots=True)
class Tried:
    """What merging two commits comes to: the tree, or the files in conflict."""

    tree: str
    files: tuple[str, ...] = ()


class Clone:
    """Every method raises PortError where git, or the remote, cannot be asked."""

    def __init__(self, folder: Path, remote: str) -> None:
        self._folder = folder
        self._remote = remote
        self.name = folder.name

    async def told(self, *refs: str) -> dict[str, str]:
        """The remote's refs of these names with what they name, told just now; one that it has not is left out."""
        told = await self._git("ls-remote", self._remote, *refs)
        lines = (line.split("\t", 1) for line in told.out.splitlines() if "\t" in line)
        return {ref: commit for commit, ref in lines}

    async def fetch(self, *refs: str) -> None:
        """Bring the objects of these refs of the remote."""
        await self._git(*_FETCH, self._remote, *refs)

    async def in_history(self, commit: str, head: str) -> bool:
        """Whether ``commit`` came before ``head``; of one that was not fetched git knows nothing (128)."""
        asked = await self._git("merge-base", "--is-ancestor", commit, head, allowed=(0, 1, 128))
        return asked.code == 0

    async def tried(self, main: str, branch: str) -> Tried:
        """A trial merge of two commits (git merge-tree --write-tree, since git 2.38)."""
        names = ("--write-tree", "--name-only", "--no-messages")
        ended = await self._git("merge-tree", *names, main, branch, allowed=(0, _CONFLICT))
        tree, *files = ended.out.split("\n")
        if ended.code != _CONFLICT:
            return Tried(tree)
        return Tried(tree, tuple(file for file in files if file) or (_UNNAMED,))

    async def has_all(self, commit: str, branch: str) -> bool:
        """Whether merging ``branch`` into ``commit`` would change nothing."""
        tried = await self.tried(commit, branch)
        tree = (await self._git("rev-parse", "--verify", f"{commit}^{{tree}}")).out.strip()
        return not tried.files and tried.tree == tree

    async def behind(self, branch: str, main: str) -> int:
        """How many commits of ``main`` the branch lacks."""
        return int((await self._git("rev-list", "--count", f"{branch}..{main}")).out.strip())

    async def _variables(self) -> Mapping[str, str]:
        """The team's own ssh command is left as it is: it may hold the key, or the way through a proxy."""
        if any(name in os.environ for name in _OWN_SSH):
            return _VARIABLES
        own = await self._run(("git", "config", "--get", "core.sshCommand"), _VARIABLES)
        return _VARIABLES if own.code == 0 else _VARIABLES | _SILENT_SSH

    async def _git(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> Ended:
        asks = arguments[0] in _ASKS_REMOTE
        command = ("git", *_QUOTING, *arguments)
        ended = await self._run(command, await self._variables() if asks else _VARIABLES)
        if ended.code not in allowed:
            raise PortError(f"{self.name}: git {arguments[0]}: {_fatal(ended.err) or f'exit code {ended.code}'}.")
        return ended

    async def _run(self, command: Sequence[str], variables: Mapping[str, str]) -> Ended:
        doing = f"{self.name}: git {next(word for word in command[1:] if word not in _QUOTING)}"
        try:
            return await run(command, self._folder, _STEP_S, variables, without=_OF_ANOTHER)
        except TimeoutError as error:
            raise PortError(
                f"{doing} did not end within {_STEP_S:g} s.",
                next_step=f"Run git fetch in {self.name} once: it may ask for a password, or have much to bring.",
            ) from error
        except OSError as error:
            raise PortError(f"{doing} cannot be run ({error.strerror}).", next_step="Install git.") from error


def _fatal(err: str) -> str:
    """What git says of its end; the advice that may follow is of somebody at a keyboard."""
    fatal = next((line for line in err.splitlines() if line.startswith(("fatal: ", "error: "))), "")
    return _SIGNED_IN.sub("", shown(fatal or last_line(err))).rstrip(". ")[:200]
