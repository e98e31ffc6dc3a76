"""A sensor of one app of several, whose words begin with the app's name."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.sensing import Reading, Sensor


class OfApp:
    """What ``sensor`` reads, told as being of ``app``."""

    def __init__(self, app: str, sensor: Sensor) -> None:
        self.items = sensor.items
        self.timeout_s = sensor.timeout_s
        self._app = app
        self._sensor = sensor

    async def read(self) -> tuple[Reading, ...]:
        """As the sensor, PortError included."""
        try:
            found = await self._sensor.read()
        except PortError as error:
            words = f"{self._app}: {error.what}"
            raise PortError(words, unchanged=error.unchanged, next_step=error.next_step) from error
        return tuple(replace(one, words=f"{self._app}: {one.words}") for one in found)
