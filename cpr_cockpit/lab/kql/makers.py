"""What the makers of scalar functions have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cpr_cockpit.lab.kql import errors
from cpr_cockpit.lab.kql.bound import Bound


@dataclass(frozen=True, slots=True)
class Context:
    """What functions can see beyond their arguments.

    `now`: the time (ticks) at which the query began; `has_ingestion_time`: whether rows have one at which they came in.
    """

    now: int
    has_ingestion_time: bool = False


Maker = Callable[[Context, Sequence[Bound]], Bound]
# Fewest and most arguments, and the maker.
Function = tuple[int, int, Maker]


def expect(function: str, argument: Bound, *types: str) -> None:
    """Raises KqlError for an argument of another type."""
    if argument.type not in types:
        raise errors.wrong_arguments(
            function, f"argument of type {argument.type} where the lab takes {' or '.join(types)}."
        )
