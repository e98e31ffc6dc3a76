from __future__ import annotations

import pytest

from cpr_cockpit.adapters.sensors.of_app import OfApp
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.sensing import Reading, State


class Told:
    """Reads what it is told."""

    items = ("configuration.cors",)
    timeout_s = 5.0

    def __init__(self, error: PortError | None = None) -> None:
        self._error = error

    async def read(self) -> tuple[Reading, ...]:
        if self._error is not None:
            raise self._error
        return (Reading("configuration.cors", State.OK, "allowed"),)


async def test_the_words_begin_with_the_name_of_the_app() -> None:
    assert await OfApp("goals-b", Told()).read() == (Reading("configuration.cors", State.OK, "goals-b: allowed"),)
    with pytest.raises(PortError, match="goals-b: Refused") as caught:
        await OfApp("goals-b", Told(PortError("Refused.", next_step="Ask."))).read()
    assert caught.value.words() == "goals-b: Refused. Nothing was changed. Ask."
