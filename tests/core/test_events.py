"""Events: every type there and back by JSON, told apart by their names, and strict about their members."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.code_events import MergeIntent
from cpr_cockpit.core.event import Event
from tests.core.a_run import EVERY_EVENT, records

TYPES: tuple[type[Event], ...] = get_args(get_args(ev.AnyEvent)[0])
"""Every type that a journal may hold."""


def test_there_is_an_example_of_every_event() -> None:
    assert {type(event) for event in EVERY_EVENT} == set(TYPES)
    assert set(TYPES) == set(Event.__subclasses__())


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: event.type)
def test_an_event_survives_its_json(event: ev.AnyEvent) -> None:
    back = ev.parse_event(event.model_dump_json())
    assert back == event
    assert type(back) is type(event)


def test_every_type_has_a_name_of_its_own_and_a_version() -> None:
    names = [kind.model_fields["type"].default for kind in TYPES]
    assert len(set(names)) == len(names)
    assert all(kind.model_fields["v"].default == 1 for kind in TYPES)


def test_intents_and_only_they_are_named_so() -> None:
    intents = {ev.StepIntent, ev.LeaseIntent, MergeIntent}
    assert {kind for kind in TYPES if "intent" in kind.model_fields["type"].default} == intents


def test_the_json_line_of_a_record_is_flat_and_leads_back_to_it() -> None:
    for record in records(EVERY_EVENT):
        line = json.loads(json.dumps(record.line()))
        assert list(line)[:2] == ["seq", "at"]
        assert line["type"] == record.event.type
        assert ev.record_of(line) == record


@pytest.mark.parametrize(
    "body",
    [
        "",
        "7",
        "{}",
        '{"type": "rumour"}',
        '{"type": "run.started"}',
        '{"type": "run.started", "by": 7}',
        '{"type": "run.started", "by": "anna", "mood": "good"}',
        '{"type": "verdict", "kind": "MAYBE", "cause": null, "rule": null, "sentence": ""}',
        '{"type": "decision", "word": "perhaps", "by": "anna", "verdict": "GO", "sentence": ""}',
    ],
)
def test_what_is_no_event_is_refused(body: str) -> None:
    with pytest.raises(ValidationError):
        ev.parse_event(body)


@given(st.sampled_from(EVERY_EVENT), st.dictionaries(st.text(max_size=8), st.none() | st.integers(), min_size=1))
def test_unknown_members_are_never_dropped_in_silence(event: ev.AnyEvent, more: dict[str, Any]) -> None:
    body = event.model_dump(mode="json")
    unknown = {name: value for name, value in more.items() if name not in body}
    if unknown:
        with pytest.raises(ValidationError):
            ev.parse_event(json.dumps({**body, **unknown}))


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        ev.Started(by="anna").by = "ben"  # type: ignore[misc]  # what a frozen model refuses is what is tested
