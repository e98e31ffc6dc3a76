"""Where the apps of a lab are: their names and plans, and the regions of Azure that they are said to run in."""

from __future__ import annotations

from dataclasses import dataclass

APP = "goals-lab"
_PLAN = "lab-plan"
# As Resource Manager writes them, and as Traffic Manager does.
_LOCATIONS = {
    "westeurope": "West Europe",
    "northeurope": "North Europe",
    "uksouth": "UK South",
    "swedencentral": "Sweden Central",
}
MOST_APPS = len(_LOCATIONS)
_SEEDS = 1000  # between those of two apps: more than an app takes for its processes


@dataclass(frozen=True, slots=True)
class Region:
    """One app, `number` from 0 on, and the `location` in which it and its plan are."""

    number: int
    location: str

    @property
    def app(self) -> str:
        """Name of the app; the first one's has no number."""
        return _numbered(APP, self.number)

    @property
    def plan(self) -> str:
        """Name of the app's plan."""
        return _numbered(_PLAN, self.number)

    def seed(self, lab: int) -> int:
        """The seed of everything random in the app, from the lab's own."""
        return lab + self.number * _SEEDS


def regions(apps: int) -> list[Region]:
    """So many regions, one for each app; at most `MOST_APPS`."""
    return [Region(number, location) for number, location in enumerate(list(_LOCATIONS)[:apps])]


def display_name(location: str) -> str:
    """The location for people, as `endpointLocation` of Traffic Manager has it."""
    return _LOCATIONS[location]


def _numbered(name: str, number: int) -> str:
    return f"{name}-{number + 1}" if number else name
