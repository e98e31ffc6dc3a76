"""A git repository: is the branch up to date, would it merge, and is the release tagged. No working tree is touched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cpr_cockpit.adapters.clone import Clone
from cpr_cockpit.core.commits import same_commit
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.sensing import Reading, State

UP_TO_DATE = "code-readiness.branch-up-to-date"
MERGES = "code-readiness.no-merge-conflicts"
TAGGED = "code-readiness.release-tagged"
_MOST_FILES = 5


@dataclass(frozen=True, slots=True)
class Heads:
    """Commits that the remote told just now; "" for a ref that it does not have."""

    main: str
    branch: str
    tag: str


@dataclass(frozen=True, slots=True)
class RepositorySettings:
    """``branch``: the feature's, ``tag``: the release's; ``commit``: what the artifact was built from, "": not said.

    ``tells_tag`` False: the repository's host is asked for the tag instead.
    """

    folder: Path
    remote: str
    main: str
    branch: str
    tag: str
    commit: str = ""
    tells_tag: bool = True


class Repository:
    """The remote's heads, fetched as objects only, and what a trial merge of them (git merge-tree) comes to."""

    declared = True
    timeout_s = 60.0

    def __init__(self, settings: RepositorySettings) -> None:
        self._settings = settings
        self.items = (UP_TO_DATE, MERGES, TAGGED) if settings.tells_tag else (UP_TO_DATE, MERGES)
        self._clone = Clone(settings.folder, settings.remote)
        self._name = settings.folder.name

    async def read(self) -> tuple[Reading, ...]:
        """One reading each, of the tag only where a commit can be held against it.

        PortError where git or the remote cannot be asked.
        """
        heads = await self._heads()
        main, branch = self._refs
        await self._clone.fetch(main, *((branch,) if heads.branch else ()))
        return (*await self._branch(heads), *(self._tagged(heads) if self._settings.tells_tag else ()))

    @property
    def _refs(self) -> tuple[str, str]:
        return f"refs/heads/{self._settings.main}", f"refs/heads/{self._settings.branch}"

    async def _heads(self) -> Heads:
        main, branch = self._refs
        tag = f"refs/tags/{self._settings.tag}"
        rows = await self._clone.told(main, branch, tag, f"{tag}^{{}}")
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
        released = heads.tag and await self._clone.in_history(heads.tag, heads.main)
        tagged = f"{settings.tag} names {heads.tag[:10]} of {settings.main}"
        if not heads.branch:
            gone = f"{settings.remote} has no branch {settings.branch}"
            return (State.OK, f"{tagged}, and {gone} any more") if released else (State.FAILED, gone)
        if heads.branch != heads.main and await self._clone.in_history(heads.branch, heads.main):
            return State.OK, f"{heads.branch[:10]} is merged into {settings.main} already"
        for commit, name in ((heads.main, settings.main), *(((heads.tag, settings.tag),) if released else ())):
            if await self._clone.has_all(commit, heads.branch):
                return State.OK, f"{name} has all that {heads.branch[:10]} changes: merged as another commit"
        # What the branch began from cannot have it: a name that is taken is no release of this feature.
        if released and not await self._clone.in_history(heads.tag, heads.branch):
            return State.NOTE, f"{tagged}, which is released; nothing shows whether {heads.branch[:10]} is in it"
        return None, ""

    async def _up_to_date(self, heads: Heads) -> Reading:
        behind = await self._clone.behind(heads.branch, heads.main)
        if not behind:
            return Reading(UP_TO_DATE, State.OK, f"{self._name}: {heads.branch[:10]} has all of {heads.main[:10]}")
        count = "1 commit" if behind == 1 else f"{behind} commits"
        words = f"{self._name}: {self._settings.branch} lacks {count} of {self._settings.main}"
        return Reading(UP_TO_DATE, State.FAILED, words)

    async def _merges(self, heads: Heads) -> Reading:
        files = (await self._clone.tried(heads.main, heads.branch)).files
        if not files:
            return Reading(MERGES, State.OK, f"{self._name}: {heads.branch[:10]} merges into {heads.main[:10]}")
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
