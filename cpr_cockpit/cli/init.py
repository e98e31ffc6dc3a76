"""``init``: a first ``cockpit.toml``, by asking Azure and git, and the person where there is a choice."""

from __future__ import annotations

import argparse
import asyncio
import difflib
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cpr_cockpit.adapters.git_facts import GitFacts, git_facts
from cpr_cockpit.cli import codes
from cpr_cockpit.cli.choices import Chooser, NoChoice, at_the_terminal
from cpr_cockpit.cli.output import complain, say
from cpr_cockpit.cli.release import wrong_ready
from cpr_cockpit.config import NAME, SettingsError, load
from cpr_cockpit.config.first_file import FirstFile
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.documents.whole import write_whole
from cpr_cockpit.lab_client import read_ready

if TYPE_CHECKING:
    from cpr_cockpit.adapters.azure.inventory import Found, Inventory, Site

_SLOT = "green"
_TAG = "cpr-environment"
_AZ_S = 20.0
_READABLE = 0o644


def init(options: argparse.Namespace) -> int:
    """Show the file and write it; 0 written, or already so; 1 nothing was written, which has been said; 2 wrong use."""
    if options.schema:
        from cpr_cockpit.config.schema import schema_text

        print(schema_text(), end="")
        return 0
    if wrong := wrong_ready(options.lab):
        complain(wrong)
        return codes.WRONG_USE
    chooser = at_the_terminal(yes=options.yes)
    try:
        first = asyncio.run(_found(options, chooser))
        then = f"cpr-cockpit doctor{f' --lab {options.lab}' if options.lab else ''}"
        return written(Path(options.folder) / NAME, first.text(), chooser, then)
    except (NoChoice, PortError, SettingsError, OSError) as error:
        words = error.words() if isinstance(error, PortError) else str(error)
        complain(f"{words} Nothing was written.")
        return codes.BLOCKED


def written(path: Path, text: str, chooser: Chooser, then: str = "cpr-cockpit doctor") -> int:
    """Show it, or what would change; write it where somebody agrees. ``then``: what is run next.

    SettingsError, OSError.
    """
    _check(text)
    # A link stays one: what it leads to is written.
    path = path.resolve()
    before = path.read_text("utf-8", "replace") if path.exists() else None
    if before == text:
        say(f"{path} says this already. Nothing was written.")
        return 0
    if before is None:
        say(text)
    else:
        say("".join(difflib.unified_diff(before.splitlines(True), text.splitlines(True), str(path), "as it would be")))
    if not chooser.agreed(f"Write {path}?" if before is None else f"Write it over {path}?"):
        complain(f"{path} was not written{'' if chooser.attended else ': nobody was there to agree. Or: --yes'}.")
        return codes.BLOCKED
    mode = _READABLE if before is None else path.stat().st_mode & 0o777
    if before is not None:
        say(f"What stood there is kept as {_kept(path)}.")
    write_whole(path, text.encode()).chmod(mode)
    say(f"{path} was written. Look at it, then: {then}")
    return 0


def _kept(path: Path) -> Path:
    """The file as it is, under a name that is free: what a person wrote is not lost, whoever said yes. OSError."""
    names = (f"{path.name}.before{f'-{number}' if number > 1 else ''}" for number in itertools.count(1))
    free = next(place for name in names if not (place := path.with_name(name)).exists())
    shutil.copy2(path, free)
    return free


def _check(text: str) -> None:
    """What is written can be read: SettingsError where what Azure told makes no usable file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_text(text, "utf-8")
        load(path, {})


async def _found(options: argparse.Namespace, chooser: Chooser) -> FirstFile:
    """What Azure and git tell. NoChoice, PortError, OSError."""
    from cpr_cockpit.wiring.inventory import cloud_of, inventory_of

    ready = dict(read_ready(Path(options.lab))) if options.lab else {}
    tenant = options.tenant or str(ready.get("tenant", "")) or os.environ.get("AZURE_TENANT_ID", "") or _az_tenant()
    if not tenant:
        raise NoChoice("Nobody told which tenant to sign in to: name it with --tenant ID, or sign in with: az login.")
    async with inventory_of(tenant, ready) as inventory:
        found = await _asked(options, chooser, inventory, cloud_of(ready))
    # A lab has a store of its own, which its Resource Manager does not list.
    return replace(found, app_configuration=found.app_configuration or str(ready.get("app_configuration") or ""))


async def _asked(
    options: argparse.Namespace, chooser: Chooser, inventory: Inventory, cloud: Mapping[str, str]
) -> FirstFile:
    subscription = chooser.one(
        "subscription",
        await inventory.subscriptions(),
        lambda one: (one.name, one.id),
        options.subscription,
        "--subscription",
    )
    apps = await inventory.apps(subscription.id)
    app = chooser.one("app", apps, lambda one: (one.name, one.resource_group), options.app, "--app")
    slots = await inventory.slots(app)
    component = _of(app, await _optional(inventory.components(subscription.id)), chooser)
    workspace = _workspace(component, await _optional(inventory.workspaces(subscription.id)), chooser)
    database = _alone(app, await _optional(inventory.databases(subscription.id)))
    store = _alone(app, await _optional(inventory.stores(subscription.id)))
    slot, slot_host = _slot(app, slots, chooser, options.slot)
    folder = Path(options.folder)
    git = git_facts(folder)
    return FirstFile(
        environment=options.environment,
        tenant=subscription.tenant,
        subscription=subscription.id,
        resource_group=app.resource_group,
        app=app.name,
        slot=slot,
        workspace_id=workspace.key,
        production_url=f"https://{app.host}",
        slot_url=f"https://{slot_host}",
        app_insights_id=component.id if component is not None else "",
        plan_id=app.plan_id,
        database_id=database.id if database is not None else "",
        app_configuration=f"https://{store.name}.azconfig.io" if store is not None else "",
        tag=next(((name, value) for name, value in app.tags.items() if name.casefold() == _TAG), None),
        cloud=cloud,
        person=_person(git.person),
        code=_code(folder, git),
        version=git.tag if re.fullmatch(r"[\w.+-]{1,64}", git.tag) else "",
    )


async def _optional(reading: Awaitable[Sequence[Found]]) -> Sequence[Found]:
    """What may be left out: where it may not be read, that is said."""
    try:
        return await reading
    except PortError as error:
        complain(f"{error.what} It is left out.")
        return ()


def _of(app: Site, found: Sequence[Found], chooser: Chooser) -> Found | None:
    """The component of the app: the one that is called so, or the only one of its group; else somebody is asked."""
    if not found:
        return None
    own = [one for one in found if one.name.casefold() == app.name.casefold()]
    own = own or [one for one in found if one.resource_group == app.resource_group.casefold()]
    return chooser.one("Application Insights component", own or found, lambda one: (one.name, one.id), "", "--yes")


def _workspace(component: Found | None, found: Sequence[Found], chooser: Chooser) -> Found:
    """The workspace that the component writes to; else somebody is asked. NoChoice."""
    named = component.key.casefold() if component is not None else ""
    own = [one for one in found if one.id.casefold() == named]
    return chooser.one("Log Analytics workspace", own or found, lambda one: (one.name, one.key), "", "--yes")


def _alone(app: Site, found: Sequence[Found]) -> Found | None:
    """The only one in the app's group; of several nobody knows which is the app's."""
    own = [one for one in found if one.resource_group == app.resource_group.casefold()]
    return own[0] if len(own) == 1 else None


def _slot(app: Site, slots: Sequence[Site], chooser: Chooser, told: str) -> tuple[str, str]:
    """The slot's name and host; the first deployment creates one where there is none."""
    if not slots:
        name, (first, _, rest) = told or _SLOT, app.host.partition(".")
        return name, f"{first}-{name}.{rest}"
    chosen = chooser.one("slot", slots, lambda one: (one.name,), told, "--slot")
    return chosen.name, chosen.host


def _person(name: str) -> tuple[str, str] | None:
    """The name with its initials; None where git knows none that can be used."""
    words = re.findall(r"\w+", name)
    letters = f"{words[0][0]}{words[-1][0]}" if len(words) > 1 else name[:2]
    return (name, letters.upper()) if re.fullmatch(r"\w{2}", letters) and len(name) <= 200 else None


def _code(folder: Path, git: GitFacts) -> dict[str, str]:
    """The feature's repository, where somebody works on a branch of it that has a remote."""
    if git.root is None or not git.remote or not git.branch or git.branch == git.main:
        return {}
    path = os.path.relpath(git.root, folder.resolve())
    return {"path": path, "branch": git.branch, "main": git.main, "remote": git.remote}


def _az_tenant() -> str:
    """The tenant that ``az`` is signed in to; "" where it is not there or not signed in."""
    program = shutil.which("az")
    if program is None:
        return ""
    try:
        ended = subprocess.run(  # the words are ours, and no shell reads them
            [program, "account", "show", "--output", "json"],
            capture_output=True,
            timeout=_AZ_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        told: Any = json.loads(ended.stdout) if ended.returncode == 0 else {}
        return str(told.get("tenantId", "")) if isinstance(told, dict) else ""
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ""
