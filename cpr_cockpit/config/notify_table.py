"""The table ``[[notify]]``: a channel in which people are told what happens to a run.

Its URL is a secret (whoever has it can write there), so it never stands in the file: ``url_env`` names the variable
that holds it. No message of this program ever shows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cpr_cockpit.core.notices import NoticeKind

WEBHOOK, SERVICE = "webhook", "service"
KINDS = (WEBHOOK, SERVICE)
EVENTS = tuple(str(kind) for kind in NoticeKind)
_VARIABLE = r"^[A-Z_][A-Z0-9_]{0,59}$"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


def _events(values: tuple[str, ...]) -> tuple[str, ...]:
    unknown = next((one for one in values if one not in EVENTS), None)
    if unknown is not None or not values:
        raise ValueError("names an event that there is not" if values else "names no event")
    return values


class Notify(BaseModel):
    """One channel: ``webhook`` gets JSON at an https address, ``service`` is any that the library Apprise knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(
        min_length=1, max_length=60, pattern=r"^\S(.*\S)?$", description="1 to 60 characters, each channel's own"
    )
    kind: str = Field(
        WEBHOOK,
        pattern=f"^({'|'.join(KINDS)})$",
        description='"webhook" (JSON to an https address) or "service" (Teams, Slack, e-mail and others: an Apprise '
        "URL, such as slack://..., workflows://..., mailtos://...)",
    )
    url_env: str = Field(
        pattern=_VARIABLE, description="the variable that holds the channel's URL, such as ONCALL_WEBHOOK"
    )
    events: Annotated[tuple[str, ...], AfterValidator(_events)] = Field(
        ("start", "verdict", "decision", "end", "overdue"),
        strict=False,
        description=f"a list of {', '.join(EVENTS)}; page is repeated until somebody answers",
    )
    picture: bool = Field(False, description="true or false: whether a picture of the screen goes with each notice")


def url_problem(one: Notify, variables: Mapping[str, str]) -> str:
    """What is wrong with the URL of a channel, as far as can be told here, without quoting it; "" for nothing."""
    url = variables.get(one.url_env, "")
    if not url:
        return ""
    if one.kind == SERVICE:
        return "" if _SCHEME.fullmatch(url) else "holds no URL with a scheme"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # ValueError for a port that is none
    except ValueError:
        return "holds no https address"
    good = parts.scheme == "https" and parts.hostname and not parts.fragment and url.isprintable() and " " not in url
    return "" if good else "holds no https address"
