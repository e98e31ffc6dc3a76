"""The app settings of the lab's product: those that both slots have, their documentation, their troubles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cpr_cockpit.lab import background
from cpr_cockpit.lab.troubles import MISSING_SETTING, STICKY_DIFFERENCE, Troubles
from cpr_cockpit.lab.vault import REFERENCE

if TYPE_CHECKING:
    from cpr_cockpit.lab.site import Site

STICKY = "SLOT_ENVIRONMENT"
_MISSING, _DIFFERENT, _OTHER = "GOALS_PAGE_SIZE", "PARTNER_MODE", "sandbox"
SHARED = {_MISSING: "50", _DIFFERENT: "live", "PARTNER_KEY": REFERENCE}
FILE = "settings.env.example"


def of(slot: str) -> dict[str, str]:
    """All settings of a slot of this name."""
    return {STICKY: slot, background.SETTING: background.value(slot), **SHARED}


def write(folder: Path) -> Path:
    """The file that documents their names. Raises OSError."""
    names = (STICKY, background.SETTING, *SHARED)
    path = folder / FILE
    path.write_text("# The app settings of the goals service.\n" + "".join(f"{name}=\n" for name in names), "utf-8")
    return path


def take_troubles(troubles: Troubles, site: Site, slot: str) -> None:
    """The settings of this slot are those with which the troubles come and go."""

    async def missing(there: bool) -> None:
        settings = dict(site.slots[slot].settings)
        settings.pop(_MISSING, None)
        await site.set_settings(slot, settings if there else settings | {_MISSING: SHARED[_MISSING]})

    async def different(there: bool) -> None:
        names = [name for name in site.sticky.get("appSettingNames", ()) if name != _DIFFERENT]
        site.set_sticky(site.sticky | {"appSettingNames": [*names, _DIFFERENT] if there else names})
        settings = site.slots[slot].settings
        await site.set_settings(slot, settings | {_DIFFERENT: _OTHER if there else SHARED[_DIFFERENT]})

    troubles.watch(MISSING_SETTING, missing)
    troubles.watch(STICKY_DIFFERENCE, different)
