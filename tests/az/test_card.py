"""The rollback card in the hands of a person with a shell: its very commands, after the cockpit has died."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.az.client import NEEDS_AZ, PATIENCE_S, Az, Said, signed_in
from tests.drills.cockpit import Going, Home, Lab, a_home, kill_session, lab_of
from tests.lab.running import until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600), NEEDS_AZ]

OLD, NEW = "v1.2.0", "v1.3.0"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with a_home(tmp_path / "home") as made:
        yield made


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with the card, a shell and `az`; the cockpit is gone and the lab lives on."""

    commands: list[str]
    az: Az
    lab: Lab

    def types(self, line: str) -> Said:
        """One line of the card in a shell, in which `az` is the client of the lab and curl trusts its authority."""
        shell = f'az() {{ {shlex.quote(self.az.program)} "$@"; }}; {line}'
        environment = self.az.environment | {"CURL_CA_BUNDLE": self.az.ca}
        done = subprocess.run(
            ["bash", "-c", shell],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
            env=environment,
            cwd=self.az.folder,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def follows(self, *wanted: str, refused: bool = False) -> str:
        """The next line of the card that begins so: carried out, it ends as it should; what it said."""
        position, line = next((at, one) for at, one in enumerate(self.commands) if one.startswith(wanted))
        del self.commands[: position + 1]
        said = self.types(line)
        assert (said.code != 0) is refused, (line, said.out, said.err)
        return said.err if refused else said.out

    def looks(self) -> tuple[str, str]:
        """The versions of production and of the slot, as the card's own look tells them."""
        return _version(self.follows("curl")), _version(self.follows("curl"))


def _version(told: str) -> str:
    """Which of both versions an answer names."""
    (found,) = [version for version in (OLD, NEW) if version in told]
    return found


def _left_alone(home: Home, drill: Going, folder: Path, user: Path) -> Person:
    """The session is killed; what remains is the card."""
    lab = lab_of(folder)
    az = signed_in(user, lab.ready)
    kill_session(folder)
    drill.end()
    card = (folder / "rollback-card.md").read_text("utf-8")
    return Person([line.strip() for line in card.splitlines() if line.startswith("    ")], az, lab)


def _after_the_switch(home: Home, user: Path, *options: str) -> Person:
    drill = home.start("drill", "--json", *options)
    drill.wait_for_type("traffic.switched")
    folder = home.folder()
    assert until(lambda: any(one["kind"] == "swap.ended" for one in lab_of(folder).operations()), 60.0)
    return _left_alone(home, drill, folder, user)


def test_the_card_swaps_back_and_puts_the_old_version_into_the_slot(home: Home, tmp_path: Path) -> None:
    person = _after_the_switch(home, tmp_path / "user", "--scenario", "errors", "--window", "120s")
    assert person.looks() == (NEW, OLD)
    state = json.loads(person.follows("az webapp show"))
    assert (state["swapped"]["destinationSlotName"], state["running"]) == ("production", None)
    person.follows("az webapp deployment slot swap")
    assert person.lab.serving() == {"production": OLD, "green": NEW}
    person.follows(*[line for line in person.commands if line.startswith("az webapp deploy ") and "--slot " in line])
    assert person.looks() == (OLD, OLD)
    assert person.lab.serving() == {"production": OLD, "green": OLD}
    (setting,) = json.loads(person.follows("az webapp config appsettings list"))
    assert (setting["value"], setting["slotSetting"]) == ("0", True), "its workers stay off in the slot"
    assert person.commands == []


def test_the_card_goes_down_the_ladder_where_the_swap_is_refused(home: Home, tmp_path: Path) -> None:
    person = _after_the_switch(home, tmp_path / "user", "--scenario", "swap-refused", "--window", "120s")
    look = person.commands[0]
    anew = look.replace("?x-ms-routing-name=self", "")
    assert person.looks() == (NEW, OLD)
    refused = person.follows("az webapp deployment slot swap", refused=True)
    assert "another operation is in progress" in refused
    person.follows("az webapp traffic-routing set")
    # Production still serves the new version, and the card's look says so; who comes anew meets the old one.
    assert person.lab.serving() == {"production": NEW, "green": OLD}
    assert (_version(person.types(anew).out), _version(person.types(look).out)) == (OLD, NEW)
    person.follows("az webapp deploy ")
    assert person.lab.serving()["production"] == OLD
    assert _version(person.types(look).out) == OLD
    person.follows("az webapp traffic-routing clear")
    person.follows("az webapp deploy ")
    assert person.looks() == (OLD, OLD)
    assert person.lab.serving() == {"production": OLD, "green": OLD}


def test_the_card_of_a_canary_ends_the_routing_first(home: Home, tmp_path: Path) -> None:
    drill = home.start("drill", "--json", "--strategy", "canary", "--scenario", "errors", "--window", "120s")
    drill.wait_for_type("share.routed")
    person = _left_alone(home, drill, home.folder(), tmp_path / "user")
    assert person.lab.serving() == {"production": OLD, "green": NEW}
    person.follows("az webapp show")
    (rule,) = json.loads(person.follows("az webapp traffic-routing show"))
    assert (rule["name"], rule["reroutePercentage"]) == ("green", 5.0)
    person.follows("az webapp traffic-routing clear")
    routed = [one["shares"] for one in person.lab.operations() if one["kind"] == "routing.changed"]
    assert routed[-1] == {} != routed[-2]
    # Production serves the old version already: the card says not to swap, and to go on with 3.
    person.commands[:] = person.commands[_of_slot(person.commands) :]
    person.follows("az webapp deploy ")
    assert person.looks() == (OLD, OLD)
    assert person.lab.serving() == {"production": OLD, "green": OLD}


def _of_slot(commands: list[str]) -> int:
    """Where the command stands that deploys to the slot."""
    return next(at for at, one in enumerate(commands) if one.startswith("az webapp deploy ") and "--slot " in one)
