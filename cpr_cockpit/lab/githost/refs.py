"""Refs and annotated tags, as in GitHub's REST reference, "Git references" and "Git tags"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.githost.git import GitFailed
from cpr_cockpit.lab.githost.wire import Refusal, body_of, invalid, missing, text

if TYPE_CHECKING:
    from cpr_cockpit.lab.githost.hosting import Hosting
    from cpr_cockpit.lab.githost.repository import Repository

_SHA = re.compile(r"[0-9a-f]{40}")


async def get_ref(_: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """One ref by its full name behind refs/."""
    return web.json_response(await _told(repo, f"refs/{request.match_info['ref']}"))


async def _told(repo: Repository, ref: str) -> dict[str, Any]:
    sha = await repo.git("rev-parse", "--verify", "--quiet", ref, allowed=(0, 1, 128))
    if not sha:
        raise missing()
    return {"ref": ref, "object": {"type": await repo.git("cat-file", "-t", sha), "sha": sha}}


async def create_ref(host: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """A new name for an object that is there; 422 where the name is taken."""
    body = await body_of(request)
    ref, sha = text(body, "ref"), text(body, "sha")
    if not re.fullmatch(r"refs/(heads|tags)/[\w./+-]+", ref):
        raise Refusal(422, "Reference name must start with 'refs/' and contain at least two slashes")
    async with repo.changing:
        await _known(repo, sha)
        try:
            await repo.move(ref, sha, "")
        except GitFailed as error:
            raise Refusal(422, "Reference already exists") from error
    host.log.add("git.ref-created", repository=repo.full_name, ref=ref)
    return web.json_response(await _told(repo, ref), status=201)


async def create_tag(_: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """The object of an annotated tag, which no ref names yet."""
    body = await body_of(request)
    name, message, sha = text(body, "tag"), text(body, "message"), text(body, "object")
    if not re.fullmatch(r"[\w.+-]+", name):
        raise invalid("Tag", "tag is not well formed")
    await _known(repo, sha)
    lines = [f"object {sha}", f"type {text(body, 'type')}", f"tag {name}"]
    lines += ["tagger Goals Team <team@goals.example> 1766100000 +0000", "", message, ""]
    try:
        made = await repo.git("mktag", given="\n".join(lines).encode())
    except GitFailed as error:
        raise invalid("Tag", "the object is not of that type") from error
    return web.json_response(await _tag(repo, made), status=201)


async def get_tag(_: Hosting, repo: Repository, request: web.Request) -> web.Response:
    """The object of an annotated tag by its hash."""
    sha = request.match_info["sha"]
    if await repo.git("cat-file", "-t", sha, allowed=(0, 128)) != "tag":
        raise missing()
    return web.json_response(await _tag(repo, sha))


async def _tag(repo: Repository, sha: str) -> dict[str, Any]:
    head, _, message = (await repo.git("cat-file", "tag", sha)).partition("\n\n")
    members = dict(line.split(" ", 1) for line in head.splitlines())
    named = {"type": members["type"], "sha": members["object"]}
    return {"tag": members["tag"], "sha": sha, "message": message, "object": named}


async def _known(repo: Repository, sha: str) -> None:
    if not _SHA.fullmatch(sha) or not await repo.git("cat-file", "-t", sha, allowed=(0, 128)):
        raise Refusal(422, "Object does not exist")
