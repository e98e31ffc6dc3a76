"""Long-running operations of Resource Manager: where to follow one, and what one look at it says.

The SDK's poller reports success when the answer of acceptance has no header to follow; here such an operation has no
address, and a vanished one is unknown: who serves what decides, not the operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import AzureError
from azure.core.rest import AsyncHttpResponse, HttpRequest

from cpr_cockpit.adapters.azure.errors import advice, asks_again, of_answer, of_azure, said, unreadable
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.core.ports import OperationState

_DOING = "Following the operation"
_SUCCEEDED = frozenset({"succeeded", "success", "completed"})
_FAILED = frozenset({"failed", "canceled", "cancelled", "error", "timedout"})
# Final words of App Service on an operation, as polls have answered them; anything else may pass.
_FINAL = frozenset({400, 409, 412, 417, 422})


def address(answer: AsyncHttpResponse) -> str:
    """Where the accepted operation can be followed, "" where the service did not say."""
    headers = answer.headers
    return headers.get("Location") or headers.get("Azure-AsyncOperation") or ""


async def look(manager: Manager, operation: str) -> OperationState:
    """One look. PortError where nothing can be told just now; ``unknown`` where the operation is gone."""
    if not operation:
        return OperationState("unknown", "the service gave no address to follow")
    if not manager.environment.is_manager(operation):
        # Following it would hand our token to another host.
        return OperationState("unknown", f"the operation's address is not at {manager.environment.resource_manager}")
    try:
        answer = await manager.client.send_request(HttpRequest("GET", operation))
    except AzureError as error:
        raise of_azure(error, _DOING) from error
    status = answer.status_code
    if status == 404:
        return OperationState("unknown", "the operation is not known any more")
    if status in _FINAL:
        return _failed(answer)
    if status >= 300:
        raise of_answer(status, answer.text(), _DOING)
    return _state(answer)


def _failed(answer: AsyncHttpResponse) -> OperationState:
    heard = said(answer.text())
    words = f"{heard.message or 'The operation failed'} ({answer.status_code} {heard.code})".replace(" )", ")")
    next_step = advice(answer.status_code, heard.message)
    return OperationState("failed", words, next_step=next_step, again=asks_again(heard.message))


def _state(answer: AsyncHttpResponse) -> OperationState:
    body = _body(answer)
    word = str(body.get("status") or "").lower() if body else ""
    if word in _FAILED:
        return _failed(answer)
    if answer.status_code == 202 or (word and word not in _SUCCEEDED):
        return OperationState("running", retry_after_s=_retry_after(answer.headers))
    return OperationState("succeeded")


def _body(answer: AsyncHttpResponse) -> Mapping[str, Any] | None:
    if not answer.text().strip():
        return None
    try:
        body = answer.json()
    except (ValueError, RecursionError) as error:
        raise unreadable(_DOING, str(error)) from error
    return body if isinstance(body, Mapping) else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:  # absent, or a date: the caller's own clock does
        return None
