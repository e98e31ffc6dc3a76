"""Several apps behind the ports, each a world of its own in the same virtual time; their users are told of together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cpr_cockpit.core.blocks import Block, BlockQuestion
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.ports import PlannedRequest
from cpr_cockpit.core.signals import Bin, Observation
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import ROLLING
from cpr_cockpit.engine.ports import AppPorts, Ports
from tests.engine.stage import AUTO, Stage
from tests.engine.users import HEALTHY, Behaviour, Users
from tests.engine.world import NEW, Call, World

APPS = ("goals", "goals-2", "goals-3")


def _summed(rows: Iterable[Bin]) -> tuple[Bin, ...]:
    """Rows of the same time and version as one: all latencies of a version are alike in every app."""
    found: dict[tuple[float, str], Bin] = {}
    for row in rows:
        key = (row.start, row.version)
        one = found.get(key)
        if one is None:
            found[key] = row
            continue
        newest = max((at for at in (one.newest, row.newest) if at is not None), default=None)
        good = max((at for at in (one.last_ok, row.last_ok) if at is not None), default=None)
        found[key] = replace(
            one,
            requests=one.requests + row.requests,
            failures=one.failures + row.failures,
            newest=newest,
            last_ok=good,
        )
    return tuple(found[key] for key in sorted(found))


def _joined(blocks: Iterable[Block]) -> tuple[Block, ...]:
    found: dict[tuple[float, str], Block] = {}
    for block in blocks:
        key = (block.start, block.version)
        one = found.get(key)
        slow = block.slow if one is None else tuple(map(sum, zip(one.slow, block.slow, strict=True)))
        requests, failures = (one.requests, one.failures) if one else (0, 0)
        found[key] = replace(block, requests=requests + block.requests, failures=failures + block.failures, slow=slow)
    return tuple(found[key] for key in sorted(found))


@dataclass(slots=True)
class Crowd:
    """Telemetry of all users of several apps."""

    users: Sequence[Users]

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """Nothing is planned in a simulated world."""
        return ()

    async def requests(
        self,
        *,
        start: float,
        end: float,
        bin_s: float,
        versions: Sequence[str],
        blocks: BlockQuestion | None = None,
        flag: str = "",
    ) -> Observation:
        """The Telemetry port."""
        seen = [
            await one.requests(start=start, end=end, bin_s=bin_s, versions=versions, blocks=blocks, flag=flag)
            for one in self.users
        ]
        newest = max((one.measured_at for one in seen if one.measured_at is not None), default=None)
        return replace(
            seen[-1],
            measured_at=newest,
            bins=_summed(row for one in seen for row in one.bins),
            whole=_summed(row for one in seen for row in one.whole),
            blocks=_joined(block for one in seen for block in one.blocks),
        )


class Apps(Stage):
    """A stage with several apps: ``worlds`` by name, the first of them is the stage's own world."""

    def __init__(
        self,
        script: object = AUTO,
        *,
        window_s: float = 60.0,
        behaviour: Behaviour = HEALTHY,
        apps: tuple[str, ...] = APPS,
        at_once: int = 1,
    ) -> None:
        super().__init__(AUTO if script is AUTO else None, behaviour=behaviour, window_s=window_s)
        self.worlds = {apps[0]: self.world} | {name: World(self.loop) for name in apps[1:]}
        self.log: list[tuple[str, Call]] = []
        self._judges: list[Callable[[Call], None]] = [self.intent_first]
        for name, world in self.worlds.items():
            world.users.behaviours[NEW] = behaviour
            world.witness = self._witness(name)
        self.change(course=Course(ROLLING, apps=apps, at_once=at_once))

    def _witness(self, name: str) -> Callable[[Call], None]:
        def seen(call: Call) -> None:
            for judge in self._judges:
                judge(call)
            self.log.append((name, call))

        return seen

    def judge_calls(self, judge: Callable[[Call], None]) -> None:
        """From now on every request that would change something is shown to ``judge`` too, before it leaves."""
        self._judges.append(judge)

    def ports(self) -> Ports:
        """All of it as a session is given it."""
        crowd = Crowd([world.users for world in self.worlds.values()])
        others = list(self.worlds.items())[1:]
        further = {name: AppPorts(one, one, one.users, one.around, one.rights) for name, one in others}
        return replace(self.world.ports(), telemetry=crowd, apps=further)

    def sent_before(self) -> int:
        """Requests that changed something so far, in all apps."""
        return len(self.log)

    def rest(self) -> None:
        """Let everything in all worlds come to its end."""
        super().rest()
        assert all(world.at_rest for world in self.worlds.values())

    def sent(self, kind: str) -> list[str]:
        """In which apps requests of that kind were sent, in order."""
        return [name for name, call in self.log if call.kind == kind]

    def serving(self) -> dict[str, tuple[str | None, str | None]]:
        """What production and the slot of each app serve."""
        return {name: (world.production, world.slot) for name, world in self.worlds.items()}

    def everywhere(self, production: str, slot: str) -> bool:
        """Whether all apps serve that."""
        return set(self.serving().values()) == {(production, slot)}

    def forward(self) -> Iterator[tuple[str, float]]:
        """When which app was switched to the new version."""
        for name, world in self.worlds.items():
            yield from ((name, switch.at) for switch in world.switches if switch.production == NEW)
