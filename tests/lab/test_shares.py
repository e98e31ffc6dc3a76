"""Traffic shares: rules as Resource Manager is given them, and who meets which slot by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cpr_cockpit.lab.shares import Share, Shares, read_rules
from tests.lab import running
from tests.lab.running import RunningLab

HOSTS = {"127.0.0.1:8444": "green", "127.0.0.1:8445": "blue"}


def rule(host: str = "127.0.0.1:8444", percentage: object = 10.0, name: str = "green") -> dict[str, Any]:
    return {"actionHostName": host, "reroutePercentage": percentage, "name": name}


def test_a_rule_is_of_the_slot_whose_host_it_names() -> None:
    assert read_rules({"rampUpRules": [rule(), rule("127.0.0.1:8445", 5, "x")]}, HOSTS) == (
        Share("green", 10.0),
        Share("blue", 5.0),
    )


def test_a_host_that_az_made_up_is_passed_over_for_the_name() -> None:
    assert read_rules({"rampUpRules": [rule("goals-lab-green.0.0.1:8443")]}, HOSTS) == (Share("green", 10.0),)


@pytest.mark.parametrize("experiments", [None, {}, {"rampUpRules": None}, {"rampUpRules": []}])
def test_without_rules_nobody_is_routed(experiments: Any) -> None:
    shares = Shares(1)
    shares.put(read_rules(experiments, HOSTS))
    assert not shares.in_force
    assert {shares.draw() for _ in range(100)} == {None}


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"a": 1}, "must be a list"),
        (["green"], "an object is needed"),
        ([rule(percentage="10")], "between 0 and 100"),
        ([rule(percentage=True)], "between 0 and 100"),
        ([rule(percentage=101)], "between 0 and 100"),
        ([rule(percentage=float("nan"))], "between 0 and 100"),
        ([rule("elsewhere", 5, "elsewhere")], "no slot has the host 'elsewhere'"),
        ([rule(), rule()], "two rules name the same slot"),
        ([rule(percentage=60), rule("127.0.0.1:8445", 60, "blue")], "more than 100 %"),
    ],
)
def test_rules_that_cannot_be_are_refused(rules: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        read_rules({"rampUpRules": rules}, HOSTS)


@pytest.mark.parametrize(
    ("percentage", "low", "high"), [(0.0, 0, 0), (5.0, 340, 660), (50.0, 4800, 5200), (100.0, 10_000, 10_000)]
)
def test_new_sessions_are_drawn_by_their_share(percentage: float, low: int, high: int) -> None:
    shares = Shares(7)
    shares.put((Share("green", percentage),))
    drawn = Counter(shares.draw() for _ in range(10_000))
    assert low <= drawn["green"] <= high
    assert set(drawn) <= {"green", None}


# -- over the wire -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running.running(tmp_path_factory.mktemp("shares"), "--fast", "--seed", "11") as started:
        yield started


def _route(manager: httpx.Client, lab: RunningLab, percentage: float | None) -> httpx.Response:
    host = manager.get(lab.slot).json()["properties"]["defaultHostName"]
    rules = [] if percentage is None else [rule(host, percentage)]
    return manager.patch(f"{lab.site}/config/web", json={"properties": {"experiments": {"rampUpRules": rules}}})


def _met(lab: RunningLab, times: int, cookie: str = "") -> Counter[tuple[str, str]]:
    """Which slots answer new sessions (or those that hold a cookie), and which cookie they are given."""
    found: Counter[tuple[str, str]] = Counter()
    with lab.client() as client:
        for _ in range(times):
            answer = client.get(
                f"{lab.ready['production_url']}/api/health", headers={"Cookie": cookie} if cookie else {}
            )
            client.cookies.clear()
            given = answer.headers.get("set-cookie", "").partition(";")[0].removeprefix("x-ms-routing-name=")
            found[answer.headers["x-lab-slot"], given] += 1
    return found


@pytest.mark.long
def test_a_share_sends_new_sessions_and_every_cookie_is_kept(lab: RunningLab) -> None:
    with lab.manager() as manager:
        assert _met(lab, 20) == {("production", ""): 20}
        answer = _route(manager, lab, 50.0)
        assert answer.status_code == 200
        assert answer.json()["properties"]["experiments"]["rampUpRules"][0]["reroutePercentage"] == 50.0
        met = _met(lab, 30)
        assert set(met) == {("green", "green"), ("production", "self")}
        assert 3 <= met["green", "green"] <= 27
        assert _met(lab, 10, "x-ms-routing-name=self") == {("production", ""): 10}
        # A rule at 0 % sends nobody, and still honours the cookies that it gave.
        assert _route(manager, lab, 0.0).status_code == 200
        assert _met(lab, 20) == {("production", "self"): 20}
        assert _met(lab, 10, "x-ms-routing-name=green") == {("green", ""): 10}
        assert _route(manager, lab, None).status_code == 200
        assert _met(lab, 20) == {("production", ""): 20}
        assert [entry["shares"] for entry in lab.log("routing.changed")] == [{"green": 50.0}, {"green": 0.0}, {}]


def test_rules_that_cannot_be_leave_those_in_force(lab: RunningLab) -> None:
    with lab.manager() as manager:
        assert _route(manager, lab, 20.0).status_code == 200
        assert _route(manager, lab, 120.0).status_code == 400
        told = manager.get(f"{lab.site}/config/web").json()["properties"]["experiments"]["rampUpRules"]
        assert [one["reroutePercentage"] for one in told] == [20.0]
        _route(manager, lab, None)
