"""The release annotation: one mark a switch, whatever dies and whatever is answered; nothing waits for it."""

from __future__ import annotations

import asyncio

import pytest

from cpr_cockpit.core.annotation import RIGHT, Annotation
from cpr_cockpit.core.ports import PlannedRequest, PortError
from tests.engine.stage import Life, Stage, bodies
from tests.engine.users import ERRORS


class Component:
    """``answers``: what the next writes come to: "lost" (taken, not answered), "refused" or "hangs"."""

    def __init__(self, stage: Stage, *answers: str) -> None:
        self.stage = stage
        self.answers = list(answers)
        self.marks: dict[str, Annotation] = {}
        self.writes = 0
        self.given = True

    async def allowed(self) -> bool:
        return self.given

    async def present(self, id: str) -> bool:
        await asyncio.sleep(0.05)
        return id in self.marks

    async def write(self, one: Annotation) -> None:
        intents = [body["id"] for body in bodies(self.stage.folder) if body["type"] == "annotation.intent"]
        assert intents.count(one.id) == 1, "sent without an intent on disk"
        self.writes += 1
        answer = self.answers.pop(0) if self.answers else ""
        await asyncio.sleep(0.05)
        if answer == "refused":
            raise PortError("It was refused.", status=403)
        if answer == "hangs":
            await asyncio.Event().wait()
        self.marks[one.id] = one
        if answer == "lost":
            raise PortError("No answer came back.", ambiguous=True)

    def planned(self) -> tuple[PlannedRequest, ...]:
        return ()


def outcomes(life: Life) -> dict[str, str]:
    return {way: one.result for way, one in life.run_state.annotations.outcomes.items()}


@pytest.mark.parametrize(("answer", "result"), [("", "written"), ("lost", "already"), ("refused", "failed")])
def test_a_switch_and_the_switch_back_are_marked_once(answer: str, result: str) -> None:
    with Stage(window_s=20.0, behaviour=ERRORS) as stage:
        component = Component(stage, answer)
        stage.world.annotations = component
        life = stage.begin()
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back"
        assert outcomes(life) == {"forward": result, "back": "written"}
        assert component.writes == 2
        names = [one.name for one in component.marks.values()]
        assert names == ["Release v1.3.0", "Rollback to v1.2.0"][-len(names) :]
        assert all(one.properties["ReleaseName"] == "v1.3.0" for one in component.marks.values())


def test_what_hangs_is_in_nobodys_way() -> None:
    with Stage(window_s=20.0) as stage:
        stage.world.annotations = Component(stage, *["hangs"] * 9)
        assert stage.whole_run().ended is not None


def test_who_resumes_looks_before_it_marks_again() -> None:
    with Stage(None, window_s=60.0) as stage:
        component = Component(stage, "hangs")
        stage.world.annotations = component
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: component.writes == 1)
        one = life.run_state.annotations.intents["forward"]
        life.die()
        component.marks[one.id] = Annotation(one.id, one.name, one.moment)
        again = stage.begin()
        assert not again.live(lambda: bool(again.run_state.annotations.outcomes))
        assert outcomes(again) == {"forward": "already"}
        assert component.writes == 1


def test_a_right_that_is_missing_is_told_before_start_once() -> None:
    with Stage(None) as stage:
        component = stage.world.annotations = Component(stage)
        component.given = False
        life = stage.begin()
        assert not life.live(lambda: stage.loop.time() > 2.0)
        life.die()
        again = stage.begin()
        assert not again.live(lambda: stage.loop.time() > 5.0)
        told = [note.words for _, note in again.run_state.notes if "annotation" in note.words]
        assert told == [f"no release annotation will be written: {RIGHT} is not given at the component"]
