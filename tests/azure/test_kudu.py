from __future__ import annotations

import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.sites import SITE, site
from tests.azure.wire import Answer, Wire

DEPLOY = "/api/zipdeploy"
CONTENT = "/api/zip/site/wwwroot/"
ID = "0123456789abcdef"
CONTENT_BYTES = bytes(range(256)) * 4000  # a million bytes: more than one piece


@pytest.fixture
def slots(wire: Wire) -> None:
    """The app and its slot, whose Kudu is the wire itself."""
    wire.on("GET", SITE, Answer(body=site(kudu=wire.host)))
    wire.on("GET", f"{SITE}/slots", Answer(body={"value": [site("goals/green", kudu=wire.host)]}))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "new.zip"
    path.write_bytes(CONTENT_BYTES)
    return path


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures("slots")
async def test_a_deployment_is_one_post_of_the_whole_file(azure: Azure, wire: Wire, package: Path) -> None:
    wire.on("POST", DEPLOY, Answer(202, headers={"SCM-DEPLOYMENT-ID": ID}))
    assert (await azure.web_apps.deploy("green", package)).operation == ID
    [post] = wire.of("POST")
    assert post.query == {"isAsync": "true"}
    assert post.body == CONTENT_BYTES
    assert post.headers["Content-Length"] == "1024000"
    assert post.headers["Authorization"] == "Bearer a-token"
    scopes = [urllib.parse.parse_qs(body)["scope"][0] for body in wire.tokens_asked]
    assert "https://appservice.azure.com/.default" in scopes


@pytest.mark.usefixtures("slots")
@pytest.mark.parametrize(
    ("headers", "id"),
    [
        ({"Location": f"https://x/api/deployments/{ID}?y=1"}, ID),
        ({"Location": "https://x/api/deployments/latest?deployer=ZipDeploy"}, ""),
        ({}, ""),
    ],
)
async def test_the_id_of_a_deployment_is_never_made_up(
    azure: Azure, wire: Wire, package: Path, headers: dict[str, str], id: str
) -> None:
    wire.on("POST", DEPLOY, Answer(202, headers=headers))
    assert (await azure.web_apps.deploy("green", package)).operation == id


@pytest.mark.usefixtures("slots")
@pytest.mark.parametrize("answer", [Answer(cut=True), Answer(500), Answer(502, "<h1>Bad Gateway</h1>")])
async def test_a_deployment_of_unknown_effect_is_ambiguous_and_sent_once(
    azure: Azure, wire: Wire, package: Path, answer: Answer
) -> None:
    wire.on("POST", DEPLOY, answer)
    with pytest.raises(PortError) as caught:
        await azure.web_apps.deploy("green", package)
    assert caught.value.ambiguous
    assert wire.count("POST") == 1


@pytest.mark.usefixtures("slots")
async def test_a_deployment_refused_by_another_one_says_so(azure: Azure, wire: Wire, package: Path) -> None:
    text = "There is a deployment currently in progress. Please try again when it completes."
    wire.on("POST", DEPLOY, Answer(409, {"Message": text}))
    with pytest.raises(PortError) as caught:
        await azure.web_apps.deploy("green", package)
    assert (caught.value.ambiguous, caught.value.status) == (False, 409)
    assert "currently in progress" in caught.value.what
    assert "Wait until that deployment has ended" in caught.value.next_step


@pytest.mark.usefixtures("slots")
async def test_a_package_that_cannot_be_read_sends_nothing(azure: Azure, wire: Wire, tmp_path: Path) -> None:
    with pytest.raises(PortError) as caught:
        await azure.web_apps.deploy("green", tmp_path / "none.zip")
    assert "cannot be read" in caught.value.what
    assert wire.count("POST") == 0


def _deployment(status: int, **members: Any) -> dict[str, Any]:
    return {"id": ID, "status": status, "status_text": "", "message": "", "complete": status > 2, **members}


@pytest.mark.usefixtures("slots")
@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer(202, _deployment(0)), "running"),
        (Answer(202, _deployment(1, status_text="Building")), "running"),
        (Answer(200, _deployment(4, complete=False)), "running"),
        (Answer(200, _deployment(4)), "succeeded"),
        (Answer(200, _deployment(3)), "failed"),
        (Answer(200, _deployment(5)), "failed"),
        (Answer(200, _deployment(6)), "unknown"),
        (Answer(404, {"Message": "not found"}), "unknown"),
    ],
)
async def test_a_deployment_is_followed_by_its_own_id(azure: Azure, wire: Wire, answer: Answer, state: str) -> None:
    wire.on("GET", f"/api/deployments/{ID}", answer)
    wire.on("GET", "/api/deployments/latest", Answer(200, _deployment(3, id="another")))
    assert (await azure.web_apps.deployment("green", ID)).state == state


@pytest.mark.usefixtures("slots")
async def test_a_failed_deployment_says_why(azure: Azure, wire: Wire) -> None:
    wire.on(
        "GET", "/api/deployments/latest", Answer(200, _deployment(3, message="not a\x07 zip", status_text="Failed"))
    )
    found = await azure.web_apps.deployment("green", "")
    assert (found.state, found.words) == ("failed", "Failed not a zip")
    wire.on("GET", "/api/deployments/latest", Answer(200, _deployment(3, message="not a zip", status_text="not a zip")))
    assert (await azure.web_apps.deployment("green", "")).words == "not a zip"


@pytest.mark.usefixtures("slots")
@pytest.mark.parametrize("body", ["<html>", [], {"id": ID}, {"status": None}])
async def test_an_answer_that_is_no_deployment_is_an_error(azure: Azure, wire: Wire, body: Any) -> None:
    wire.on("GET", f"/api/deployments/{ID}", Answer(200, body))
    with pytest.raises(PortError, match="cannot be read"):
        await azure.web_apps.deployment("green", ID)


@pytest.mark.usefixtures("slots")
async def test_content_is_saved_whole_under_its_name(azure: Azure, wire: Wire, tmp_path: Path) -> None:
    served = bytes(range(256)) * 5000
    wire.on("GET", CONTENT, Answer(200, served))
    await azure.web_apps.content("production", tmp_path / "old.zip")
    assert (tmp_path / "old.zip").read_bytes() == served
    assert _names(tmp_path) == ["old.zip"]


@pytest.mark.usefixtures("slots")
@pytest.mark.parametrize("answer", [Answer(cut=True), Answer(500, "oops"), Answer(body=b"short", cut=True)])
async def test_content_that_did_not_come_whole_leaves_what_was_there(
    azure: Azure, wire: Wire, tmp_path: Path, answer: Answer
) -> None:
    (tmp_path / "old.zip").write_bytes(b"kept")
    wire.on("GET", CONTENT, answer)
    with pytest.raises(PortError) as caught:
        await azure.web_apps.content("production", tmp_path / "old.zip")
    assert not caught.value.ambiguous
    assert (tmp_path / "old.zip").read_bytes() == b"kept"
    assert _names(tmp_path) == ["old.zip"]


@pytest.mark.usefixtures("slots")
async def test_content_that_cannot_be_written_is_told(azure: Azure, wire: Wire, tmp_path: Path) -> None:
    wire.on("GET", CONTENT, Answer(200, b"zip"))
    with pytest.raises(PortError, match="cannot be written"):
        await azure.web_apps.content("production", tmp_path / "missing" / "old.zip")


async def test_a_lab_run_deploys_to_no_host_off_this_machine(azure: Azure, wire: Wire, package: Path) -> None:
    wire.on("GET", SITE, Answer(body=site()))
    wire.on("GET", f"{SITE}/slots", Answer(body={"value": [site("goals/green", kudu="goals-green.scm.example.net")]}))
    with pytest.raises(PortError, match="not on this machine"):
        await azure.web_apps.deploy("green", package)
    assert wire.count("POST") == 0


async def test_a_slot_that_does_not_exist_is_told(azure: Azure, wire: Wire, package: Path) -> None:
    wire.on("GET", SITE, Answer(body=site(kudu=wire.host)))
    wire.on("GET", f"{SITE}/slots", Answer(body={"value": []}))
    with pytest.raises(PortError, match="no deployment host for slot green"):
        await azure.web_apps.deploy("green", package)
