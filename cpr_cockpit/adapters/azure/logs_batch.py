"""One batch for what several readers ask at about the same time; each gets the answers to its own questions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.errors import unreadable
from cpr_cockpit.adapters.azure.logs_answers import Item, ask
from cpr_cockpit.adapters.azure.logs_client import logs_client
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.core.ports import PortError

DOING = "Reading the further tables of the logs"
SERVER_S = 10
"""Seconds that one question may take: a slow one becomes its own source's error and delays the others no longer."""
TIMEOUT_S = 25.0
# Readers of one pace wake within milliseconds of one another.
_GATHER_S = 0.05


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One reader's questions, and where their answers go."""

    texts: Sequence[str]
    answers: asyncio.Future[list[Item]]


class SharedBatch:
    """The workspace, as the further sources ask it. Nothing is tried again here: each asks anew at its next turn."""

    def __init__(self, environment: AzureEnvironment, credential: PinnedCredential, transport: SharedTransport) -> None:
        self.app_insights_id = environment.app_insights_id
        self._workspace_id = environment.workspace_id
        self._client = logs_client(environment, credential, transport)
        self._waiting: list[_Waiting] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def ask(self, texts: Sequence[str]) -> list[Item]:
        """An item for each question, in their order. PortError where the whole batch failed."""
        one = _Waiting(texts, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        if len(self._waiting) == 1:
            # In a task of its own: a reader that gives up takes nobody else's answers with it.
            task = asyncio.create_task(self._send())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return await one.answers

    async def _send(self) -> None:
        await asyncio.sleep(_GATHER_S)
        together, self._waiting = self._waiting, []
        asking = [one for one in together if not one.answers.done()]
        texts = [text for one in asking for text in one.texts]
        if not texts:
            return
        try:
            items = await self._items(texts)
        except PortError as error:
            _fail(asking, error)
            return
        except BaseException:
            for one in asking:
                one.answers.cancel()
            raise
        for one in asking:
            own, items = items[: len(one.texts)], items[len(one.texts) :]
            if not one.answers.done():
                one.answers.set_result(own)

    async def _items(self, texts: Sequence[str]) -> list[Item]:
        """An item for each question. PortError where the batch failed or its answer has not as many."""
        items = await ask(self._client, self._workspace_id, texts, DOING, server_s=SERVER_S)
        if len(items) != len(texts):
            raise unreadable(DOING, f"{len(items)} answers to {len(texts)} questions")
        return items

    async def close(self) -> None:
        """Give up what is under way and close the client; its connections are the session's."""
        for task in tuple(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        for one in self._waiting:
            one.answers.cancel()
        await self._client.close()


def _fail(asking: Sequence[_Waiting], error: PortError) -> None:
    """The same words for each, as an error of its own."""
    for one in asking:
        if not one.answers.done():
            same = PortError(error.what, next_step=error.next_step, code=error.code, status=error.status)
            one.answers.set_exception(same)
