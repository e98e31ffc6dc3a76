"""How times are written on the wire."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(at: float) -> str:
    """`at` (epoch seconds) as Resource Manager and Kudu write it, with the `Z` of UTC."""
    return bare_utc(at) + "Z"


def bare_utc(at: float) -> str:
    """`at` (epoch seconds) as App Service writes the times of a site: UTC, but without saying so."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def american_utc(at: float) -> str:
    """`at` (epoch seconds) as App Service prints a time inside an error message."""
    return datetime.fromtimestamp(at, UTC).strftime("%m/%d/%Y %H:%M:%S")
