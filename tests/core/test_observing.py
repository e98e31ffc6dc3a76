"""The finders of the switch and of the way back: strays, shares, silence."""

from __future__ import annotations

from collections.abc import Sequence

from cpr_cockpit.core.observing import CONFIRM_WITHIN_S, SETTLED_LOOKS, UNSETTLED_LOOKS, ReturnFinder, SwitchFinder
from cpr_cockpit.core.ports import Sighting
from tests.core.observations import NEW, OLD


def look(at: float, version: str | None) -> Sighting:
    return Sighting(at, 200 if version else 503, version, None, 10.0)


def switch_of(versions: list[str | None], *, every_s: float = 1.0, wanted: str = "") -> tuple[str, float] | None:
    """What is found where production answers with these in turn, and the slot always with the old version."""
    finder = SwitchFinder(OLD, wanted)
    for number, version in enumerate(versions):
        found = finder.see(look(number * every_s, version), look(number * every_s, OLD))
        if found is not None:
            return found.version, found.t0
    return None


def returned(versions: Sequence[str | None], *, settled: bool = False) -> float | None:
    finder = ReturnFinder(OLD, NEW, settled=settled)
    return next((found.t0 for at, one in enumerate(versions) if (found := finder.see(look(at, one)))), None)


def test_the_first_sighting_is_the_switch_once_a_second_confirms_it() -> None:
    assert switch_of([OLD, OLD, NEW, OLD, OLD]) is None
    assert switch_of([OLD, OLD, NEW, OLD, None, NEW]) == (NEW, 2.0)


def test_a_stray_answer_of_long_ago_confirms_nothing() -> None:
    gap = int(CONFIRM_WITHIN_S) + 1
    assert switch_of([NEW, *([OLD] * gap), NEW, OLD]) is None
    assert switch_of([NEW, *([OLD] * gap), NEW, OLD, NEW]) == (NEW, gap + 1.0)


def test_only_the_version_that_is_waited_for_is_the_switch() -> None:
    assert switch_of([OLD, "v9", "v9", "v9"], wanted=NEW) is None
    assert switch_of([OLD, "v9", "v9", NEW, NEW], wanted=NEW) == (NEW, 3.0)


def test_silence_alone_is_no_switch() -> None:
    """The slot served the old version before as well: nothing tells that anything was swapped."""
    assert switch_of([OLD, *([None] * 20)]) is None
    finder = SwitchFinder(OLD)
    for at in range(10):
        finder.see(look(at, None), look(at, None))
    assert finder.silent_since == 0.0


def test_silence_after_which_the_slot_holds_the_old_version_is_a_swap() -> None:
    finder = SwitchFinder(OLD)
    assert finder.see(look(0, OLD), look(0, NEW)) is None
    seen = [finder.see(look(at, None), look(at, OLD)) for at in range(1, 5)]
    found = next(one for one in seen if one is not None)
    assert (found.version, found.t0) == (NEW, 1.0)


def test_production_is_back_when_it_serves_the_old_version_alone() -> None:
    new, old = [NEW] * SETTLED_LOOKS, [OLD] * SETTLED_LOOKS
    assert returned([*new, *old]) == float(SETTLED_LOOKS)
    assert returned([*new, *old[:-1], NEW, *old[:-1]]) is None
    assert returned(list(old), settled=True) == 0.0


def test_a_share_of_the_traffic_is_no_way_back() -> None:
    shares = ([OLD] * 9 + [NEW]) * 12
    assert returned(shares) is None
    assert returned([*shares, *([OLD] * UNSETTLED_LOOKS)]) == float(len(shares))


def test_a_third_version_is_a_stranger_once_it_has_settled() -> None:
    finder = ReturnFinder(OLD, NEW)
    strangers = []
    for at in range(SETTLED_LOOKS):
        finder.see(look(at, "v9"))
        strangers.append(finder.stranger)
    assert strangers == [""] * (SETTLED_LOOKS - 1) + ["v9"]
