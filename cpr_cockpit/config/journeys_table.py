"""The tables ``[[journeys]]`` and ``[secrets.NAME]``: critical user journeys, and where their secrets come from.

A journey is HTTP steps, or a command. Texts of a step refer to what an earlier step captured (``{goal_id}``) and to
secrets (``{secret:login}``). Nothing secret stands here.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cpr_cockpit.config.signals_table import Duration
from cpr_cockpit.config.values import milliseconds
from cpr_cockpit.core.headers import NAME, VALUE
from cpr_cockpit.core.journeys import PLACES, Proof
from cpr_cockpit.core.templates import NAME as REFERRED
from cpr_cockpit.core.templates import references, references_in

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_POINTER = re.compile(r"(/([^~/]|~[01])*)+")
_NAME = r"^\S(.{0,58}\S)?$"
_JOURNEY = r"^[A-Za-z0-9]([A-Za-z0-9 _.-]{0,58}[A-Za-z0-9])?$"
_KEY = re.compile(REFERRED)
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]{0,99}"
_SECRET_KEY = re.compile(r"(?i)authorization|cookie|.*(api.?key|token|secret|passw|pwd).*")
# A repetition of what itself repeats: some texts would keep the session busy for ever.
_NESTED = re.compile(r"\((?:[^()\\]|\\.)*[+*}](?:[^()\\]|\\.)*\)[+*{]")
_VAULT = re.compile(r"/secrets/[0-9A-Za-z-]{1,127}(/[0-9a-f]{32})?")
_REFUSED = (401, 403)


def _pointer(value: str) -> str:
    if not _POINTER.fullmatch(value) or not value.isprintable():
        raise ValueError("is no JSON pointer (RFC 6901), such as /id")
    return value


def _header(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError("is no name of a header: letters, digits and -")
    return value


def _regex(value: str) -> str:
    try:
        groups = re.compile(value).groups
    except re.error as error:
        raise ValueError(f"is no regular expression ({error.msg})") from None
    if groups > 1:
        raise ValueError("has several groups: the first is captured, make the others (?:...)")
    if _NESTED.search(value):
        raise ValueError("repeats what itself repeats, which can take for ever")
    return value


def _text(value: str) -> str:
    references(value)
    return value


def _path(value: str) -> str:
    found = references(value)
    if value.startswith("/") and not value.startswith("//") and value.isprintable() and " " not in value:
        return value
    if len(found) == 1 and not found[0].secret and value == f"{{{found[0].name}}}":
        return value
    raise ValueError("is no path: /... with {name} for what was captured, or {name} alone for a captured address")


def _statuses(value: object) -> object:
    return [value] if isinstance(value, int) and not isinstance(value, bool) else value


def _json(value: Any) -> Any:
    try:
        json.dumps(value)
    except TypeError:
        raise ValueError("holds a date or a time, which JSON has not: write it as a text") from None
    references_in(value)
    return value


def _proofs(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if value not in set(Proof):
            near = difflib.get_close_matches(value, list(Proof), n=1)
            raise ValueError(f"names {value!r}, which nothing is evidence of{f' (meant {near[0]}?)' if near else ''}")
    return values


Pointer = Annotated[str, AfterValidator(_pointer)]
HeaderName = Annotated[str, AfterValidator(_header)]
Text = Annotated[str, AfterValidator(_text)]
Status = Annotated[int, Field(ge=100, le=599)]
Proven = Annotated[tuple[str, ...], AfterValidator(_proofs)]
Milliseconds = Annotated[float, BeforeValidator(milliseconds)]


class Part(BaseModel):
    """Base of these tables."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Capture(Part):
    """What is taken from an answer under a name, for later steps."""

    pointer: Pointer | None = Field(None, description="where it stands in a JSON answer, such as /id")
    header: HeaderName | None = Field(None, description="the header that holds it, such as Location")
    regex: Annotated[str, AfterValidator(_regex)] | None = Field(
        None, max_length=300, description="a regular expression with at most one group, which is what is taken"
    )
    shown: bool = Field(False, description="true or false: whether it may be told; without it, it is a secret")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = [name for name in ("pointer", "header", "regex") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of pointer, header and regex, found {' and '.join(given) or 'none'}")
        return self


class JourneyStep(Part):
    """One request of a journey, and what is expected of its answer."""

    name: str = Field(pattern=_NAME, description="1 to 60 characters, the step's own in its journey")
    method: str = Field("GET", pattern=f"^({'|'.join(METHODS)})$", description=", ".join(METHODS))
    path: Annotated[str, AfterValidator(_path)] = Field(
        max_length=2000, description="a path such as /api/v1/goals/{goal_id}; {location} alone for a captured address"
    )
    headers: dict[HeaderName, Text] = Field(
        default_factory=dict, description='a table of texts, such as { Authorization = "Bearer {token}" }'
    )
    body: Annotated[Any, AfterValidator(_json)] = Field(
        None, description='what is sent as JSON, such as { email = "check@example.org", password = "{secret:login}" }'
    )
    form: dict[str, Text] = Field(default_factory=dict, description="a table of texts, sent as a form")
    status: Annotated[tuple[Status, ...], BeforeValidator(_statuses)] = Field(
        (200,), strict=False, min_length=1, max_length=10, description="the status of a right answer, or several: [204]"
    )
    contains: str = Field("", max_length=1000, description="what a right answer contains, up to 1000 characters")
    answers: dict[HeaderName, str] = Field(
        default_factory=dict, description="a table of the headers that a right answer has, with their values"
    )
    equals: Annotated[dict[Pointer, Any], AfterValidator(_json)] = Field(
        default_factory=dict, description='a table by JSON pointer, such as { "/title" = "Check" }'
    )
    exists: tuple[Pointer, ...] = Field((), strict=False, max_length=20, description='JSON pointers, such as ["/id"]')
    within_ms: Milliseconds | None = Field(
        None, gt=0, description='how long a right answer may take: milliseconds, or text such as "200ms"'
    )
    captures: dict[str, Capture] = Field(
        default_factory=dict, max_length=20, description='a table such as { goal_id = { pointer = "/id" } }'
    )
    follow: bool = Field(False, description="true or false: whether a redirect to the same host is followed")
    clean_up: bool = Field(False, description="true or false: whether it is done at the end, whatever came before")
    proves: Proven = Field((), strict=False, description=f"of {', '.join(Proof)}")
    timeout_s: Duration = Field(
        10.0, ge=1, le=120, description='after how long it is given up, 1 s to 2 min: seconds, or text such as "30s"'
    )

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if self.form and self.has_body:
            raise ValueError("give either body or form")
        if (self.form or self.has_body) and self.method in ("GET", "HEAD", "OPTIONS"):
            raise ValueError(f"{'form' if self.form else 'body'} is sent by POST, PUT, PATCH or DELETE")
        return self

    @model_validator(mode="after")
    def _no_secret(self) -> Self:
        """What looks like one is refused, unless the step is there to be refused."""
        if all(status in _REFUSED for status in self.status):
            return self
        for where, key in _plain_secrets({"headers": self.headers, "body": self.body, "form": self.form}):
            raise ValueError(f"{where} holds a secret ({key}): take it out, and name it by {{secret:NAME}}")
        plain = {name: one for name, one in self.headers.items() if not references(one)}
        wrong = next((name for name, one in plain.items() if not VALUE.fullmatch(one)), "")
        if wrong:
            raise ValueError(f"headers holds a value that no header can carry ({wrong}): printable ASCII signs only")
        return self

    @model_validator(mode="after")
    def _names(self) -> Self:
        wrong = next((name for name in self.captures if not _KEY.fullmatch(name)), None)
        if wrong is not None:
            raise ValueError("captures has a name other than small letters, digits and _, such as goal_id")
        return self

    @property
    def has_body(self) -> bool:
        """Whether a JSON body is sent."""
        return "body" in self.model_fields_set and self.body is not None

    def refers(self) -> Iterator[tuple[str, bool]]:
        """Every name that it refers to, and whether that is a secret's."""
        for one in references_in((self.path, self.headers, self.body, self.form, self.equals)):
            yield one.name, one.secret


def _plain_secrets(value: Any, where: str = "", key: str = "") -> Iterator[tuple[str, str]]:
    """Texts under a name that is one of a secret, which refer to none."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _plain_secrets(each, where or str(name), str(name))
    elif isinstance(value, list):
        for each in value:
            yield from _plain_secrets(each, where, key)
    elif isinstance(value, str) and value and _SECRET_KEY.fullmatch(key) and not references(value):
        yield where, key


class Journey(Part):
    """A critical user journey: ``steps``, or ``command``."""

    name: str = Field(pattern=_JOURNEY, description="1 to 60 letters, digits, spaces, . _ -, each journey's own")
    account: str = Field(
        min_length=1, max_length=200, pattern=r"^\S+$", description="the real account that it is walked with"
    )
    critical: bool = Field(False, description="true or false: whether the product is broken where it fails")
    at: tuple[str, ...] = Field(
        PLACES, strict=False, min_length=1, description=f"where it is walked, of {', '.join(PLACES)}"
    )
    timeout_s: Duration = Field(
        120.0, ge=1, le=3600, description='after how long it is given up, 1 s to 1 h: seconds, or text such as "5m"'
    )
    steps: tuple[JourneyStep, ...] = Field(
        (), strict=False, max_length=50, description="a table [[journeys.steps]] for each, up to 50"
    )
    command: tuple[str, ...] = Field(
        (), strict=False, description='program and arguments, run without a shell in this file\'s folder: ["./suite"]'
    )
    variables: dict[str, Text] = Field(
        default_factory=dict, description='variables for command, such as { LOGIN_PASSWORD = "{secret:login}" }'
    )
    console_errors: int = Field(0, ge=0, description="of a command: how many errors of the console are allowed")
    load_within_ms: Milliseconds = Field(
        2000.0, gt=0, description='of a command: how long loading may take: milliseconds, or text such as "2s"'
    )
    proves: Proven = Field((), strict=False, description=f"of a command, of {', '.join(Proof)}")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.command) is bool(self.steps):
            raise ValueError("give either steps or command")
        if self.command and (not self.command[0].strip() or any("\0" in part for part in self.command)):
            raise ValueError("command names no program")
        if strange := next((place for place in self.at if place not in PLACES), ""):
            raise ValueError(f"at names {strange!r}, which is none of {', '.join(PLACES)}")
        own = {"command", "variables", "console_errors", "load_within_ms", "proves"}
        if self.steps and (strange := next(iter(sorted(self.model_fields_set & own - {"command"})), "")):
            raise ValueError(f"{strange} belongs to command, and this journey has steps")
        if wrong := next((name for name in self.variables if not re.fullmatch(_VARIABLE, name)), ""):
            raise ValueError(f"variables names {wrong!r}, which is no variable")
        return self

    @model_validator(mode="after")
    def _refers_to_what_is_there(self) -> Self:
        names = [one.name for one in self.steps]
        if double := next((name for name in names if names.count(name) > 1), ""):
            raise ValueError(f"two steps are called {double!r}: each has a name of its own")
        known: set[str] = set()
        # What cleans up comes last, so it may refer to everything.
        for step in sorted(self.steps, key=lambda one: one.clean_up):
            left = sorted({name for name, secret in step.refers() if not secret} - known)
            if left:
                raise ValueError(f"step {step.name!r} refers to {left[0]!r}, which no step before it captures")
            known |= set(step.captures)
        if self.steps and all(one.clean_up for one in self.steps):
            raise ValueError("every step cleans up: nothing is walked")
        if any(not one.secret for one in references_in(self.variables)):
            raise ValueError("variables refers to a capture: a command has none, only {secret:NAME}")
        return self

    def secrets(self) -> set[str]:
        """Names of the secrets that it refers to."""
        of_steps = {name for step in self.steps for name, secret in step.refers() if secret}
        return of_steps | {one.name for one in references_in(self.variables) if one.secret}


def _vault(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("is no https address of a secret in a key vault")
    if not _VAULT.fullmatch(parts.path):
        raise ValueError("is no address of a secret: https://NAME.vault.azure.net/secrets/SECRET")
    return value


class Secret(Part):
    """Where the value of a secret comes from."""

    env: str | None = Field(None, pattern=f"^{_VARIABLE}$", description="the variable that holds it, such as LOGIN")
    command: tuple[str, ...] = Field(
        (), strict=False, description='a program that writes it, without a shell: ["pass", "show", "goals/login"]'
    )
    vault: Annotated[str, AfterValidator(_vault)] | None = Field(
        None, description="its address in a key vault: https://NAME.vault.azure.net/secrets/SECRET"
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = [name for name in ("env", "command", "vault") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"give exactly one of env, command and vault, found {' and '.join(given) or 'none'}")
        if self.env is not None and self.env.startswith("COCKPIT_"):
            raise ValueError("env begins with COCKPIT_, and such variables stand for keys of this file")
        return self


def together(journeys: Iterable[Journey], secrets: Iterable[str]) -> None:
    """ValueError where a journey refers to a secret that is not declared, or two would share a folder."""
    known, folders = set(secrets), set()
    for one in journeys:
        if missing := sorted(one.secrets() - known):
            raise ValueError(
                f"journey {one.name!r} refers to secret {missing[0]!r}: there is no [secrets.{missing[0]}]"
            )
        folder = re.sub(r"[^a-z0-9]+", "-", one.name.lower())
        if folder in folders:
            raise ValueError(f"journey {one.name!r} is called like another one but for signs between its letters")
        folders.add(folder)
