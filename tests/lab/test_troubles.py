"""The holder of the lab's troubles: named, told when they come and go, and refused as a whole where one is unknown."""

from __future__ import annotations

import pytest

from cpr_cockpit.cli.fault_options import TROUBLES
from cpr_cockpit.lab.troubles import COLD_SLOT, NAMES, STALE_BACKUP, Troubles


async def test_who_watches_is_told_when_it_comes_and_when_it_goes() -> None:
    troubles, told = Troubles(), list[bool]()

    async def note(there: bool) -> None:
        told.append(there)

    troubles.watch(COLD_SLOT, note)
    for names in ([STALE_BACKUP], [COLD_SLOT, STALE_BACKUP], [COLD_SLOT], []):
        await troubles.set(names)
    assert told == [True, False]
    assert troubles.active == []


async def test_an_unknown_name_is_refused_with_the_nearest_and_nothing_changes() -> None:
    troubles = Troubles()
    await troubles.set([STALE_BACKUP])
    with pytest.raises(ValueError, match=r"meant cold-slot\?.*stale-backup"):
        await troubles.set([COLD_SLOT, "cold-slt"])
    assert troubles.active == [STALE_BACKUP]


def test_the_command_line_knows_them_all() -> None:
    assert set(TROUBLES) == set(NAMES)
