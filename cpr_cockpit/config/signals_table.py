"""The tables ``[[signals]]``: figures of one's own that the judge watches beside the users' requests.

A signal is a KQL query over the workspace, or a number in the JSON that an address answers, with one limit. A query is
asked stretch by stretch: ``{start}`` and ``{end}`` become datetime literals, and it answers one row for the stretch or
one for each minute of it (then they are added up), with these columns:

- ``Count``: events in the stretch. For ``drop`` and ``rise`` (against the hour before the switch), and for ``above``
  and ``below`` (events per minute).
- ``Good`` and ``Total``: for ``share_above``, the failed share; ``Good`` alone also for ``drop`` and ``rise``.
- ``Value``: a plain figure, for ``above`` and ``below``; of several rows the last counts. It is asked over a minute.

Counts and shares are judged by sequential tests, a plain figure by how long it stays beyond its limit (``for_s``).
Nothing secret stands here: a header's value is taken from the variable that ``header_env`` names.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cpr_cockpit.config.kql_text import check_kql
from cpr_cockpit.config.values import seconds, share
from cpr_cockpit.core.custom import Limit, SignalSpec
from cpr_cockpit.core.headers import NAME

LIMITS = tuple(limit.value for limit in Limit)
_OF_A_QUERY = (Limit.DROP, Limit.RISE, Limit.SHARE_ABOVE)
_SECRETS = re.compile(r"code|sig|.*(key|token|secret|password)", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,59}")
_POINTER = re.compile(r"(/([^~/]|~[01])*)+")


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("holds a control character")
    return value


def _query(value: str) -> str:
    check_kql(value)
    return value


def _probed(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.fragment or not value.isprintable() or " " in value:
        raise ValueError("is no https address")
    parts.port  # noqa: B018  # ValueError for a port that is none
    return value


def secret_in(url: str) -> str:
    """What of an address looks like a secret, "" for nothing. Asked of a whole table: its errors show no value."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        return "a name or a password"
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    return next((f"a secret ({name})" for name in names if _SECRETS.fullmatch(name)), "")


def secret_header(header: str | None, variable: str | None) -> None:
    """ValueError unless both are given or neither, as names of a header and of a variable that holds its value."""
    if (header is None) is not (variable is None):
        raise ValueError("header and header_env belong together")
    if header is not None and not NAME.fullmatch(header):
        raise ValueError("header is no name of a header: letters, digits and -, such as Authorization")
    if variable is not None and not _VARIABLE.fullmatch(variable):
        raise ValueError("header_env is no name of a variable: capitals, digits and _, such as ORDERS_KEY")
    if variable is not None and variable.startswith("COCKPIT_"):
        raise ValueError("header_env begins with COCKPIT_, and such variables stand for keys of this file")


def _pointer(value: str) -> str:
    if not _POINTER.fullmatch(value) or not value.isprintable():
        raise ValueError("is no JSON pointer (RFC 6901)")
    return value


Probed = Annotated[str, AfterValidator(_probed)]
Duration = Annotated[float, BeforeValidator(seconds)]
Share = Annotated[float, BeforeValidator(share)]
_UP_TO_A_DAY = 'seconds, or text such as "5m"'


class Signal(BaseModel):
    """One signal: ``kql``, or ``url`` with ``field``; and exactly one limit."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, AfterValidator(_printable)] = Field(
        min_length=1, max_length=60, pattern=r"^\S(.*\S)?$", description="1 to 60 characters, each signal's own"
    )
    kql: Annotated[str, AfterValidator(_query)] | None = Field(
        None, description="a query with {start} and {end}, whose columns are Count, Good and Total, or Value"
    )
    url: Probed | None = Field(
        None, description="an https address that answers JSON, such as https://shop.example.org/metrics"
    )
    field: Annotated[str, AfterValidator(_pointer)] | None = Field(
        None, description="where the number stands in the answer of url, such as /orders/perMinute"
    )
    header: str | None = Field(None, description="the name of a header for url, such as Authorization")
    header_env: str | None = Field(None, description="the variable that holds the header's value, such as ORDERS_KEY")
    drop: Share | None = Field(
        None,
        ge=0.1,
        le=0.95,
        description='by what share it must not drop, 10 % to 95 %: such as "50%" of the hour before',
    )
    rise: Share | None = Field(
        None, ge=0.1, le=100, description='by what share it must not rise, from 10 %: "100%" is twice the hour before'
    )
    share_above: Share | None = Field(
        None, gt=0, le=0.9, description='what share may fail (Total without Good), up to 90 %: such as "2%"'
    )
    above: float | None = Field(
        None, allow_inf_nan=False, description="what it must not exceed: events per minute of a Count, else the Value"
    )
    below: float | None = Field(
        None,
        allow_inf_nan=False,
        description="what it must not fall under: events per minute of a Count, else the Value",
    )
    for_s: Duration = Field(
        300.0, ge=0, le=86_400, description=f"how long a plain figure may stay beyond its limit: {_UP_TO_A_DAY}"
    )
    every_s: Duration = Field(
        15.0, ge=5, le=3600, description=f"how often it is asked, from 5 s to 1 h: {_UP_TO_A_DAY}"
    )
    delay_s: Duration | None = Field(
        None, ge=0, le=3600, description=f"how late its data is at least, where later than measured: {_UP_TO_A_DAY}"
    )
    on_breach: Literal["hold", "rollback"] = Field("hold", description='"hold" (a person looks) or "rollback"')

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.kql is None) is (self.url is None):
            raise ValueError("give either kql or url")
        if self.kql is not None:
            strange = [key for key in ("field", "header", "header_env") if getattr(self, key) is not None]
            if strange:
                raise ValueError(f"{strange[0]} belongs to url, and this signal has kql")
            return self
        if self.field is None:
            raise ValueError("field is missing: where does the number stand in the answer of url")
        if self.delay_s is not None:
            raise ValueError("delay_s belongs to kql: an address answers at once")
        return self

    @model_validator(mode="after")
    def _no_secret(self) -> Self:
        """Nothing that may be one is shown: a problem with a single key would show what was found there."""
        if self.url is not None and (found := secret_in(self.url)):
            raise ValueError(f"url holds {found}: take it out, and give it as a header by header_env")
        secret_header(self.header, self.header_env)
        return self

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        limit = self.limit
        if self.url is not None and limit in _OF_A_QUERY:
            raise ValueError(f"{limit} needs kql: an address tells one figure, and nothing of the hour before")
        return self

    @property
    def limit(self) -> Limit:
        """Which limit it has; ValueError unless exactly one."""
        given = [limit for limit in Limit if getattr(self, limit.value) is not None]
        if len(given) != 1:
            told = f"found {' and '.join(given)}" if given else "found none"
            raise ValueError(f"give exactly one limit of {', '.join(LIMITS)}, {told}")
        return given[0]

    @property
    def bound(self) -> float:
        """The limit's figure."""
        return float(getattr(self, self.limit.value))

    def spec(self, telemetry_delay_s: float) -> SignalSpec:
        """What the judge needs to know. ``telemetry_delay_s``: how late the environment's telemetry is expected."""
        late = max(telemetry_delay_s, self.delay_s or 0.0) if self.kql is not None else 0.0
        return SignalSpec(
            name=self.name,
            limit=self.limit,
            bound=self.bound,
            for_s=self.for_s,
            every_s=self.every_s,
            delay_s=late,
            rollback=self.on_breach == "rollback",
        )
