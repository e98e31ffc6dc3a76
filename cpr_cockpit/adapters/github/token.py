"""The token for GitHub: a variable, or what GitHub's own command line is signed in with."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from cpr_cockpit.adapters.over_http import carried
from cpr_cockpit.adapters.sensors.programs import run
from cpr_cockpit.core.ports import PortError

OWN = "COCKPIT_GITHUB_TOKEN"
VARIABLES = (OWN, "GITHUB_TOKEN", "GH_TOKEN")
"""In their order, where no variable is configured; what is named for github.com goes to no other host."""
ENTERPRISE = (OWN, "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
"""The same of an Enterprise Server, as gh has them."""
PUBLIC = "https://api.github.com"
_RESIDENT = ".ghe.com"  # GitHub's own cloud in a region: hosts of their own, and tokens as for github.com
_OF_GH = "gh auth token"
_GH_S = 5.0
_WORD = re.compile(r"\S+")


class Token:
    """Found when it is first needed, and kept in memory only until it is not taken any more.

    ``variable``: the only one that is looked into ("": the usual ones, then ``gh auth token``). ``known``: a lab's.
    """

    def __init__(
        self, api: str, variable: str = "", known: str = "", variables: Mapping[str, str] = os.environ
    ) -> None:
        self._api = api
        self._variable = variable
        self._variables = variables
        self._known = known
        self._asking = asyncio.Lock()
        self.origin = "the lab's ready file" if known else ""

    async def value(self, doing: str) -> str:
        """The token. PortError where there is none, which says where it was looked for."""
        async with self._asking:
            if not self._known:
                self._known = self._of_variable(doing) or await self._of_gh(doing)
        return self._known

    def refused(self, token: str) -> None:
        """It is not taken: what gh is signed in with by then is asked for again. A variable stays as it is."""
        if token == self._known and self.origin == _OF_GH:
            self._known = ""

    @property
    def renewed(self) -> str:
        """How a person gives another one."""
        if self.origin == _OF_GH:
            return f"sign in with gh auth login --hostname {host_of(self._api)}, then try again"
        return "set a new one where the session is started"

    @property
    def _usual(self) -> tuple[str, ...]:
        return VARIABLES if self._api == PUBLIC or host_of(self._api).endswith(_RESIDENT) else ENTERPRISE

    def _of_variable(self, doing: str) -> str:
        names = (self._variable,) if self._variable else self._usual
        name = next((name for name in names if self._variables.get(name)), "")
        if not name:
            return ""
        self.origin = f"variable {name}"
        return carried(self._variables[name], doing, name, "Authorization")

    async def _of_gh(self, doing: str) -> str:
        """`gh auth token` of this very host: never of another one that gh is signed in to."""
        names = self._variable or ", ".join(self._usual)
        missing = PortError(
            f"{doing}: there is no token for GitHub ({names}: not set).",
            next_step="Set one where the session is started, or sign in with gh auth login.",
        )
        if self._variable:
            raise missing
        try:
            ended = await run(("gh", "auth", "token", "--hostname", host_of(self._api)), Path.cwd(), _GH_S)
        except (OSError, TimeoutError) as error:
            raise missing from error
        found = ended.out.strip()
        if ended.code or not _WORD.fullmatch(found):
            raise missing
        self.origin = _OF_GH
        return carried(found, doing, _OF_GH, "Authorization")


def host_of(api: str) -> str:
    """The host that people sign in to, of the address of its interface."""
    if api == PUBLIC:
        return "github.com"
    host = urlsplit(api).netloc
    return host.removeprefix("api.") if host.endswith(_RESIDENT) else host


def graphql_of(api: str) -> str:
    """Where GraphQL is asked: beside REST at github.com, above its version at an Enterprise Server."""
    return f"{api.removesuffix('/v3')}/graphql"
