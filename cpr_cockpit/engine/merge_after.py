"""After the merge in one repository: the version's tag on what CI has built, or a pull request that takes it back."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core import code_events as ce
from cpr_cockpit.core.code import BuildState, CodeHost, PullRequest, PullState
from cpr_cockpit.core.merging import not_taggable, short, tag_message
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.pull_request import revert_body, revert_title
from cpr_cockpit.engine.merge_steps import MergePart, Seen, asked, pulled

# How long a build may take to be seen at all after the merge, as a share of what it may take in all.
_SEEN_BY = 0.2


class MergeAfter(MergePart):
    """Tags what is merged, or takes it back."""

    async def tag(self, host: CodeHost) -> bool:
        """The version's tag on the merge commit, once CI is seen to have built it."""
        one = self.of(host)
        commit, other = one.merged_as, one.fact("merge", "head")
        if other not in ("", one.head) and self._recorder.run.code.gone_on is None:
            why = f"#{one.number} was merged with {short(other)}, not with {short(one.head)}, which was looked at"
            return self._steps.tell(host, "tag", Seen("stopped", f"{self._tag} was not set: {why}"))

        async def look() -> Seen | None:
            found = await asked(host.tag(self._tag), f"the tags of {host.name} could not be read")
            if found is None:
                return None
            if found.commit != commit:
                return Seen("stopped", f"{self._tag} is there already and names {short(found.commit)}")
            sent = self._steps.sent(host, "tag")
            return Seen("done" if sent else "already", self._tagged(commit), {"commit": commit, "tag": self._tag})

        async def send() -> Seen:
            message = tag_message(self._tag, self._settings.feature)
            found = await asked(host.create_tag(self._tag, commit, message), f"tagging {self._tag}", changes=True)
            return Seen("done", self._tagged(found.commit), {"commit": found.commit, "tag": self._tag})

        if not self._steps.sent(host, "tag"):
            why = await self._not_built(host, commit)
            if why:
                return self._steps.tell(host, "tag", Seen("stopped", f"{self._tag} was not set: {why}"))
        return await self._steps.change(host, "tag", look, send, commit=commit, tag=self._tag)

    def _tagged(self, commit: str) -> str:
        return f"{self._tag} names {short(commit)}"

    async def _not_built(self, host: CodeHost, commit: str) -> str:
        """Why CI is not seen to have built the release from that commit; "" where it is."""
        began, opened = self._clock.now(), self._recorder.run.opened
        sha256, built_from = (opened.artifact_sha256, opened.commit) if opened is not None else ("", "")
        while True:
            waited = self._clock.now() - began
            try:
                build = await asked(host.build(commit), f"the build of {short(commit)} could not be read")
            except PortError as error:
                why, last = error.words(), waited >= self._policy.build_s
            else:
                why = not_taggable(build, artifact=host.artifact, sha256=sha256, built_from=built_from)
                within = {BuildState.RUNNING: 1.0, BuildState.NONE: _SEEN_BY}.get(build.state, 0.0)
                last = waited >= within * self._policy.build_s
                if build.state is BuildState.RUNNING:
                    why = f"CI of {short(commit)} was not done after {waited:.0f} s"
            if last:
                return why
            await self._clock.sleep(self._poll_s)

    async def revert(self, host: CodeHost, chosen: ce.MergeChosen) -> bool:
        """A pull request that takes the merge back; it is not merged by this program."""
        one = self.of(host)
        number = one.number
        try:
            pull = await asked(host.pull_request_at(number), f"pull request #{number} could not be read")
        except PortError as error:
            return self._steps.tell(host, "revert", Seen("failed", error.words()))
        pull = replace(pull, merged_as=pull.merged_as or one.merged_as)

        async def look() -> Seen | None:
            found = await asked(host.revert_request(pull), "the pull requests could not be read")
            sent = self._steps.sent(host, "revert")
            return None if found is None else _back(found, "done" if sent else "already")

        async def send() -> Seen:
            title = revert_title(number, self._settings.feature)
            body = revert_body(number, one.merged_as, chosen.by, chosen.reason)
            work = host.create_revert_request(pull, title, body)
            return pulled(await asked(work, "creating the pull request", changes=True), "done")

        return await self._steps.change(host, "revert", look, send, commit=one.merged_as)


def _back(found: PullRequest, result: ce.MergeResult) -> Seen:
    """A pull request that takes the merge back: one that was closed can be opened again, by a person only."""
    if found.state is PullState.CLOSED:
        words = f"#{found.number} takes it back and was closed, not merged: reopen it at the host: {found.url}"
        return Seen("stopped", words)
    if found.state is PullState.MERGED:
        facts = {"merged": "yes", "number": str(found.number), "url": found.url}
        return Seen("already", f"taken back by #{found.number} already", facts)
    return pulled(found, result)
