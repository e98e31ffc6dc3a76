"""Figures of the business, as ``[[figures]]`` declare them: asked of the workspace, or of an address."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.adapters.azure import kql
from cpr_cockpit.adapters.azure.custom_logs import SignalLogs
from cpr_cockpit.adapters.azure.errors import unreadable
from cpr_cockpit.adapters.azure.logs_answers import number
from cpr_cockpit.adapters.custom_url import UrlSignal
from cpr_cockpit.core.business import FigureSpec
from cpr_cockpit.core.custom_kql import filled
from cpr_cockpit.core.ports import Asked


@dataclass(frozen=True, slots=True)
class KqlFigure:
    """``text`` asked from T0 to now: ``Value`` of its last row, of ``Total``."""

    spec: FigureSpec
    logs: SignalLogs
    text: str
    timeout_s: float = 45.0

    async def read(self, t0: float, now: float) -> tuple[float | None, int | None]:
        """The figure and of how many; no row is no figure. PortError."""
        doing = f"Reading the figure {self.spec.name}"
        table = await self.logs.ask(doing, filled(self.text, kql.moment(t0), kql.moment(now)))
        if table is None or not table.rows:
            return None, None
        names = {str(name).lower(): str(name) for name in table.columns}
        try:
            row = table.rows[-1]
            total = number(row[names["total"]]) if "total" in names else None
            return number(row[names["value"]]), None if total is None else round(total)
        except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
            raise unreadable(doing, f"its last row holds no number Value: {error!r}") from error


@dataclass(frozen=True, slots=True)
class UrlFigure:
    """The number that ``signal`` reads."""

    spec: FigureSpec
    signal: UrlSignal

    @property
    def timeout_s(self) -> float:
        """Seconds that one reading may take."""
        return self.signal.timeout_s

    async def read(self, t0: float, now: float) -> tuple[float | None, int | None]:
        """The number as it is now. PortError."""
        seen = await self.signal.read(Asked(now, t0, "", "", 0.0, 1.0, None, None))
        return (seen.readings[0].value if seen.readings else None), None
