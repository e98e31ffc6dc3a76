"""A whole folder to a verdict: READY, CONDITIONAL and NOT READY with reasons; every bad file one clear message."""

from __future__ import annotations

import codecs
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpr_cockpit.core.readiness import Contradiction, Readiness, ReadinessVerdict, assess
from cpr_cockpit.documents.feature import FeatureDocuments, read_feature
from tests.documents.folders import DEPLOY, FEATURE, REPORT, SAMPLE, TEST, change, copy


def _verdict(folder: Path) -> ReadinessVerdict:
    return assess(read_feature(folder).facts)


def _blocking(found: FeatureDocuments) -> list[str]:
    return [one.words() for one in found.problems if one.blocks]


def _edit(folder: Path, name: str, *changes: tuple[str, object]) -> None:
    """Values at paths of a JSON file, or texts of the report and what stands there instead."""
    path = folder / name
    if name == REPORT:
        text = path.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, str(new))
        path.write_text(text, "utf-8")
        return
    body = json.loads(path.read_text("utf-8"))
    for where, value in changes:
        change(body, where, value)
    path.write_text(json.dumps(body), "utf-8")


def test_the_sample_is_ready_without_a_word() -> None:
    found = read_feature(SAMPLE)
    assert assess(found.facts) == ReadinessVerdict(Readiness.READY, 92.0, (), (), (), ())
    assert [one.source for one in found.facts] == [DEPLOY, REPORT, TEST]
    assert found.problems == ()
    assert [one.failed for one in found.tests] == [0, 0, 0]
    assert (found.performance.api_p50_ms, found.performance.api_p95_ms, found.performance.api_p99_ms) == (98, 178, 245)
    assert len(found.findings) > 5
    assert len([one for one in found.findings if "ISSUE-014" in one.text]) == 1


def test_a_conditional_folder(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    _edit(
        folder,
        DEPLOY,
        ("deployment_readiness.production_readiness_score", 82),
        ("deployment_readiness.phase_7_status", "CONDITIONAL"),
    )
    _edit(
        folder,
        DEPLOY,
        ("prerequisite_validation.phase_7_complete.score", 82),
        ("prerequisite_validation.phase_7_complete.status", "CONDITIONAL"),
    )
    _edit(folder, REPORT, ("92/100", "82/100"), ("**92**", "**82**"), ("✅ READY", "⚠️ Conditional"))
    (folder / TEST).unlink()
    found = _verdict(folder)
    assert found == ReadinessVerdict(
        Readiness.CONDITIONAL,
        82.0,
        (),
        ("production readiness score 82: below 90", "documented decision: CONDITIONAL"),
        (),
        (),
    )


def test_a_folder_that_is_not_ready_says_everything_that_blocks(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    (folder / TEST).unlink()
    _edit(
        folder,
        DEPLOY,
        ("deployment_readiness.production_readiness_score", 61),
        ("deployment_readiness.phase_7_status", "NOT_READY"),
    )
    _edit(folder, DEPLOY, ("ci_cd_status.checks.unit_tests", "FAIL"), ("merge_conflict_check.conflicts_detected", True))
    _edit(
        folder,
        REPORT,
        ("| HIGH | 2 | 2 | 0 |", "| HIGH | 2 | 1 | 1 |"),
        ("**UAT Sign-off**: ✅ Approved", "**UAT Sign-off**: ❌ Pending"),
    )
    found = _verdict(folder)
    assert found.level is Readiness.NOT_READY
    assert set(found.blockers) == {
        "production readiness score 61: below 75",
        "open HIGH issues: 1",
        "UAT approval: missing",
        "CI checks: failing",
        "merge conflicts: found",
        "documented decision: NOT READY",
    }


def test_contradictions_between_the_documents_are_visible_and_the_worse_counts(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    _edit(folder, REPORT, ("92/100", "79/100"), ("**92**", "**79**"), ("✅ READY", "CONDITIONAL"))
    found = _verdict(folder)
    assert (found.level, found.score) == (Readiness.CONDITIONAL, 79.0)
    values = ((DEPLOY, "92"), (REPORT, "79"), (TEST, "92"))
    assert Contradiction("production readiness score", values, "79") in found.contradictions
    levels = ((DEPLOY, "READY"), (REPORT, "CONDITIONAL"), (TEST, "READY"))
    assert Contradiction("documented decision", levels, "CONDITIONAL") in found.contradictions


def test_the_script_s_partial_file_leaves_ci_and_the_merge_to_others(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    body = json.loads((folder / DEPLOY).read_text("utf-8"))
    parts = ("metadata", "deployment_readiness", "issues", "recommendations")
    (folder / DEPLOY).write_text(json.dumps({name: body[name] for name in parts}), "utf-16")
    found = _verdict(folder)
    assert found.level is Readiness.NOT_READY
    assert found.blockers == ("CI checks: not known", "merge conflicts: not known")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


_BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "missing"),
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "blank": (lambda path: path.write_bytes(b"\r\n \r\n"), "empty"),
    "binary": (lambda path: path.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(60)), "binary"),
    "cut UTF-16": (lambda path: path.write_bytes(path.read_text("utf-8").encode("utf-16")[:-1]), "truncated"),
    "UTF-32": (lambda path: path.write_bytes(path.read_text("utf-8").encode("utf-32")), "UTF-32"),
    "too large": (lambda path: path.write_bytes(b" " * 20_000_001), "larger than 20 MB"),
    "folder": (_folder, "is a folder"),
    "loop": (_loop, "cannot be opened"),
}


@pytest.mark.parametrize("name", [DEPLOY, REPORT, TEST])
@pytest.mark.parametrize("kind", _BAD)
def test_a_bad_file_is_one_message_blocks_and_loses_nothing_of_the_others(tmp_path: Path, kind: str, name: str) -> None:
    folder = copy(tmp_path)
    spoil, words = _BAD[kind]
    spoil(folder / name)
    found = read_feature(folder)
    if kind == "missing" and name == TEST:
        assert assess(found.facts).level is Readiness.READY
        assert found.problems == ()
        return
    (said,) = _blocking(found)
    assert said.startswith(name)
    assert words in said
    verdict = assess(found.facts)
    assert verdict.level is Readiness.NOT_READY
    assert len([one for one in verdict.blockers if one.startswith(name) and words in one]) == 1
    whole = {one.source: one for one in read_feature(SAMPLE).facts}
    assert [one for one in found.facts if one.source != name] == [
        one for source, one in whole.items() if source != name
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_sample_in_every_encoding_that_powershell_writes_is_ready(tmp_path: Path, encoding: str) -> None:
    folder = copy(tmp_path)
    for path in folder.iterdir():
        path.write_bytes(path.read_text("utf-8").replace("\n", "\r\n").encode(encoding))
    assert read_feature(folder) == read_feature(SAMPLE)


def test_windows_1252_is_read_and_said(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    text = (
        (folder / REPORT).read_text("utf-8").replace("✅ ", "").replace("✅", "ok").replace("Ines Farah", "Inès Farah")
    )
    (folder / REPORT).write_bytes(text.encode("cp1252"))
    found = read_feature(folder)
    assert [one.words() for one in found.problems] == [
        f"{REPORT}, line 59: not UTF-8 here; read as Windows-1252. Save the file as UTF-8."
    ]
    assert assess(found.facts).level is Readiness.READY


def test_a_truncated_json_file_names_its_last_line(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    text = (folder / DEPLOY).read_bytes()
    (folder / DEPLOY).write_bytes(codecs.BOM_UTF8 + b"".join(text.splitlines(keepends=True)[:40]))
    (said,) = _blocking(read_feature(folder))
    assert said == f"{DEPLOY}, line 40: ends in the middle: truncated. Write the file again, whole."


def test_a_missing_file_with_a_near_name_gets_a_hint(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    (folder / REPORT).rename(folder / "test_report.md")
    assert _blocking(read_feature(folder)) == [
        f"{REPORT}: missing. Put it into the feature folder. Is it test_report.md? Then rename it."
    ]


def test_another_case_of_a_name_is_the_same_file(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    (folder / REPORT).rename(folder / "Test-Report.MD")
    assert read_feature(folder) == read_feature(SAMPLE)


@pytest.mark.parametrize("place", ["gone", "a-file", "nul\0"])
def test_a_folder_that_is_none(tmp_path: Path, place: str) -> None:
    (tmp_path / "a-file").write_text("x", "utf-8")
    found = read_feature(tmp_path / place)
    assert len(found.problems) == 2
    assert all("no folder that can be read" in one.what for one in found.problems)
    assert assess(found.facts).level is Readiness.NOT_READY


def test_papers_of_another_feature_block(tmp_path: Path) -> None:
    folder = copy(tmp_path).rename(tmp_path / "0002-team-goals")
    found = read_feature(folder)
    assert _blocking(found) == [
        f"{name}: is about {FEATURE}, not 0002-team-goals. Put this feature's own document there."
        for name in (DEPLOY, REPORT, TEST)
    ]
    mixed = folder.rename(tmp_path / "work")
    assert _blocking(read_feature(mixed)) == []
    _edit(mixed, TEST, ("metadata.feature_id", "0002-team-goals"))
    assert _blocking(read_feature(mixed)) == [
        f"{TEST}: is about 0002-team-goals, not {FEATURE}. Put this feature's own document there."
    ]


@given(deploy=st.binary(max_size=200), report=st.binary(max_size=200), test=st.none() | st.binary(max_size=200))
@settings(deadline=None, max_examples=50)
def test_no_bytes_in_the_folder_make_reading_fail_or_the_gate_pass(
    deploy: bytes, report: bytes, test: bytes | None
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, data in ((DEPLOY, deploy), (REPORT, report), (TEST, test)):
            if data is not None:
                (folder / name).write_bytes(data)
        found = read_feature(folder)
    assert assess(found.facts).level is Readiness.NOT_READY
    assert len(found.facts) == (2 if test is None else 3)
    assert all(one.words().isprintable() for one in found.problems)
