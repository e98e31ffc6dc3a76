"""Blocks in their JSON form: they come back as they were, and what is none is refused in words, whatever its shape."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpr_cockpit.core.blocks import Block
from cpr_cockpit.core.signals import Observation

WHOLE = Block(
    1000.0, 15.0, "v1.3.0", 40, 2, (3, 1), {"GET /goals": (30, 2), "POST /goals": (10, 0)}, {"one": (40, 2)}, 2.5
)
LEAST = Block(1000.0, 15.0, "v1.3.0", 0, 0)


@pytest.mark.parametrize("block", [WHOLE, LEAST])
def test_a_block_comes_back_as_it_was(block: Block) -> None:
    assert Block.from_dict(block.to_dict()) == block


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("operations", [["GET /goals", 30, 2]], "operations is a table, found"),
        ("operations", "GET /goals", "operations is a table, found 'GET /goals'"),
        ("instances", None, "instances is a table, found None"),
        ("operations", {"GET /goals": {"requests": 30}}, "operations of 'GET /goals' are whole numbers"),
        ("operations", {"GET /goals": [30]}, "operations of 'GET /goals' are requests and failures"),
        ("operations", {"GET /goals": [30, "2"]}, "operations of 'GET /goals' are whole numbers"),
        ("operations", {"GET /goals": [2, 30]}, "0 <= failures <= requests"),
        ("slow", 3, "slow are whole numbers, found 3"),
        ("slow", "31", "slow are whole numbers, found '31'"),
        ("slow", [41], "no more slow rows than rows"),
        ("requests", None, "requests and failures are whole numbers"),
        ("requests", 40.5, "requests and failures are whole numbers"),
        ("failures", True, "requests and failures are whole numbers"),
        ("version", ["v1.3.0"], "version is a text"),
        ("start", "noon", "block: "),
        ("start", 10**400, "block: "),
        ("length", float("nan"), "start and length are finite"),
        ("mood", "good", "mood"),
    ],
)
def test_what_is_no_block_is_refused_in_words(member: str, value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=r"^block: ") as refused:
        Block.from_dict({**WHOLE.to_dict(), member: value})
    assert words in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("body", [[1, 2], None, "block", 7])
def test_a_body_that_is_no_table_is_refused_in_words(body: Any) -> None:
    with pytest.raises(ValueError, match=r"^block: its body is a table, found"):
        Block.from_dict(body)


def test_an_observation_with_such_a_block_is_refused_as_a_whole() -> None:
    body = {"source": "logs", "at": 1015.0, "blocks": [{**WHOLE.to_dict(), "operations": [1]}]}
    with pytest.raises(ValueError, match="operations is a table"):
        Observation.from_dict(body)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, derandomize=True, database=None)
@given(st.sampled_from(sorted(WHOLE.to_dict())), values)
def test_no_shape_of_a_member_raises_anything_else(member: str, value: Any) -> None:
    words = "block: it is one"
    try:
        Block.from_dict({**WHOLE.to_dict(), member: value})
    except ValueError as error:
        words = str(error)
    assert words.startswith("block: ")
