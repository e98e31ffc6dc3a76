"""Times as Azure writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime


def epoch(told: str | datetime) -> float:
    """Epoch seconds of an ISO 8601 time, of which Azure writes up to seven digits of a second; UTC without a zone.

    ValueError.
    """
    at = told if isinstance(told, datetime) else datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", told))
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
