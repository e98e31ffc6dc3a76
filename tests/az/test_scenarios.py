"""The scenarios of the lab in which a swap is what goes wrong, as the real `az` client meets them."""

from __future__ import annotations

import pytest

from tests.az.client import NEEDS_AZ
from tests.az.conftest import Bench
from tests.lab.running import until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600), NEEDS_AZ]

SWAP = ("deployment slot swap", "--slot", "green", "--target-slot", "production")
IN_PROGRESS = "Cannot modify this site because another operation is in progress"


def test_a_release_that_dies_in_the_warm_up_is_not_swapped_in(bench: Bench) -> None:
    bench.choose("crash-loop")
    before, instance, switched = bench.served(), bench.instance("production"), len(bench.lab.log("swap.switched"))
    refused = bench.refused(*SWAP)
    assert "because the worker process for 'green' slot could not be started" in refused
    assert (bench.served(), bench.instance("production")) == (before, instance)
    assert len(bench.lab.log("swap.switched")) == switched
    assert bench.webapp("show")["inProgressOperationId"] is None
    traffic = bench.lab.control("GET", "/traffic")
    assert traffic["failed_by_defect"] + traffic["failed_otherwise"] == 0, traffic["errors"]


def test_a_slow_swap_is_waited_for_and_another_one_is_refused_meanwhile(bench: Bench) -> None:
    bench.choose("slow-swap")
    before, accepted = bench.served(), len(bench.lab.log("swap.accepted"))
    swap = bench.az.start(*bench.words(*SWAP[:1], SWAP[1:]))
    assert until(lambda: len(bench.lab.log("swap.accepted")) == accepted + 1)
    assert IN_PROGRESS in bench.refused(*SWAP)
    shown = bench.webapp("show")
    assert shown["inProgressOperationId"] == bench.lab.log("swap.accepted")[-1]["id"]
    assert bench.served() == before
    assert bench.az.end(swap).code == 0
    began, ended = bench.lab.log("swap.accepted")[-1], bench.lab.log("swap.ended")[-1]
    assert (ended["id"], ended["status"]) == (began["id"], "Succeeded")
    assert ended["at"] - began["at"] >= 19.9
    assert len(bench.lab.log("swap.accepted")) == accepted + 1
    assert bench.served() == before[::-1]


def test_a_way_back_that_is_refused_is_refused_in_the_words_of_azure_each_time(bench: Bench) -> None:
    bench.choose("swap-refused", share=1.0)
    before = bench.served()
    bench.webapp(*SWAP)
    assert bench.served() == before[::-1]
    accepted = len(bench.lab.log("swap.accepted"))
    first, second = bench.refused(*SWAP), bench.refused(*SWAP)
    assert first == second
    assert IN_PROGRESS in first
    assert all(word in first for word in ("OperationName: SwapSiteSlots", "SiteName: goals-lab", "SlotName: green"))
    assert len(bench.lab.log("swap.accepted")) == accepted
    assert bench.served() == before[::-1]
