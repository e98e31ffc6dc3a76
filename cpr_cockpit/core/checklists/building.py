"""How the checklist modules are written down: one row an item, one call a list."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.checklist import Applies, Checklist, Due, Item, Kind


@dataclass(frozen=True, slots=True)
class Row:
    """An item before it knows its list; ``due`` None means the list's own."""

    slug: str
    text: str
    kind: Kind
    evidence: str
    due: Due | None
    follows: tuple[str, ...] = ()


def measured(slug: str, text: str, evidence: str, due: Due | None = None) -> Row:
    """An item that a machine can read from the world."""
    return Row(slug, text, Kind.MEASURED, evidence, due)


def derived(slug: str, text: str, evidence: str, due: Due | None = None, follows: tuple[str, ...] = ()) -> Row:
    """An item concluded from documents, the journal, or the items in ``follows``."""
    return Row(slug, text, Kind.DERIVED, evidence, due, follows)


def signed(slug: str, text: str, evidence: str, due: Due | None = None) -> Row:
    """An item that only a person can vouch for."""
    return Row(slug, text, Kind.SIGNED, evidence, due)


def checklist(
    key: str, title: str, step: int, due: Due, rows: tuple[Row, ...], applies: Applies = Applies.ALWAYS
) -> Checklist:
    """A list whose items are due for ``due`` unless a row says otherwise; an item's key is ``key.slug``."""
    items = tuple(
        Item(f"{key}.{row.slug}", row.text, row.due or due, row.kind, row.evidence, step, row.follows) for row in rows
    )
    return Checklist(key, title, step, items, applies)
