from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpr_cockpit.core.view import Panel
from cpr_cockpit.tui.arming import EXPIRED, EXPIRES_S, GUARD_S, REPEAT_S, TOLD_S, Act, Arming, Confirmed
from tests.tui.views import ALL, go_possible, overdue, ready, rolling_back, window_breach, window_calm

ARMS = {"s": Act.START, "g": Act.GO, "r": Act.ROLLBACK, "f9": Act.ROLLBACK}
KEYS = ["s", "g", "r", "f9", "y", "n", "o", "enter", "tab", "escape", "backspace", "space", "v", "1", ".", "3", "0"]
RATE = 1 / 30


@dataclass
class Sent:
    """What was sent, and what led to it."""

    command: Confirmed
    key: str
    at: float
    armed_by: str
    armed_at: float


class Face:
    """What an app does with keys: to the arming first, what it does not take may arm."""

    def __init__(self, panel: Panel) -> None:
        self.now = 1000.0
        self.panel = panel
        self.arming = Arming(lambda: self.now)
        self.sent: list[Sent] = []

    def press(self, key: str) -> None:
        armed = self.arming.armed
        character = {"space": " "}.get(key, key if len(key) == 1 else None)
        if self.arming.takes(key, character):
            command = self.arming.press(key, character)
            if command is not None:
                assert armed is not None
                self.sent.append(Sent(command, key, self.now, armed.key, armed.at))
        elif key in ARMS:
            self.arming.arm(ARMS[key], self.panel, key)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.arming.tick()

    def type(self, keys: Sequence[str], pause: float = 0.1) -> None:
        for key in keys:
            self.press(key)
            self.wait(pause)

    def hold(self, key: str, seconds: float = 3.0, delay: float = RATE) -> None:
        self.press(key)
        self.wait(delay)
        for _ in range(int(seconds / RATE)):
            self.press(key)
            self.wait(RATE)

    def show(self, panel: Panel) -> None:
        self.panel = panel
        self.arming.follow(panel)


def armed(panel: Panel, key: str) -> Face:
    face = Face(panel)
    face.press(key)
    face.wait(GUARD_S + 0.1)
    assert face.arming.armed is not None
    return face


def names(face: Face) -> list[str]:
    return [one.command.name for one in face.sent]


# -- what a person does ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["r", "f9"])
def test_rollback_is_two_different_keys(key: str) -> None:
    face = armed(window_breach().panel, key)
    face.press("y")
    assert names(face) == ["rollback"]
    assert face.arming.armed is None
    assert face.arming.words == "sent: ROLL BACK to v1.2.0"


def test_start_is_confirmed_by_y_or_by_the_word_that_the_session_asks_for() -> None:
    face = armed(ready().panel, "s")
    face.press("y")
    assert face.sent[0].command == Confirmed(Act.START, {})
    panel = ready().panel
    assert panel.start is not None
    face = armed(replace(panel, start=replace(panel.start, type_this="start")), "s")
    face.press("y")
    assert face.sent == []
    face.type(["backspace", *"START", "enter"])
    assert names(face) == ["start"]


def test_go_with_the_data_is_typed() -> None:
    face = armed(go_possible().panel, "g")
    face.type(["g", "o"])
    assert face.sent == []
    face.press("enter")
    assert face.sent[0].command == Confirmed(Act.GO, {"reason": ""})


@pytest.mark.parametrize("word", ["og", "goo", "", "yes", "v1.3.0"])
def test_another_word_sends_nothing_and_stays_armed(word: str) -> None:
    face = armed(go_possible().panel, "g")
    face.type([*word, "enter"])
    assert face.sent == []
    assert face.arming.armed is not None
    assert face.arming.words == "that is not go: nothing was sent"
    # What was refused does not stand before what is typed next.
    face.type([*"go", "enter"])
    assert names(face) == ["keep"]


def test_go_against_the_data_takes_the_version_and_a_reason() -> None:
    face = armed(overdue().panel, "g")
    face.type([*"v1.3.0", "enter"])
    face.wait(REPEAT_S)
    face.press("enter")
    assert face.sent == []
    assert face.arming.words == "a reason is missing: nothing was sent"
    face.type([*"ok", "space", *"by", "space", *"lea", "enter"])
    assert face.sent[0].command == Confirmed(Act.GO, {"reason": "ok by lea"})


def test_a_version_is_not_go_and_go_is_no_version() -> None:
    face = armed(overdue().panel, "g")
    face.type([*"go", "tab", *"because", "enter"])
    assert face.sent == []
    assert face.arming.words == "that is not v1.3.0: nothing was sent"


def test_letters_are_letters_while_something_is_typed() -> None:
    face = armed(overdue().panel, "g")
    face.type(["tab", *"y n r s g"])
    assert face.arming.armed is not None
    assert face.arming.armed.act is Act.GO
    assert face.arming.armed.reason == "y n r s g"
    assert face.sent == []


def test_a_paste_is_part_of_a_reason_and_never_the_word() -> None:
    face = armed(overdue().panel, "g")
    face.arming.paste("v1.3.0")
    assert face.arming.armed is not None
    assert face.arming.armed.word == ""
    face.press("tab")
    face.arming.paste("line one\nline \x1b[31mtwo\u202e" + "x" * 100_000)
    assert len(face.arming.armed.reason) <= 300
    assert not set(face.arming.armed.reason) & set("\x1b\n\u202e")


@pytest.mark.parametrize("key", ["escape", "n"])
def test_it_can_be_left(key: str) -> None:
    face = armed(window_breach().panel, "r")
    face.press(key)
    assert face.arming.armed is None
    assert face.arming.words == "disarmed: nothing was sent"
    face.press("y")
    assert face.sent == []


def test_a_blocked_control_says_why() -> None:
    face = Face(window_calm().panel)
    face.press("g")
    assert face.arming.armed is None
    assert face.arming.words == "GO keep v1.3.0 is not possible now: opens at 14:17:11 UTC"
    face = Face(window_calm().panel)
    face.press("s")
    assert face.arming.words == "START is not possible now: not in this phase"


# -- time --------------------------------------------------------------------------------------------------------------


def test_keys_are_ignored_for_600_ms() -> None:
    face = Face(window_breach().panel)
    face.press("r")
    face.wait(GUARD_S - 0.01)
    assert face.arming.guarded
    face.press("y")
    assert face.sent == []
    assert face.arming.armed is not None


def test_a_confirming_key_that_came_too_soon_must_be_let_go() -> None:
    face = Face(window_breach().panel)
    face.press("r")
    face.wait(0.5)
    face.hold("y", seconds=3.0, delay=0.66)
    assert face.sent == []
    assert face.arming.words == "let go of y, then press it once"
    face.wait(REPEAT_S)
    face.press("y")
    assert names(face) == ["rollback"]


def test_it_expires_after_20_s() -> None:
    face = Face(window_breach().panel)
    face.press("r")
    face.wait(EXPIRES_S - 0.01)
    assert face.arming.armed is not None
    face.wait(0.02)
    assert face.arming.armed is None
    assert face.arming.words == EXPIRED == "arm expired: nothing was sent"
    face.press("y")
    assert face.sent == []


def test_that_it_expired_is_told_for_10_s_and_a_refusal_until_the_panel_moves_on() -> None:
    face = armed(window_breach().panel, "r")
    face.wait(EXPIRES_S)
    face.wait(TOLD_S - 0.5)
    assert face.arming.words == EXPIRED
    face.wait(0.6)
    assert face.arming.words == ""
    face.arming.refused("ROLL BACK refused: why")
    face.wait(10 * TOLD_S)
    assert face.arming.words == "ROLL BACK refused: why"
    for word in (face.panel.word, "ROLLING BACK"):
        face.show(replace(face.panel, word=word))
    assert face.arming.words == ""


def test_it_has_expired_even_where_nobody_ticked() -> None:
    face = armed(window_breach().panel, "r")
    face.now += EXPIRES_S
    face.press("y")
    assert face.sent == []
    assert face.arming.words == EXPIRED


def test_typing_a_reason_keeps_it_armed_and_a_held_key_does_not() -> None:
    face = armed(overdue().panel, "g")
    face.type([*"v1.3.0", "tab"], pause=3.0)
    assert face.arming.armed is not None
    face.hold("x", seconds=EXPIRES_S + 1)
    assert face.arming.armed is None
    assert face.arming.words == EXPIRED


# -- the panel changes -------------------------------------------------------------------------------------------------


def test_go_disarms_when_the_verdict_gets_worse() -> None:
    face = armed(go_possible().panel, "g")
    face.show(replace(go_possible().panel, worsened=1))
    assert face.arming.armed is None
    assert face.arming.words == "the verdict got worse and disarmed it: nothing was sent"
    face.type(["g", "o", "enter"])
    assert face.sent == []


def test_rollback_stays_armed_when_the_verdict_gets_worse() -> None:
    face = armed(window_calm().panel, "r")
    face.show(window_breach().panel)
    assert face.arming.armed is not None
    face.press("y")
    assert names(face) == ["rollback"]


def test_go_disarms_when_it_becomes_against_the_data() -> None:
    face = armed(go_possible().panel, "g")
    face.show(replace(overdue().panel, worsened=0))
    assert face.arming.armed is None
    assert "has changed" in face.arming.words


@pytest.mark.parametrize(("key", "panel"), [("r", window_breach().panel), ("g", go_possible().panel)])
def test_what_is_not_possible_any_more_is_disarmed(key: str, panel: Panel) -> None:
    face = armed(panel, key)
    face.show(rolling_back().panel)
    assert face.arming.armed is None
    assert face.arming.words.startswith("disarmed, ")
    assert face.arming.words.endswith(": nothing was sent")


def test_an_unchanged_panel_changes_nothing() -> None:
    face = armed(go_possible().panel, "g")
    before = face.arming.armed
    face.show(go_possible().panel)
    assert face.arming.armed == before


def test_rollback_takes_the_place_of_an_armed_go_and_not_the_other_way_round() -> None:
    face = armed(go_possible().panel, "g")
    face.press("f9")
    assert face.arming.armed is not None
    assert face.arming.armed.act is Act.ROLLBACK
    face.wait(GUARD_S + 0.1)
    face.press("g")
    assert face.arming.armed.act is Act.ROLLBACK
    assert face.arming.words == "ROLL BACK is armed: Esc first"
    face.press("y")
    assert names(face) == ["rollback"]


def test_where_y_itself_arms_enter_confirms() -> None:
    panel = window_breach().panel
    now = 0.0
    arming = Arming(lambda: now)
    arming.arm(Act.ROLLBACK, panel, "y")
    now = 5.0
    assert arming.press("y", "y") is None
    assert arming.press("enter") == Confirmed(Act.ROLLBACK, {"reason": ""})


# -- no accident -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS)
def test_a_held_key_sends_nothing_from_rest(key: str) -> None:
    for make in ALL.values():
        for delay in (RATE, 0.25, 0.5, 0.66):
            face = Face(make().panel)
            face.hold(key, 3.0, delay)
            assert face.sent == []


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["ready", "go_possible", "overdue", "window_breach", "window_calm", "deploying"]),
    before=st.lists(st.tuples(st.sampled_from(KEYS), st.floats(0.0, 1.5)), max_size=14),
    key=st.sampled_from(KEYS),
    delay=st.sampled_from([RATE, 0.25, 0.5, 0.66]),
)
def test_whatever_came_before_the_repetitions_of_a_held_key_send_nothing(
    name: str, before: list[tuple[str, float]], key: str, delay: float
) -> None:
    face = Face(ALL[name]().panel)
    for one, pause in before:
        face.press(one)
        face.wait(pause)
    face.press(key)
    # The first press of a key is a press; all that follow without letting go are repetitions.
    sent = len(face.sent)
    face.wait(delay)
    face.hold(key, 3.0)
    assert len(face.sent) == sent


class Presses:
    """Sequences in which confirmations are likely: words are typed, keys repeat, panels change."""

    WORDS = ("g", "o", "enter", "y", "r", "s", "v1.3.0", "go", "tab", "escape", "f9", "because", "n")

    @classmethod
    def strategy(cls) -> st.SearchStrategy[list[tuple[str, float]]]:
        return st.lists(
            st.tuples(st.sampled_from(cls.WORDS), st.sampled_from([0.0, RATE, 0.3, 0.61, 0.8, 5.0])), max_size=24
        )


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(["ready", "go_possible", "overdue", "window_breach"]), steps=Presses.strategy())
def test_nothing_is_sent_without_two_different_deliberate_inputs_600_ms_apart(
    name: str, steps: list[tuple[str, float]]
) -> None:
    face = Face(ALL[name]().panel)
    pressed: list[tuple[str, float]] = []
    for words, pause in steps:
        for key in list(words) if words in ("v1.3.0", "go", "because") else [words]:
            face.press(key)
            pressed.append((key, face.now))
        face.wait(pause)
    for one in face.sent:
        assert one.key != one.armed_by
        assert one.at - one.armed_at >= GUARD_S
        assert (one.armed_by, one.armed_at) in pressed
        assert one.key in ("y", "enter")
        if one.command.act is Act.GO:
            assert one.key == "enter"
        place = pressed.index((one.key, one.at))
        before, at = pressed[place - 1]
        assert before != one.key or one.at - at >= REPEAT_S


def test_the_search_above_does_reach_confirmations() -> None:
    """The property must not hold because nothing is ever sent."""
    face = armed(overdue().panel, "g")
    face.type([*"v1.3.0", "enter", *"because", "enter"])
    assert names(face) == ["keep"]
