"""The application's log: a line for some requests and for every failure, in the words of a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from .telemetry import Failure

_ONE_IN = 20  # requests that went well
_BROKEN = 500


class Log:
    """Writes lines by `write`, each with its time."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._well = 0

    def say(self, level: str, text: str) -> None:
        """One line; `level`: INFO, WARN or ERROR."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._write(f"{at} {level:<5} {text}")

    def request(self, name: str, status: int, ms: float, failure: Failure | None) -> None:
        """Tell of a request that was answered: one in twenty, but every failure with its exception."""
        text = f"{name} answered {status} in {ms:.0f} ms"
        if failure is not None:
            outer = f"{failure.outer}: " if failure.outer else ""
            self.say("ERROR", f"{text}: {outer}{failure.kind}: {failure.message} at {failure.where}")
        elif status >= _BROKEN:
            self.say("ERROR", text)
        else:
            self._well += 1
            if self._well % _ONE_IN == 1:
                self.say("INFO", text)
