"""Azure's errors in words: what happened, what was not changed, what to do next.

Bodies come in the shapes of Resource Manager (``{"error": {"code", "message"}}``), App Service (capitalised members
without a wrapper), Kudu (``{"Message"}`` or plain text), the logs API (nested ``innererror``) and the token endpoint
(``error`` and ``error_description``). Sources: answers recorded from az and the SDKs, and the public issues whose texts
``_ADVICE`` recognises. Whatever a service says is data: control characters are taken out, and it is cut to a length.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError

from cpr_cockpit.adapters.over_http import words_of
from cpr_cockpit.core.ports import PortError

LONGEST = 400
UNREAD = (AttributeError, KeyError, TypeError, ValueError, RecursionError)
"""The SDK's models take an answer as it is documented; one of another form ends in any of these."""
_MAY_BE_DONE = "It may have been done all the same."
_NOT_KNOWN = "Whether anything was changed is not known."
_LOOK_FIRST = "Do not send it again before it has been observed who serves what."

_ANYWHERE = {429: "Too many requests were sent: wait a minute."}

_SCALED = r"allocation of VM instances .* changed"
_ADVICE: tuple[tuple[str, str], ...] = (
    (
        r"another operation is in progress",
        "Wait until that operation has ended, then look at who serves what.",
    ),
    (
        r"prepared for swap",
        "A swap preview is pending: reset it (az webapp deployment slot swap, --action reset, --target-slot its slot).",
    ),
    (
        r"worker process for .* could not be started",
        "What the slot holds does not start with production's settings: read the slot's log, then deploy what starts.",
    ),
    (
        r"did not respond to http ping|warm-?up requests .*timed out",
        "The slot did not warm up: check its start-up time, and redirects or sign-in pages on its first page.",
    ),
    (
        _SCALED,
        "The plan was scaled during the swap: look at who serves what, then swap again.",
    ),
    (
        r"rate limit",
        "Too many requests were sent with this token: wait until the service takes them again, an hour at most.",
    ),
    (
        r"deployment currently in progress|ongoing deployment|conflicts with the pending",
        "Wait until that deployment has ended; where none runs, its lock is stale: restart the slot.",
    ),
)
BY_STATUS: Mapping[int, str] = {
    401: "Sign in again, then check the tenant.",
    403: "Ask for the role that allows it (Website Contributor on the app, Log Analytics Reader on the workspace).",
    404: "Check the pinned names: subscription, resource group, app, slot, workspace.",
    409: "Something else is changing the same resource: wait until it has ended, then look again.",
}
"""What a refusal by App Service, Resource Manager or the logs asks for; another service has other roles."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a service said of itself; each is "" where it said nothing."""

    code: str
    message: str


def clean(text: str) -> str:
    """Foreign text on one line, without control characters, at most `LONGEST` characters."""
    spaced = "".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in text)
    line = " ".join(spaced.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def said(text: str) -> Said:
    """The code and the message of an error body, in whichever of the shapes it comes."""
    try:
        body = _json(text)
        found = _of_object(body) if isinstance(body, Mapping) else None
    except RecursionError:  # nested deeper than any service nests: read as plain text
        found = None
    if found is not None:
        return Said(clean(found.code), _untraced(clean(found.message)))
    without_markup = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text, flags=re.IGNORECASE | re.DOTALL)
    return Said("", clean(without_markup))


def _json(text: str) -> Any:
    """The body, also where it is JSON written as a text of JSON; None where it is none."""
    try:
        body = json.loads(text)
        return json.loads(body) if isinstance(body, str) else body
    except ValueError:
        return None


def _of_object(body: Mapping[str, Any]) -> Said:
    members = {str(name).lower(): value for name, value in body.items()}
    wrapped = members.get("error", members.get("odata.error"))
    if isinstance(wrapped, Mapping):
        return _of_object(wrapped)
    if isinstance(wrapped, str):
        return Said(wrapped, _text(members.get("error_description")) or wrapped)
    message = next((found for found in (_text(members.get(name)) for name in _MESSAGES) if found), "")
    inner = _innermost(members.get("innererror"))
    if inner and inner not in message:
        message = f"{message} {inner}".strip()
    return Said(_text(members.get("code")), message or _from_details(members.get("details")))


# The last two are App Configuration's (RFC 9457).
_MESSAGES = ("message", "exceptionmessage", "detailedmessage", "detail", "title")


def _text(value: Any) -> str:
    if isinstance(value, Mapping):  # OData writes {"lang", "value"}
        value = value.get("value")
    return "" if value is None or isinstance(value, (Mapping, list)) else str(value)


def _innermost(value: Any) -> str:
    found = ""
    while isinstance(value, Mapping):
        members = {str(name).lower(): inner for name, inner in value.items()}
        found = _text(members.get("message")) or found
        value = members.get("innererror")
    return found


def _from_details(details: Any) -> str:
    for entry in details if isinstance(details, list) else ():
        if isinstance(entry, Mapping):
            found = _of_object(entry.get("ErrorEntity") or entry)
            if found.message:
                return found.message
    return ""


def _untraced(message: str) -> str:
    """Without the ids that the token endpoint appends, which help nobody at night."""
    return re.split(r"\s*Trace ID:", message)[0]


def of_answer(
    status: int, text: str, doing: str, *, mutating: bool = False, advised: Mapping[int, str] = BY_STATUS
) -> PortError:
    """The error for an answer that is no success. ``doing`` begins the sentence: "Swapping slot green ...".

    ``advised``: what to do about a refusal, in a sentence by its status, where the message itself is not known.
    """
    heard = said(text)
    label = f"{status} {heard.code}".strip()
    message = heard.message.rstrip(". ") or "the service gave no reason"
    if mutating and status >= 500:
        return PortError(
            f"{doing} was answered with an error that does not tell whether it took effect: {message} ({label}).",
            unchanged=_NOT_KNOWN,
            next_step=_LOOK_FIRST,
            ambiguous=True,
            code=heard.code,
            status=status,
        )
    verb = "failed" if status >= 500 else "was refused"
    return PortError(
        f"{doing} {verb}: {message} ({label}).",
        next_step=advice(status, message, advised),
        code=heard.code,
        status=status,
        again=asks_again(message),
    )


def asks_again(message: str) -> bool:
    """Whether the service says that the same may be sent once more: the plan was scaled while it swapped."""
    return re.search(_SCALED, message, re.IGNORECASE) is not None


def advice(status: int, message: str, advised: Mapping[int, str] = BY_STATUS) -> str:
    """What to do about an error, in a sentence; "" where nothing is known of it. ``advised`` as in `of_answer`."""
    for pattern, advice in _ADVICE:
        if re.search(pattern, message, re.IGNORECASE):
            return advice
    return advised.get(status) or _ANYWHERE.get(status, "Try again in a minute." if status >= 500 else "")


def unsent(reason: BaseException, doing: str) -> PortError:
    """The error for a request that never left: the host was not reached."""
    return PortError(
        f"{doing} was not possible: the service cannot be reached ({words_of(reason)}).",
        next_step="Check the network, the name and the certificate of the address.",
    )


def unanswered(reason: BaseException, doing: str, *, mutating: bool) -> PortError:
    """The error for a request whose answer was lost on the way."""
    lost = f"{doing} was sent and no answer came back ({words_of(reason)})."
    if mutating:
        return PortError(lost, unchanged=_NOT_KNOWN, next_step=_LOOK_FIRST, ambiguous=True)
    return PortError(lost, next_step="Try again.")


def unreadable(doing: str, why: str, *, mutating: bool = False) -> PortError:
    """The error for an answer of success that is not what the service documents: a change may have been made."""
    what = f"{doing}: the answer cannot be read ({clean(why)})."
    if mutating:
        return PortError(what, unchanged=_MAY_BE_DONE, next_step=_LOOK_FIRST, ambiguous=True)
    return PortError(what, next_step="Try again.")


def of_azure(
    error: AzureError, doing: str, *, mutating: bool = False, advised: Mapping[int, str] = BY_STATUS
) -> PortError:
    """The error for anything that a client of the SDK raises. ``advised`` as in `of_answer`."""
    if isinstance(error, HttpResponseError) and error.response is not None:
        status = error.response.status_code or 0
        if status >= 300:
            return of_answer(status, error.response.text(), doing, mutating=mutating, advised=advised)
        return unreadable(doing, error.message, mutating=mutating)
    if isinstance(error, ServiceRequestError):
        return unsent(error, doing)
    return unanswered(error, doing, mutating=mutating)


# The request never left: no connection, no free one, no such scheme, no proxy.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


def of_httpx(error: httpx.HTTPError, doing: str, *, mutating: bool = False) -> PortError:
    """The error for a request of our own that got no whole answer."""
    if isinstance(error, UNSENT):
        return unsent(error, doing)
    return unanswered(error, doing, mutating=mutating)
