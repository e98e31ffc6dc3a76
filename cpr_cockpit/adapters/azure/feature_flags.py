"""App Configuration behind the FeatureFlags port: one flag read, and written only while it is what was read.

A flag is the key ``.appconfig.featureflag/<id>`` whose value is JSON; what this program does not know of it goes back
as it came. The targeting filter keeps each user on one side, by a hash of the user and the flag's name (schema:
github.com/microsoft/FeatureManagement, FeatureFlag.v2.0.0).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from azure.appconfiguration import ConfigurationSetting
from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceNotFoundError

from cpr_cockpit.adapters.azure.app_configuration import ADVISED, store_client
from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.errors import UNREAD, clean, of_azure, unreadable
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.core.flags import TARGETING, FlagFacts
from cpr_cockpit.core.plan import FLAGGING, Act, ActKind
from cpr_cockpit.core.ports import Accepted, PlannedRequest, PortError

PREFIX = ".appconfig.featureflag/"
_SHARE = "DefaultRolloutPercentage"
_MOST_KEPT = 8  # states of flags that a write may still name


class AppConfigurationFlags:
    """The FeatureFlags port. Nothing is tried again here, and nothing is written that was not read before."""

    def __init__(self, environment: AzureEnvironment, credential: PinnedCredential, transport: SharedTransport) -> None:
        self._environment = environment
        self._client = store_client(environment, credential, transport)
        self._read: dict[str, ConfigurationSetting] = {}

    async def read(self, name: str) -> FlagFacts:
        """The flag as it is now. PortError."""
        doing = f"Reading the feature flag {clean(name)}"
        try:
            setting = await self._client.get_configuration_setting(PREFIX + name)
            if setting is None:
                raise unreadable(doing, "the store answered with nothing")
            facts = _facts(name, setting)
        except ResourceNotFoundError:
            return FlagFacts(name, exists=False)
        except AzureError as error:
            raise of_azure(error, doing, advised=ADVISED) from error
        except UNREAD as error:
            raise unreadable(doing, repr(error)) from error
        self._read[facts.etag] = setting
        while len(self._read) > _MOST_KEPT:
            del self._read[next(iter(self._read))]
        return facts

    async def write(self, name: str, *, enabled: bool, percent: float | None, etag: str) -> Accepted:
        """One PUT with If-Match. PortError."""
        doing = f"Setting the feature flag {clean(name)} {'on' if enabled else 'off'}"
        known = self._read.get(etag)
        if known is None:
            raise PortError(f"{doing} is not possible: its state was not read.", next_step="Read it, then try again.")
        setting = ConfigurationSetting(
            key=known.key,
            label=known.label,
            value=_changed(known.value, enabled=enabled, percent=percent),
            content_type=known.content_type,
            tags=known.tags,
            description=known.description,
        )
        try:
            await self._client.set_configuration_setting(setting, MatchConditions.IfNotModified, etag=etag)
        except AzureError as error:
            raise of_azure(error, doing, mutating=True, advised=_of_flag(name)) from error
        except UNREAD as error:
            # The SDK makes its own of the answer, which comes after the flag was written.
            raise unreadable(doing, repr(error), mutating=True) from error
        return Accepted("")

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The read and the conditional write."""
        if act.kind not in FLAGGING:
            return ()
        url = f"{self._environment.app_configuration.rstrip('/')}/kv/{quote(PREFIX + act.flag, safe='')}"
        state = "enabled false"
        if act.kind is ActKind.SET_FLAG:
            state = f"enabled true, {TARGETING} {_SHARE} {act.percent:g}"
        change = PlannedRequest("PUT", url, f"If-Match: the ETag that was read; {state}; all else as it was read")
        return (PlannedRequest("GET", url), change)

    async def close(self) -> None:
        """Close the client; its connections are the session's."""
        await self._client.close()


def _of_flag(name: str) -> dict[int, str]:
    """What each refusal of a write asks for."""
    return ADVISED | {
        404: f"Create the flag {clean(name)}, or correct its name.",
        409: f"The flag {clean(name)} is locked: unlock it (az appconfig feature unlock), or ask who locked it.",
        412: "Somebody else has changed the flag since it was read: look at it, then decide.",
    }


def _facts(name: str, setting: ConfigurationSetting) -> FlagFacts:
    flag = _object(json.loads(setting.value))
    if not isinstance(flag.get("id"), str):
        raise TypeError("it has no id")
    filters = _filters(flag)
    targeting = next((one for one in filters if one.get("name") == TARGETING), None)
    percent = None
    if targeting is not None:
        percent = float(_object(_object(targeting.get("parameters") or {}).get("Audience") or {}).get(_SHARE) or 0.0)
        if not 0.0 <= percent <= 100.0:
            raise ValueError(f"{_SHARE} is {percent:g}, which is no percentage")
    names = tuple(clean(str(one.get("name"))) for one in filters)
    enabled, locked = flag.get("enabled") is True, bool(setting.read_only)
    return FlagFacts(name, True, enabled, percent, names, locked, setting.etag)


def _changed(value: str, *, enabled: bool, percent: float | None) -> str:
    """The flag's JSON with these two of its members; a targeting filter is added where it has none."""
    flag = dict(_object(json.loads(value)))
    for added in ("display_name", "description"):
        # The SDK adds them to what it has read.
        if flag.get(added, "") is None:
            del flag[added]
    flag["enabled"] = enabled
    if percent is None:
        return json.dumps(flag)
    filters = [dict(one) for one in _filters(flag)]
    targeting = next((one for one in filters if one.get("name") == TARGETING), None)
    if targeting is None:
        targeting = {"name": TARGETING}
        filters.append(targeting)
    parameters = dict(_object(targeting.get("parameters") or {}))
    audience = {"Users": [], "Groups": []} | dict(_object(parameters.get("Audience") or {}))
    share = int(percent) if percent == int(percent) else percent
    targeting["parameters"] = parameters | {"Audience": audience | {_SHARE: share}}
    flag["conditions"] = dict(_object(flag.get("conditions") or {})) | {"client_filters": filters}
    return json.dumps(flag)


def _filters(flag: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    told = _object(flag.get("conditions") or {}).get("client_filters") or []
    return [_object(one) for one in told]


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"an object is needed, found {type(value).__name__}")
    return value
