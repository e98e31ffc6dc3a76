"""What must hold of a configured flag: read once, whatever is asked of it."""

from __future__ import annotations

from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import FEATURE_FLAG
from cpr_cockpit.engine.flag_premises import flag_facts
from tests.engine.flags import FLAG
from tests.engine.virtual import VirtualLoop
from tests.engine.world import World


def test_a_flag_is_read_once_for_both_kinds_of_strategy() -> None:
    loop = VirtualLoop()
    world = World(loop)
    before = loop.time()
    found = loop.run_until_complete(flag_facts(world.flags, Course(FEATURE_FLAG, flag=FLAG)))
    assert (found.not_raised, found.not_set_off) == ("", "")
    assert loop.time() - before < 1.5 * world.read_s
    loop.close()
