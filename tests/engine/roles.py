"""Who may do what in a simulated world: the Rights port, with rights that can end."""

from __future__ import annotations

from dataclasses import dataclass, field

from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.rights import Permission
from tests.engine.virtual import VirtualClock

OWNER = (Permission(("*",)),)
READER = (Permission(("*/read",)),)


@dataclass(slots=True)
class Roles:
    """``granted_now``: the sets in force; ``refuses``: the status with which nothing can be read any more."""

    clock: VirtualClock
    granted_now: tuple[Permission, ...] = OWNER
    refuses: int | None = None
    token_s: float | None = 3000.0
    asked: list[float] = field(default_factory=list)

    async def granted(self) -> tuple[Permission, ...]:
        """The Rights port."""
        self.asked.append(self.clock.now())
        await self.clock.sleep(0.03)
        if self.refuses is not None:
            raise PortError(f"Reading the rights was refused ({self.refuses}).", status=self.refuses)
        return self.granted_now

    async def warm(self) -> float | None:
        """The Rights port."""
        return self.token_s
