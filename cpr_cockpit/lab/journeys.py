"""The critical journeys of the product, as whoever deploys it declares them: tables of `cockpit.toml`."""

from __future__ import annotations

from typing import Any

_SIGNED_IN = {"Authorization": "Bearer {token}"}
_GOALS = "/api/v1/goals"


def _login(account: str) -> dict[str, Any]:
    return {
        "name": "login",
        "method": "POST",
        "path": "/api/v1/sign-in",
        "body": {"email": account, "password": "{secret:login}"},
        "captures": {"token": {"pointer": "/token"}},
        "proves": ["login"],
    }


_CHECK, _OTHER = "deploy-check@goals.example", "other-check@goals.example"
_TITLE = "Journey of the deployment: deleted at once"

TABLES: list[dict[str, Any]] = [
    {
        "name": "goals",
        "account": _CHECK,
        "critical": True,
        "steps": [
            _login(_CHECK),
            {
                "name": "create",
                "method": "POST",
                "path": _GOALS,
                "headers": _SIGNED_IN,
                "body": {"title": _TITLE},
                "status": [201],
                "captures": {"goal_id": {"pointer": "/id", "shown": True}},
                "proves": ["write", "feature", "endpoints"],
            },
            {
                "name": "read",
                "path": f"{_GOALS}/{{goal_id}}",
                "headers": _SIGNED_IN,
                "equals": {"/title": _TITLE, "/id": "{goal_id}"},
                "proves": ["read", "data", "persistence", "endpoints", "authentication"],
            },
            {
                "name": "delete",
                "method": "DELETE",
                "path": f"{_GOALS}/{{goal_id}}",
                "headers": _SIGNED_IN,
                "status": [204],
                "clean_up": True,
            },
        ],
    },
    {
        "name": "refusals",
        "account": _OTHER,
        "steps": [
            {"name": "no token", "path": _GOALS, "status": [401], "proves": ["authentication", "error-handling"]},
            {
                "name": "broken token",
                "path": _GOALS,
                "headers": {"Authorization": "Bearer broken"},
                "status": [401],
                "proves": ["authentication", "error-handling"],
            },
            _login(_OTHER),
            {
                "name": "unknown goal",
                "path": f"{_GOALS}/999999999",
                "headers": _SIGNED_IN,
                "status": [404],
                "answers": {"Content-Type": "application/problem+json; charset=utf-8"},
                "proves": ["error-handling"],
            },
            {
                "name": "somebody else's goal",
                "path": "/api/v1/users/1/goals",
                "headers": _SIGNED_IN,
                "status": [403],
                "answers": {"Content-Type": "application/problem+json; charset=utf-8"},
                "proves": ["authorization", "error-handling"],
            },
        ],
    },
]
