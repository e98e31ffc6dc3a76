"""A channel behind the port: what it got, and what it does with what comes next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from cpr_cockpit.core.notices import Notice, NoticeKind
from cpr_cockpit.core.ports import PortError


class Inbox:
    """``answers``: what the next tries come to: "refuse", "hang", "crash"; once they are used up all are taken."""

    def __init__(
        self,
        name: str = "oncall",
        kinds: Iterable[NoticeKind] = NoticeKind,
        answers: Iterable[str] = (),
        *,
        picture: bool = False,
    ) -> None:
        self.name, self.picture = name, picture
        self.trouble = ""
        self.kinds = frozenset(kinds)
        self.answers = list(answers)
        self.got: list[Notice] = []
        self.tries = 0

    async def look(self) -> str:
        """As the port."""
        return self.trouble

    async def send(self, notice: Notice) -> None:
        """As the port."""
        self.tries += 1
        answer = self.answers.pop(0) if self.answers else ""
        await asyncio.sleep(0.05)
        if answer == "hang":
            await asyncio.Event().wait()
        if answer == "refuse":
            raise PortError("The service answered 500.")
        if answer == "crash":
            raise RuntimeError("https://hooks.test/secret")
        self.got.append(notice)

    @property
    def kinds_got(self) -> list[str]:
        """Kinds in the order in which they came."""
        return [str(one.kind) for one in self.got]
