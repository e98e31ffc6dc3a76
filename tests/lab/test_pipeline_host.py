"""The lab's pipeline host, met as GitHub would be: by the adapter that meets GitHub."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from cpr_cockpit.lab.deploying import FAILED, SUCCESS
from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.models import Deployment, OperationLog
from cpr_cockpit.lab.packages import commit_of
from cpr_cockpit.lab.pipeline_host import OWNER_AND_NAME, WORKFLOW, PipelineHost

TAG, PACKAGE, TOKEN = "v1.3.0", b"a package", "a token"
ACTIONS = f"/repos/{OWNER_AND_NAME}/actions"
DISPATCH = f"{ACTIONS}/workflows/{WORKFLOW}/dispatches"
BODY = {"ref": TAG, "inputs": {"slot": "green", "version": TAG, "cpr_run": "run-a1"}, "return_run_details": True}


@dataclass
class Place:
    """A host whose deployments end as they are told to; who deployed what is kept."""

    client: aiohttp.ClientSession
    deployed: list[tuple[str, bytes, str]]
    ends: int = SUCCESS
    busy: bool = False

    def deploy(self, slot: str, package: bytes, deployer: str) -> Deployment:
        if self.busy:
            raise ApiError(409, "Conflict", "There is a deployment currently in progress.")
        self.deployed.append((slot, package, deployer))
        made = Deployment("1", deployer, 0.0, 0.0, status=self.ends)
        made.finished.set()
        return made

    async def ended(self, run: int) -> dict[str, object]:
        """The run, once it has ended."""
        while True:
            async with self.client.get(f"{ACTIONS}/runs/{run}") as answer:
                told: dict[str, object] = await answer.json()
            if told["status"] == "completed":
                return told
            await asyncio.sleep(0.01)


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    made: list[Place] = []

    def deploy(slot: str, package: bytes, deployer: str) -> Deployment:
        return made[0].deploy(slot, package, deployer)

    host = PipelineHost({TAG: PACKAGE}, deploy, OperationLog(), TOKEN, fast=True)
    runner = web.AppRunner(host.application(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    host.described(url, TAG)
    async with aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        made.append(Place(client, []))
        yield made[0]
    await host.close()
    await runner.cleanup()


async def test_a_dispatch_deploys_and_tells_what_it_built(place: Place) -> None:
    async with place.client.post(DISPATCH, json=BODY) as answer:
        run = (await answer.json())["workflow_run_id"]
    told = await place.ended(run)
    assert (told["conclusion"], told["head_sha"]) == ("success", commit_of(TAG))
    assert "run-a1" in str(told["display_title"])
    assert place.deployed == [("green", PACKAGE, "GitHub")]
    async with place.client.get(f"{ACTIONS}/runs/{run}/artifacts") as answer:
        made = (await answer.json())["artifacts"]
    assert made[0]["digest"] == f"sha256:{hashlib.sha256(PACKAGE).hexdigest()}"
    async with place.client.get(f"{ACTIONS}/workflows/{WORKFLOW}/runs") as answer:
        assert [one["id"] for one in (await answer.json())["workflow_runs"]] == [run]


async def test_a_dispatch_that_does_not_ask_is_told_nothing(place: Place) -> None:
    async with place.client.post(DISPATCH, json=BODY | {"return_run_details": False}) as answer:
        assert (answer.status, await answer.read()) == (204, b"")


@pytest.mark.parametrize("what", ["failed", "busy"])
async def test_a_deployment_that_fails_or_is_refused_fails_the_run(place: Place, what: str) -> None:
    place.ends, place.busy = (FAILED, False) if what == "failed" else (SUCCESS, True)
    async with place.client.post(DISPATCH, json=BODY) as answer:
        run = (await answer.json())["workflow_run_id"]
    assert (await place.ended(run))["conclusion"] == "failure"


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        (DISPATCH, BODY | {"ref": "v9"}, {}, 422),
        (DISPATCH, {"ref": TAG}, {}, 422),
        (DISPATCH, [], {}, 422),
        (DISPATCH, BODY, {"Authorization": "Bearer other"}, 401),
        (f"{ACTIONS}/workflows/other.yml/dispatches", BODY, {}, 404),
    ],
)
async def test_what_is_wrong_is_refused_and_starts_nothing(
    place: Place, path: str, body: object, headers: dict[str, str], status: int
) -> None:
    async with place.client.post(path, json=body, headers=headers) as answer:
        assert answer.status == status
        assert (await answer.json())["message"]
    assert place.deployed == []
