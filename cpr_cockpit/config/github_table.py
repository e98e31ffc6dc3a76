"""The table [github]: where the feature's repositories are, and which variable holds the token."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

GITHUB_API = "https://api.github.com"


def _api(value: str) -> str:
    """An https address, which may have a path: GitHub Enterprise Server's interface has one."""
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or not value.isprintable() or " " in value:
        raise ValueError("is no https address")
    if parts.query or parts.fragment or parts.username or parts.password is not None:
        raise ValueError("has more than scheme, host and path")
    parts.port  # noqa: B018  # ValueError for a port that is none
    return value.rstrip("/")


class GitHub(BaseModel):
    """GitHub, asked for each ``[[code]]`` that names its ``repository``. Nothing of it is secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    api: Annotated[str, AfterValidator(_api)] = Field(
        GITHUB_API,
        description=f"the https address of the REST interface: {GITHUB_API}, or https://<host>/api/v3 of an Enterprise "
        "Server",
    )
    token_env: str = Field(
        "",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$",
        description="the variable that holds the token; without it COCKPIT_GITHUB_TOKEN, GITHUB_TOKEN or GH_TOKEN (of "
        "an Enterprise Server COCKPIT_GITHUB_TOKEN or GH_ENTERPRISE_TOKEN), then what gh auth token tells",
    )
