"""The checklists: grouped by step, each item with its mark and value; signed, failed, deferred, waived by one key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget

from cpr_cockpit.core.view import ItemRow, ListView, View
from cpr_cockpit.tui.actions import bindings
from cpr_cockpit.tui.messages import Question, Told
from cpr_cockpit.tui.screens.base import CockpitScreen, title
from cpr_cockpit.tui.shown import Shown, clock
from cpr_cockpit.tui.toned import Row, cell, chip, row, tone_of
from cpr_cockpit.tui.widgets.rows import Rows

LOOKED = "looked at"
"""The note of a signature that asked for none."""


class ListsScreen(CockpitScreen):
    """All lists, or only what blocks the next point; the place is kept."""

    KEY: ClassVar[str] = "lists"
    CSS_PATH = "lists.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("lists")]
    HELP = (
        "Measured and derived items tick themselves and show their value; signed items need your initials. "
        "'!' marks what blocks the next point."
    )

    # What the filter let through when it was set; None: everything. An item that was signed does not slide away
    # from under the cursor, or a held key would sign the next one.
    _only: frozenset[str] | None = None
    # The item of each row; None: a heading.
    _items: tuple[ItemRow | None, ...] = ()
    # The list of each row.
    _lists: tuple[ListView, ...] = ()

    def panes(self) -> Iterable[Widget]:
        """List and detail."""
        with Container(id="lists-panes"):
            yield Rows(id="items", classes="pane", cursor=True, empty="No checklist is in force yet.")
            yield Rows(id="item", classes="pane", wrap=True, indent=2)

    def draw(self, view: View, shown: Shown) -> None:
        """Draw the lists of this View, the cursor on the same item as before."""
        items = self.query_one("#items", Rows)
        here = self.chosen
        kept = kept_lists(view.lists, self._only)
        self._items = tuple(item for one, rows in kept for item in (None, *rows))
        self._lists = tuple(one for one, rows in kept for _ in (None, *rows))
        place = next((at for at, one in enumerate(self._items) if one and here and one.key == here.key), None)
        headings = frozenset(at for at, one in enumerate(self._items) if one is None)
        items.show(lambda width: list_rows(kept, width), place, headings)
        done, every = sum(one.done for one in view.lists), sum(len(one.items) for one in view.lists)
        blocking = sum(item.blocks for one in view.lists for item in one.items)
        title(
            items,
            f"CHECKLISTS  {done} of {every} stand  "
            + _blocking_words(blocking, view)
            + ("  only what blocks (b: all)" if self._only is not None else ""),
        )
        self._draw_item()

    def _draw_item(self) -> None:
        detail = self.query_one("#item", Rows)
        title(detail, "ITEM")
        view = self._newest().view
        later = view is not None and not before_start(view)
        detail.show(item_rows(self.chosen, later=later) if self.chosen else [row(("No item is chosen.", "dim"))])

    @property
    def chosen(self) -> ItemRow | None:
        """The item under the cursor."""
        index = self.query_one("#items", Rows).index
        return self._items[index] if index < len(self._items) else None

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Show the item that the cursor came to."""
        if event.rows.id == "items":
            self._draw_item()

    def action_filter(self) -> None:
        """Only what blocks the next point, or everything again."""
        view = self._newest().view
        if self._only is not None:
            self._only = None
        elif view is not None:
            self._only = frozenset(item.key for one in view.lists for item in one.items if item.blocks)
        self.show(self._newest())

    async def action_mark(self, mark: str) -> None:
        """Ask for the mark of the chosen item."""
        item = self.chosen
        if item is None:
            return
        if mark == "signed" and item.stands:
            self.post_message(Told(f"It stands already: {item.mark}{' by ' + item.by if item.by else ''}."))
        elif mark == item.mark:
            self.post_message(Told(f"It is marked as {mark} already."))
        elif mark == "signed":
            self.command("sign", {"item": item.key, "mark": mark, "note": LOOKED})
        else:
            # A reason for each: and a key that slips can then mark nothing by itself.
            sign = {"item": item.key, "mark": mark}
            await self.ask(Question(f"{mark}: {item.key}, reason", "sign", "note", sign))

    async def action_sign_noted(self) -> None:
        """Ask what was looked at, and where; then sign the chosen item."""
        item = self.chosen
        if item is not None and item.stands:
            await self.action_mark("signed")
        elif item is not None:
            sign = {"item": item.key, "mark": "signed"}
            await self.ask(Question(f"Sign {item.key}, what you saw", "sign", "note", sign))

    async def action_sign_list(self) -> None:
        """Ask how the next list with something to sign, from the cursor on, was checked; then sign its open items."""
        items = self.query_one("#items", Rows)
        index = items.index
        for one in dict.fromkeys((*self._lists[index:], *self._lists[:index])):
            left = sum(not item.stands for item in one.items if not item.follows)
            if left:
                # Whoever signs sees what: the list comes into view.
                open_ones = (at for at, item in enumerate(self._items) if item is not None and not item.stands)
                first = next((at for at in open_ones if self._lists[at].key == one.key), None)
                if first is not None and self._lists[index].key != one.key:
                    items.rest_on(first)
                title = f"Sign {left} of {one.title}, how checked"
                await self.ask(Question(title, "sign_list", "note", {"list": one.key}))
                return
        self.post_message(Told("Nothing is left to sign here: what is open follows from other items."))

    async def action_waive(self) -> None:
        """Ask for the reason of a waiver."""
        if (item := self.chosen) is not None:
            sign = {"item": item.key, "mark": "waived"}
            await self.ask(Question(f"Waive {item.key}, reason", "sign", "note", sign))


def before_start(view: View) -> bool:
    """Whether START is still to come: what is open keeps it from being pressed; later nothing is kept from anybody."""
    return view.phase in ("preparing", "ready")


def _blocking_words(count: int, view: View) -> str:
    if not count:
        return "nothing blocks"
    return f"{count} block START" if before_start(view) else f"{count} open, due at GO: block nothing"


def kept_lists(lists: Iterable[ListView], only: frozenset[str] | None) -> list[tuple[ListView, tuple[ItemRow, ...]]]:
    """The lists in the order of the steps, each with what the filter lets through of it, if anything."""
    found = [
        (one, tuple(item for item in one.items if only is None or item.key in only))
        for one in sorted(lists, key=lambda each: each.step)
    ]
    return [(one, items) for one, items in found if items]


def list_rows(kept: Iterable[tuple[ListView, tuple[ItemRow, ...]]], width: int) -> list[Row]:
    """A heading for each list, a row for each item."""
    rows: list[Row] = []
    for one, items in kept:
        count = f"{one.done} of {len(one.items)}"
        state = (" COMPLETE ", "here") if one.complete else (f"{len(one.items) - one.done} open", "warn")
        rows.append(row((f"step {one.step}  ", "dim"), (one.title, "strong"), f"  {count}  ", state))
        rows += [_item_row(item, width) for item in items]
    return rows


def _item_row(item: ItemRow, width: int) -> Row:
    value = item.value or item.note
    right = 26 if width >= 100 else 14
    who = cell(f" {item.by} {clock(item.at)}".rstrip(), 18) if width >= 110 else ""
    text = max(10, width - 2 - 10 - right - 8 - len(who) - 2)
    return row(
        ("! " if item.blocks else "  ", "warn"),
        *chip(item.mark, 10),
        (cell(item.text, text), "" if not item.stands else "dim" if item.mark == "derived" else ""),
        "  ",
        (cell(value, right), "strong" if item.value else "dim"),
        (who, "dim"),
        (cell(f"  {item.due}", 8), "dim"),
    )


def item_rows(item: ItemRow, *, later: bool = False) -> list[Row]:
    """All of one item: how it stands, by whom, and what its evidence proves and does not. ``later``: after START."""
    kinds = {
        "measured": "measured: the machine reads it",
        "derived": "derived: it follows from other facts",
        "signed": "signed: it needs a person's initials",
    }
    rows = [row((item.text, "strong"))]
    by = f" by {item.by}" if item.by else ""
    at = f" at {clock(item.at)} UTC" if item.at is not None else ""
    stands = "stands" if item.stands else "does not stand"
    blocks = ((", blocks nothing now", "dim") if later else (", blocks START", "warn")) if item.blocks else ""
    rows.append(row((item.mark, tone_of(item.mark)), by, at, f": {stands}, due {item.due}", blocks))
    if item.value:
        rows.append(row(("value    ", "dim"), (item.value, "strong")))
    if item.note:
        rows.append(row(("note     ", "dim"), item.note))
    rows.append(row(("evidence ", "dim"), item.evidence or "none is named"))
    rows.append(row((f"kind     {kinds.get(item.kind, item.kind)}  ({item.key})", "dim")))
    return rows
