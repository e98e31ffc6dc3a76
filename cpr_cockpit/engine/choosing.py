"""Choosing another strategy before START: what is read anew, the new plan, its card, and who chose."""

from __future__ import annotations

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.choosing import Choice, ChoiceFacts, choices, words_of
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.run import Run
from cpr_cockpit.engine.planning import Blocked
from cpr_cockpit.engine.preparing import Preparation, course_of
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings

UNCHANGED = "Nothing was changed."


class Choosing:
    """Takes one choice after another; each is refused with its reason, and the plan stays what it was."""

    def __init__(self, settings: SessionSettings, preparation: Preparation, recorder: Recorder) -> None:
        self._settings = settings
        self._preparation = preparation
        self._recorder = recorder

    async def choose(self, key: str, by: str) -> str:
        """Take the choice of that key, told in words; Blocked, before anything was recorded, where it cannot be."""
        choice = self._choice(key)
        try:
            made = await self._preparation.plan_for(choice.course)
        except PortError as error:
            raise Blocked(f"{choice.label} was not chosen. {error.words()}") from error
        # Others had their turn while the environment was read.
        self._check()
        words = words_of(choice.course) if choice.key == choice.course.strategy else f"{choice.label} ({key})"
        chosen = ev.StrategyChosen(by=by, strategy=choice.course.strategy, words=words, course=choice.course.to_dict())
        self._preparation.record(made, chosen)
        try:
            self._preparation.write_card()
        except OSError as error:
            raise Blocked(
                f"The rollback card cannot be written ({error}): START is not possible. Make room, then choose again."
            ) from error
        return words

    def _choice(self, key: str) -> Choice:
        run = self._check()
        # Whether it can be taken is told by what is read now, not by what was read for the plan that there is.
        offered = choices(course_of(self._settings, run), self._settings.course, ChoiceFacts())
        choice = next((one for one in offered if one.key == key), None)
        if choice is None:
            raise Blocked(f"There is no {key!r} to choose, only: {', '.join(one.key for one in offered)}. {UNCHANGED}")
        if choice.chosen and choice.key == choice.course.strategy and run.card is not None:
            raise Blocked(f"{choice.label} is chosen already. {UNCHANGED}")
        return choice

    def _check(self) -> Run:
        """The run, while there is something to choose; Blocked where there is not."""
        run = self._recorder.run
        if run.observed:
            raise Blocked(f"This run only looks on: others choose how they deploy. {UNCHANGED}")
        if run.ended is not None:
            raise Blocked(f"The run has ended. {UNCHANGED}")
        if run.started_at is not None:
            raise Blocked(
                f"START was pressed by {run.started_by}: the strategy cannot be changed any more. {UNCHANGED} "
                "Keep the new version or roll it back."
            )
        if run.voided:
            raise Blocked(
                f"The plan is void: {run.voided}. {UNCHANGED} Look at it, then acknowledge it with a word. Then choose."
            )
        if run.plan is None and run.chosen is None:
            raise Blocked(f"The first plan is still being made. {UNCHANGED} Choose when it is there.")
        return run
