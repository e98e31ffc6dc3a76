"""A table in columns, worked out only when asked for: a query touches few of the forty columns of AppRequests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress
from typing import Any

from cpr_cockpit.lab.kql.values import from_row

Column = list[Any]


class Frame:
    """`schema` maps each column to its type, in order; hidden columns (`_ingestion`) are reachable but not shown."""

    def __init__(self, schema: Mapping[str, str], size: int, sources: Mapping[str, Callable[[], Column]]) -> None:
        self.schema = dict(schema)
        self.size = size
        self._sources = sources
        self._columns: dict[str, Column] = {}

    @staticmethod
    def of(schema: Mapping[str, str], columns: Mapping[str, Column], size: int) -> Frame:
        """A table over columns that are at hand."""
        frame = Frame(schema, size, {})
        frame._columns.update(columns)
        return frame

    @staticmethod
    def of_rows(schema: Mapping[str, str], hidden: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Frame:
        """A table over rows of telemetry (times as epoch seconds)."""

        def source(name: str, type: str) -> Callable[[], Column]:
            return lambda: from_row(type, [row.get(name) for row in rows])

        types = {**schema, **hidden}
        return Frame(schema, len(rows), {name: source(name, type) for name, type in types.items()})

    def has(self, name: str) -> bool:
        """Whether the column can be read, shown or hidden."""
        return name in self._columns or name in self._sources

    def column(self, name: str) -> Column:
        """The values of a column."""
        if name not in self._columns:
            self._columns[name] = self._sources[name]()
        return self._columns[name]

    def _all(self) -> Iterable[str]:
        return dict.fromkeys((*self._sources, *self._columns))

    def where(self, mask: Sequence[Any]) -> Frame:
        """The rows whose mask is true."""

        def source(name: str) -> Callable[[], Column]:
            return lambda: list(compress(self.column(name), mask))

        return Frame(self.schema, sum(map(bool, mask)), {name: source(name) for name in self._all()})

    def rows_at(self, order: Sequence[int]) -> Frame:
        """The rows at these positions, in this order."""

        def source(name: str) -> Callable[[], Column]:
            def load() -> Column:
                column = self.column(name)
                return [column[index] for index in order]

            return load

        return Frame(self.schema, len(order), {name: source(name) for name in self._all()})

    def extended(self, added: Mapping[str, tuple[str, Column]]) -> Frame:
        """With columns added, or replaced where the name is there already; values are (type, column)."""

        def source(name: str) -> Callable[[], Column]:
            return lambda: self.column(name)

        schema = self.schema | {name: type for name, (type, _) in added.items()}
        frame = Frame(schema, self.size, {name: source(name) for name in self._all()})
        frame._columns.update({name: column for name, (_, column) in added.items()})
        return frame
