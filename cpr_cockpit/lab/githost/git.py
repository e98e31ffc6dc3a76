"""The real git program over one bare repository, with nobody's configuration but its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MISSING = "git is not installed, and the lab's Git host is made of it. Install git 2.38 or newer."
NOBODY = "0" * 40
_CALM = ("-c", "gc.auto=0", "-c", "core.hooksPath=/dev/null", "-c", "core.fsync=none", "-c", "commit.gpgSign=false")


class GitFailed(Exception):
    """git ended otherwise than was allowed: what it said."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Exit code, and what was printed on both outputs."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Git:
    """Runs git in `folder`. `home`: where its configuration would be, which holds none."""

    folder: Path
    home: Path

    async def __call__(self, *arguments: str, allowed: tuple[int, ...] = (0,), given: bytes = b"") -> str:
        """What git prints, without the line's end. GitFailed for an exit code that is not in `allowed`; OSError."""
        return (await self.ended(*arguments, allowed=allowed, given=given)).out.strip()

    async def ended(
        self,
        *arguments: str,
        allowed: tuple[int, ...] = (0,),
        given: bytes = b"",
        more: Mapping[str, str] | None = None,
    ) -> Ended:
        """As `__call__`, with the exit code. `more`: variables of this one."""
        try:
            process = await asyncio.create_subprocess_exec(
                *("git", *_CALM, *arguments),
                cwd=self.folder,
                env=_variables(self.home) | dict(more or {}),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except FileNotFoundError as error:
            raise GitFailed(MISSING) from error
        out, err = await process.communicate(given)
        ended = Ended(process.returncode or 0, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
        if ended.code not in allowed:
            raise GitFailed(f"git {arguments[0]}: {ended.err.strip() or f'exit code {ended.code}'}")
        return ended

    async def commit_of(self, name: str) -> str:
        """The commit that a name stands for; "" where there is none."""
        return await self("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", allowed=(0, 1, 128))


def _variables(home: Path) -> dict[str, str]:
    somebody = {"NAME": "Goals Team", "EMAIL": "team@goals.example"}
    told = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in somebody.items()}
    quiet = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home)} | quiet | told
