"""What Resource Manager says of an app or one of its slots, taken out of the SDK's models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from azure.mgmt.web.models import Site

from cpr_cockpit.core.ports import PRODUCTION, SlotFacts


@dataclass(frozen=True, slots=True)
class LastSwap:
    """The last swap that succeeded: ``at`` as App Service writes it (UTC, without saying so), and both slots."""

    at: str | None
    source: str | None
    destination: str | None


@dataclass(frozen=True, slots=True)
class ToldSite:
    """One slot as told.

    ``kudu``: host of its deployment engine; ``operation``: id of one in flight; ``preview``: the slot that a pending
    preview waits to be swapped with.
    """

    facts: SlotFacts
    kudu: str | None
    operation: str | None
    preview: str | None
    last_swap: LastSwap | None


def told(site: Site) -> ToldSite:
    """The facts of a site. AttributeError, TypeError or ValueError where the answer has another form."""
    properties: Any = site.properties
    name = (site.name or "").partition("/")[2] or PRODUCTION
    if not properties.default_host_name:
        raise ValueError(f"{name} has no host name")
    last = properties.slot_swap_status
    return ToldSite(
        facts=SlotFacts(
            name=name,
            host=properties.default_host_name,
            state=_word(properties.state),
            availability=_word(properties.availability_state),
        ),
        kudu=next(
            (one.name for one in properties.host_name_ssl_states or () if _word(one.host_type) == "Repository"), None
        ),
        operation=properties.in_progress_operation_id or None,
        preview=properties.target_swap_slot or None,
        last_swap=None if last is None else _last_swap(last),
    )


def _last_swap(status: Any) -> LastSwap:
    at = status.timestamp_utc
    return LastSwap(at.isoformat() if at else None, status.source_slot_name, status.destination_slot_name)


def _word(value: Any) -> str:
    """The plain word of a member that the SDK reads as an enumeration where it knows the word, else as text."""
    return "unknown" if value is None else str(getattr(value, "value", value))
