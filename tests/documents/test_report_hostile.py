"""Whatever a text from outside holds: no table breaks, no heading, link, picture or tag is made, nothing is lost."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from cpr_cockpit.documents.papers.deployment_plan import render_deployment_plan
from cpr_cockpit.documents.papers.text import LONGEST, paragraph, point, table
from cpr_cockpit.documents.parts import printable
from cpr_cockpit.documents.report import render_report
from tests.documents.report_runs import ENDINGS, Told, run

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
PIECES = (
    *"|`*_~[]<>#\\&!-+=.1) \n\r\t\0\x1b\u202e\u2066\u2028\u200b\ufeff",
    "| a | b |\n|---|---|",
    "```",
    "~~~",
    "\n# heading\n",
    "<script>alert(1)</script>",
    "<!-- ",
    "![x](https://evil.example/y)",
    "[@click=app.quit]x[/]",
    "<https://evil.example>",
    "\x1b[31mred\x1b]8;;https://evil.example\x07",
    "&lt;b&gt;&#124;",
    "1. ",
    "- [x] ",
    "word",
    "é漢🙂",
)
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=40)
_FORBIDDEN = {"html_block", "html_inline", "link_open", "image", "code_block", "fence", "code_inline", "s_open", "hr"}


def _tokens(text: str) -> list[Token]:
    found = []
    for token in MARKDOWN.parse(text):
        found.append(token)
        found += token.children or []
    return found


def _blocks(text: str) -> list[str]:
    return [token.type for token in MARKDOWN.parse(text)]


def _plain(token: Token) -> str:
    return "".join(child.content for child in token.children or [])


def _check(text: str) -> None:
    assert {token.type for token in _tokens(text)}.isdisjoint(_FORBIDDEN)
    for sign in text:
        assert sign == "\n" or unicodedata.category(sign)[0] != "C", f"{sign!r}"
    columns = 0
    for line in text.splitlines():
        if line.startswith("|---"):
            columns = line.count("|")
        elif not line:
            columns = 0
        elif columns:
            assert re.sub(r"\\.", "", line).count("|") == columns, line


@pytest.mark.parametrize("name", ENDINGS)
@given(prefix=HOSTILE)
@settings(max_examples=4, deadline=None)
@example(prefix="a|b\n|---|\n# x `y` <b>")
def test_hostile_texts_change_no_structure_of_the_papers(name: str, prefix: str) -> None:
    calm, hostile = run(name), run(name, Told(prefix=prefix))
    for render in (render_report, lambda one: render_deployment_plan(one, None)):
        text = render(hostile)
        assert _blocks(text) == _blocks(render(calm))
        _check(text)


@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=4))
@settings(deadline=None)
def test_a_table_gives_back_every_cell_as_it_was(rows: list[tuple[str, str]]) -> None:
    tokens = MARKDOWN.parse("\n".join(table(("One", "Two"), rows)))
    cells = [_plain(token) for token, before in zip(tokens[1:], tokens, strict=False) if before.type == "td_open"]
    assert cells == [printable(cell, LONGEST) for row in rows for cell in row]


@given(HOSTILE.filter(lambda text: printable(text, LONGEST) != ""))
@settings(deadline=None)
def test_a_line_gives_back_its_words(words: str) -> None:
    for made in (point(words), "\n".join(paragraph(words))):
        inline = [token for token in MARKDOWN.parse(made) if token.type == "inline"]
        assert [_plain(token) for token in inline] == [printable(words, LONGEST)]


def test_a_long_text_is_cut_and_says_so() -> None:
    assert point("x" * 5000).endswith("x...")
    assert len(point("x" * 5000)) <= LONGEST + 2
