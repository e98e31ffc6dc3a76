"""Lists of an App Configuration store as it answers them: in pages, with a version of their own and a link onwards."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web

from cpr_cockpit.lab.rest.problems import invalid

_SIZE = 100  # of a page
_AFTER = "after"

# Where an item stands in the order of its list, its version, and its JSON.
Item = tuple[str, str, dict[str, Any]]


def page(request: web.Request, kind: str, items: Iterable[Item]) -> web.Response:
    """The page that is asked for of `items`, which are in order; 304 where the client knows it. Raises Problem 400.

    `kind`: the last part of the content type, `kvset` for key-values.
    """
    asked = [(name.lower(), value) for name, value in request.query.items()]
    after = _place(dict(asked).get(_AFTER, ""))
    rest = [item for item in items if item[0] > after]
    shown = rest[:_SIZE]
    etag = hashlib.sha256("\n".join(version for _, version, _ in shown).encode()).hexdigest()[:32]
    headers = {"ETag": f'"{etag}"'}
    content: dict[str, Any] = {"items": [body for _, _, body in shown], "etag": etag}
    if len(rest) > len(shown):
        link = _link(request.path, asked, shown[-1][0])
        content["@nextLink"] = link
        headers["Link"] = f'<{link}>; rel="next"'
    if etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.json_response(content, headers=headers, content_type=f"application/vnd.microsoft.appconfig.{kind}+json")


def _link(path: str, asked: list[tuple[str, str]], place: str) -> str:
    kept = [(name, value) for name, value in asked if name != _AFTER]
    token = base64.urlsafe_b64encode(place.encode()).decode()
    return f"{path}?{urlencode([*kept, (_AFTER, token)], quote_via=quote)}"


def _place(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, ValueError) as error:
        raise invalid(_AFTER, "Invalid value") from error
