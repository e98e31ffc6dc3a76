"""The table ``[sentry]``: where exceptions are tracked beside Application Insights. Nothing secret stands here."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_SLUG = r"^[A-Za-z0-9][\w.-]{0,99}$"


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("is no https address")
    if not re.fullmatch(r"[^\s\\]+", value):
        raise ValueError("is no plain address")
    return value.rstrip("/")


class Sentry(BaseModel):
    """One project of one organization; its token needs the scope project:releases."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    address: Annotated[str, AfterValidator(_address)] = Field(
        "https://sentry.io", description="an https address, such as https://sentry.io"
    )
    organization: str = Field(pattern=_SLUG, description="the organization's slug")
    project: str = Field(pattern=_SLUG, description="the project's slug")
    release: str = Field(
        "",
        max_length=200,
        pattern=r"^[^\s/\\]*$",
        description="the release's name in Sentry, such as goals@1.3.0; without it the version of [artifacts]",
    )
    token_env: str = Field(
        "SENTRY_AUTH_TOKEN", pattern=r"^[A-Za-z_]\w{0,99}$", description="the variable that holds the token"
    )
