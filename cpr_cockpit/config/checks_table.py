"""The tables ``[[checks]]`` and ``[[code]]``: what a team's own machine reads of the procedure's checklist items.

A check is a command that ends with 0 where the item holds, or a request with what is expected of its answer. One of an
item that is due after START is made from the switch on. It only reads. Nothing secret stands here: a header's value is
taken from the variable that ``header_env`` names.
"""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cpr_cockpit.config.signals_table import Duration, Probed, secret_header, secret_in
from cpr_cockpit.config.values import milliseconds
from cpr_cockpit.core.checklist import Due, Kind, items_of
from cpr_cockpit.core.checklists import ALL_CHECKLISTS
from cpr_cockpit.core.due_sensing import LATE
from cpr_cockpit.core.headers import NAME, VALUE

METHODS = ("GET", "HEAD", "OPTIONS")
_ITEMS = {item.key: item for item in items_of(ALL_CHECKLISTS)}
# Of the names that git allows (git-check-ref-format) the usual ones, none of which could be an option of a command.
_REF = re.compile(r"\w[\w+-]*([./][\w+-]+)*")
_SECRET_HEADER = re.compile(r".*authorization|cookie|.*(key|token|secret|password).*", re.IGNORECASE)


def _item(value: str) -> str:
    item = _ITEMS.get(value)
    if item is None:
        near = difflib.get_close_matches(value, _ITEMS, n=1)
        raise ValueError(f"is no item{f' (meant {near[0]}?)' if near else ''}: check --items lists all")
    if item.kind is Kind.SIGNED:
        raise ValueError("needs a person's signature, which no machine stands in for")
    if item.due > Due.START and item.due not in LATE:
        raise ValueError(f"is due at {item.due}, and checks end with the extended validation: it cannot show this")
    return value


def _ref(value: str) -> str:
    if not _REF.fullmatch(value) or len(value) > 200:
        raise ValueError("is no plain name of a branch or a remote")
    return value


def _headers(values: dict[str, str]) -> dict[str, str]:
    wrong = next((name for name in values if not NAME.fullmatch(name)), None)
    if wrong is not None:
        raise ValueError("holds a name that no header has: letters, digits and -")
    if not all(VALUE.fullmatch(value) for value in values.values()):
        raise ValueError("holds a value that no header can carry: printable ASCII signs only")
    return values


Ref = Annotated[str, AfterValidator(_ref)]


class Check(BaseModel):
    """One check of one item: ``command``, or ``url`` with what is expected."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    item: Annotated[str, AfterValidator(_item)] = Field(
        description="the key of a checklist item that a machine can read, such as configuration.cors"
    )
    name: str = Field(min_length=1, max_length=60, pattern=r"^\S(.*\S)?$", description="1 to 60 characters, its own")
    command: tuple[str, ...] = Field(
        (), strict=False, description='program and arguments, run without a shell in this file\'s folder: ["./try-key"]'
    )
    url: Probed | None = Field(None, description="an https address, such as https://goals.azurewebsites.net/api/me")
    method: str = Field("GET", pattern=f"^({'|'.join(METHODS)})$", description=", ".join(METHODS))
    headers: Annotated[dict[str, str], AfterValidator(_headers)] = Field(
        default_factory=dict, description='a table of texts, such as { Origin = "https://goals.example.org" }'
    )
    header: str | None = Field(None, description="the name of a header whose value is secret, such as Authorization")
    header_env: str | None = Field(None, description="the variable that holds that header's value, such as GOALS_KEY")
    status: int = Field(200, ge=100, le=599, description="the status of a right answer, 100 to 599")
    contains: str = Field("", max_length=1000, description="what a right answer contains, up to 1000 characters")
    answers: Annotated[dict[str, str], AfterValidator(_headers)] = Field(
        default_factory=dict, description="a table of the headers that a right answer has, with their values"
    )
    within_ms: Annotated[float, BeforeValidator(milliseconds)] | None = Field(
        None, gt=0, description='how long a right answer may take: milliseconds, or text such as "200ms"'
    )
    timeout_s: Duration = Field(
        10.0, ge=1, le=600, description='after how long it is given up, 1 s to 10 min: seconds, or text such as "30s"'
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.command) is (self.url is not None):
            raise ValueError("give either command or url")
        if self.command and (not self.command[0].strip() or any("\0" in part for part in self.command)):
            raise ValueError("command names no program")
        own = {"item", "name", "command", "timeout_s"}
        strange = sorted(self.model_fields_set - own)
        if self.command and strange:
            raise ValueError(f"{strange[0]} belongs to url, and this check has command")
        return self

    @model_validator(mode="after")
    def _no_secret(self) -> Self:
        if self.url is not None and (found := secret_in(self.url)):
            raise ValueError(f"url holds {found}: take it out, and give it as a header by header_env")
        if found := next((name for name in self.headers if _SECRET_HEADER.fullmatch(name)), ""):
            raise ValueError(f"headers holds a secret ({found}): take it out, and give it by header and header_env")
        secret_header(self.header, self.header_env)
        return self


class Code(BaseModel):
    """One repository of the feature, as a clone on this machine; nothing in its working tree is touched."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    path: str = Field(min_length=1, max_length=1000, description="the clone's folder, relative to this file")
    branch: Ref = Field(description="the feature's branch, such as feature/0001-goals")
    main: Ref = Field("main", description="the branch that it is merged into")
    remote: Ref = Field("origin", description="the remote's name")
    repository: str = Field(
        "",
        pattern=r"^([A-Za-z0-9][A-Za-z0-9-_]*/[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*)?$",
        description='its name at GitHub, "owner/name"; without it only git is asked, and it is merged by hand',
    )
    artifact: bool = Field(
        True, description="true or false: whether [artifacts] commit is a commit of this repository, the tag's"
    )
