"""The feature's repositories: at their host, and as clones on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cpr_cockpit.config import Code, GitHub
from cpr_cockpit.config.pipeline_table import GITHUB
from cpr_cockpit.core.code import CodeHost
from cpr_cockpit.core.merging import tag_of
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.sensing import Sensor

if TYPE_CHECKING:
    from cpr_cockpit.adapters.connections import Connections
    from cpr_cockpit.wiring.target import Place

# A lab's artifact is built from the first of its repositories.
_LAB_ARTIFACT = "goals-api"


def code_hosts(place: Place, connections: Connections, clock: Clock) -> tuple[CodeHost, ...]:
    """Each repository that is at GitHub, in their order; none is asked yet, nor is the token looked for."""
    named = [one for one in place.code if one.repository]
    if not named:
        return ()
    from cpr_cockpit.adapters.clone import Clone
    from cpr_cockpit.adapters.github.asking import Asking
    from cpr_cockpit.adapters.github.host import GitHubHost
    from cpr_cockpit.adapters.github.repository import GitHubSettings
    from cpr_cockpit.adapters.github.token import Token

    table = place.github
    asking = Asking(table.api, Token(table.api, table.token_env, place.github_token), connections, clock)
    tag = tag_of(place.declared.tag)
    return tuple(
        GitHubHost(
            GitHubSettings(one.repository, one.branch, one.main, tag, one.artifact, _made(place, one)),
            asking,
            Clone(folder_of(one, place), one.remote),
        )
        for one in named
    )


def code_sensors(place: Place, hosts: tuple[CodeHost, ...]) -> tuple[Sensor, ...]:
    """What reads checklist items of the repositories: of each the clone, and where it is known its host."""
    from cpr_cockpit.adapters.sensors.code_host import CodeHostItems

    tag = tag_of(place.declared.tag)
    at_host = [CodeHostItems(one, tag, _commit(place, artifact=one.artifact)) for one in hosts]
    return (*(_clone(one, place) for one in place.code), *at_host)


def _clone(one: Code, place: Place) -> Sensor:
    from cpr_cockpit.adapters.sensors.repository import Repository, RepositorySettings

    commit = _commit(place, artifact=one.artifact)
    settings = RepositorySettings(
        folder_of(one, place),
        one.remote,
        one.main,
        one.branch,
        place.declared.tag,
        commit,
        tells_tag=not one.repository,
    )
    return Repository(settings)


def folder_of(one: Code, place: Place) -> Path:
    """The clone's folder."""
    return Path(place.declared.home) / one.path


def _commit(place: Place, *, artifact: bool) -> str:
    return place.declared.commit if artifact else ""


def _made(place: Place, one: Code) -> str:
    """The artifact's name, where the team's pipeline is of this repository and names it."""
    table = place.pipeline
    ours = table is not None and table.kind == GITHUB and table.project.lower() == one.repository.lower()
    return table.artifact if table is not None and ours else ""


def lab_code(ready: Mapping[str, Any]) -> tuple[tuple[Code, ...], GitHub, str]:
    """The repositories of a lab's own Git host, where it is and its token; nothing where the lab has none."""
    told = ready.get("git_host")
    if not told:
        return (), GitHub(), ""
    rows = tuple(
        Code(
            path=one["clone"],
            branch=one["branch"],
            main=one["main"],
            repository=one["name"],
            artifact=one["name"].endswith(_LAB_ARTIFACT),
        )
        for one in told["repositories"]
    )
    return rows, GitHub(api=told["api"]), str(told["token"])
