"""A git repository: is the branch up to date, would it merge, and is the release tagged. No working tree is touched."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cpr_cockpit.adapters.log_lines import shown
from cpr_cockpit.adapters.sensors.programs import Ended, last_line, run
from cpr_cockpit.core.commits import same_commit
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.sensing import Reading, State

UP_TO_DATE = "code-readiness.branch-up-to-date"
MERGES = "code-readiness.no-merge-conflicts"
TAGGED = "code-readiness.release-tagged"
_STEP_S = 20.0
_MOST_FILES = 5
_CONFLICT = 1
_ASKS_REMOTE = ("ls-remote", "fetch")
# Nobody is at the keyboard of git or ssh; whoever works in the clone meets no lock of ours.
_VARIABLES = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
_OWN_SSH = ("GIT_SSH_COMMAND", "GIT_SSH")
_SILENT_SSH = {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
# Objects and nothing else. Without --refmap git would move refs/remotes too, and those are what a push with
# --force-with-lease of whoever works in the clone is held against.
_FETCH = (
    *("fetch", "--quiet", "--refmap=", "--no-tags", "--no-prune", "--no-write-fetch-head"),
    *("--no-recurse-submodules", "--no-auto-gc"),
)


@dataclass(frozen=True, slots=True)
class Heads:
    """Commits that the remote told just now; "" for a ref that it does not have."""

    main: str
    branch: str
    tag: str


@dataclass(frozen=True, slots=True)
class RepositorySettings:
    """``branch``: the feature's, ``tag``: the release's; ``commit``: what the artifact was built from, "": not said."""

    folder: Path
    remote: str
    main: str
    branch: str
    tag: str
    commit: str = ""


class Repository:
    """The remote's heads, fetched as objects only, and what a trial merge of them (git merge-tree) comes to."""

    declared = True
    items = (UP_TO_DATE, MERGES, TAGGED)
    timeout_s = 60.0

    def __init__(self, settings: RepositorySettings) -> None:
        self._settings = settings
        self._name = settings.folder.name

    async def read(self) -> tuple[Reading, ...]:
        """One reading each, of the tag only where a commit can be held against it.

        PortError where git or the remote cannot be asked.
        """
        heads = await self._heads()
        main, branch = self._refs
        await self._git(*_FETCH, self._settings.remote, main, *((branch,) if heads.branch else ()))
        return (*await self._branch(heads), *self._tagged(heads))

    @property
    def _refs(self) -> tuple[str, str]:
        return f"refs/heads/{self._settings.main}", f"refs/heads/{self._settings.branch}"

    async def _heads(self) -> Heads:
        main, branch = self._refs
        tag = f"refs/tags/{self._settings.tag}"
        told = await self._git("ls-remote", self._settings.remote, main, branch, tag, f"{tag}^{{}}")
        lines = (line.split("\t", 1) for line in told.out.splitlines() if "\t" in line)
        rows = {ref: commit for commit, ref in lines}
        if main not in rows:
            words = f"{self._name}: {self._settings.remote} has no branch {self._settings.main}."
            raise PortError(words, next_step="Correct [[code]] in cockpit.toml.")
        # An annotated tag is an object of its own; ^{} is the commit that it names.
        return Heads(rows[main], rows.get(branch, ""), rows.get(f"{tag}^{{}}") or rows.get(tag, ""))

    async def _branch(self, heads: Heads) -> tuple[Reading, Reading]:
        """Of the branch: once it is in main nothing of it is asked any more, however it was merged."""
        state, words = await self._merged(heads)
        if state is not None:
            words = f"{self._name}: {words}"
            return Reading(UP_TO_DATE, state, words), Reading(MERGES, state, words)
        return await self._up_to_date(heads), await self._merges(heads)

    async def _merged(self, heads: Heads) -> tuple[State | None, str]:
        """What shows that the branch is in main already, or that it needs not; None where nothing does."""
        settings = self._settings
        released = heads.tag and await self._in_main(heads.tag, heads)
        tagged = f"{settings.tag} names {heads.tag[:10]} of {settings.main}"
        if not heads.branch:
            gone = f"{settings.remote} has no branch {settings.branch}"
            return (State.OK, f"{tagged}, and {gone} any more") if released else (State.FAILED, gone)
        if heads.branch != heads.main and await self._in_main(heads.branch, heads):
            return State.OK, f"{heads.branch[:10]} is merged into {settings.main} already"
        for commit, name in ((heads.main, settings.main), *(((heads.tag, settings.tag),) if released else ())):
            if await self._has_all(commit, heads.branch):
                return State.OK, f"{name} has all that {heads.branch[:10]} changes: merged as another commit"
        if released:
            return State.NOTE, f"{tagged}, which is released; nothing shows whether {heads.branch[:10]} is in it"
        return None, ""

    async def _in_main(self, commit: str, heads: Heads) -> bool:
        """A commit that was not fetched with main is not in it: git knows none of that name (128)."""
        asked = await self._git("merge-base", "--is-ancestor", commit, heads.main, allowed=(0, 1, 128))
        return asked.code == 0

    async def _has_all(self, commit: str, branch: str) -> bool:
        """Whether merging the branch into ``commit`` would change nothing."""
        tried = await self._tried(commit, branch)
        tree = (await self._git("rev-parse", "--verify", f"{commit}^{{tree}}")).out.strip()
        return tried.code != _CONFLICT and tried.out.split() == [tree]

    async def _tried(self, main: str, branch: str) -> Ended:
        names = ("--write-tree", "--name-only", "--no-messages")
        return await self._git("merge-tree", *names, main, branch, allowed=(0, 1))

    async def _up_to_date(self, heads: Heads) -> Reading:
        behind = (await self._git("rev-list", "--count", f"{heads.branch}..{heads.main}")).out.strip()
        if behind == "0":
            return Reading(UP_TO_DATE, State.OK, f"{self._name}: {heads.branch[:10]} has all of {heads.main[:10]}")
        words = f"{self._name}: {self._settings.branch} lacks {behind} commits of {self._settings.main}"
        return Reading(UP_TO_DATE, State.FAILED, words)

    async def _merges(self, heads: Heads) -> Reading:
        tried = await self._tried(heads.main, heads.branch)
        if tried.code != _CONFLICT:
            return Reading(MERGES, State.OK, f"{self._name}: {heads.branch[:10]} merges into {heads.main[:10]}")
        files = [line for line in tried.out.splitlines()[1:] if line]
        more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
        return Reading(MERGES, State.FAILED, f"{self._name}: conflicts in {', '.join(files[:_MOST_FILES])}{more}")

    def _tagged(self, heads: Heads) -> tuple[Reading, ...]:
        tag, commit = self._settings.tag, self._settings.commit
        if not heads.tag:
            return (Reading(TAGGED, State.FAILED, f"{self._name}: {self._settings.remote} has no tag {tag}"),)
        if not commit:
            # Whether it names the release's commit is for a person then.
            return ()
        words = f"{self._name}: {tag} names {heads.tag[:10]}"
        if not same_commit(heads.tag, commit):
            return (Reading(TAGGED, State.FAILED, f"{words}, and the artifact was built from {commit[:10]}"),)
        return (Reading(TAGGED, State.OK, f"{words}, as the artifact"),)

    async def _variables(self) -> Mapping[str, str]:
        """The team's own ssh command is left as it is: it may hold the key, or the way through a proxy."""
        if any(name in os.environ for name in _OWN_SSH):
            return _VARIABLES
        own = await self._run(("git", "config", "--get", "core.sshCommand"), _VARIABLES)
        return _VARIABLES if own.code == 0 else _VARIABLES | _SILENT_SSH

    async def _git(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> Ended:
        asks = arguments[0] in _ASKS_REMOTE
        ended = await self._run(("git", *arguments), await self._variables() if asks else _VARIABLES)
        if ended.code not in allowed:
            raise PortError(f"{self._name}: git {arguments[0]}: {_fatal(ended.err) or f'exit code {ended.code}'}.")
        return ended

    async def _run(self, command: Sequence[str], variables: Mapping[str, str]) -> Ended:
        doing = f"{self._name}: git {command[1]}"
        try:
            return await run(command, self._settings.folder, _STEP_S, variables)
        except TimeoutError as error:
            raise PortError(f"{doing} did not end within {_STEP_S:g} s.") from error
        except OSError as error:
            raise PortError(f"{doing} cannot be run ({error.strerror}).", next_step="Install git.") from error


def _fatal(err: str) -> str:
    """What git says of its end; the advice that may follow is of somebody at a keyboard."""
    fatal = next((line for line in err.splitlines() if line.startswith(("fatal: ", "error: "))), "")
    return shown(fatal or last_line(err)).rstrip(". ")[:200]
