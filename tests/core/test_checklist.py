"""What a standing is worth, and what it blocks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.checklist import (
    Checklist,
    Due,
    Item,
    Kind,
    Mark,
    Standing,
    blockers,
    complete,
    derive,
    open_reason,
)

NOW = 1_000_000.0


def _make(key: str, due: Due = Due.STEP_3, kind: Kind = Kind.MEASURED, follows: tuple[str, ...] = ()) -> Item:
    return Item(key, f"Text of {key}", due, kind, "It was read.", 3, follows)


def _list(*items: Item) -> Checklist:
    return Checklist("list", "List", 3, items)


def _mark(key: str, mark: Mark, **more: Any) -> dict[str, Standing]:
    return {key: replace(Standing(key, mark, "mk", NOW - 60), **more)}


READ = _make("a.read")
TOLD = _make("a.told", kind=Kind.SIGNED)


def _reason(item: Item, mark: Mark, **more: Any) -> str | None:
    found = blockers([_list(item)], _mark(item.key, mark, **more), item.due, NOW)
    return found[0].reason if found else None


def test_points_compare_by_time_not_by_spelling() -> None:
    order = [Due.STEP_1, Due.STEP_6, Due.START, Due.GO, Due.FINAL, Due.FIRST_HOUR, Due.CLOSE, Due.FIRST_WEEK]
    assert sorted(set(order)) == order
    assert Due.START > Due.STEP_3
    assert Due.GO >= Due.GO
    assert Due.START <= Due.GO
    assert not Due.CLOSE < Due.GO


def test_nothing_can_be_due_for_rollback() -> None:
    assert not any("roll" in due.lower() for due in Due)


def test_an_open_item_blocks() -> None:
    (found,) = blockers([_list(READ)], {}, Due.STEP_3, NOW)
    assert (found.item, found.reason) == (READ, "open")


@pytest.mark.parametrize("mark", [Mark.MEASURED, Mark.DERIVED, Mark.SIGNED])
def test_a_proven_item_does_not_block(mark: Mark) -> None:
    assert _reason(READ, mark) is None


@pytest.mark.parametrize("mark", [Mark.MEASURED, Mark.DERIVED])
def test_a_machine_never_stands_in_for_a_signature(mark: Mark) -> None:
    assert _reason(TOLD, mark) == f"{mark} only: needs a person's signature"
    assert _reason(TOLD, Mark.SIGNED) is None


def test_a_signature_needs_initials() -> None:
    assert _reason(TOLD, Mark.SIGNED, by="  ") == "signed without initials"


def test_failed_and_deferred_block_with_their_words() -> None:
    assert _reason(READ, Mark.FAILED, value="3 days left", note="limit 14") == "failed by mk: 3 days left; limit 14"
    assert _reason(READ, Mark.DEFERRED, note="after lunch") == "deferred by mk: after lunch"
    assert _reason(READ, Mark.DEFERRED, by="") == "deferred"


def test_a_waiver_needs_a_reason() -> None:
    assert _reason(READ, Mark.WAIVED, note="no CDN in use") is None
    assert _reason(READ, Mark.WAIVED, note=" ") == "waived without a reason by mk"


@pytest.mark.parametrize(
    ("expires_at", "expected"),
    [
        (NOW + 0.001, None),
        (NOW, "expired 0 s ago: signed by mk: seen"),
        (NOW - 59.0, "expired 59 s ago: signed by mk: seen"),
        (NOW - 720.0, "expired 12 min ago: signed by mk: seen"),
        (NOW - 7_200.0, "expired 2 h ago: signed by mk: seen"),
        (NOW - 172_800.0, "expired 2 d ago: signed by mk: seen"),
    ],
)
def test_a_signature_expires(expires_at: float, expected: str | None) -> None:
    assert _reason(TOLD, Mark.SIGNED, expires_at=expires_at, value="seen") == expected


@pytest.mark.parametrize("mark", [Mark.MEASURED, Mark.DERIVED, Mark.WAIVED])
def test_readings_and_waivers_expire_too(mark: Mark) -> None:
    reason = _reason(READ, mark, expires_at=NOW - 1, note="because")
    assert reason is not None
    assert reason.startswith("expired 1 s ago")


def test_a_deferral_or_failure_does_not_lapse() -> None:
    assert _reason(READ, Mark.FAILED, expires_at=NOW - 1) == "failed by mk"
    assert _reason(READ, Mark.DEFERRED, expires_at=NOW - 1) == "deferred by mk"


def test_an_expiry_that_is_no_number_counts_as_expired() -> None:
    assert _reason(READ, Mark.MEASURED, expires_at=float("nan")) is not None


def test_words_from_outside_are_made_inert() -> None:
    reason = _reason(READ, Mark.FAILED, by="m\x1b]0;k", note="bad\x1b[31m\r\nSTART \u202eOG")
    assert reason == "failed by m ]0;k: bad [31m START OG"


def test_an_item_blocks_only_what_it_is_due_for() -> None:
    lists = [_list(_make("a.now"), _make("a.tag", Due.STEP_4), _make("a.late", Due.GO))]
    keys = {due: [one.item.key for one in blockers(lists, {}, due, NOW)] for due in Due}
    assert keys[Due.STEP_2] == []
    assert keys[Due.STEP_3] == ["a.now"]
    assert keys[Due.STEP_4] == keys[Due.START] == ["a.now", "a.tag"]
    assert keys[Due.GO] == ["a.now", "a.tag", "a.late"]


def test_start_asks_again_and_close_does_not() -> None:
    lists = [_list(TOLD, _make("a.start", Due.START), _make("a.end", Due.CLOSE))]
    told = _mark("a.start", Mark.MEASURED, expires_at=NOW)
    old = told | _mark(TOLD.key, Mark.SIGNED, expires_at=NOW - 1)
    assert [one.item.key for one in blockers(lists, old, Due.START, NOW)] == [TOLD.key, "a.start"]
    assert [one.item.key for one in blockers(lists, old, Due.CLOSE, NOW)] == [TOLD.key, "a.start", "a.end"]
    assert [one.item.key for one in blockers(lists, old, Due.CLOSE, NOW, passed=Due.START)] == ["a.end"]


def test_complete_looks_at_all_items_whatever_they_are_due_for() -> None:
    late = _make("a.late", Due.GO)
    whole = _list(READ, late)
    assert not complete(whole, _mark(READ.key, Mark.MEASURED), NOW)
    assert not complete(whole, _mark(READ.key, Mark.MEASURED) | _mark(late.key, Mark.DEFERRED, note="later"), NOW)
    assert complete(whole, _mark(READ.key, Mark.MEASURED) | _mark(late.key, Mark.WAIVED, note="none here"), NOW)


FOLLOWING = _make("b.follows", Due.START, Kind.DERIVED, (READ.key, TOLD.key))
CHAIN = _make("c.chain", Due.START, Kind.DERIVED, (FOLLOWING.key,))
LISTS = [_list(READ, TOLD), _list(FOLLOWING), _list(CHAIN)]


def test_what_follows_is_derived_through_a_chain() -> None:
    sources = _mark(READ.key, Mark.MEASURED, expires_at=NOW + 90) | _mark(
        TOLD.key, Mark.SIGNED, at=NOW - 5, expires_at=NOW + 900
    )
    found = derive(LISTS, sources, NOW, "cockpit")
    assert found[FOLLOWING.key] == Standing(
        FOLLOWING.key, Mark.DERIVED, "cockpit", NOW - 5, "follows from a.read, a.told", "", NOW + 90
    )
    assert found[CHAIN.key].mark is Mark.DERIVED
    assert blockers(LISTS, found, Due.START, NOW) == []
    assert FOLLOWING.key not in sources


def test_the_order_of_the_lists_does_not_matter() -> None:
    sources = _mark(READ.key, Mark.MEASURED) | _mark(TOLD.key, Mark.SIGNED)
    assert derive(LISTS[::-1], sources, NOW, "cockpit") == derive(LISTS, sources, NOW, "cockpit")


def test_a_source_outside_the_lists_proves_nothing() -> None:
    sources = _mark(READ.key, Mark.MEASURED) | _mark(TOLD.key, Mark.SIGNED)
    assert derive(LISTS[1:], sources, NOW, "cockpit") == sources


def test_nothing_follows_from_half_of_the_sources() -> None:
    found = derive(LISTS, _mark(READ.key, Mark.MEASURED), NOW, "cockpit")
    assert found.keys() == {READ.key}
    reasons = {one.item.key: one.reason for one in blockers(LISTS, found, Due.START, NOW)}
    assert reasons[FOLLOWING.key] == "open: follows from a.read, a.told"


def test_nothing_follows_from_a_failed_or_expired_source() -> None:
    good = _mark(TOLD.key, Mark.SIGNED)
    for bad in (_mark(READ.key, Mark.FAILED), _mark(READ.key, Mark.MEASURED, expires_at=NOW)):
        assert FOLLOWING.key not in derive(LISTS, good | bad, NOW, "cockpit")


def test_a_waiver_stays_visible_in_what_follows() -> None:
    sources = _mark(READ.key, Mark.WAIVED, note="no CDN", by="ana") | _mark(TOLD.key, Mark.SIGNED)
    standing = derive(LISTS, sources, NOW, "cockpit")[FOLLOWING.key]
    assert (standing.mark, standing.by, standing.note) == (Mark.WAIVED, "ana", "a.read waived: no CDN")


def test_a_person_s_mark_is_left_alone_until_it_expires() -> None:
    sources = _mark(READ.key, Mark.MEASURED) | _mark(TOLD.key, Mark.SIGNED)
    failed = _mark(FOLLOWING.key, Mark.FAILED, note="I looked", expires_at=NOW)
    assert derive(LISTS, sources | failed, NOW, "cockpit")[FOLLOWING.key].mark is Mark.FAILED
    expired = _mark(FOLLOWING.key, Mark.SIGNED, expires_at=NOW)
    assert derive(LISTS, sources | expired, NOW, "cockpit")[FOLLOWING.key].mark is Mark.DERIVED


def test_a_recorded_conclusion_falls_with_its_sources() -> None:
    recorded = _mark(FOLLOWING.key, Mark.DERIVED)
    assert derive(LISTS, recorded, NOW, "cockpit") == {}


def test_a_long_chain_of_sources_is_cut_short_in_words() -> None:
    item = _make("d.many", kind=Kind.DERIVED, follows=("a.a", "a.b", "a.c", "a.d", "a.e"))
    assert open_reason(item, None, NOW) == "open: follows from a.a, a.b, a.c and 2 more"


_standings = st.builds(
    Standing,
    item=st.just(READ.key),
    mark=st.sampled_from(Mark),
    by=st.sampled_from(["", "mk"]),
    at=st.just(NOW),
    value=st.text(max_size=20),
    note=st.text(max_size=20),
    expires_at=st.none() | st.floats(NOW - 10, NOW + 10),
)


@given(standing=_standings, kind=st.sampled_from(Kind), due=st.sampled_from(Due), point=st.sampled_from(Due))
def test_later_points_never_block_less_and_time_never_heals(
    standing: Standing, kind: Kind, due: Due, point: Due
) -> None:
    lists = [_list(_make(READ.key, due, kind))]
    found = blockers(lists, {READ.key: standing}, point, NOW)
    assert not found or due <= point
    assert all(one.reason and one.reason.isprintable() for one in found)
    assert len(found) <= len(blockers(lists, {READ.key: standing}, Due.FIRST_WEEK, NOW))
    assert len(found) <= len(blockers(lists, {READ.key: standing}, point, NOW + 5))
