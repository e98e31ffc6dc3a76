"""The lab's Git host as the cockpit meets it: the adapter of GitHub over the wire, and the lab's clones on disk.

In this module the repositories are made by `GitHost` itself, without the rest of the lab, which has no part in it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web

from cpr_cockpit.adapters.clock import SystemClock
from cpr_cockpit.adapters.clone import Clone
from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.github.asking import Asking
from cpr_cockpit.adapters.github.host import GitHubHost
from cpr_cockpit.adapters.github.repository import GitHubSettings
from cpr_cockpit.adapters.github.token import Token
from cpr_cockpit.core.code import BuildState, CheckState, MergeMethod, MergeResult, PullRequest, PullState
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.lab.git_host import GitHost
from cpr_cockpit.lab.githost.ci import Pace
from cpr_cockpit.lab.models import OperationLog
from cpr_cockpit.lab.troubles import Troubles
from tests.azure.wire import make_certificate

T = TypeVar("T")
TAG, TOKEN = "v1.3.0", "of-the-lab"
DIGESTS = {"goals-api": "ab" * 32, "goals-ui": "cd" * 32}


@dataclass
class Place:
    """Both repositories through the adapter, and the lab's switches."""

    api: GitHubHost
    ui: GitHubHost
    troubles: Troubles


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
async def place(tmp_path: Path, certificate: tuple[Path, ssl.SSLContext]) -> AsyncIterator[Place]:
    troubles = Troubles()
    lab = GitHost(troubles, OperationLog(), DIGESTS, TAG, TOKEN)
    await lab.plant(tmp_path / "git", Pace(0.0, 0.0, 0.0))
    runner = web.AppRunner(lab.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate[1]).start()
    told = lab.described(f"https://localhost:{runner.addresses[0][1]}")
    connections = Connections(str(certificate[0]), loopback=True)
    asking = Asking(told["api"], Token(told["api"], known=told["token"]), connections, SystemClock())
    api, ui = (
        GitHubHost(
            GitHubSettings(one["name"], one["branch"], one["main"], TAG), asking, Clone(Path(one["clone"]), "origin")
        )
        for one in told["repositories"]
    )
    yield Place(api, ui, troubles)
    await connections.close()
    await runner.cleanup()


async def _until(ask: Callable[[], Awaitable[T]], told: Callable[[T], bool]) -> T:
    """The first answer that tells."""
    while True:
        answer = await ask()
        if told(answer):
            return answer
        await asyncio.sleep(0.02)


async def _green(host: GitHubHost, pull: PullRequest) -> PullRequest:
    """The pull request once its required checks and reviews are there, and the host would merge it."""
    while True:
        rows = (await host.checks(pull.head)).rows
        reviews = await host.reviews(pull)
        now = await host.pull_request_at(pull.number)
        passed = all(one.state is CheckState.PASSED for one in rows if one.required)
        if passed and len(reviews.approved_by) >= (reviews.required or 0) and now.mergeable and not now.why_not:
            return now
        await asyncio.sleep(0.02)


async def _merged(host: GitHubHost, method: MergeMethod = MergeMethod.SQUASH) -> PullRequest:
    pull = await _green(host, await host.create_pull_request("Goals", "what"))
    answer = await host.merge(pull.number, pull.head, method, "Goals (#1)", "what")
    assert answer.result is MergeResult.MERGED, answer.words
    found = await host.pull_request()
    assert found is not None
    assert (found.state, found.merged_as) == (PullState.MERGED, answer.commit)
    return found


async def test_both_are_merged_built_and_tagged(place: Place) -> None:
    for host, digest in ((place.api, DIGESTS["goals-api"]), (place.ui, DIGESTS["goals-ui"])):
        assert await host.pull_request() is None
        assert await host.tag(TAG) is None
        before = await host.trial_merge()
        assert (before.files, before.behind, before.merged) == ((), 0, False)
        commit = (await _merged(host)).merged_as
        assert (await host.heads()).main == commit
        assert (await host.trial_merge()).merged
        build = await _until(partial(host.build, commit), lambda one: one.state is not BuildState.RUNNING)
        assert (build.state, build.sha256) == (BuildState.BUILT, digest)
        made = await host.create_tag(TAG, commit, "Goals")
        assert await host.tag(TAG) == made
        with pytest.raises(PortError, match="already exists"):
            await host.create_tag(TAG, commit, "Goals")


async def test_what_each_repository_asks_for_is_told(place: Place) -> None:
    heads = await place.api.heads()
    told = await place.api.checks(heads.branch)
    assert [(one.name, one.state, one.required) for one in told.rows] == [
        ("build", CheckState.PASSED, True),
        ("test", CheckState.PASSED, True),
    ]
    ui = await place.ui.checks((await place.ui.heads()).branch)
    assert [(one.name, one.required) for one in ui.rows] == [("build", True), ("test", False)]
    facts = await place.ui.repository()
    assert (facts.may_write, facts.methods) == (True, (MergeMethod.SQUASH, MergeMethod.MERGE))
    assert await place.api.deploying() == ()
    (release,) = await place.ui.deploying()
    assert (release.path, release.on) == (".github/workflows/release.yml", "tag")


async def test_a_conflict_names_its_files_and_nothing_is_merged(place: Place) -> None:
    pull = await _green(place.ui, await place.ui.create_pull_request("Goals", ""))
    await place.troubles.set(["merge-conflict"])
    found = await place.api.trial_merge()
    assert (found.files, found.behind) == (("goals/service.py",), 1)
    api = await place.api.create_pull_request("Goals", "")
    now = await _until(lambda: place.api.pull_request_at(api.number), lambda one: one.mergeable is not None)
    assert (now.mergeable, now.why_not) == (False, "dirty")
    answer = await place.api.merge(api.number, api.head, MergeMethod.MERGE, "t", "m")
    assert (answer.result, answer.words) == (MergeResult.REFUSED, "Pull Request is not mergeable")
    assert (await place.ui.pull_request_at(pull.number)).state is PullState.OPEN


async def test_half_merged_is_taken_back_by_a_pull_request(place: Place) -> None:
    await place.troubles.set(["merge-refused"])
    first = await _merged(place.api, MergeMethod.MERGE)
    second = await _green(place.ui, await place.ui.create_pull_request("Goals", ""))
    answer = await place.ui.merge(second.number, "0" * 40, MergeMethod.SQUASH, "t", "m")
    assert answer.result is MergeResult.MOVED
    answer = await place.ui.merge(second.number, second.head, MergeMethod.SQUASH, "t", "m")
    assert answer.result is MergeResult.REFUSED
    assert "freeze" in answer.words
    assert await place.api.revert_request(first) is None
    back = await place.api.create_revert_request(first, "Back", "why")
    found = await place.api.revert_request(first)
    assert found is not None
    assert found.number == back.number
    back = await _green(place.api, back)
    assert (await place.api.merge(back.number, back.head, MergeMethod.SQUASH, "Back", "")).result is MergeResult.MERGED
    with pytest.raises(PortError, match="could not be reverted"):
        await place.api.create_revert_request(first, "Back", "why")
