"""``automation-deploy.json`` completed: what the run knows is in it, every other byte is as it was."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.issue_events import IssueRecorded
from cpr_cockpit.core.run import fold
from cpr_cockpit.documents.papers.completion import DocumentError, complete
from cpr_cockpit.documents.papers.json_edit import EditRefused, find, put, put_first, value_at
from cpr_cockpit.documents.papers.known import When, known
from cpr_cockpit.documents.report import render_report
from tests.documents import report_runs as runs
from tests.documents.folders import DEPLOY, SAMPLE
from tests.documents.report_runs import ENDINGS, T0, Told, run

TEMPLATE = (SAMPLE / DEPLOY).read_text("utf-8")
ENCODINGS = {
    "utf-8": ("utf-8", b""),
    "utf-8 with BOM": ("utf-8", codecs.BOM_UTF8),
    "utf-16-le with BOM": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16-be with BOM": ("utf-16-be", codecs.BOM_UTF16_BE),
    "utf-16-le": ("utf-16-le", b""),
    "utf-16-be": ("utf-16-be", b""),
}
# The layouts of json.dumps, of tabs, of Windows PowerShell's ConvertTo-Json (two blanks behind a colon), of one line.
LAYOUTS: dict[str, Any] = {
    "four blanks": {"indent": 4},
    "two blanks": {"indent": 2},
    "tabs": {"indent": "\t"},
    "two blanks behind the colon": {"indent": 4, "separators": (",", ":  ")},
    "one line": {"indent": None},
    "no blanks at all": {"indent": None, "separators": (",", ":")},
}


def _flat(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value that is no object, in the order of the file."""
    if isinstance(value, dict) and value:
        for key, member in value.items():
            yield from _flat(member, (*path, key))
    else:
        yield path, value


def _completed(name: str, text: str = TEMPLATE, told: Told | None = None) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(complete(text.encode(), run(name, told)).data)
    return body


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_byte_that_is_not_filled_in_stays(encoding: str, newline: str, layout: str) -> None:
    codec, mark = ENCODINGS[encoding]
    body = json.loads(TEMPLATE) | {"team_notes": {"schéma": "zwölf 漢 🙂", "list": [1, 2.50, {"a": None}]}}
    plain = json.dumps(body, ensure_ascii=False, **LAYOUTS[layout]) + "\n\n"
    text = plain.replace("\n", newline)
    state = run("rolled back")
    done = complete(mark + text.encode(codec), state)
    assert done.refused == ()
    assert done.data.startswith(mark)
    after = done.data[len(mark) :].decode(codec)
    # Putting back what stood in the places that the run knows must give the file as it was, to the byte.
    for one in known(state):
        before = body
        for key in one.path:
            before = before[key]
        now = value_at(after, one.path)
        if now != before:
            after = _swapped_back(after, text, one.path, layout)
    assert mark + after.encode(codec) == mark + text.encode(codec)


def _swapped_back(after: str, before: str, path: tuple[str, ...], layout: str) -> str:
    """``after`` with the spelling of ``before`` at the path, by cutting both texts around the value."""
    new, old = find(after, path), find(before, path)
    assert new is not None, layout
    assert old is not None, layout
    return after[: new.start] + before[old.start : old.end] + after[new.end :]


@pytest.mark.parametrize("name", ENDINGS)
def test_only_what_the_run_knows_is_changed_and_the_order_stays(name: str) -> None:
    before, after = json.loads(TEMPLATE), _completed(name)
    wanted = {one.path for one in known(run(name))}
    old, new = dict(_flat(before)), dict(_flat(after))
    assert [path for path in new if path in old] == list(old)
    changed = {path for path in new if new[path] != old.get(path)}
    assert changed <= wanted
    assert changed, "even a stopped run knows its status"
    for kept in ("prerequisite_validation", "ci_cd_status", "issues", "recommendations", "staging_deployment"):
        assert after[kept] == before[kept]
    assert after["generated_by"] == "phase-8-deploy.ps1"


@pytest.mark.parametrize("name", ENDINGS)
def test_completing_twice_changes_nothing_more(name: str) -> None:
    once = complete(TEMPLATE.encode(), run(name)).data
    assert complete(once, run(name)).data == once


@pytest.mark.parametrize(
    ("name", "status", "deployed", "successful", "executed"),
    [
        ("kept", "SUCCESS", True, True, False),
        ("rolled back", "ROLLED_BACK", False, False, True),
        ("partial", "ROLLED_BACK", False, False, True),
        ("rollback failed", "FAILED", True, False, True),
        ("held", "IN_PROGRESS", True, False, False),
        ("stopped", "NOT_STARTED", False, False, False),
        ("blocked", "NOT_STARTED", False, False, False),
        ("failed", "FAILED", False, False, False),
    ],
)
def test_the_status_is_the_runs(name: str, status: str, deployed: bool, successful: bool, executed: bool) -> None:
    body = _completed(name)
    production = body["production_deployment"]
    assert production["overall_status"] == production["backend"]["deployment_status"] == status
    assert body["validation_summary"]["production_deployed"] is deployed
    assert body["validation_summary"]["deployment_successful"] is successful
    assert body["rollback"]["executed"] is body["deployment_metrics"]["rollback_executed"] is executed


def test_the_figures_are_the_runs() -> None:
    told = Told(requests=1000, failures=61, p50=71.0, p95=243.0, p99=231.0, before_requests=1000, before_failures=10)
    body = _completed("rolled back", told=told)
    assert body["production_validation"]["performance_metrics"] == {
        "api_p50_ms": 71,
        "api_p95_ms": 243,
        "api_p99_ms": 231,
        "ui_load_time_s": 0,
        "ui_time_to_interactive_s": 0,
        "error_rate_percent": 6.1,
        "meets_targets": False,
    }
    assert body["deployment_metrics"]["error_rate_impact_percent"] == 5.1
    backend = body["production_deployment"]["backend"]
    assert (backend["version_deployed"], backend["slot_used"], backend["traffic_switched"]) == ("v1.3.0", "green", True)
    assert backend["health_check_url"] == "https://goals.example.net/api/health"
    immediate = body["production_validation"]["smoke_tests_immediate"]
    assert immediate["execution_time"] == "2025-10-09T08:54:00.000Z"
    assert (immediate["health_check"], immediate["error_rate_acceptable"]) == ("PASS", "FAIL")
    assert immediate["authentication"] == "PASS|FAIL", "nobody looked: the placeholder stays"
    hour = body["monitoring"]["first_hour"]
    assert [one["error_rate_percent"] for one in hour["error_rate_checks"]] == [6.1]
    assert [one["status"] for one in hour["performance_checks"]] == ["FAIL"]
    assert hour["infrastructure_checks"][0]["cpu_percent"] == 35
    rollback = body["rollback"]
    assert (rollback["trigger"], rollback["decision_maker"]) == ("security", "anna")
    assert rollback["rollback_method"] == "slot-swap"
    assert rollback["rollback_duration_minutes"] > 0
    assert rollback["root_cause"] == ""


def test_the_rules_trigger_is_named_where_no_person_raised_one() -> None:
    rows = [row for row in runs.rolled_back(Told()).rows if not isinstance(row.event, ev.TriggerRaised)]
    body = json.loads(complete(TEMPLATE.encode(), fold(rows)).data)
    assert body["rollback"]["trigger"] == "error-rate"


def test_a_kept_run_clears_what_an_earlier_rollback_left() -> None:
    earlier = complete(TEMPLATE.encode(), run("rolled back")).data
    body = json.loads(complete(earlier, run("kept")).data)
    assert body["rollback"]["executed"] is False
    for name in ("reason", "decision_time", "decision_maker", "rollback_start", "rollback_end"):
        assert body["rollback"][name] == ""


def test_what_somebody_filled_in_beforehand_stays() -> None:
    body = _completed("kept")
    assert body["metadata"]["deployment_lead"] == "Marta Lindqvist"
    assert body["metadata"]["deployment_date"] == "2025-11-11T09:12:40.318Z"
    blank = TEMPLATE.replace("Marta Lindqvist", "").replace("2025-11-11T09:12:40.318Z", "YYYY-MM-DDTHH:mm:ss.sssZ")
    filled = _completed("kept", blank)["metadata"]
    assert filled["deployment_lead"] == "anna"
    assert filled["deployment_date"].startswith("2025-10-09T08:44:06")


def test_a_file_with_four_parts_only_gets_the_others_behind_them() -> None:
    whole = json.loads(TEMPLATE)
    parts = {name: whole[name] for name in ("metadata", "deployment_readiness", "issues", "recommendations")}
    body = _completed("rolled back", json.dumps(parts, indent=2))
    assert list(body)[: len(parts)] == list(parts)
    assert {name: body[name] for name in parts} == parts
    assert body["production_deployment"]["overall_status"] == "ROLLED_BACK"
    assert "staging_deployment" not in body
    assert "ui_load_time_s" not in body["production_validation"]["performance_metrics"]


def test_a_rehearsal_is_the_files_first_member_and_names_no_environment() -> None:
    told = Told(mode="drill")
    blank = TEMPLATE.replace('"target_environment": "production"', '"target_environment": "staging|production"')
    text = complete(blank.encode(), run("kept", told)).data.decode()
    assert text.splitlines()[1].startswith('    "rehearsal": "a drill on the embedded lab')
    body = json.loads(text)
    assert next(iter(body)) == "rehearsal"
    assert body["metadata"]["target_environment"] == "staging|production"
    assert complete(text.encode(), run("kept", told)).data.decode() == text
    assert "rehearsal" not in _completed("kept")


def test_what_cannot_be_set_is_refused_with_its_reason_and_the_rest_is_filled_in() -> None:
    text = '{"rollback": "none", "deployment_metrics": {"rollback_executed": 1, "rollback_executed": 2}}'
    done = complete(text.encode(), run("kept"))
    assert "rollback.executed: rollback is no object" in done.refused
    assert "deployment_metrics.rollback_executed: rollback_executed stands twice in one object" in done.refused
    body = json.loads(done.data)
    assert body["rollback"] == "none"
    assert body["production_deployment"]["overall_status"] == "SUCCESS"
    assert b'"rollback_executed": 1, "rollback_executed": 2' in done.data


def test_single_bytes_of_windows_1252_are_carried_through() -> None:
    data = b'{"lead": "J\xf6rg \xe2\x82\xac", "rollback": {"executed": true, "decision_maker": "x"}}'
    done = complete(data, run("rolled back", Told(prefix="Zoë ")))
    assert b'"lead": "J\xf6rg \xe2\x82\xac"' in done.data
    assert b'"decision_maker": "Zo\\u00ebanna"' not in done.data
    assert b'"decision_maker": "Zo\\u00eb anna"' in done.data


@pytest.mark.parametrize("data", [b"", b"[]", b'{"a": 1', b'{"a": NaN}', b"\x00\x01\x02", b"[" * 100_000])
def test_what_is_no_such_document_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError):
        complete(data, run("kept"))


def test_times_that_are_none_are_left_out() -> None:
    script = runs.switched(Told())
    script.add(ev.TrafficSwitched(way="forward", version="v1.3.0", t0=1e300))
    paths = {one.path: one.value for one in known(fold(script.rows))}
    assert ("production_validation", "smoke_tests_immediate", "execution_time") not in paths


def test_every_field_that_is_known_stands_in_the_frameworks_template() -> None:
    """No field is made up either; the sample has every key of the template."""
    keys = {path for path, _ in _flat(json.loads(TEMPLATE))}
    for name in ENDINGS:
        for one in known(run(name)):
            assert one.path in keys, one.path
            assert isinstance(one.when, When)


# -- the editing itself ------------------------------------------------------------------------------------------------

_KEYS = st.text(st.characters(codec="utf-8"), max_size=6)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=8
)
_OBJECTS = st.dictionaries(_KEYS, _VALUES, max_size=5)
_LAYOUT = st.sampled_from(list(LAYOUTS.values()))


@given(_OBJECTS, st.lists(_KEYS, min_size=1, max_size=3), _VALUES, _LAYOUT, st.booleans())
def test_one_value_is_set_and_nothing_else_moves(
    body: dict[str, Any],
    path: list[str],
    value: Any,
    layout: dict[str, Any],
    ascii_only: bool,
) -> None:
    text = " \n" + json.dumps(body, ensure_ascii=False, **layout) + "\n"
    expected = json.loads(text)
    here, blocked = expected, False
    for key in path[:-1]:
        if not isinstance(here, dict):
            blocked = True
            break
        here = here.setdefault(key, {})
    if blocked or not isinstance(here, dict):
        with pytest.raises(EditRefused):
            put(text, path, value, ascii_only=ascii_only)
        return
    here[path[-1]] = value
    after = put(text, path, value, ascii_only=ascii_only)
    assert json.loads(after) == expected
    assert [one for one, _ in _flat(json.loads(after))] == [one for one, _ in _flat(expected)]
    assert _untouched(text, after) >= len(text) - _longest_value(text, path)


def _untouched(before: str, after: str) -> int:
    """Characters of the longest common beginning and end."""
    head = next(
        (place for place, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]),
        min(len(before), len(after)),
    )
    rest, tail = before[head:], after[head:]
    end = 0
    while end < min(len(rest), len(tail)) and rest[-1 - end] == tail[-1 - end]:
        end += 1
    return head + end


def _longest_value(text: str, path: list[str]) -> int:
    """Length of the text of the value that was replaced, or of the blanks in an object that was empty."""
    try:
        value = value_at(text, path)
    except KeyError:
        return 2
    return (
        max(len(json.dumps(value, ensure_ascii=flag, indent=step)) for flag in (True, False) for step in (None, 8)) + 8
    )


@given(_OBJECTS, _LAYOUT)
def test_a_first_member_comes_first(body: dict[str, Any], layout: dict[str, Any]) -> None:
    body.pop("first", None)
    text = json.dumps(body, **layout)
    after = put_first(text, "first", "é")
    assert list(json.loads(after)) == ["first", *body]
    assert json.loads(after) == {"first": "é"} | body
    assert put_first(after, "first", "é") == after


def test_a_value_that_is_there_keeps_its_spelling() -> None:
    text = '{"a": 1.50e1, "b": "\\u0041"}'
    assert put(put(text, ["a"], 15.0), ["b"], "A") == text
    assert put(text, ["a"], 15) == '{"a": 15, "b": "\\u0041"}'


def test_a_value_of_many_lines_is_laid_out_like_its_neighbours() -> None:
    text = '{\r\n\t"a": {\r\n\t\t"b": []\r\n\t}\r\n}'
    assert put(text, ["a", "b"], ["x"]) == '{\r\n\t"a": {\r\n\t\t"b": [\r\n\t\t\t"x"\r\n\t\t]\r\n\t}\r\n}'
    assert put(text, ["a", "c"], {"d": 1}) == (
        '{\r\n\t"a": {\r\n\t\t"b": [],\r\n\t\t"c": {\r\n\t\t\t"d": 1\r\n\t\t}\r\n\t}\r\n}'
    )
    assert put('{\n  "a": {}\n}', ["a", "b"], 1) == '{\n  "a": {\n    "b": 1\n  }\n}'


def test_the_times_of_a_run_are_utc() -> None:
    later = replace(Told(), swap_s=1.0)
    body = _completed("kept", told=later)
    start = body["production_deployment"]["backend"]["deployment_start"]
    assert start.endswith("Z")
    assert body["production_validation"]["smoke_tests_immediate"]["execution_time"] == "2025-10-09T08:54:00.000Z"
    assert T0 == 1_760_000_040.0


def test_a_rehearsal_mark_that_stands_twice_is_left_alone_and_said() -> None:
    done = complete(b'{"rehearsal": 1, "rehearsal": 2}', run("kept", Told(mode="drill")))
    assert "rehearsal: rehearsal stands twice in one object" in done.refused
    assert b'"rehearsal": 1, "rehearsal": 2' in done.data


def test_the_health_address_is_the_one_that_was_asked() -> None:
    body = runs.opened(Told()).model_dump()
    body["environment"] |= {"health_path": "/status"}
    state = run("kept")
    state.opened = ev.RunOpened.model_validate(body)
    done = json.loads(complete(TEMPLATE.encode(), state).data)
    asked = done["production_deployment"]["backend"]["health_check_url"]
    assert asked == body["environment"]["production_url"].rstrip("/") + "/status"
    assert "own probes of GET /status: " in render_report(state)


def test_recorded_issues_are_added_to_those_of_the_file_under_their_numbers_and_counted() -> None:
    text = (SAMPLE / DEPLOY).read_text("utf-8").replace("ISSUE-014", "ISSUE-001")
    script = runs.kept(Told())
    script.rows.insert(-1, _issue_row(script, "LOW"))
    before = json.loads(text)["issues"]
    after = json.loads(complete(text.encode(), fold(script.rows)).data)["issues"]
    assert after["details"][:-1] == before["details"]
    told = after["details"][-1]
    assert (told["id"], told["severity"], told["title"]) == ("ISSUE-001-deploy", "LOW", "logo cut")
    assert after["by_severity"] == before["by_severity"] | {"low": before["by_severity"]["low"] + 1}
    assert after["by_category"] == before["by_category"] | {"functional": before["by_category"]["functional"] + 1}
    assert "**ISSUE-001**: logo cut" in render_report(fold(script.rows))


def _issue_row(script: runs.Script, severity: str) -> ev.Record:
    body = {"number": 1, "by": "ana", "severity": severity, "title": "logo cut", "category": "functional"}
    return script.rows[-1].model_copy(update={"event": IssueRecorded.model_validate(body)})
