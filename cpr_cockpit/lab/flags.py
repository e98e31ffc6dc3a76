"""The feature flag of the sample product, as it stands in the lab's App Configuration store from the start."""

from __future__ import annotations

import json
from typing import Any

from cpr_cockpit.lab.key_values import Content, KeyValues

FLAG = "goal-suggestions"
KEY = f".appconfig.featureflag/{FLAG}"
CONTENT_TYPE = "application/vnd.microsoft.appconfig.ff+json;charset=utf-8"
# Of every answer of the product: what the flag was for the user who asked, "on" or "off".
HEADER = f"x-feature-{FLAG}"
ON, OFF = "on", "off"
_REFRESH, _SHORTEST, _WINDOW = 30.0, 1.0, 900.0  # seconds


def refresh_interval(window: float) -> float:
    """Seconds that a process keeps what it read of a flag; .NET's half a minute, shrunk with the lab's window."""
    return max(_SHORTEST, _REFRESH * min(1.0, window / _WINDOW))


def put_first(store: KeyValues) -> None:
    """Put the flag, switched off, into the store."""
    store.put(KEY, None, Content(json.dumps(_definition()), CONTENT_TYPE))


def _definition() -> dict[str, Any]:
    """`owner` is a member that nobody but its team knows: whoever changes the flag leaves it as it is."""
    audience = {"Users": [], "Groups": [], "DefaultRolloutPercentage": 0}
    return {
        "id": FLAG,
        "description": "Suggests the next goal.",
        "enabled": False,
        "conditions": {"client_filters": [{"name": "Microsoft.Targeting", "parameters": {"Audience": audience}}]},
        "owner": "team-goals",
    }
