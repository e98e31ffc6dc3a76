"""The team's pipeline at the wire: requests as GitHub and Azure DevOps want them, answers as they give them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.pipelines.asking import Asking, PipelineSettings
from cpr_cockpit.adapters.pipelines.azure_devops import DevOpsPipeline
from cpr_cockpit.adapters.pipelines.github import GitHubWorkflow
from cpr_cockpit.core.pipeline import PIPELINE
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import Built, PortError
from tests.azure.wire import Answer, Wire

RUN = "20260101-120000-0001-goal-a1b2"
COMMIT = "4f2c6a1d9e8b7a6c5d4e3f2a1b0c9d8e7f6a5b4c"
SHA256 = "ab" * 32
ACTIONS = "/repos/goals/goals-api/actions"
RUNS = "/goals/Goals%20App/_apis/pipelines/12/runs"


@pytest.fixture
async def connections(certificate: tuple[Path, ssl.SSLContext]) -> AsyncIterator[Connections]:
    made = Connections(str(certificate[0]), loopback=True)
    yield made
    await made.close()


def settings(wire: Wire) -> PipelineSettings:
    return PipelineSettings(
        wire.url, "goals/goals-api", "deploy.yml", "v1.3.0", "goals-api", "secret-token", "COCKPIT_PIPELINE_TOKEN"
    )


@pytest.fixture
def github(wire: Wire, connections: Connections) -> GitHubWorkflow:
    return GitHubWorkflow(settings(wire), connections)


@pytest.fixture
def devops(wire: Wire, connections: Connections) -> DevOpsPipeline:
    return DevOpsPipeline(replace(settings(wire), project="goals/Goals App", workflow="12"), connections)


async def test_a_workflow_is_dispatched_with_the_name_of_the_run(wire: Wire, github: GitHubWorkflow) -> None:
    wire.on("POST", f"{ACTIONS}/workflows/deploy.yml/dispatches", Answer(body={"workflow_run_id": 77}))
    assert (await github.start(RUN, "green", "v1.3.0")).operation == "77"
    asked = wire.asked[-1]
    assert asked.headers["Authorization"] == "Bearer secret-token"
    assert asked.json == {
        "ref": "v1.3.0",
        "inputs": {"slot": "green", "version": "v1.3.0", "cpr_run": RUN},
        "return_run_details": True,
    }


async def test_a_dispatch_that_names_nothing_is_found_by_its_name(wire: Wire, github: GitHubWorkflow) -> None:
    wire.on("POST", f"{ACTIONS}/workflows/deploy.yml/dispatches", Answer(204))
    assert (await github.start(RUN, "green", "v1.3.0")).operation == ""
    listed = [{"id": 79, "display_title": "somebody's"}, {"id": 78, "display_title": f"Deploy ({RUN})"}, "odd"]
    wire.on("GET", f"{ACTIONS}/workflows/deploy.yml/runs", Answer(body={"workflow_runs": listed}))
    assert await github.find(RUN) == "78"
    assert await github.find("20260101-another") == ""


@pytest.mark.parametrize(
    ("status", "conclusion", "state"),
    [
        ("queued", None, "running"),
        ("in_progress", None, "running"),
        ("completed", "success", "succeeded"),
        ("completed", "failure", "failed"),
        ("completed", "cancelled", "failed"),
    ],
)
async def test_a_workflow_run_is_followed(
    wire: Wire, github: GitHubWorkflow, status: str, conclusion: str | None, state: str
) -> None:
    wire.on("GET", f"{ACTIONS}/runs/78", Answer(body={"status": status, "conclusion": conclusion}))
    assert (await github.look("78")).state == state


async def test_what_a_workflow_built(wire: Wire, github: GitHubWorkflow) -> None:
    wire.on("GET", f"{ACTIONS}/runs/78", Answer(body={"head_sha": COMMIT}))
    artifacts = [{"name": "logs", "digest": "sha256:00"}, {"name": "goals-api", "digest": f"sha256:{SHA256}"}]
    wire.on("GET", f"{ACTIONS}/runs/78/artifacts", Answer(body={"artifacts": artifacts}))
    assert await github.built("78") == Built(COMMIT, SHA256)
    wire.on("GET", f"{ACTIONS}/runs/78/artifacts", Answer(body={"artifacts": None}))
    assert await github.built("78") == Built(COMMIT, "")


async def test_a_run_that_is_gone_is_unknown(wire: Wire, github: GitHubWorkflow, devops: DevOpsPipeline) -> None:
    assert (await github.look("78")).state == "unknown"
    assert (await devops.look("78")).state == "unknown"


async def test_a_pipeline_is_run_with_the_name_of_the_run(wire: Wire, devops: DevOpsPipeline) -> None:
    wire.on("POST", RUNS.replace("%20", " "), Answer(body={"id": 101, "state": "inProgress"}))
    assert (await devops.start(RUN, "green", "v1.3.0")).operation == "101"
    asked = wire.asked[-1]
    signed = base64.b64decode(asked.headers["Authorization"].removeprefix("Basic ")).decode()
    assert (signed, asked.query) == (":secret-token", {"api-version": "7.1"})
    assert asked.json == {
        "resources": {"repositories": {"self": {"refName": "refs/tags/v1.3.0"}}},
        "templateParameters": {"slot": "green", "version": "v1.3.0", "cpr_run": RUN},
    }


async def test_a_pipelines_run_is_found_followed_and_what_it_built(wire: Wire, devops: DevOpsPipeline) -> None:
    path = RUNS.replace("%20", " ")
    ours = {"id": 99, "templateParameters": {"cpr_run": RUN}}
    wire.on("GET", path, Answer(body={"value": [ours, ours | {"id": 101}, {"id": 102}]}))
    assert await devops.find(RUN) == "101"
    told = {"resources": {"repositories": {"self": {"version": COMMIT}}}}
    wire.on(
        "GET",
        f"{path}/101",
        Answer(body={"state": "canceling"}),
        Answer(body={"state": "completed", "result": "succeeded"}),
        Answer(body={"state": "completed", "result": "canceled"}),
        Answer(body=told),
    )
    assert [(await devops.look("101")).state for _ in range(3)] == ["running", "succeeded", "failed"]
    wire.on("GET", f"{path}/101/artifacts", Answer(body={"signedContent": {"url": f"{wire.url}/content?sig=1"}}))
    wire.on("GET", "/content", Answer(body=b"the zip"))
    assert await devops.built("101") == Built(COMMIT, hashlib.sha256(b"the zip").hexdigest())
    # The address is signed by itself: no token goes there.
    assert "Authorization" not in wire.asked[-1].headers


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (Answer(body=b"x" * 100), b"x" * 100),
        (Answer(body=b"x" * 101), None),
        (Answer(body=gzip.compress(b"x" * 5000), headers={"Content-Encoding": "gzip"}), None),
    ],
    ids=["as-large", "too-large", "too-large-once-unpacked"],
)
async def test_an_artifact_is_read_up_to_a_limit(
    wire: Wire, connections: Connections, answer: Answer, whole: bytes | None
) -> None:
    asking = Asking(settings(wire), connections, {}, {}, largest=100)
    wire.on("GET", "/content", answer)
    reading = asking.digest_of(f"{wire.url}/content", "Reading the artifact")
    if whole is None:
        with pytest.raises(PortError, match="it has more than 100 bytes"):
            await reading
    else:
        assert await reading == hashlib.sha256(whole).hexdigest()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(401, {"message": "Bad credentials"}), "token in COCKPIT_PIPELINE_TOKEN is not taken"),
        (Answer(403, {"message": "Resource not accessible"}), "Actions (read and write)"),
        (Answer(403, {"message": "API rate limit exceeded"}), "an hour at most"),
        (Answer(404, {"message": "Not Found"}), "may see the repository"),
        (Answer(422, {"message": "No ref"}), "workflow_dispatch"),
    ],
)
async def test_what_github_refuses_is_advised_on_in_its_own_terms(
    wire: Wire, github: GitHubWorkflow, answer: Answer, words: str
) -> None:
    wire.on("POST", f"{ACTIONS}/workflows/deploy.yml/dispatches", answer)
    with pytest.raises(PortError) as caught:
        await github.start(RUN, "green", "v1.3.0")
    assert words in caught.value.next_step


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (Answer(203, b"<html>Sign In</html>"), 401, "token in COCKPIT_PIPELINE_TOKEN is not taken"),
        (Answer(302, "", {"Location": "https://spsprodweu1.vssps.visualstudio.com/_signin"}), 401, "is not taken"),
        (Answer(403, {"message": "TF400813"}), 403, "scope Build"),
        (Answer(400, {"message": "Unexpected parameter"}), 400, "cpr_run"),
    ],
)
async def test_what_azure_devops_refuses_is_advised_on_in_its_own_terms(
    wire: Wire, devops: DevOpsPipeline, answer: Answer, status: int, words: str
) -> None:
    wire.on("POST", RUNS.replace("%20", " "), answer)
    with pytest.raises(PortError, match="was refused") as caught:
        await devops.start(RUN, "green", "v1.3.0")
    assert (caught.value.status, caught.value.ambiguous) == (status, False)
    assert words in caught.value.next_step


async def test_a_refusal_says_why_and_a_lost_answer_is_doubtful(wire: Wire, github: GitHubWorkflow) -> None:
    wire.on(
        "POST",
        f"{ACTIONS}/workflows/deploy.yml/dispatches",
        Answer(422, body={"message": "No ref found for: v1.3.0"}),
        Answer(cut=True),
    )
    with pytest.raises(PortError, match=r"No ref found for: v1\.3\.0") as refused:
        await github.start(RUN, "green", "v1.3.0")
    assert (refused.value.status, refused.value.ambiguous) == (422, False)
    with pytest.raises(PortError) as lost:
        await github.start(RUN, "green", "v1.3.0")
    assert lost.value.ambiguous


async def test_without_a_token_nothing_is_asked(wire: Wire, connections: Connections) -> None:
    unsigned = GitHubWorkflow(replace(settings(wire), token=""), connections)
    with pytest.raises(PortError, match="COCKPIT_PIPELINE_TOKEN is not set"):
        await unsigned.start(RUN, "green", "v1.3.0")
    assert wire.asked == []
    assert "secret" not in repr(settings(wire))


@pytest.mark.parametrize("kind", [GitHubWorkflow, DevOpsPipeline])
@pytest.mark.parametrize("token", ["s3cret\r\nX-Other: 1", "s3cret\n", "s3cr\u00e9t"], ids=ascii)
async def test_a_token_that_no_header_can_have_is_told_by_its_variable_alone(
    wire: Wire, connections: Connections, kind: type[GitHubWorkflow | DevOpsPipeline], token: str
) -> None:
    pipeline = kind(replace(settings(wire), token=token), connections)
    for asking in (pipeline.start(RUN, "green", "v1.3.0"), pipeline.find(RUN)):
        with pytest.raises(PortError, match="variable COCKPIT_PIPELINE_TOKEN holds what header") as caught:
            await asking
        assert "s3cr" not in caught.value.words()
    assert wire.asked == []


@pytest.mark.parametrize("body", [b"no json", [1]])
async def test_an_odd_answer_to_a_dispatch_is_doubtful(wire: Wire, github: GitHubWorkflow, body: object) -> None:
    wire.on("POST", f"{ACTIONS}/workflows/deploy.yml/dispatches", Answer(body=body))
    with pytest.raises(PortError, match="the answer cannot be read") as caught:
        await github.start(RUN, "green", "v1.3.0")
    assert caught.value.ambiguous
    assert "It may have been done" in caught.value.words()


@pytest.mark.parametrize("body", [b"no json", [1], "text"])
async def test_an_odd_answer_is_told_as_one(wire: Wire, github: GitHubWorkflow, body: object) -> None:
    wire.on("GET", f"{ACTIONS}/runs/78", Answer(body=body))
    with pytest.raises(PortError, match="the answer cannot be read"):
        await github.look("78")


def test_the_plan_names_its_requests_and_no_token(github: GitHubWorkflow, devops: DevOpsPipeline) -> None:
    deploy = Act(ActKind.DEPLOY, "green", version="v1.3.0", by=PIPELINE)
    for pipeline in (github, devops):
        planned = [*pipeline.planned(deploy), *pipeline.planned(Act(ActKind.PROVE_BUILT, "green"))]
        assert planned[0].method == "POST"
        assert not any("secret" in one.url + one.body for one in planned)
        assert pipeline.planned(Act(ActKind.DEPLOY, "green")) == ()
