"""The desk: what a face may ask of a Session, and when; every refusal says why and that nothing was changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.alarm import alarm
from cpr_cockpit.core.checklist import Due, Mark, items_of, open_reason
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.safeguards import GO, START, WAIVER
from cpr_cockpit.core.standings import lists_in_force, standings
from cpr_cockpit.core.window_end import deadline_of
from cpr_cockpit.engine.desk_closing import closing_commands
from cpr_cockpit.engine.desk_issues import issue_commands
from cpr_cockpit.engine.desk_window import window_commands
from cpr_cockpit.engine.host import CommandError
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.lease_keeper import LeaseRefused
from cpr_cockpit.engine.planning import Blocked
from cpr_cockpit.engine.second_person import Confirmed, SecondRefused
from cpr_cockpit.engine.session import Session

LONGEST_NOTE = 2000
PRODUCTION_PHASES = frozenset({Phase.DEPLOYING, Phase.WINDOW, Phase.KEEPING})


class Desk:
    """Takes commands by name with their arguments and answers with plain values."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._people = session.people
        self._commands: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "sign": self._sign,
            "sign_list": self._sign_list,
            "choose": self._choose,
            "merge": self._merge,
            "merge_choice": self._merge_choice,
            "start": self._start,
            "second": self._second,
            "keep": self._keep,
            "rollback": self._rollback,
            "raise": self._raise_trigger,
            "note": self._note,
            "acknowledge": self._acknowledge,
            "ack": self._ack,
            "take_over": self._take_over,
            "stop": self._stop,
            "status": self._status,
            **issue_commands(session.recorder, _text),
            **closing_commands(session.recorder, session.clock, _text),
            **window_commands(session.recorder, session.clock, session.scaled, _text),
        }

    async def command(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Carry out a face's command; CommandError where it is not possible now."""
        handler = self._commands.get(name)
        if handler is None:
            raise CommandError(f"There is no command {name!r}. Nothing was changed.")
        return await handler(arguments)

    async def _sign(self, arguments: dict[str, Any]) -> dict[str, Any]:
        item, by = _text(arguments, "item"), _who(arguments)
        known = {one.key for checklist in lists_in_force(self._session.run_state) for one in checklist.items}
        if item not in known or not by:
            raise CommandError(f"That is no mark of a checklist item: {item!r} by {by!r}. Nothing was changed.")
        try:
            mark = Mark(str(arguments.get("mark", Mark.SIGNED)))
        except ValueError as error:
            raise CommandError(f"That is no mark of a checklist item ({error}). Nothing was changed.") from error
        told = {name: _text(arguments, name)[:LONGEST_NOTE] for name in ("value", "note")}
        if mark is Mark.WAIVED and self._waits(WAIVER, f"the waiver of {item}: {told['note']}", arguments):
            return {}
        self._people.on_record(arguments)
        until = self._lasts(item) if mark is Mark.SIGNED else None
        self._session.sign(ev.ItemMarked(item=item, mark=mark, by=by, expires_at=until, **told))
        return {}

    def _waits(self, act: str, words: str, arguments: dict[str, Any], seen: Mapping[str, str] | None = None) -> bool:
        """Whether the act waits for a second person now; ``seen``: as `SecondPerson.asked`."""
        try:
            return self._people.asked(act, words, arguments, seen)
        except SecondRefused as error:
            raise CommandError(str(error)) from error

    async def _second(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """A second person confirms what waits: it is carried out as it was asked for, if it is possible still."""
        try:
            confirmed = self._people.confirmed(_who(arguments), _text(arguments, "words"))
        except SecondRefused as error:
            raise CommandError(str(error)) from error
        waived = self._merge_choice if "choice" in confirmed else self._sign
        return await {START: self._start, GO: self._keep, WAIVER: waived}[confirmed.asked.act](confirmed)

    async def _sign_list(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Initials under every open item of a list at once; what follows from others is left to follow."""
        key, by = str(arguments.get("list", "")), _who(arguments)
        found = [one for one in lists_in_force(self._session.run_state) if one.key == key]
        if not found or not by:
            raise CommandError(f"There is no checklist {key!r} to sign. Nothing was changed.")
        how = str(arguments.get("note", "")).strip()[:LONGEST_NOTE]
        now = self._session.clock.now()
        standing = standings(self._session.run_state, now)
        left = [item for item in found[0].items if open_reason(item, standing.get(item.key), now) is not None]
        own = [item for item in left if not item.follows]
        if not own:
            follow = f"{len(left)} items follow from others that are still open" if left else "it is complete"
            raise CommandError(f"Nothing of this list is to be signed: {follow}. Nothing was changed.")
        for item in own:
            note = f"signed with its whole list: {how}" if how else "signed with its whole list"
            until = self._lasts(item.key)
            self._session.sign(ev.ItemMarked(item=item.key, mark=Mark.SIGNED, by=by, note=note, expires_at=until))
        return {}

    def _lasts(self, key: str) -> float | None:
        """Until when a signature counts: what is due until START tells how things are, all else of what is past."""
        run, session = self._session.run_state, self._session
        due = next((one.due for one in items_of(lists_in_force(run)) if one.key == key), None)
        if run.started_at is not None or due is None or due > Due.START:
            return None
        return session.clock.now() + session.settings.policy.signature_s

    async def _choose(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Another strategy, or an option of it; where its plan takes long, what came of it is told by the journal."""
        key, by = _text(arguments, "choice"), _who(arguments)
        try:
            return {"chosen": await self._session.choose(key, by)}
        except Blocked as error:
            raise CommandError(str(error)) from error

    async def _merge(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Begin the merge of the feature's repositories (step 4); what comes of it is told by the journal."""
        try:
            self._session.merging.begin(_who(arguments))
        except Blocked as error:
            raise CommandError(str(error)) from error
        return {}

    async def _merge_choice(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Where the merge rests half done: again, revert, or go-on with a reason, which waives what is left of it."""
        choice, reason = _text(arguments, "choice"), _text(arguments, "reason")[:LONGEST_NOTE]
        try:
            self._session.merging.check_choice(choice, reason)
            waives = choice == "go-on"
            if waives and self._waits(WAIVER, f"going on with what is merged: {reason}", arguments):
                return {}
            self._people.on_record(arguments)
            self._session.merging.choose(choice, _who(arguments), reason)
        except Blocked as error:
            raise CommandError(str(error)) from error
        return {}

    async def _start(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self._check_start(arguments)
        seen = {"plan": str(self._session.run_state.plans)}
        if self._waits(START, f"START of {self._session.settings.new_version}", arguments, seen):
            return {}
        await self._session.look_again()
        held = self._session.run_state.others.lease is not None
        try:
            await self._session.take_lease(_who(arguments))
            # Others had their turn while the lease was taken: what this START saw must still be what is begun.
            self._check_start(arguments)
            self._people.on_record(arguments)
            self._session.start(_who(arguments), _text(arguments, "reason").strip()[:LONGEST_NOTE])
        except LeaseRefused as error:
            raise CommandError(str(error)) from error
        except (CommandError, JournalError):
            if not held:
                self._session.give_lease_back("START was refused")
            raise
        return {}

    def _check_start(self, arguments: dict[str, Any]) -> None:
        """CommandError where START is not possible now."""
        run = self._session.run_state
        if run.started_at is not None:
            raise CommandError("START was pressed already.")
        if run.ended is not None:
            raise CommandError("The run has ended. Nothing was changed.")
        if run.phase is not Phase.READY:
            raise CommandError(
                "START is not possible yet: the plan and the rollback card are not ready. Nothing was changed."
            )
        blockers = self._session.blockers()
        if blockers:
            named = "; ".join(blockers[:3])
            raise CommandError(f"{len(blockers)} items block START: {named}. Nothing was changed.")
        self._check_plan(arguments)
        held = self._session.freezes.at(self._session.clock.now())
        if held is not None and not (_text(arguments, "reason").strip() and _who(arguments).strip()):
            raise CommandError(f"There is a {held.words}: START needs a reason, and who gives it. Nothing was changed.")

    def _check_plan(self, arguments: dict[str, Any]) -> None:
        """CommandError where others have made the plan void, or it is another one than a face has shown."""
        run, seen = self._session.run_state, _text(arguments, "plan")
        if run.voided:
            raise CommandError(
                f"The plan is void: {run.voided}. Nothing was changed. Look at it, then acknowledge it with a word: "
                "the plan is made anew."
            )
        if seen and seen != str(run.plans) and run.plan is not None:
            raise CommandError(
                f"The plan has changed since this screen showed it: it is {run.plan.strategy} now. "
                "Nothing was changed. Look at it, then START."
            )

    async def _acknowledge(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """A person has looked at what others changed."""
        words = _text(arguments, "words").strip()
        if not self._session.run_state.others.standing:
            raise CommandError("Nobody else has changed anything that was not looked at. Nothing was changed.")
        if not words:
            raise CommandError("That it was looked at needs a word on what was seen. Nothing was changed.")
        try:
            await self._session.looked_at(_who(arguments), words[:LONGEST_NOTE])
        except Blocked as error:
            raise CommandError(f"The plan cannot be made anew: {error}") from error
        except PortError as error:
            raise CommandError(f"The plan cannot be made anew: {error.words()}") from error
        return {}

    async def _ack(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """A person has seen what is paged."""
        session = self._session
        found = alarm(session.run_state, session.scaled, session.clock.now())
        if found is None:
            raise CommandError("Nobody is called now: there is nothing to acknowledge. Nothing was changed.")
        if not found.acknowledged:
            session.acknowledge_alarm(_who(arguments), _text(arguments, "words").strip()[:LONGEST_NOTE])
        return {"cause": str(found.cause)}

    async def _take_over(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Take the lease from another run, before START, with a reason."""
        run, words = self._session.run_state, _text(arguments, "words").strip()
        if run.phase is not Phase.READY:
            raise CommandError("A lease is taken over before START only. Nothing was changed.")
        if run.others.seen is None:
            raise CommandError("No other run holds the lease: press START. Nothing was changed.")
        if not words:
            raise CommandError("Taking a lease over needs a reason. Nothing was changed.")
        try:
            await self._session.take_lease(_who(arguments), words[:LONGEST_NOTE])
        except LeaseRefused as error:
            raise CommandError(str(error)) from error
        return {}

    async def _keep(self, arguments: dict[str, Any]) -> dict[str, Any]:
        session, watch = self._session, self._session.watch
        run, reason = session.run_state, _text(arguments, "reason").strip()
        if run.phase is not Phase.WINDOW or run.t0 is None or watch is None:
            raise CommandError("GO is only possible in the critical window. Nothing was changed.")
        early = watch.may_keep() and session.scaled.go_early
        if session.clock.now() < (deadline_of(run, session.scaled) or run.t0) and not early:
            raise CommandError("GO is not possible before the end of the window. Nothing was changed.")
        if not watch.may_keep() and not reason:
            raise CommandError(f"GO against the data needs a reason: {watch.verdict_sentence} Nothing was changed.")
        against = "" if watch.may_keep() else f" against the data: {reason}"
        if against and isinstance(arguments, Confirmed) and arguments.get("verdict") != watch.kind:
            raise CommandError(
                f"The verdict has changed since {arguments.asked.by} pressed GO: {watch.verdict_sentence} "
                "Nothing was changed. Look at it, then GO."
            )
        seen = {"verdict": watch.kind}
        if self._waits(GO, f"GO for {run.plan.new_version if run.plan else ''}{against}", arguments, seen):
            return {}
        self._people.on_record(arguments)
        session.keep(_who(arguments), "" if watch.may_keep() else reason)
        return {}

    async def _note(self, arguments: dict[str, Any]) -> dict[str, Any]:
        words = _text(arguments, "words").strip()
        if not words:
            raise CommandError("A note needs words. Nothing was changed.")
        self._session.note(_who(arguments), words[:LONGEST_NOTE])
        return {}

    async def _rollback(self, arguments: dict[str, Any]) -> dict[str, Any]:
        phase = self._session.run_state.phase
        if phase is Phase.ROLLING_BACK:
            return {"already": not self._session.go_down()}
        if phase is Phase.ENDED:
            raise CommandError(
                "The run has ended: this session rolls nothing back any more. Nothing was changed. "
                "The rollback card tells how to go back by hand."
            )
        if phase not in PRODUCTION_PHASES:
            raise CommandError(
                "There is nothing to roll back: production was not touched. End the run with: cpr-cockpit stop"
            )
        if self._session.run_state.observed and self._session.run_state.t0 is None:
            raise CommandError("Production was not seen to switch: there is nothing to go back from.")
        self._session.roll_back(_who(arguments), _text(arguments, "reason") or "on command")
        return {}

    async def _raise_trigger(self, arguments: dict[str, Any]) -> dict[str, Any]:
        watch = self._session.watch
        if watch is None:
            raise CommandError("A trigger can be raised from START on. Nothing was changed.")
        try:
            watch.raise_trigger(str(arguments.get("trigger", "")), _who(arguments))
        except ValueError as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        return {}

    async def _stop(self, arguments: dict[str, Any]) -> dict[str, Any]:
        run = self._session.run_state
        if run.started_at is not None and run.phase is not Phase.KEEPING and not (run.observed or run.proven_back):
            raise CommandError(
                "The run has begun in production: it is not safe to end it. Nothing was changed. "
                "Keep the new version or roll it back."
            )
        self._session.stop()
        return {}

    async def _status(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"phase": str(self._session.run_state.phase), "seq": self._session.run_state.seq}


def _who(arguments: dict[str, Any]) -> str:
    return _text(arguments, "by")


def _text(arguments: dict[str, Any], name: str) -> str:
    """An argument as text that a journal can hold: half a surrogate (a name typed in another encoding) becomes "?"."""
    return str(arguments.get(name, "")).encode("utf-8", "replace").decode()
