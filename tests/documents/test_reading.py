"""Bytes to text: every encoding that is met, every bad file one clear message, nothing else ever raised."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cpr_cockpit.documents.parts import printable
from cpr_cockpit.documents.reading import LARGEST, DocumentError, decode, read_text

TEXT = "# Bericht\r\n**Score**: 92/100 ✅ für Zoë\n"
LINES = "# Bericht\n**Score**: 92/100 ✅ für Zoë\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8 with BOM"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-16-le with BOM"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16-be with BOM"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_every_encoding_gives_the_same_text_without_a_word(data: bytes, encoding: str) -> None:
    found = decode(data, "a.md")
    assert (found.text, found.encoding, found.problems) == (LINES, encoding, ())


def test_windows_1252_is_taken_and_said() -> None:
    found = decode("one\nprüfung € ok".encode("cp1252"), "a.md")
    assert (found.text, found.encoding) == ("one\nprüfung € ok", "windows-1252")
    assert [one.words() for one in found.problems] == [
        "a.md, line 2: not UTF-8 here; read as Windows-1252. Save the file as UTF-8."
    ]
    assert not found.problems[0].blocks


def test_one_foreign_line_in_a_utf_8_file_does_not_spoil_the_rest() -> None:
    found = decode("✅ good\n".encode() + "prüfung\n".encode("cp1252") + "❌ bad\n".encode(), "a.md")
    assert found.text == "✅ good\nprüfung\n❌ bad\n"
    assert found.problems[0].where == "line 2"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "a.md: empty"),
        (b" \r\n\t\n", "a.md: empty"),
        (codecs.BOM_UTF8, "a.md: empty"),
        (codecs.BOM_UTF16_LE, "a.md: empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01", "binary"),
        (b"PK\x03\x04\x14\0\0\0\x08\0abc", "binary"),
        (b"text\nwith\0nul", "a.md, line 2: binary"),
        (b"\x81\x8d\x8f", "a.md, line 1: binary"),
        ("ok\n✅✅".encode()[:-1], "a.md, line 2: ends in the middle of a UTF-8 character: truncated"),
        (codecs.BOM_UTF16_LE + "a\nb".encode("utf-16-le")[:-1], "a.md, line 2: ends in the middle of a character"),
        ("some text".encode("utf-32"), "a.md: encoded as UTF-32"),
        (b"x" * (LARGEST + 1), "a.md: larger than 20 MB"),
    ],
)
def test_a_bad_file_is_one_clear_message(data: bytes, words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        decode(data, "a.md")
    assert words in str(caught.value)
    assert caught.value.problem.blocks
    assert caught.value.problem.advice


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "loop.md").symlink_to("loop.md")
    said = {}
    for name in ("gone.md", "folder.md", "pipe.md", "loop.md", "nul\0.md"):
        with pytest.raises(DocumentError) as caught:
            read_text(tmp_path / name)
        said[name] = str(caught.value)
    assert said["gone.md"] == "gone.md: missing. Put it into the feature folder."
    assert said["folder.md"].startswith("folder.md: is a folder")
    assert said["pipe.md"].startswith("pipe.md: is no regular file")
    assert said["loop.md"].startswith("loop.md: cannot be opened")
    assert said["nul\0.md"].startswith("nul.md: cannot be opened")


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "a.md").open("wb") as file:
        file.truncate(50 * LARGEST)
    with pytest.raises(DocumentError, match="larger than 20 MB"):
        read_text(tmp_path / "a.md")


@given(data=st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-16-le", "surrogatepass")))
@example(b"\xff\xfe\x00\xd8")
@example(b"\xfe\xff\xdc")
@example(b"\xff\xfe\0\0")
@example(b"\xef\xbb\xbf\xff\xfe")
@example(b"\xa0")
def test_no_bytes_raise_anything_but_the_module_s_own_error(data: bytes) -> None:
    try:
        found = decode(data, "a.md")
    except DocumentError:
        return
    assert found.text.strip()
    assert "\0" not in found.text
    found.text.encode()


@given(
    text=st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(
        lambda text: text.strip("\u200b\ufeff \u00a0").strip()
    )
)
def test_utf_8_is_never_taken_for_anything_else(text: str) -> None:
    assert decode(text.encode(), "a.md").text == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred\x1b[0m b", "ared b"),
        ("\x1b]0;title\x07x", "]0;titlex"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("\u2066a\u2069\u200b\ufeff", "a"),
        ("two\n\tlines\r\n", "two lines"),
        ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
        ("lone \ud800 half", "lone half"),
        ("✅ für", "✅ für"),
    ],
)
def test_text_from_outside_is_inert(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_printable_is_printable(text: str) -> None:
    shown = printable(text, 50)
    assert shown.isprintable()
    assert len(shown) <= 50
