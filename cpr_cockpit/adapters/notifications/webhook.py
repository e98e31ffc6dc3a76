"""A webhook: one JSON object a notice, posted over the session's own connections.

Its members ``version``, ``title``, ``message``, ``type`` and ``attachments`` are those of Apprise's JSON notification
(github.com/caronc/apprise, plugins/custom_json.py), so that one receiver can take both; ``id`` is the same whenever a
notice is sent again, and ``status`` is its status line.
"""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from typing import Any

import httpx

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.notifications.channel import ChannelSettings
from cpr_cockpit.adapters.over_http import words_of
from cpr_cockpit.core.notices import Notice, NoticeKind

ANSWER_S = 10.0
_TYPES = {NoticeKind.OVERDUE: "warning", NoticeKind.PAGE: "warning"}


class Webhook:
    """One https address as a Notifier."""

    def __init__(self, settings: ChannelSettings, connections: Connections) -> None:
        self._settings, self._client = settings, connections.kept
        self.name, self.kinds, self.picture = settings.name, settings.kinds, settings.picture
        self.trouble = settings.trouble

    async def look(self) -> str:
        """Nobody is asked."""
        return self.trouble

    async def send(self, notice: Notice) -> None:
        """Post it, once; any answer of success takes it. PortError."""
        url = self._settings.address()
        try:
            async with (
                asyncio.timeout(ANSWER_S),
                # The answer's body is nobody's business: it is not read.
                self._client.stream("POST", url, json=body_of(notice)) as answer,
            ):
                status = answer.status_code
        except TimeoutError as error:
            raise self._settings.failed(f"no answer within {ANSWER_S:g} s") from error
        except httpx.InvalidURL as error:
            # Its words quote the address.
            raise self._settings.failed("its variable holds no address") from error
        except httpx.HTTPError as error:
            raise self._settings.failed(words_of(error)) from error
        if not httpx.codes.is_success(status):
            raise self._settings.failed(f"it answered {status}")


def body_of(notice: Notice) -> dict[str, Any]:
    """The JSON object of a notice."""
    return {
        "version": "1.0",
        "id": notice.id,
        "run": notice.run,
        "kind": str(notice.kind),
        "at": datetime.fromtimestamp(notice.at, UTC).isoformat(timespec="seconds"),
        "type": _TYPES.get(notice.kind, "info"),
        "title": notice.title,
        "status": notice.line,
        "message": notice.text,
        "attachments": [
            {
                "filename": one.name,
                "mimetype": one.media_type,
                "base64": base64.b64encode(one.content).decode("ascii"),
            }
            for one in notice.attachments
        ],
    }
