"""What a zip tells of the commit that it was built from, and that nothing in it can do harm."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from cpr_cockpit.core.commits import same_commit
from cpr_cockpit.engine.zips import ZipError, check_whole, commit_of


def packed(folder: Path, **files: bytes) -> Path:
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return path


def test_a_zip_tells_its_commit(tmp_path: Path) -> None:
    assert commit_of(packed(tmp_path, build_json=json.dumps({"commit": "5f1d2c3", "number": 7}).encode())) == "5f1d2c3"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"commit": 7}', b'{"commit": ""}', b"\xff\xfe", b'{"commit": "' + b"a" * 70_000 + b'"}'],
)
def test_what_is_no_commit_tells_none(tmp_path: Path, content: bytes) -> None:
    assert commit_of(packed(tmp_path, build_json=content)) is None


def test_no_file_and_no_zip_tell_none(tmp_path: Path) -> None:
    assert commit_of(packed(tmp_path, other_json=b"{}")) is None
    assert commit_of(tmp_path / "missing.zip") is None
    (tmp_path / "no.zip").write_bytes(b"no zip")
    assert commit_of(tmp_path / "no.zip") is None


def test_hostile_words_are_made_harmless(tmp_path: Path) -> None:
    told = commit_of(packed(tmp_path, build_json=json.dumps({"commit": "a\x1b[2Jb" + "c" * 200}).encode()))
    assert told is not None
    assert told.isprintable()
    assert len(told) <= 64


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("5f1d2c3b4a", "5f1d2c3b4a", True),
        ("5F1D2C3", "5f1d2c3b4a", True),
        ("5f1d2c3b4a", "5f1d2c3", True),
        ("5f1d2c4", "5f1d2c3b4a", False),
        ("5f1d2c", "5f1d2c3b4a", False),
        ("", "", False),
    ],
)
def test_commits_are_compared_as_git_does(one: str, other: str, same: bool) -> None:
    assert same_commit(one, other) is same


def test_a_zip_that_was_whole_is_read_again_only_once_it_has_changed(tmp_path: Path) -> None:
    path = packed(tmp_path, one=b"a" * 100)
    check_whole(path)
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"aaaa", b"bbbb"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    check_whole(path)
    os.utime(path)
    for _ in range(2):
        with pytest.raises(ZipError, match="damaged"):
            check_whole(path)
    path.unlink()
    with pytest.raises(ZipError, match="missing"):
        check_whole(path)
