"""Answers that say what went wrong: RFC 9457, as ASP.NET Core writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web


def problem(
    status: int,
    detail: str,
    *,
    errors: Mapping[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """An answer with this status and explanation; `errors`: what is wrong with each member of the body."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    text = json.dumps(body if errors is None else body | {"errors": errors})
    return web.Response(text=text, status=status, headers=headers, content_type="application/problem+json")
