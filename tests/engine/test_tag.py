"""The tag that must match: nothing is begun where it does not, before START or right before the first change."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.safeguard_events import TagsRead
from cpr_cockpit.core.safeguards import Safeguards
from cpr_cockpit.core.tags import Tagged
from tests.engine.moments import Moment
from tests.engine.stage import AUTO, Stage
from tests.engine.world import NEW, OLD

ALLOWED = {"cpr-environment": "production"}
ASKED = "app goals in rg of subscription 2222"


class Tags:
    """What Azure would say; each reading takes ``app`` and ``group`` as they are then."""

    def __init__(self, app: dict[str, str] | None = None, group: dict[str, str] | None = None) -> None:
        self.app, self.group = app or {}, group or {}
        self.failing = 0
        self.reads = 0

    async def tagged(self, names: Collection[str]) -> Tagged:
        self.reads += 1
        if self.failing:
            self.failing -= 1
            raise PortError("The tags cannot be read.", next_step="Wait.")
        return Tagged(ASKED, dict(self.app), dict(self.group))


def guarded(stage: Stage, tags: Tags) -> Stage:
    stage.world.tags = tags
    stage.change(safeguards=Safeguards(tag=ALLOWED))
    return stage


@pytest.mark.parametrize(
    "tags",
    [
        Tags({"cpr-environment": "production"}),
        Tags({"CPR-Environment": "production"}),
        Tags({"owner": "goals"}, {"cpr-environment": "production"}),
        Tags({"cpr-environment": "production"}, {"cpr-environment": "staging"}),
    ],
    ids=["the app's", "in other letters", "the group's", "the app's before the group's"],
)
def test_where_the_tag_matches_the_run_goes_on(tags: Tags) -> None:
    with Stage(AUTO) as stage:
        run = guarded(stage, tags).whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production) == ("kept", NEW)
        assert tags.reads == 2


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        (Tags({"cpr-environment": "staging"}), "the app's tag cpr-environment says 'staging'. Allowed: 'production'."),
        (Tags({}, {"cpr-environment": "Production"}), "the resource group's tag cpr-environment says 'Production'"),
        (Tags({"cpr-environment": "a\x1b[2J" + "x" * 300}), "says 'a"),
        (Tags(), "has no tag cpr-environment, nor has its resource group. Allowed: cpr-environment = 'production'."),
    ],
)
def test_another_value_blocks_the_run_and_says_what_was_asked_and_what_is_allowed(tags: Tags, told: str) -> None:
    with Stage(AUTO) as stage:
        run = guarded(stage, tags).whole_run()
        assert run.ended is not None
        assert (run.ended.decision, run.exit_code()) == ("failed", 1)
        assert ASKED in run.ended.reason
        assert told in run.ended.reason
        assert "Nothing was changed." in run.ended.reason
        assert len(run.ended.reason) < 400
        assert "\x1b" not in run.ended.reason
        assert stage.world.calls == []


def test_a_tag_that_has_changed_since_keeps_the_first_change_from_being_sent() -> None:
    tags = Tags({"cpr-environment": "production"})
    with Stage(None) as stage:
        life = guarded(stage, tags).begin()
        stage.sign_and_start(life)
        tags.app = {"cpr-environment": "staging"}
        assert life.live()
        run = life.run_state
        assert stage.world.calls == []
        assert run.ended is not None
        assert run.ended.decision == "failed"
        assert "says 'staging'" in run.ended.reason
        assert [one.matches for record in life.recorder.records if isinstance(one := record.event, TagsRead)] == [
            True,
            False,
        ]


def test_what_cannot_be_read_before_the_first_change_is_read_again() -> None:
    tags = Tags({"cpr-environment": "production"})
    with Stage(None) as stage:
        life = guarded(stage, tags).begin()
        stage.sign_and_start(life)
        tags.failing = 3
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        assert (tags.failing, stage.world.production) == (0, NEW)


@pytest.mark.parametrize("failing", [0, 10**6])
def test_rollback_asks_no_tag(failing: int) -> None:
    tags = Tags({"cpr-environment": "production"})
    with Stage(AUTO) as stage:
        life = guarded(stage, tags).begin()
        assert not life.live(Moment("outcome keep-warm", 0).of(life))
        reads = tags.reads
        tags.app, tags.failing = {"cpr-environment": "staging"}, failing
        life.command("rollback", by="ana")
        assert life.live()
        stage.rest()
        assert tags.reads == reads
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back"
        assert (stage.world.production, stage.world.slot) == (OLD, OLD)
