"""The lease of an app as a key of the team's App Configuration, held by its ETag.

Facts: ``add_configuration_setting`` sends If-None-Match: *, ``set`` and ``delete`` with a match condition If-Match; a
state that is another one by now is answered with 412 (azure-appconfiguration 1.10).
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from azure.appconfiguration import ConfigurationSetting
from azure.appconfiguration.aio import AzureAppConfigurationClient
from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError

from cpr_cockpit.adapters.azure.app_configuration import ADVISED
from cpr_cockpit.adapters.azure.errors import UNREAD, clean, of_azure, unreadable
from cpr_cockpit.core.lease import Lease, LeaseLost

PREFIX = "cpr-cockpit/lease/"
_TYPE = "application/json"
_ANOTHERS = (404, 412)  # it is not there any more, or in another state
# The end of a lease that tells none: the last second that a journal and a screen can write.
FOREVER = 253_402_300_799.0

Answer = TypeVar("Answer")


class StoreLease:
    """The LeaseStore port. ``app``: whose lease it is; every team that deploys it names the same key."""

    def __init__(self, client: AzureAppConfigurationClient, app: str) -> None:
        self._client = client
        self._key = PREFIX + app.lower()
        locked = f"The key is locked: unlock it (az appconfig kv unlock --key {self._key}), or ask who locked it."
        self._advised = ADVISED | {409: locked}

    @property
    def key(self) -> str:
        """Its name."""
        return self._key

    async def read(self) -> Lease | None:
        """The lease as it is; None: there is none. PortError."""
        doing = f"Reading the lease {self._key}"
        try:
            setting = await self._sent(doing, lambda: self._client.get_configuration_setting(self._key))
        except LeaseLost:
            return None
        if setting is None:
            raise unreadable(doing, "the store answered with nothing")
        return _lease(setting)

    async def write(self, lease: Lease, over: str | None) -> Lease:
        """Once, in the place of that ETag, or where there is none. LeaseLost, PortError."""
        setting = ConfigurationSetting(key=self._key, value=_value(lease), content_type=_TYPE)
        doing = f"Writing the lease {self._key}"

        async def sent() -> Any:
            if over is None:
                return await self._client.add_configuration_setting(setting)
            return await self._client.set_configuration_setting(setting, MatchConditions.IfNotModified, etag=over)

        written = await self._sent(doing, sent, mutating=True)
        return replace(lease, etag=_etag(written, doing))

    async def remove(self, etag: str) -> None:
        """Once. LeaseLost, PortError."""
        await self._sent(
            f"Releasing the lease {self._key}",
            lambda: self._client.delete_configuration_setting(
                self._key, etag=etag, match_condition=MatchConditions.IfNotModified
            ),
            mutating=True,
        )

    async def _sent(self, doing: str, call: Callable[[], Awaitable[Answer]], *, mutating: bool = False) -> Answer:
        """LeaseLost where the state is another one by now, or there is none; any other fault is a PortError."""
        try:
            return await call()
        except AzureError as error:
            # By its status: which error the SDK makes of one differs from call to call.
            status = error.status_code if isinstance(error, HttpResponseError) else None
            if status in _ANOTHERS:
                raise LeaseLost(f"{doing}: it is another's by now.", code="LeaseLost", status=status) from error
            raise of_azure(error, doing, mutating=mutating, advised=self._advised) from error
        except UNREAD as error:
            raise unreadable(doing, repr(error), mutating=mutating) from error


def _etag(setting: Any, doing: str) -> str:
    etag = getattr(setting, "etag", None)
    if not etag:
        raise unreadable(doing, "it names no state", mutating=True)
    return str(etag)


def _value(lease: Lease) -> str:
    return json.dumps(
        {
            "person": lease.person,
            "host": lease.host,
            "run": lease.run,
            "since": lease.since,
            "expires_at": lease.expires_at,
        }
    )


def _written(setting: ConfigurationSetting) -> float:
    """When the key was written last; 0 where the store does not tell."""
    at: datetime | None = setting.last_modified
    return 0.0 if at is None else at.timestamp()


def _lease(setting: ConfigurationSetting) -> Lease:
    """What the key holds; what is no lease of this program's is somebody's all the same, and has no end."""
    etag = str(setting.etag or "")
    try:
        body = json.loads(setting.value or "")
        person, host, run = (clean(str(body[name])) for name in ("person", "host", "run"))
        since, expires_at = float(body["since"]), float(body["expires_at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        person = host = run = ""
        since = expires_at = math.nan
    if not run or not math.isfinite(since) or not math.isfinite(expires_at):
        return Lease("somebody unknown", "", "", _written(setting), FOREVER, etag)
    return Lease(person, host, run, since, expires_at, etag)
