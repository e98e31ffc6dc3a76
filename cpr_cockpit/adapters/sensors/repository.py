"""A git repository: is the branch up to date, would it merge, and is the release tagged. No working tree is touched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
# Nobody is at the keyboard of git or ssh; whoever works in the clone meets no lock of ours.
_VARIABLES = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}


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

    items = (UP_TO_DATE, MERGES, TAGGED)
    timeout_s = 60.0

    def __init__(self, settings: RepositorySettings) -> None:
        self._settings = settings
        self._name = settings.folder.name

    async def read(self) -> tuple[Reading, ...]:
        """One reading each; PortError where git or the remote cannot be asked."""
        heads = await self._heads()
        tagged = self._tagged(heads)
        if not heads.branch:
            gone = f"{self._name}: {self._settings.remote} has no branch {self._settings.branch}"
            return (Reading(UP_TO_DATE, State.FAILED, gone), Reading(MERGES, State.FAILED, gone), tagged)
        await self._git("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self._settings.remote, *self._refs)
        return (await self._up_to_date(heads), await self._merges(heads), tagged)

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

    async def _up_to_date(self, heads: Heads) -> Reading:
        behind = (await self._git("rev-list", "--count", f"{heads.branch}..{heads.main}")).out.strip()
        if behind == "0":
            return Reading(UP_TO_DATE, State.OK, f"{self._name}: {heads.branch[:10]} has all of {heads.main[:10]}")
        if (await self._git("merge-base", "--is-ancestor", heads.branch, heads.main, allowed=(0, 1))).code == 0:
            return Reading(UP_TO_DATE, State.OK, f"{self._name}: {heads.branch[:10]} is merged into main already")
        words = f"{self._name}: {self._settings.branch} lacks {behind} commits of {self._settings.main}"
        return Reading(UP_TO_DATE, State.FAILED, words)

    async def _merges(self, heads: Heads) -> Reading:
        tried = await self._git(
            "merge-tree", "--write-tree", "--name-only", "--no-messages", heads.main, heads.branch, allowed=(0, 1)
        )
        if tried.code != _CONFLICT:
            return Reading(MERGES, State.OK, f"{self._name}: {heads.branch[:10]} merges into {heads.main[:10]}")
        files = [line for line in tried.out.splitlines()[1:] if line]
        more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
        return Reading(MERGES, State.FAILED, f"{self._name}: conflicts in {', '.join(files[:_MOST_FILES])}{more}")

    def _tagged(self, heads: Heads) -> Reading:
        tag, commit = self._settings.tag, self._settings.commit
        if not heads.tag:
            return Reading(TAGGED, State.FAILED, f"{self._name}: {self._settings.remote} has no tag {tag}")
        words = f"{self._name}: {tag} names {heads.tag[:10]}"
        if not commit:
            return Reading(TAGGED, State.NOTE, f"{words}; [artifacts] says no commit to compare with")
        if not same_commit(heads.tag, commit):
            return Reading(TAGGED, State.FAILED, f"{words}, and the artifact was built from {commit[:10]}")
        return Reading(TAGGED, State.OK, f"{words}, as the artifact")

    async def _git(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> Ended:
        doing = f"{self._name}: git {arguments[0]}"
        try:
            ended = await run(("git", *arguments), self._settings.folder, _STEP_S, _VARIABLES)
        except TimeoutError as error:
            raise PortError(f"{doing} did not end within {_STEP_S:g} s.") from error
        except OSError as error:
            raise PortError(f"{doing} cannot be run ({error.strerror}).", next_step="Install git.") from error
        if ended.code not in allowed:
            raise PortError(f"{doing}: {_fatal(ended.err) or f'exit code {ended.code}'}.")
        return ended


def _fatal(err: str) -> str:
    """What git says of its end; the advice that may follow is of somebody at a keyboard."""
    fatal = next((line for line in err.splitlines() if line.startswith(("fatal: ", "error: "))), "")
    return (fatal or last_line(err)).rstrip(". ")[:200]
