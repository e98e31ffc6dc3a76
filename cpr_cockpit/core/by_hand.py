"""The way back by hand: the exact commands for a person with a shell and ``az``, by what is seen to serve.

Names are quoted for a shell; no command is ever run by this program.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

_PINNED = (("subscription", "subscription"), ("resource-group", "resource_group"), ("name", "app"))
_STATE = "{swapped: slotSwapStatus, running: inProgressOperationId}"
PORTAL = "https://portal.azure.com"
FLAG_BEFORE = "flag-before.json"
"""Where the commands keep what a feature flag was."""
ALL = 100.0
"""Percent of the new sessions."""
_FLAG_KEY = ".appconfig.featureflag/"


def of_app(environment: Mapping[str, str], app: str) -> dict[str, str]:
    """The pinned ids and addresses as they are in ``app``: what differs there stands under its own name, with an @."""
    own = {key.partition("@")[0]: value for key, value in environment.items() if key.partition("@")[2] == app}
    # The first app's ids are the shared ones.
    shared = {key: value for key, value in environment.items() if "@" not in key}
    return shared | own | {"app": app}


def pinned(environment: Mapping[str, str]) -> str:
    """The options that pin the app, whatever the client's defaults are."""
    return " ".join(f"--{option} {shlex.quote(environment.get(key, ''))}" for option, key in _PINNED)


def swap_back(environment: Mapping[str, str], slot: str) -> str:
    """Swap the slot with production; to be sent once."""
    options = pinned(environment)
    return f"az webapp deployment slot swap {options} --slot {shlex.quote(slot)} --target-slot production"


def unroute(environment: Mapping[str, str]) -> str:
    """No new session goes to any slot."""
    return f"az webapp traffic-routing clear {pinned(environment)}"


def route_old(environment: Mapping[str, str], slot: str) -> str:
    """All new sessions go to the slot."""
    return f"az webapp traffic-routing set {pinned(environment)} --distribution {shlex.quote(slot)}=100"


def deploy_old(environment: Mapping[str, str], package: str, slot: str = "") -> str:
    """Put the kept zip into production, or into the slot."""
    where = f" --slot {shlex.quote(slot)}" if slot else ""
    return f"az webapp deploy {pinned(environment)}{where} --type zip --src-path {shlex.quote(package)}"


def look(environment: Mapping[str, str]) -> str:
    """What Resource Manager says of the last swap, and of one under way."""
    return f"az webapp show {pinned(environment)} --query {shlex.quote(_STATE)}"


def routing(environment: Mapping[str, str]) -> str:
    """Which share of the new sessions goes to which slot."""
    return f"az webapp traffic-routing show {pinned(environment)}"


def pending(environment: Mapping[str, str], slot: str) -> str:
    """Where a preview of a swap of the slot leads to, if one is pending."""
    return f"az webapp show {pinned(environment)} --slot {shlex.quote(slot)} --query targetSwapSlot"


def reset(environment: Mapping[str, str], slot: str) -> str:
    """Give the slot its own settings back, where a preview is pending.

    The client resets what it is told is the target, production where it is told nothing (azure-cli 2.91, `swap_slot`);
    but it is the slot that has the other's settings.
    """
    name = shlex.quote(slot)
    return f"az webapp deployment slot swap {pinned(environment)} --slot {name} --target-slot {name} --action reset"


def setting(environment: Mapping[str, str], slot: str, name: str) -> str:
    """An app setting of the slot, and whether it stays there."""
    query = shlex.quote(f"[?name=='{name}']")
    return f"az webapp config appsettings list {pinned(environment)} --slot {shlex.quote(slot)} --query {query}"


def flag_off(environment: Mapping[str, str], flag: str) -> Sequence[str]:
    """Keep what the flag is, then set it off; both can be repeated, the first only before the second."""
    store = f"--endpoint {shlex.quote(environment.get('app_configuration', ''))} --auth-mode login"
    return (
        f"az appconfig kv show {store} --key {shlex.quote(_FLAG_KEY + flag)} > {FLAG_BEFORE}",
        f"az appconfig feature disable {store} --feature {shlex.quote(flag)} --yes",
    )


def resource(environment: Mapping[str, str], slot: str = "") -> str:
    """The resource id of the app, or of its slot."""
    subscription, group, app = (environment.get(key, "") for key in ("subscription", "resource_group", "app"))
    site = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{app}"
    return f"{site}/slots/{slot}" if slot else site


def portal(environment: Mapping[str, str], slot: str = "") -> str:
    """The app, or its slot, in the portal of public Azure."""
    return f"{PORTAL}/#@{environment.get('tenant', '')}/resource{resource(environment, slot)}"


def first_commands(
    environment: Mapping[str, str],
    slot: str,
    versions: tuple[str, str],
    seen: tuple[str | None, str | None],
    *,
    routed: float,
    package: str = "",
    sent: bool = False,
) -> Sequence[str]:
    """What to send first, for the state that is seen.

    ``versions``: the old and the new one; ``seen``: what production and the slot answer (None: nothing). ``routed``:
    percentage of the new sessions that go to the slot, all of them where a swap back was refused: that ends only once
    production serves the old version. ``package``: the kept zip of the old version, "" where there is none. ``sent``: a
    swap back was sent that may be under way: whoever swaps without looking may undo it.
    """
    old, _ = versions
    production, other = seen
    if routed >= ALL and production != old:
        return (deploy_old(environment, package),) if package else (look(environment),)
    first = (unroute(environment),) if routed else ()
    if production == old:
        if other == old or not package:
            return first
        return (*first, deploy_old(environment, package, slot))
    if other == old:
        return (*first, *((look(environment),) if sent else ()), swap_back(environment, slot))
    if package and production is not None and other is not None:
        return (*first, deploy_old(environment, package))
    # Who serves what is not known: to look comes first.
    return (*first, look(environment))
