"""The steps of the merge in one repository: what each looks for, sends, and takes as done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from cpr_cockpit.core import code_events as ce
from cpr_cockpit.core.checklist import open_reason
from cpr_cockpit.core.checklists import PULL_REQUEST_DOCUMENTATION
from cpr_cockpit.core.code import (
    BuildState,
    CodeHost,
    CommitChecks,
    MergeResult,
    PullRequest,
    PullState,
    Reviews,
    TrialMerge,
)
from cpr_cockpit.core.code_run import Repository
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.merging import (
    Green,
    in_the_way,
    judged,
    merged_before,
    needed,
    not_mergeable,
    not_taggable,
    short,
    tag_message,
    tag_of,
)
from cpr_cockpit.core.ports import Clock, PortError
from cpr_cockpit.core.pull_request import (
    PullFacts,
    merge_message,
    merge_title,
    pull_body,
    pull_title,
    revert_body,
    revert_title,
)
from cpr_cockpit.core.standings import standings
from cpr_cockpit.engine.merge_steps import LONGEST, Seen, Stepper, asked
from cpr_cockpit.engine.pursuit import Patience
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings

# Looks at a host in polls of the environment: it counts requests by the hour.
_POLLS = 10.0
_MOST_CHECKS = 60
_LAST_LOOKS = 6
# How long a build may take to be seen at all after the merge, as a share of what it may take in all.
_SEEN_BY = 0.2


class MergeRoom:
    """Does one step in one repository; each answers whether it is as it should be, and leaves its outcome on disk."""

    def __init__(self, settings: SessionSettings, clock: Clock, recorder: Recorder, patience: Patience) -> None:
        self._settings = settings
        self._policy = settings.merge
        self._clock = clock
        self._recorder = recorder
        self._poll_s = _POLLS * patience.poll_s
        self._steps = Stepper(recorder, clock, patience)
        self._tag = tag_of(settings.new_version)

    def of(self, host: CodeHost) -> Repository:
        """What the run knows of it."""
        return self._steps.repository(host)

    # -- look --------------------------------------------------------------------------------------------------------

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
            trial = await asked(host.trial_merge(), f"the trial merge of {host.name} did not end")
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

    async def look(self, host: CodeHost) -> bool:
        """The look that the merge stands on: its head is what everything after it is pinned to."""
        self._steps.intend(host, "look")
        looked, pull = await self._read(host)
        commit = merged_before(pull, looked) if not looked.trouble else ""
        if commit and pull is not None:
            facts = {"commit": commit, "number": str(pull.number), "url": pull.url}
            by = f" by {pull.merged_by}" if pull.merged_by else ""
            self._steps.tell(host, "merge", Seen("already", f"merged{by} as {short(commit)} before", facts))
            return self._steps.tell(host, "look", Seen("done", "it is merged already", {"head": pull.head}))
        why = in_the_way(looked, self._policy)
        if why:
            return self._steps.tell(host, "look", Seen("stopped", why))
        behind = f", {looked.behind} commits of {host.main} to be merged with" if looked.behind else ""
        words = f"{short(looked.branch)} merges into {short(looked.main)}{behind}"
        return self._steps.tell(host, "look", Seen("done", words, {"head": looked.branch}))

    async def read_taken_back(self, host: CodeHost) -> bool:
        """Whether a pull request that takes the merge back was merged by a person: then it is to be merged anew."""
        one = self.of(host)
        if not one.merged_as or not one.good("revert"):
            return True
        pull = await asked(host.pull_request_at(one.number), f"pull request #{one.number} could not be read")
        back = await asked(host.revert_request(pull), "the pull request that takes it back could not be read")
        if back is not None and back.state is PullState.MERGED:
            facts = {"merged": "yes", "number": str(back.number), "url": back.url}
            self._steps.tell(host, "revert", Seen("done", f"taken back by #{back.number}", facts))
        return True

    # -- the pull request --------------------------------------------------------------------------------------------

    async def pull_request(self, host: CodeHost) -> bool:
        """Found, or created with the procedure's template."""
        head = self.of(host).head

        async def look() -> Seen | None:
            pull = await asked(host.pull_request(), f"the pull requests of {host.name} could not be read")
            if pull is None or pull.state is not PullState.OPEN:
                return None
            if pull.head != head:
                return Seen("stopped", f"#{pull.number} has another head, {short(pull.head)}: look again")
            sent = self._steps.sent(host, "pull-request")
            return self._pulled(pull, "done" if sent else "already")

        async def send() -> Seen:
            work = host.create_pull_request(pull_title(self._settings.feature), self._body(host))
            return self._pulled(await asked(work, "creating the pull request", changes=True), "done")

        return await self._steps.change(host, "pull-request", look, send, head=head)

    @staticmethod
    def _pulled(pull: PullRequest, result: ce.MergeResult) -> Seen:
        word = "created" if result == "done" else "is there"
        facts = {"number": str(pull.number), "url": pull.url, "head": pull.head}
        return Seen(result, f"#{pull.number} {word}: {pull.url}", facts)

    def _body(self, host: CodeHost) -> str:
        run, now = self._recorder.run, self._clock.now()
        known = standings(run, now)
        done = [
            item.key for item in PULL_REQUEST_DOCUMENTATION.items if open_reason(item, known.get(item.key), now) is None
        ]
        gate = run.gate
        return pull_body(
            PullFacts(
                feature=self._settings.feature,
                version=self._settings.new_version,
                source=host.branch,
                into=host.main,
                score=f"{gate.score:g}" if gate is not None and gate.score is not None else "",
                decision=gate.level if gate is not None else "",
                done=done,
                others=[one for one in run.code.repositories if one != host.name],
                course=run.plan.course if run.plan is not None else "",
                old_version=run.plan.old_version if run.plan is not None else "",
                issue=self._policy.issue,
            )
        )

    # -- checks and reviews ------------------------------------------------------------------------------------------

    async def checks(self, host: CodeHost) -> bool:
        """Watched until all that is required is green, something is red, or their time is over."""
        self._steps.intend(host, "checks", head=self.of(host).head)
        row = self.of(host).rows["checks"]
        until = row.began_at + self._policy.checks_s
        while True:
            try:
                green = await self._green(host)
            except PortError as error:
                green = Green("wait", f"could not be read: {error.words()}")
            if green.state == "green":
                return self._steps.tell(host, "checks", Seen("done", green.words))
            if green.state == "red":
                return self._steps.tell(host, "checks", Seen("stopped", green.words))
            if self._clock.now() >= until:
                words = f"{green.words}, and nothing more is waited for after {self._policy.checks_s:g} s"
                return self._steps.tell(host, "checks", Seen("failed", words))
            await self._clock.sleep(self._poll_s)

    async def _green(self, host: CodeHost) -> Green:
        one = self.of(host)
        what = f"pull request #{one.number} could not be read"
        pull = await asked(host.pull_request_at(one.number), what)
        if why := not_mergeable(pull, one.head):
            return Green("red", why)
        checks = await asked(host.checks(one.head), f"the checks of {short(one.head)} could not be read")
        reviews = await asked(host.reviews(pull), f"the reviews of #{one.number} could not be read")
        self._saw(host, checks, reviews)
        return judged(pull, one.head, checks, reviews, self._policy)

    def _saw(self, host: CodeHost, checks: CommitChecks, reviews: Reviews) -> None:
        seen = ce.ChecksSeen(
            repository=host.name,
            commit=checks.commit,
            rows=tuple(
                ce.SeenCheck(
                    name=clean(one.name)[:120],
                    state=str(one.state),
                    required=one.required,
                    url=clean(one.url)[:LONGEST],
                    words=clean(one.words)[:120],
                )
                for one in checks.rows[:_MOST_CHECKS]
            ),
            required_known=checks.required_known,
            approved_by=tuple(clean(one)[:80] for one in reviews.approved_by[:10]),
            refused_by=tuple(clean(one)[:80] for one in reviews.refused_by[:10]),
            needed=needed(reviews, self._policy),
        )
        if self.of(host).checks != seen:
            self._recorder.record(seen)

    # -- merge -------------------------------------------------------------------------------------------------------

    async def holds(self, host: CodeHost) -> bool:
        """The last look before anything is merged anywhere; what it sees in the way is the merge's outcome.

        Whether it merges may be worked out anew by the host just then: that is waited for, for some looks.
        """
        one, green = self.of(host), Green("wait")
        for look in range(_LAST_LOOKS):
            if look:
                await self._clock.sleep(self._poll_s)
            try:
                green = await self._green(host)
            except PortError as error:
                green = Green("wait", f"could not be read just before the merge: {error.words()}")
            if green.state != "wait":
                break
        if green.state != "green":
            return self._steps.tell(host, "merge", Seen("stopped", f"#{one.number}: {green.words}"))
        return True

    async def merge(self, host: CodeHost) -> bool:
        """Merged by the policy's method while its head is the pinned one."""
        one = self.of(host)
        number, head = one.number, one.head

        async def look() -> Seen | None:
            pull = await asked(host.pull_request_at(number), f"pull request #{number} could not be read")
            if pull.state is PullState.OPEN:
                return None
            if pull.state is PullState.CLOSED:
                return Seen("stopped", f"#{number} was closed by somebody, not merged")
            facts = {"commit": pull.merged_as, "number": str(number), "url": pull.url}
            sent = self._steps.sent(host, "merge")
            by = f" by {pull.merged_by}" if pull.merged_by and not sent else ""
            moved = f", with another head, {short(pull.head)}" if pull.head != head else ""
            words = f"#{number} merged{by} as {short(pull.merged_as)}{moved}"
            return Seen("done" if sent else "already", words, facts)

        async def send() -> Seen:
            title, by = merge_title(self._settings.feature, number), self._by
            message = merge_message(self._settings.new_version, by)
            work = host.merge(number, head, self._policy.method, title, message)
            answer = await asked(work, f"merging #{number}", changes=True)
            if answer.result is MergeResult.MERGED:
                facts = {"commit": answer.commit, "number": str(number), "url": one.url}
                words = f"#{number} merged by {self._policy.method} as {short(answer.commit)}"
                return Seen("done", words, facts)
            word = "its head has moved" if answer.result is MergeResult.MOVED else "the host refuses"
            return Seen("failed", f"#{number} was not merged, {word}: {answer.words}")

        return await self._steps.change(host, "merge", look, send, head=head, number=str(number))

    @property
    def _by(self) -> str:
        begun = self._recorder.run.code.begun
        return begun.by if begun is not None else ""

    # -- tag ---------------------------------------------------------------------------------------------------------

    async def tag(self, host: CodeHost) -> bool:
        """The version's tag on the merge commit, once CI is seen to have built it."""
        commit = self.of(host).merged_as

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

    # -- taking it back ----------------------------------------------------------------------------------------------

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
            return None if found is None else self._pulled(found, "done" if sent else "already")

        async def send() -> Seen:
            title = revert_title(number, self._settings.feature)
            body = revert_body(number, one.merged_as, chosen.by, chosen.reason)
            work = host.create_revert_request(pull, title, body)
            return self._pulled(await asked(work, "creating the pull request", changes=True), "done")

        return await self._steps.change(host, "revert", look, send, commit=one.merged_as)
