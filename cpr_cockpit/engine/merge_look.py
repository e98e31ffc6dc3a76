"""The look of the merge at one repository: what there is, what is in the way, and whether it was merged before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cpr_cockpit.core import code_events as ce
from cpr_cockpit.core.code import CodeHeads, CodeHost, PullRequest, PullState, TrialMerge
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.merging import in_the_way, merged_before, short
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.engine.merge_steps import LONGEST, MergePart, Seen, asked


class MergeLook(MergePart):
    """Reads the repositories before the merge, and as its first step."""

    async def read(self, hosts: Sequence[CodeHost]) -> None:
        """What there is in all of them, into the journal where it is news, in their order."""
        for host, (looked, _) in zip(hosts, await asyncio.gather(*(self._seen(host) for host in hosts)), strict=True):
            self._tell(host, looked)

    async def _read(self, host: CodeHost) -> tuple[ce.CodeLooked, PullRequest | None]:
        looked, pull = await self._seen(host)
        self._tell(host, looked)
        return looked, pull

    def _tell(self, host: CodeHost, looked: ce.CodeLooked) -> None:
        if self.of(host).looked != looked:
            self._recorder.record(looked)

    async def _seen(self, host: CodeHost) -> tuple[ce.CodeLooked, PullRequest | None]:
        try:
            return await self._looked(host)
        except PortError as error:
            words = clean(error.words())[:LONGEST]
        return ce.CodeLooked(repository=host.name, into=host.main, source=host.branch, trouble=words), None

    async def _looked(self, host: CodeHost) -> tuple[ce.CodeLooked, PullRequest | None]:
        facts = await asked(host.repository(), f"{host.name} could not be read")
        heads = await asked(host.heads(), f"the heads of {host.name} could not be read")
        pull = await asked(host.pull_request(), f"the pull requests of {host.name} could not be read")
        tag = await asked(host.tag(self._tag), f"the tags of {host.name} could not be read")
        trial = TrialMerge(heads)
        if heads.branch:
            trial = await self._tried(host, heads)
        workflows = await asked(host.deploying(), f"the workflows of {host.name} could not be read")
        looked = ce.CodeLooked(
            repository=host.name,
            into=host.main,
            source=host.branch,
            main=trial.heads.main,
            branch=trial.heads.branch,
            behind=trial.behind,
            conflicts=tuple(clean(one)[:LONGEST] for one in trial.files[:20]),
            more=trial.more + max(0, len(trial.files) - 20),
            merged=trial.merged,
            tag=tag.commit if tag is not None else "",
            may_write=facts.may_write,
            archived=facts.archived,
            renamed=facts.name if facts.name.lower() != host.name.lower() else "",
            methods=tuple(str(one) for one in facts.methods),
            workflows=tuple(
                ce.SeenWorkflow(path=clean(one.path)[:200], on=one.on, why=clean(one.why)[:LONGEST])
                for one in workflows[:10]
            ),
            pull=pull.number if pull is not None else 0,
            url=clean(pull.url)[:LONGEST] if pull is not None else "",
        )
        return looked, pull

    async def _tried(self, host: CodeHost, heads: CodeHeads) -> TrialMerge:
        """The trial merge in the clone. PortError too where the clone is of another repository than the host's."""
        trial = await asked(host.trial_merge(), f"the trial merge of {host.name} did not end")
        if trial.heads != heads and trial.heads != await asked(
            host.heads(), f"the heads of {host.name} could not be read"
        ):
            told = " and ".join(short(one) or "nothing" for one in (trial.heads.main, trial.heads.branch))
            raise PortError(
                f"the remote of its clone has other heads, {told}, than the host.",
                next_step="Look again; if it stays so, correct path, remote or repository in [[code]] of cockpit.toml.",
            )
        return trial

    async def look(self, host: CodeHost) -> bool:
        """The look that the merge stands on: its head is what everything after it is pinned to."""
        self._steps.intend(host, "look")
        looked, pull = await self._read(host)
        if pull is not None and (commit := merged_before(pull, looked)):
            if why := await self._taken_back(host, pull, looked):
                return self._steps.tell(host, "look", Seen("stopped", why))
            facts = {"commit": commit, "number": str(pull.number), "url": pull.url}
            by = f" by {pull.merged_by}" if pull.merged_by else ""
            self._steps.tell(host, "merge", Seen("already", f"merged{by} as {short(commit)} before", facts))
            return self._steps.tell(host, "look", Seen("done", "it is merged already", {"head": pull.head}))
        if why := in_the_way(looked, self._policy):
            return self._steps.tell(host, "look", Seen("stopped", f"{_merged_once(pull, looked)}{why}"))
        behind = f", {looked.behind} commits of {host.main} to be merged with" if looked.behind else ""
        words = f"{short(looked.branch)} merges into {short(looked.main)}{behind}"
        return self._steps.tell(host, "look", Seen("done", words, {"head": looked.branch}))

    async def _taken_back(self, host: CodeHost, pull: PullRequest, looked: ce.CodeLooked) -> str:
        """Why what was merged before does not count; a branch that is gone says nothing of what main has by now."""
        if looked.merged:
            return ""
        try:
            back = await asked(host.revert_request(pull), "the pull request that takes it back could not be read")
        except PortError as error:
            return f"#{pull.number} was merged, and whether it was taken back is not known: {error.words()}"
        if back is None or back.state is not PullState.MERGED:
            return ""
        return (
            f"#{pull.number} was merged as {short(pull.merged_as)} and taken back by #{back.number}; "
            f"there is no branch {host.branch} any more: restore it, then begin again"
        )

    async def not_taken_back(self, host: CodeHost) -> str:
        """Why a merge that is being taken back goes no further, in words; "" where it may.

        Where a person merged the pull request that takes it back, the repository is to be merged anew from then on.
        """
        one = self.of(host)
        if not one.merged_as or not one.good("revert"):
            return ""
        try:
            pull = await asked(host.pull_request_at(one.number), f"pull request #{one.number} could not be read")
            back = await asked(host.revert_request(pull), "the pull request that takes it back could not be read")
        except PortError as error:
            return f"{host.name}: whether it was taken back is not known: {clean(error.words())[:LONGEST]}"
        if back is not None and back.state is PullState.OPEN:
            return (
                f"{host.name}: #{back.number}, which takes it back, is open: merge or close it there, then look again"
            )
        if back is not None and back.state is PullState.MERGED:
            facts = {"merged": "yes", "number": str(back.number), "url": back.url}
            self._steps.tell(host, "revert", Seen("done", f"taken back by #{back.number}", facts))
        elif back is not None and not one.fact("revert", "closed"):
            words = f"#{back.number} was closed, not merged: it stays merged"
            self._steps.tell(host, "revert", Seen("done", words, {"closed": "yes"}))
        return ""


def _merged_once(pull: PullRequest | None, looked: ce.CodeLooked) -> str:
    """The head was merged before, and main does not have all of it any more: that is said before what is in the way."""
    if pull is None or pull.state is not PullState.MERGED or pull.head != looked.branch:
        return ""
    return f"#{pull.number} was merged as {short(pull.merged_as)} before, and {looked.into} was changed since: "
