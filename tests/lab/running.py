"""A real lab in a process of its own, for tests: started, talked to over the wire, ended."""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from azure.identity.aio import ClientSecretCredential
from azure.mgmt.web.aio import WebSiteManagementClient

START_TIMEOUT = 60.0
LOOK = 0.02
SWAP = {"targetSlot": "production", "preserveVnet": True}
API_VERSION = {"api-version": "2025-05-01"}


class LabDied(Exception):
    """The lab ended before it was ready; `code` is its exit code, `said` its stderr."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"the lab ended with {code}: {said}")
        self.code, self.said = code, said


@dataclass(frozen=True, slots=True)
class RunningLab:
    """`process` is the lab's own; `ready` the content of its ready file."""

    process: subprocess.Popen[bytes]
    ready: dict[str, Any]

    @property
    def site(self) -> str:
        """Resource id of the app."""
        ready = self.ready
        group = f"/subscriptions/{ready['subscription']}/resourceGroups/{ready['resource_group']}"
        return f"{group}/providers/Microsoft.Web/sites/{ready['app']}"

    @property
    def slot(self) -> str:
        """Resource id of the slot."""
        return f"{self.site}/slots/{self.ready['slot']}"

    def client(self, base_url: str = "", token: str = "") -> httpx.Client:
        """A client that trusts the lab's authority."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        trust = ssl.create_default_context(cafile=self.ready["ca"])
        return httpx.Client(base_url=base_url, verify=trust, headers=headers, timeout=30.0, trust_env=False)

    def token(self, audience: str = "https://management.azure.com") -> str:
        """An access token of the lab's token endpoint."""
        ready = self.ready
        form = {"grant_type": "client_credentials", "client_id": ready["client_id"]}
        form |= {"client_secret": ready["client_secret"], "scope": f"{audience}/.default"}
        with self.client() as client:
            answer = client.post(f"{ready['authority']}/{ready['tenant']}/oauth2/v2.0/token", data=form)
        token: str = answer.raise_for_status().json()["access_token"]
        return token

    def manager(self) -> httpx.Client:
        """A client of Resource Manager."""
        client = self.client(self.ready["resource_manager"], self.token())
        client.params = httpx.QueryParams(API_VERSION)
        return client

    def control(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """One request to the control endpoint."""
        control = self.ready["control"]
        headers = {"Authorization": f"Bearer {control['token']}"}
        answer = httpx.request(method, control["url"] + path, headers=headers, trust_env=False, timeout=30.0, **options)
        body: dict[str, Any] = answer.raise_for_status().json()
        return body

    def version(self, url: str, **options: Any) -> str:
        """The version whose process answers at `url`, over a fresh connection."""
        with self.client() as client:
            version: str = client.get(f"{url}/api/health", **options).headers.get("x-app-version", "")
        return version

    def kudu(self, slot: str) -> httpx.Client:
        """A client of the Kudu of `slot`, found as the az client finds it."""
        with self.manager() as manager:
            site = manager.get(self.site if slot == "production" else f"{self.site}/slots/{slot}").raise_for_status()
        states = site.json()["properties"]["hostNameSslStates"]
        host = next(state["name"] for state in states if state["hostType"] == "Repository")
        return self.client(f"https://{host}", self.token())

    def deploy(self, package: bytes, slot: str = "") -> httpx.Response:
        """Deploy to `slot` and wait for the answer."""
        with self.kudu(slot or self.ready["slot"]) as kudu:
            return kudu.post("/api/zipdeploy", content=package)

    def swap(self, slot: str = "") -> httpx.Response:
        """Swap `slot` with production and follow the operation to its end; the last answer."""
        with self.manager() as manager:
            url = f"{self.site}/slots/{slot or self.ready['slot']}/slotsswap"
            accepted = manager.post(url, json=SWAP).raise_for_status()
            return self.follow(manager, accepted.headers["Location"])

    def follow(self, manager: httpx.Client, location: str) -> httpx.Response:
        """The answer of an operation that has ended."""
        answer = manager.get(location)
        while answer.status_code == 202:
            time.sleep(0.1)
            answer = manager.get(location)
        return answer

    def log(self, kind: str) -> list[dict[str, Any]]:
        """The operation log's entries of one kind."""
        return [entry for entry in self.control("GET", "/operations")["log"] if entry["kind"] == kind]


def command(ready_file: Path, *options: str) -> list[str]:
    """The lab's command line."""
    return [sys.executable, "-m", "cpr_cockpit.lab", "--ready-file", str(ready_file), "--fast", *options]


def start(folder: Path, *options: str) -> RunningLab:
    """Start a lab and wait until it is ready. LabDied where it ends before."""
    ready_file = folder / "lab.json"
    said = folder / "lab.log"
    with said.open("wb") as log:
        process = subprocess.Popen(command(ready_file, *options), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    until(ready_file.exists, START_TIMEOUT, unless=lambda: process.poll() is not None)
    if not ready_file.exists():
        process.kill()
        raise LabDied(process.wait(), said.read_text("utf-8"))
    return RunningLab(process, json.loads(ready_file.read_text("utf-8")))


def until(true: Callable[[], bool], timeout: float = 20.0, unless: Callable[[], bool] = lambda: False) -> bool:
    """Whether `true` became true within `timeout` seconds and before `unless` did."""
    deadline = time.monotonic() + timeout
    while not true():
        if unless() or time.monotonic() > deadline:
            return true()
        time.sleep(LOOK)
    return True


@contextlib.contextmanager
def running(folder: Path, *options: str) -> Iterator[RunningLab]:
    """A lab for the length of a `with`; it is asked to end, has to end well, and never had anything to complain of."""
    lab = start(folder, *options)
    try:
        yield lab
        lab.control("POST", "/stop")
        assert lab.process.wait(20.0) == 0
        assert (folder / "lab.log").read_text("utf-8") == ""
    finally:
        lab.process.kill()
        lab.process.wait()


@contextlib.asynccontextmanager
async def sdk(lab: RunningLab) -> AsyncIterator[WebSiteManagementClient]:
    """Azure's own client of App Service with a credential of azure-identity, pointed at the lab."""
    ready = lab.ready
    credential = ClientSecretCredential(
        ready["tenant"],
        ready["client_id"],
        ready["client_secret"],
        authority=ready["authority"],
        disable_instance_discovery=True,
        connection_verify=ready["ca"],
    )
    client = WebSiteManagementClient(
        credential,
        ready["subscription"],
        base_url=ready["resource_manager"],
        credential_scopes=[f"{ready['resource_manager']}/.default"],
        connection_verify=ready["ca"],
    )
    async with credential, client:
        yield client
