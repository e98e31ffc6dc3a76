"""The query language: names, types and values as Kusto documents them, and refusal by name of everything else."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.lab.kql import KqlError, run
from cpr_cockpit.lab.kql.frame import Frame
from cpr_cockpit.lab.kql.schema import TABLES, table
from cpr_cockpit.lab.kql.values import print_datetime, ticks_of
from tests.lab.kql_cases import CANARY, COLUMNS, FRESHNESS, NEW_FAILURES

NOW = 1_770_000_000.0  # 2026-02-02T02:40:00Z
LATENCIES = {"ReqCount": "long", "LatencyBucket": "long"}
# The table of the documentation's example of percentilesw().
LATENCY_ROWS = [(8, 10), (6, 20), (3, 30), (1, 40)]
KEYED = {"Key": "string", "Value": "long"}
# The tables of the documentation's examples of each kind of join.
X = [("a", 1), ("b", 2), ("b", 3), ("c", 4)]
Y = [("b", 10), ("c", 20), ("c", 30), ("d", 40)]


def _frame(schema: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> Frame:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in schema]
    return Frame.of(schema, dict(zip(schema, columns, strict=True)), len(rows))


def _rows(text: str, **tables: Frame) -> list[list[Any]]:
    return run(text, tables, NOW).rows


def _numbers(*values: float | None) -> Frame:
    return _frame({"N": "real"}, [(value,) for value in values])


def _request(age: float, **members: Any) -> dict[str, Any]:
    """A row of telemetry that began `age` seconds before NOW and came in two seconds later."""
    at = NOW - age
    row = {"TimeGenerated": at, "Name": "GET /goals", "Success": True, "ResultCode": "200", "DurationMs": 80.0}
    row |= {"AppVersion": "v1.2.0", "AppRoleName": "shop", "ItemCount": 1, "SyntheticSource": "", "_ingestion": at + 2}
    return row | members


def _requests(*rows: dict[str, Any]) -> Frame:
    return table("AppRequests", rows, {"TenantId": "w"})


def _random_requests(count: int, per_second: float) -> list[dict[str, Any]]:
    chance = random.Random(7)
    return [
        _request(
            age=(index + 0.5) / per_second,
            Success=chance.random() > 0.1,
            ResultCode=chance.choice(["200", "201", "404", "500"]),
            DurationMs=chance.lognormvariate(4.4, 0.3),
            AppVersion=chance.choice(["v1.2.0", "v1.3.0"]),
            ItemCount=chance.choice([1, 1, 1, 5]),
            SyntheticSource="SiteWarmup" if chance.random() < 0.1 else "",
        )
        for index in range(count)
    ]


@pytest.mark.parametrize("text", COLUMNS)
def test_columns_have_the_names_and_types_that_microsofts_parser_gives(text: str) -> None:
    empty = {name: table(name, [], {}) for name in TABLES}
    found = ", ".join(f"{name}:{type}" for name, type in run(text, empty, NOW).columns)
    assert found == COLUMNS[text]


def test_microsofts_own_parser_takes_every_query_and_column(tmp_path: Path) -> None:
    checker = os.environ.get("KQL_CHECK", "")
    if not Path(checker).is_file() or shutil.which("node") is None:
        pytest.skip("KQL_CHECK does not name the script that asks Microsoft's parser, or there is no node to run it")
    (tmp_path / "tables.json").write_text(json.dumps(TABLES), "utf-8")
    files = []
    for number, text in enumerate(COLUMNS):
        files.append(tmp_path / f"{number}.kql")
        files[-1].write_text(text, "utf-8")
    command = ["node", checker, "--schema", str(tmp_path / "tables.json"), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.endswith(f"{len(files)} queries, 0 errors\n"), done.stdout + done.stderr


def _ranked(pairs: list[tuple[float, int]], percent: float) -> float:
    """The nearest rank by the letter: every value repeated as often as it weighs."""
    repeated = sorted(value for value, weight in pairs for _ in range(weight))
    return repeated[max(1, math.ceil(percent * len(repeated) / 100)) - 1]


def test_the_canary_query_against_a_plain_loop() -> None:
    rows = _random_requests(3000, per_second=2.0)  # 25 minutes of which the query takes 20
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["TimeGenerated"] > NOW - 1200 and not row["SyntheticSource"]:
            minute = math.floor(row["TimeGenerated"] / 60) * 60
            groups[print_datetime(ticks_of(minute)), row["AppVersion"], row["AppRoleName"]].append(row)
    expected = []
    for key, members in groups.items():
        pairs = [(row["DurationMs"], row["ItemCount"]) for row in members]
        total = sum(row["ItemCount"] for row in members)
        failed = sum(row["ItemCount"] for row in members if not row["Success"])
        e5xx = sum(row["ItemCount"] for row in members if int(row["ResultCode"]) >= 500)
        expected.append([*key, total, failed, e5xx, len(members), *(_ranked(pairs, p) for p in (50, 95, 99))])
    assert len(expected) == 40
    assert sorted(_rows(CANARY, AppRequests=_requests(*rows))) == sorted(expected)


def test_freshness_tells_the_newest_row_and_the_lag() -> None:
    frame = _requests(_request(30), _request(10), _request(20, _ingestion=NOW))
    assert _rows(FRESHNESS, AppRequests=frame) == [["2026-02-02T02:39:50Z", "00:00:20"]]


def test_new_failures_are_those_the_old_version_never_had() -> None:
    problems = [("v1.2.0", "old"), ("v1.3.0", "old"), ("v1.3.0", "new"), ("v1.3.0", "new")]
    rows = [{"TimeGenerated": NOW, "AppVersion": v, "ProblemId": p, "ItemCount": 1} for v, p in problems]
    assert _rows(NEW_FAILURES, AppExceptions=table("AppExceptions", rows, {})) == [["new", "v1.3.0", 2]]


def test_weighted_percentiles_of_the_documentation() -> None:
    text = "T | summarize percentilesw(LatencyBucket, ReqCount, 50, 75, 99.9)"
    assert _rows(text, T=_frame(LATENCIES, LATENCY_ROWS)) == [[20, 20, 40]]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 5)), min_size=1, max_size=40),
    st.sampled_from([0, 1, 50, 75, 95, 99, 99.9, 100]),
)
def test_a_weight_is_a_repetition(pairs: list[tuple[int, int]], percent: float) -> None:
    weighted = _rows(f"T | summarize percentilew(V, W, {percent})", T=_frame({"V": "long", "W": "long"}, list(pairs)))
    repeated = [(value,) for value, weight in pairs for _ in range(weight)]
    assert weighted == _rows(f"T | summarize percentile(V, {percent})", T=_frame({"V": "long"}, repeated))
    assert weighted == [[_ranked([(value, weight) for value, weight in pairs], percent)]]


def test_weights_of_nothing_do_not_count() -> None:
    rows = [(1, 0), (2, None), (None, 5), (3, 1), (4, -2)]
    assert _rows("T | summarize percentilew(V, W, 50)", T=_frame({"V": "long", "W": "long"}, rows)) == [[3]]


def test_aggregates_of_nothing() -> None:
    text = (
        "T | where N > 100 | summarize count(), countif(N > 1), dcount(N), sum(N), sumif(N, N > 1), "
        "min(N), max(N), avg(N), percentile(N, 50), take_any(N)"
    )
    assert _rows(text, T=_numbers(1.0)) == [[0, 0, 0, 0.0, 0.0, None, None, None, None, None]]
    assert _rows("T | where N > 100 | summarize count() by N", T=_numbers(1.0)) == []


def test_aggregates_leave_out_nulls_but_count_counts_rows() -> None:
    text = "T | summarize count(), sum(N), avg(N), min(N), max(N), dcount(N), percentile(N, 50), countif(N > 1)"
    assert _rows(text, T=_numbers(None, 1.0, 3.0, None, 3.0)) == [[5, 7.0, 7 / 3, 1.0, 3.0, 2, 3.0, 2]]


def test_the_row_of_the_greatest_and_of_the_smallest_value() -> None:
    frame = _frame({"G": "string", "At": "long", "V": "string"}, [("a", 1, "x"), ("a", 3, "y"), ("b", 2, "z")])
    assert _rows("T | summarize arg_max(At, *) by G", T=frame) == [["a", 3, "y"], ["b", 2, "z"]]
    assert _rows("T | summarize Least=arg_min(At, V) by G", T=frame) == [["a", 1, "x"], ["b", 2, "z"]]
    assert _rows("T | where At > 5 | summarize arg_max(At, V)", T=frame) == [[None, ""]]


def test_bins_begin_at_whole_sizes_or_at_a_fixed_point() -> None:
    frame = _requests(_request(61), _request(59), _request(0))
    by = "AppRequests | summarize count() by {} | sort by TimeGenerated asc"
    assert _rows(by.format("bin(TimeGenerated, 1m)"), AppRequests=frame) == [
        ["2026-02-02T02:38:00Z", 1],
        ["2026-02-02T02:39:00Z", 1],
        ["2026-02-02T02:40:00Z", 1],
    ]
    fixed = "bin_at(TimeGenerated, 1m, datetime(2026-02-02T02:40:01Z))"
    assert _rows(by.format(fixed), AppRequests=frame) == [["2026-02-02T02:38:01Z", 1], ["2026-02-02T02:39:01Z", 2]]
    assert _rows("print bin(-7, 5), bin(4.5, 1.5), bin(10m, 4m)") == [[-10, 4.5, "00:08:00"]]


def test_a_condition_that_is_null_keeps_no_row() -> None:
    frame = _numbers(None, 1.0, 2.0)
    assert _rows("T | where N > 1", T=frame) == [[2.0]]
    assert _rows("T | where not(N > 1)", T=frame) == [[1.0]]
    assert _rows("T | where isnull(N) or N > 1", T=frame) == [[None], [2.0]]
    assert _rows("T | where N > 0 and N < 2 and N != 5", T=frame) == [[1.0]]


def test_nulls_and_nan_stand_at_the_end_that_is_asked_for() -> None:
    frame = _numbers(2.0, None, math.nan, 1.0)
    assert _rows("T | sort by N", T=frame) == [[2.0], [1.0], ["NaN"], [None]]
    assert _rows("T | sort by N asc", T=frame) == [[None], ["NaN"], [1.0], [2.0]]
    assert _rows("T | order by N desc nulls first", T=frame) == [[None], ["NaN"], [2.0], [1.0]]
    assert _rows("T | sort by N asc nulls last | take 2", T=frame) == [[1.0], [2.0]]
    assert _rows("T | top 1 by N", T=frame) == [[2.0]]


def test_a_second_key_decides_among_equals() -> None:
    rows = [("b", 1), ("a", 1), ("a", 2), ("b", 2)]
    expected = [["a", 2], ["a", 1], ["b", 2], ["b", 1]]
    assert _rows("T | sort by Key asc, Value", T=_frame(KEYED, rows)) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("", [["b", 2, "b", 10], ["c", 4, "c", 20], ["c", 4, "c", 30]]),
        ("kind=innerunique", [["b", 2, "b", 10], ["c", 4, "c", 20], ["c", 4, "c", 30]]),
        ("kind=inner", [["b", 2, "b", 10], ["b", 3, "b", 10], ["c", 4, "c", 20], ["c", 4, "c", 30]]),
        (
            "kind=leftouter",
            [["a", 1, "", None], ["b", 2, "b", 10], ["b", 3, "b", 10], ["c", 4, "c", 20], ["c", 4, "c", 30]],
        ),
        ("kind=leftanti", [["a", 1]]),
        ("kind=leftsemi", [["b", 2], ["b", 3], ["c", 4]]),
    ],
)
def test_joins_of_the_documentation(kind: str, expected: list[list[Any]]) -> None:
    assert _rows(f"X | join {kind} Y on Key", X=_frame(KEYED, X), Y=_frame(KEYED, Y)) == expected


def test_null_keys_join_nothing() -> None:
    frame = _numbers(None, 1.0)
    assert _rows("T | join kind=inner (T) on N", T=frame) == [[1.0, 1.0]]
    assert _rows("T | join kind=leftanti (T) on N", T=frame) == [[None]]


def test_let_names_values_and_tables() -> None:
    text = 'let least = 2; let Wanted = T | where Value >= least; let k = "c"; Wanted | where Key == k | project Value'
    assert _rows(text, T=_frame(KEYED, X)) == [[4]]


def test_print_and_the_time_of_the_query() -> None:
    assert _rows("print now(), ago(1m), now() - ago(1h)") == [
        ["2026-02-02T02:40:00Z", "2026-02-02T02:39:00Z", "01:00:00"]
    ]


def test_distinct_and_count() -> None:
    frame = _frame(KEYED, [*X, *X])
    assert _rows("T | distinct Key", T=frame) == [["a"], ["b"], ["c"]]
    assert _rows("T | distinct *", T=frame) == [list(row) for row in X]
    assert _rows("T | count", T=frame) == [[8]]


def test_a_union_puts_rows_below_each_other_and_keeps_the_time_of_their_coming() -> None:
    left, right = _frame(KEYED, X[:1]), _frame({"Key": "string", "More": "real"}, [("z", 0.5)])
    tables = {"L": left, "R": right}
    assert _rows("union L, R", **tables) == [["a", 1, None], ["z", None, 0.5]]
    assert _rows("L | union kind=inner (R)", **tables) == [["a"], ["z"]]
    assert _rows("union withsource=From L, (R | where More > 0)", **tables) == [
        ["L", "a", 1, None],
        ["union_arg1", "z", None, 0.5],
    ]
    requests = _requests(_request(10))
    exceptions = table("AppExceptions", [{"TimeGenerated": NOW - 5, "_ingestion": NOW - 1, "ItemCount": 1}], {})
    text = "union AppRequests, AppExceptions | summarize max((ingestion_time() - TimeGenerated) / 1s), sum(ItemCount)"
    assert _rows(text, AppRequests=requests, AppExceptions=exceptions) == [[4.0, 2]]


def test_a_list_to_look_into_may_be_a_table() -> None:
    tables = {"X": _frame(KEYED, X), "Y": _frame(KEYED, Y)}
    assert _rows("X | where Key in (Y | project Key) | project Value", **tables) == [[2], [3], [4]]
    assert _rows("let known = Y | project Key; X | where Key !in (known) | project Value", **tables) == [[1]]
    assert _rows("let known = materialize(Y | project Key); X | where Key !in (known) | count", **tables) == [[1]]
    assert _rows("let some = dynamic(['a', 'b']); X | where Key in (some) | count", **tables) == [[3]]
    assert _rows("let some = dynamic(['A', 'B']); X | where Key in~ (some) | count", **tables) == [[3]]
    assert _rows("let most = toscalar(Y | summarize max(Value)); print most + 1", **tables) == [[41]]
    assert _rows("print toscalar(X | where Value > 9 | project Value)", **tables) == [[None]]


def test_parts_of_dynamic_values() -> None:
    rows = [_request(1, Properties={"feature": "goals", "n": 3, "all": [1, {"x": True}]}), _request(2)]
    text = (
        "AppRequests | project tostring(Properties.feature), Properties['n'], toint(Properties.n) + 1, "
        "tostring(Properties.all[1]), Properties.all[0], Properties.none"
    )
    assert _rows(text, AppRequests=_requests(*rows)) == [
        ["goals", "3", 4, '{"x":true}', "1", None],
        ["", None, None, "", None, None],
    ]
    read = "print parse_json('[1,2]')[1], tostring(parse_json('x')), array_length(todynamic('[1,2,3]'))"
    assert _rows(read) == [["2", "x", 3]]


def test_lists_and_sets_of_a_group() -> None:
    frame = _frame(KEYED, [*X, *X])
    assert _rows("T | summarize make_set(Key), make_list(Value, 3), make_set_if(Key, Value > 2)", T=frame) == [
        ['["a", "b", "c"]', "[1, 2, 3]", '["b", "c"]']
    ]


def test_numbers_and_texts() -> None:
    assert _rows("print round(2.254, 2), round(2.5), abs(-3), ceiling(1.2), floor(7, 5), -7 % 5, 7.5 % 2") == [
        [2.25, 2.0, 3, 2.0, 5, 3, 1.5]
    ]
    assert _rows("print min_of(1, 2.5), max_of(3, 2), isnan(0.0 / 0.0), isfinite(1.0 / 0.0), strcat('a', 1, 2.5)") == [
        [1.0, 3, True, False, "a12.5"]
    ]
    assert _rows("print substring('abcd', 1, 2), substring('abcd', 2), strlen('abc'), extract('a(.)', 1, 'xab')") == [
        ["bc", "cd", 3, "b"]
    ]
    assert _rows("print tobool('TRUE'), tobool(0), totimespan('00:01:00'), tostring(true), tostring(2.0)") == [
        [True, False, "00:01:00", "true", "2"]
    ]
    between = "datetime_diff('minute', datetime(2026-02-02T02:41:01Z), datetime(2026-02-02T02:39:59Z))"
    assert _rows(f"print {between}") == [[2]]
    frame = _frame(KEYED, [("GET /goals", 1), ("POST /goals", 2)])
    assert _rows("T | where Key matches regex '^GET' | count", T=frame) == [[1]]
    assert _rows("T | where Key has_any ('get', 'put') | count", T=frame) == [[1]]
    assert _rows("T | where Key has_all ('goals', 'post') | project-away Key", T=frame) == [[2]]


def test_a_row_of_telemetry_in_full() -> None:
    found = run("AppRequests", {"AppRequests": _requests(_request(0))}, NOW)
    row = dict(zip((name for name, _ in found.columns), found.rows[0], strict=True))
    assert list(row) == list(TABLES["AppRequests"])
    assert row["TimeGenerated"] == "2026-02-02T02:40:00Z"
    assert (row["Success"], row["DurationMs"], row["ItemCount"], row["ResultCode"]) == (True, 80.0, 1, "200")
    assert (row["Type"], row["TenantId"], row["UserId"], row["Properties"]) == ("AppRequests", "w", "", None)


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("AppRequests | union kind=left AppRequests", "SEM0001", "'left'"),
        ("union (AppRequests | project A=1), (AppRequests | project A=1.5)", "SEM0001", "long and real"),
        ("search 'x'", "SYN0002", "'search'"),
        ("AppRequests | project-reorder Name", "SYN0002", "'project-reorder'"),
        ("AppRequests | project-away Nmae", "SEM0100", "'Nmae'"),
        ("AppRequests | project-rename Name=Url", "SEM0001", "new name"),
        ("AppRequests | where Name in (AppRequests | project DurationMs)", "SEM0064", "string and real"),
        ("AppRequests | where Name in (Nmaes)", "SEM0100", "'Nmaes'"),
        ("AppRequests | where Name.part == 'x'", "SEM0064", "string and string"),
        ("AppRequests | where Name matches regex '('", "SEM0219", "regular expression"),
        ("AppRequests | summarize make_list(TimeGenerated)", "SEM0219", "datetime"),
        ("AppRequests | where TimeGenerated > datetime(yesterday)", "SYN0002", "[line:position=1:36]"),
        ("print datetime_diff('week', now(), now())", "SEM0219", "second"),
        ("AppRequests | make-series count() on TimeGenerated step 1m", "SYN0002", "'make-series'"),
        ("AppRequests | top 3 by DurationMs, Name", "SYN0002", "','"),
        ("AppRequests | where", "SYN0002", "ends too early [line:position=1:19]"),
        ("AppRequests | summarize stdev(DurationMs)", "SEM0260", "'stdev'"),
        ("AppRequests | extend hash(DurationMs)", "SEM0260", "'hash'"),
        ("AppRequests | where count() > 1", "SEM0001", "'count'"),
        ("AppRequests | summarize sum(count())", "SEM0001", "'count'"),
        ("AppRequests | summarize count(*)", "SEM0001", "'*'"),
        ("AppRequests | summarize DurationMs", "SEM0100", "'DurationMs'"),
        ("AppRequests | summarize sum(Name)", "SEM0219", "string"),
        ("AppRequests | summarize percentile(DurationMs, ItemCount)", "SEM0219", "constant"),
        ("AppRequests | summarize percentilew(DurationMs, DurationMs, 5)", "SEM0219", "real"),
        ("AppRequests | summarize percentiles(DurationMs, 5, 9) + 1", "SEM0219", "several columns"),
        ("AppRequests | summarize (a, b)=percentiles(DurationMs, 5)", "SEM0001", "'b'"),
        ("AppRequests | summarize count() by Properties", "SEM0001", "dynamic"),
        ("AppRequests | summarize A=count() by A=Name", "SEM0001", "'A'"),
        ("AppRequests | project Name, Name", "SEM0001", "'Name'"),
        ("AppRequests | project _ingestion", "SEM0100", "'_ingestion'"),
        ("AppRequests | project Name | where ingestion_time() > now()", "SEM0001", "ingestion_time()"),
        ("AppRequests | extend a=1, b=a", "SEM0100", "'a'"),
        ("AppRequests | where Nmae == 'x'", "SEM0100", "'Nmae'"),
        ("AppRequests | where ItemCount", "SEM0001", "bool"),
        ("AppRequests | where Success == 'true'", "SEM0064", "bool and string"),
        ("AppRequests | take 1.5", "SEM0001", "whole number"),
        ("AppRequests | join kind=rightouter (AppRequests) on Name", "SEM0001", "kind=rightouter"),
        ("AppRequests | join (AppRequests | project Name=1) on Name", "SEM0001", "(string, long)"),
        ("AppRequests | join (AppRequests) on Nmae", "SEM0100", "'Nmae'"),
        ("AppTraces | count", "SEM0100", "'AppTraces'"),
        ("print ago(9999999d)", "SEM0001", "range"),
        ("print " + "not(" * 2000 + "true" + ")" * 2000, "SEM0001", "deep"),
    ],
)
def test_what_it_lacks_it_refuses_by_name(text: str, code: str, named: str) -> None:
    with pytest.raises(KqlError) as refusal:
        _rows(text, AppRequests=_requests(_request(0)))
    assert refusal.value.code == code
    assert named in refusal.value.message


def test_a_place_is_told_as_azure_tells_it() -> None:
    with pytest.raises(KqlError) as refusal:
        _rows("AppRequests\n| wher Success")
    place = refusal.value.place
    assert place is not None
    assert (place.line, place.pos, place.token) == (2, 2, "wher")
    assert refusal.value.message.endswith(" [line:position=2:2]")


def test_a_quarter_of_an_hour_of_traffic_is_worked_out_in_little_time() -> None:
    frame = _requests(*_random_requests(40_000, per_second=40.0))
    before = time.thread_time()  # what this thread worked, however busy the machine is with others
    rows = _rows(CANARY, AppRequests=frame)
    assert sum(row[6] for row in rows) > 30_000
    assert time.thread_time() - before < 0.5
