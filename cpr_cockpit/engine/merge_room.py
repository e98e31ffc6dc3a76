"""The steps of the merge in one repository: pull request, checks and reviews, and the merge with its head pinned."""

from __future__ import annotations

from functools import partial

from cpr_cockpit.core import code_events as ce
from cpr_cockpit.core.checklist import open_reason
from cpr_cockpit.core.checklists import PULL_REQUEST_DOCUMENTATION
from cpr_cockpit.core.code import CodeHost, CommitChecks, MergeResult, PullState, Reviews
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.merging import Green, judged, needed, not_mergeable, short
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.pull_request import PullFacts, merge_message, merge_title, pull_body, pull_title
from cpr_cockpit.core.standings import standings
from cpr_cockpit.engine.merge_steps import LONGEST, MergePart, Seen, asked, pulled

_MOST_CHECKS = 60
_LAST_LOOKS = 6


class MergeRoom(MergePart):
    """Brings one repository from its look to its merge; each step answers whether it is as it should be."""

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
            return pulled(pull, "done" if sent else "already")

        async def send() -> Seen:
            work = host.create_pull_request(pull_title(self._settings.feature), self._body(host))
            return pulled(await asked(work, "creating the pull request", changes=True), "done")

        return await self._steps.change(host, "pull-request", look, send, head=head)

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

    def sent(self, host: CodeHost) -> bool:
        """Whether its merge was sent by a session that died, and what came of it is not known."""
        return self._steps.sent(host, "merge")

    async def settled(self, host: CodeHost) -> bool:
        """Look what came of a merge that was sent; False where that cannot be read, or it cannot be merged any more."""
        return await self._steps.settle(host, "merge", partial(self._merge_seen, host))

    async def _merge_seen(self, host: CodeHost) -> Seen | None:
        one = self.of(host)
        number, head = one.number, one.head
        pull = await asked(host.pull_request_at(number), f"pull request #{number} could not be read")
        if pull.state is PullState.OPEN:
            return None
        if pull.state is PullState.CLOSED:
            return Seen("stopped", f"#{number} was closed by somebody, not merged")
        facts = {"commit": pull.merged_as, "number": str(number), "url": pull.url}
        sent = self._steps.sent(host, "merge")
        by = f" by {pull.merged_by}" if pull.merged_by and not sent else ""
        words = f"#{number} merged{by} as {short(pull.merged_as)}"
        if pull.head != head:
            return Seen("already", f"{words}, with another head, {short(pull.head)}", facts | {"head": pull.head})
        return Seen("done" if sent else "already", words, facts)

    async def merge(self, host: CodeHost) -> bool:
        """Merged by the policy's method while its head is the pinned one."""
        one = self.of(host)
        number, head = one.number, one.head

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

        return await self._steps.change(
            host, "merge", partial(self._merge_seen, host), send, head=head, number=str(number)
        )

    @property
    def _by(self) -> str:
        begun = self._recorder.run.code.begun
        return begun.by if begun is not None else ""
