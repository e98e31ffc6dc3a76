"""Cross-origin requests: the page's own origin may make them, no other (WHATWG Fetch, "CORS protocol")."""

from __future__ import annotations

from aiohttp import web

_METHODS = "GET, POST, PUT, DELETE"
_HEADERS = "Authorization, Content-Type"


def preflight(request: web.Request) -> bool:
    """Whether a browser asks if it may send a request."""
    asked = request.headers
    return request.method == "OPTIONS" and "Origin" in asked and "Access-Control-Request-Method" in asked


def permission(request: web.Request, allowed: str) -> web.Response:
    """The answer to that, with what is allowed to the origin `allowed` alone."""
    response = web.Response(status=204)
    if allow(request, response, allowed):
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = _HEADERS
    return response


def allow(request: web.Request, response: web.StreamResponse, allowed: str) -> bool:
    """Let the page read the response; whether the request comes from the page."""
    origin = request.headers.get("Origin", "")
    if not allowed or not origin:
        return False
    response.headers["Vary"] = "Origin"
    if origin == allowed:
        response.headers["Access-Control-Allow-Origin"] = origin
    return origin == allowed
