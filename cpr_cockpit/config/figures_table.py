"""The tables ``[[figures]]``: figures of the business, read after GO: tickets, adoption, feedback and their like.

A figure is a KQL query over the workspace, or a number in the JSON that an address answers. A query is asked from T0 to
now: ``{start}`` and ``{end}`` become datetime literals, and its last row holds ``Value`` and, where there is one,
``Total``: of how many. No figure is judged, and none rolls anything back.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from cpr_cockpit.config.kql_text import check_kql
from cpr_cockpit.config.signals_table import Duration, Probed, secret_header, secret_in
from cpr_cockpit.core.business import KINDS
from cpr_cockpit.core.issue_events import Kind


def _query(value: str) -> str:
    check_kql(value)
    return value


class Figure(BaseModel):
    """One figure: ``kql``, or ``url`` with ``field``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$", description="1 to 60 characters, its own")
    kind: Kind = Field(description=", ".join(KINDS))
    kql: Annotated[str, AfterValidator(_query)] | None = Field(
        None, description="a query with {start} and {end}, whose last row holds Value and, if need be, Total"
    )
    url: Probed | None = Field(None, description="an https address that answers JSON, such as https://desk/api/open")
    field: str | None = Field(
        None, pattern=r"^(/([^~/]|~[01])*)+$", description="where the number stands in the answer of url: /open/count"
    )
    header: str | None = Field(None, description="the name of a header for url, such as Authorization")
    header_env: str | None = Field(None, description="the variable that holds the header's value, such as DESK_KEY")
    unit: Literal["", "%"] = Field("", description='"%" for a share, else ""')
    every_s: Duration = Field(
        3600.0, ge=60, le=86_400, description='how often it is asked, from 1 min to 1 d: seconds, or text such as "1h"'
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.kql is None) is (self.url is None):
            raise ValueError("give either kql or url")
        if self.kql is not None and (self.field or self.header or self.header_env):
            raise ValueError("field, header and header_env belong to url, and this figure has kql")
        if self.url is not None and self.field is None:
            raise ValueError("field is missing: where does the number stand in the answer of url")
        if self.url is not None and (found := secret_in(self.url)):
            raise ValueError(f"url holds {found}: take it out, and give it as a header by header_env")
        secret_header(self.header, self.header_env)
        return self
