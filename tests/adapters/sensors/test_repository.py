"""Real git over real repositories: a bare remote, a clone, and a working tree that must stay as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.adapters.sensors.repository import MERGES, TAGGED, UP_TO_DATE, Repository, RepositorySettings
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.sensing import Reading, State

BRANCH = "feature/0001-goals"


@dataclass
class Clone:
    """A clone whose remote another person pushes to, through ``elsewhere``."""

    folder: Path
    elsewhere: Path

    def settings(self, **changed: Any) -> RepositorySettings:
        return replace(RepositorySettings(self.folder, "origin", "main", BRANCH, "v1.3.0"), **changed)

    def push(self, branch: str, name: str, text: str) -> str:
        git(self.elsewhere, "checkout", "-q", branch)
        (self.elsewhere / name).write_text(text)
        git(self.elsewhere, "add", name)
        git(self.elsewhere, "commit", "-qm", name)
        git(self.elsewhere, "push", "-q", "origin", branch)
        return git(self.elsewhere, "rev-parse", "HEAD")

    async def read(self, **changed: Any) -> dict[str, Reading]:
        return {one.name: one for one in await Repository(self.settings(**changed)).read()}


def git(folder: Path, *arguments: str) -> str:
    who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@x", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@x"}
    own = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(["git", *arguments], cwd=folder, env=own, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("repositories")
    git(place, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(place, "clone", "-q", "remote.git", "elsewhere")
    other = Clone(place / "clone", place / "elsewhere")
    git(other.elsewhere, "checkout", "-qB", "main")
    git(other.elsewhere, "commit", "-q", "--allow-empty", "-m", "begun")
    other.push("main", "a.txt", "one\n")
    git(other.elsewhere, "checkout", "-qb", BRANCH)
    other.push(BRANCH, "b.txt", "new\n")
    git(place, "clone", "-q", "remote.git", "clone")
    return place


@pytest.fixture
def clone(made: Path, tmp_path: Path) -> Clone:
    place = tmp_path / "here"
    shutil.copytree(made, place)
    for name in ("clone", "elsewhere"):
        git(place / name, "remote", "set-url", "origin", str(place / "remote.git"))
    return Clone(place / "clone", place / "elsewhere")


async def test_a_branch_that_has_all_of_main_merges_and_touches_nothing(clone: Clone) -> None:
    (clone.folder / "a.txt").write_text("being worked on\n")
    refs = git(clone.folder, "for-each-ref")
    clone.push(BRANCH, "e.txt", "of somebody else\n")
    found = await clone.read()
    assert [one.state for one in found.values()] == [State.OK, State.OK, State.FAILED]
    assert found[TAGGED].words == "clone: origin has no tag v1.3.0"
    assert git(clone.folder, "status", "--porcelain") == "M a.txt"
    assert not (clone.folder / ".git" / "FETCH_HEAD").exists()
    assert git(clone.folder, "for-each-ref") == refs, "a push --force-with-lease holds these against the remote"


async def test_commits_that_others_pushed_to_main_are_counted(clone: Clone) -> None:
    clone.push("main", "c.txt", "x")
    clone.push("main", "d.txt", "y")
    found = await clone.read()
    assert found[UP_TO_DATE] == Reading(UP_TO_DATE, State.FAILED, f"clone: {BRANCH} lacks 2 commits of main")
    assert found[MERGES].state is State.OK


async def test_files_in_conflict_are_named(clone: Clone) -> None:
    clone.push("main", "a.txt", "theirs\n")
    clone.push(BRANCH, "a.txt", "ours\n")
    found = await clone.read()
    assert found[MERGES] == Reading(MERGES, State.FAILED, "clone: conflicts in a.txt")


async def test_what_is_merged_already_is_up_to_date(clone: Clone) -> None:
    git(clone.elsewhere, "checkout", "-q", "main")
    git(clone.elsewhere, "merge", "-q", "--no-ff", "-m", "merged", BRANCH)
    git(clone.elsewhere, "push", "-q", "origin", "main")
    found = await clone.read()
    assert (found[UP_TO_DATE].state, found[MERGES].state) == (State.OK, State.OK)
    assert found[UP_TO_DATE].words.endswith("is merged into main already")


async def test_a_branch_that_was_squashed_is_merged(clone: Clone) -> None:
    _squash(clone)
    found = await clone.read()
    assert (found[UP_TO_DATE].state, found[MERGES].state) == (State.OK, State.OK)
    assert "main has all that " in found[UP_TO_DATE].words
    clone.push("main", "b.txt", "changed again\n")
    assert (await clone.read())[MERGES].state is State.FAILED, "nothing shows any more that it was merged"
    git(clone.elsewhere, "push", "-q", "origin", "main:refs/tags/v1.3.0", "main~1:refs/tags/v1.2.9")
    found = await clone.read()
    assert (found[UP_TO_DATE].state, found[MERGES].state) == (State.NOTE, State.NOTE)
    assert (await clone.read(tag="v1.2.9"))[MERGES].state is State.OK, "what is released has all of it"


async def test_a_branch_that_was_deleted_after_its_merge_fails_nothing_once_the_tag_is_there(clone: Clone) -> None:
    _squash(clone)
    git(clone.elsewhere, "push", "-q", "origin", f":{BRANCH}", "main:refs/tags/v1.3.0")
    found = await clone.read()
    assert (found[UP_TO_DATE].state, found[MERGES].state) == (State.OK, State.OK)
    assert found[MERGES].words.endswith(f" of main, and origin has no branch {BRANCH} any more")


async def test_a_tag_that_is_not_on_main_shows_no_merge(clone: Clone) -> None:
    clone.push("main", "c.txt", "x")
    git(clone.elsewhere, "push", "-q", "origin", f"{BRANCH}:refs/tags/v1.3.0")
    assert (await clone.read())[UP_TO_DATE].state is State.FAILED


async def test_a_tag_of_before_the_branch_shows_no_merge(clone: Clone) -> None:
    git(clone.elsewhere, "push", "-q", "origin", "main:refs/tags/v1.3.0")
    clone.push("main", "a.txt", "theirs\n")
    clone.push(BRANCH, "a.txt", "ours\n")
    found = await clone.read()
    assert [found[item].state for item in (UP_TO_DATE, MERGES)] == [State.FAILED, State.FAILED]


def _squash(clone: Clone) -> None:
    git(clone.elsewhere, "checkout", "-q", "main")
    git(clone.elsewhere, "merge", "-q", "--squash", BRANCH)
    git(clone.elsewhere, "commit", "-qm", "squashed")
    git(clone.elsewhere, "push", "-q", "origin", "main")


@pytest.mark.parametrize("own", [True, False])
async def test_the_teams_own_ssh_command_is_used(clone: Clone, *, own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = clone.folder.parent / "ssh"
    ssh.write_text('#!/bin/sh\necho "error: own $0 $1" >&2\nexit 1\n')
    ssh.chmod(0o700)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    for name in ("GIT_SSH_COMMAND", "GIT_SSH"):
        monkeypatch.delenv(name, raising=False)
    git(clone.folder, "remote", "set-url", "origin", "ssh://nobody@localhost/x")
    if own:
        git(clone.folder, "config", "core.sshCommand", str(ssh.rename(ssh.with_name("team"))))
    with pytest.raises(PortError, match="own .*team" if own else "own .*ssh -oBatchMode=yes"):
        await clone.read()


async def test_git_is_asked_of_the_clone_alone_in_english_and_no_password_of_an_address_is_told(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(clone.elsewhere, "checkout", "-q", "main")
    for branch, text in ((BRANCH, "ours\n"), ("main", "theirs\n")):
        clone.push(branch, "zähler.txt", text)
    monkeypatch.setenv("GIT_DIR", "/nowhere/else")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    found = await clone.read()
    assert found[MERGES].words == "clone: conflicts in zähler.txt"
    program = clone.folder.parent / "git"
    program.write_text('#!/bin/sh\necho "fatal: $LC_ALL $GIT_DIR https://me:pa55word@host/x" >&2\nexit 128\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(PortError, match="fatal: C https://host/x"):
        await clone.read()


async def test_a_conflict_that_git_names_no_file_of_is_one(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    real, program = shutil.which("git"), clone.folder.parent / "git"
    program.write_text(f'#!/bin/sh\ncase "$*" in *merge-tree*) exit 1;; esac\nexec {real} "$@"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert (await clone.read())[MERGES].state is State.FAILED


@pytest.mark.parametrize("annotated", [True, False])
async def test_a_tag_is_held_against_the_artifacts_commit(clone: Clone, *, annotated: bool) -> None:
    commit = git(clone.elsewhere, "rev-parse", "main")
    git(clone.elsewhere, "tag", *(("-a", "-m", "x") if annotated else ()), "v1.3.0", "main")
    git(clone.elsewhere, "push", "-q", "origin", "v1.3.0")
    assert TAGGED not in await clone.read(), "nothing was compared"
    assert (await clone.read(commit=commit[:12]))[TAGGED].state is State.OK
    other = (await clone.read(commit="0" * 40))[TAGGED]
    assert (other.state, other.words) == (
        State.FAILED,
        f"clone: v1.3.0 names {commit[:10]}, and the artifact was built from 0000000000",
    )


async def test_a_branch_that_is_not_there_fails_by_name(clone: Clone) -> None:
    found = await clone.read(branch="feature/9")
    assert [one.words for one in found.values()][:2] == ["clone: origin has no branch feature/9"] * 2


@pytest.mark.parametrize("changed", [{"main": "trunk"}, {"remote": "upstream"}])
async def test_a_remote_that_cannot_be_asked_is_told(clone: Clone, changed: dict[str, str]) -> None:
    with pytest.raises(PortError, match="clone: "):
        await clone.read(**changed)


async def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    settings = RepositorySettings(tmp_path / "gone", "origin", "main", BRANCH, "v1.3.0")
    with pytest.raises(PortError, match="cannot be run"):
        await Repository(settings).read()
