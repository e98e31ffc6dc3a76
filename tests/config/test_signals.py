from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.config import Signal, load
from cpr_cockpit.core.custom import Limit, SignalSpec
from cpr_cockpit.core.custom_kql import column_in, filled
from tests.config.files import TEXT, line_of, refused

LOGINS = '''
[[signals]]
name = "successful logins"
kql = """
AppRequests // the users' "own
| where TimeGenerated >= {start} and TimeGenerated < {end}
| where Name == "POST /login" and Success
| summarize Count = count() by bin(TimeGenerated, 1m)
"""
drop = "50%"
on_breach = "rollback"
'''
ORDERS = """
[[signals]]
name = "orders"
url = "https://shop.example.org/metrics?shop=1"
field = "/orders/per~1minute/0"
header = "X-Api-Key"
header_env = "ORDERS_KEY"
below = 20
for_s = "2m"
every_s = "30s"
"""


def _loaded(folder: Path, text: str) -> tuple[Signal, ...]:
    path = folder / "cockpit.toml"
    path.write_text(TEXT + text, "utf-8")
    return load(path, {}).settings.signals


def test_two_signals_as_the_judge_knows_them(tmp_path: Path) -> None:
    logins, orders = _loaded(tmp_path, LOGINS + ORDERS)
    assert logins.spec(180.0) == SignalSpec("successful logins", Limit.DROP, 0.5, 300.0, 15.0, 180.0, rollback=True)
    assert orders.spec(180.0) == SignalSpec("orders", Limit.BELOW, 20.0, 120.0, 30.0, 0.0, rollback=False)
    assert (orders.header, orders.header_env) == ("X-Api-Key", "ORDERS_KEY")


def test_they_come_back_from_what_a_run_keeps(tmp_path: Path) -> None:
    for signal in _loaded(tmp_path, LOGINS + ORDERS):
        assert Signal.model_validate(signal.model_dump()) == signal


def test_the_example_in_the_sample_holds(tmp_path: Path) -> None:
    lines = TEXT[TEXT.index("# [[signals]]") :].partition("\n\n")[0].splitlines()
    goals, queue = _loaded(tmp_path, "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines))
    assert (goals.limit, goals.on_breach) == (Limit.DROP, "rollback")
    assert (queue.limit, queue.bound, queue.header_env) == (Limit.ABOVE, 1000.0, "METRICS_TOKEN")


def test_a_delay_of_its_own_counts_where_it_is_longer(tmp_path: Path) -> None:
    (slow,) = _loaded(tmp_path, LOGINS.replace("drop =", 'delay_s = "5m"\ndrop ='))
    assert (slow.spec(180.0).delay_s, slow.spec(600.0).delay_s) == (300.0, 600.0)


KQL = [
    ("count() by", "count( by", "line 4, column 26, the bracket ( is never closed: close it with )"),
    ("count() by", "count()) by", "line 4, column 28, this ) closes nothing"),
    ("count() by", "count(] by", "line 4, column 27, this ] closes a (: close that with ) first"),
    (
        '"POST /login"',
        '"POST /login',
        'line 3, column 17, the text that begins with " is never closed: close it with "',
    ),
    ("AppRequests //", ".drop table AppRequests //", "line 1, column 1, a management command begins with ."),
    ("{start}", "{strat}", "line 2, column 26, {strat} is no placeholder: write {start}"),
    ("{end}", "{END}", "{END} is no placeholder: write {end}"),
    ("< {end}", "< now() // {end}", "has no {end}, so it cannot be asked stretch by stretch"),
    ("< {end}", "< '{end}'", "has no {end}, so it cannot be asked stretch by stretch"),
    (">= {start}", '>= @"{start}"', "has no {start}, so it cannot be asked stretch by stretch"),
    ("AppRequests //", "AppRequests; //", "line 1, column 12, this ; ends a question: a signal asks one"),
    ("1m)", "1m);", "line 4, column 54, this ; ends a question"),
    ("AppRequests //", "let a = 1;; //", "line 1, column 11, this ; ends a question"),
    ("AppRequests //", "let a = 1; .drop table T //", "line 1, column 12, a management command begins with ."),
    ("AppRequests //", "let a = 1; //", "line 2, column 1, nothing stands before this |"),
    ("AppRequests //", "let f = () { T; U }; AppRequests //", "line 1, column 15, this ; ends a question"),
    (
        "by bin(TimeGenerated, 1m)",
        "by bin(TimeGenerated, 1m)\nlet a = 1; T",
        "line 5, column 10, this ; ends a question",
    ),
    ("{end}", "now()", "has no {end}, so it cannot be asked stretch by stretch"),
    ("| where Name", "| | where Name", "line 3, column 3, nothing stands before this |"),
    ("by bin(TimeGenerated, 1m)", "|", "line 4, column 29, nothing follows this |"),
    ("AppRequests // the users' \"own\n", "", "line 1, column 1, nothing stands before this |"),
]


@pytest.mark.parametrize(("old", "new", "told"), KQL, ids=[told[:40] for _, _, told in KQL])
def test_bad_kql_is_refused_with_its_place_and_a_hint(old: str, new: str, told: str, tmp_path: Path) -> None:
    assert LOGINS.count(old) == 1
    text = TEXT + LOGINS.replace(old, new)
    (said,) = refused(tmp_path, text)
    line = line_of(text, 'kql = """')
    assert said.startswith(f"cockpit.toml, line {line}: signals[1].kql ")
    assert told in said


def test_a_query_of_nothing_but_let_statements_is_refused(tmp_path: Path) -> None:
    query = "let a = T | where A >= {start} and A < {end}; // b"
    (said,) = refused(tmp_path, f'[[signals]]\nname = "x"\nkql = "{query}"\nabove = 1\n')
    assert "line 1, column 45, nothing follows this ;" in said


@pytest.mark.parametrize("empty", ["", "  ", "// nothing\\n// at all"])
def test_an_empty_query_is_refused(empty: str, tmp_path: Path) -> None:
    (said,) = refused(tmp_path, f'[[signals]]\nname = "x"\nkql = "{empty}"\nabove = 1\n')
    assert "a signal's query begins with a table, such as AppRequests" in said


@pytest.mark.parametrize(
    "line",
    [
        "| where Name == 'it is \\'quoted\\' | (' and Url != @\"C:\\\" and Data == ```a \" ) | b```",
        "| extend Bag = dynamic({'a': [1, 2]}) | where h'secret' != Name // (",
        "| invoke f() | where Name has ')' // }",
    ],
)
def test_what_kusto_reads_as_text_is_no_bracket(line: str, tmp_path: Path) -> None:
    functions = "let f = (T: (a: long)){ let b = 1; T }; let c = ';';"
    query = f"{functions}\nAppRequests\n| where TimeGenerated between ({{start}} .. {{end}})\n{line}"
    path = tmp_path / "cockpit.toml"
    # As TOML's literal text no sign of it means anything to TOML.
    path.write_text(
        f"[[signals]]\nname = 'x'\nabove = 1\nkql = '''\n{query}\n'''\n".replace("'''\n'''", "'''"), "utf-8"
    )
    (signal,) = load(path, {}).settings.signals
    assert signal.kql is not None
    assert line in signal.kql


LIMITS = "give exactly one limit of drop, rise, share_above, above, below"
WRONG = [
    (LOGINS, 'drop = "50%"', "", f"{LIMITS}, found none"),
    (LOGINS, 'drop = "50%"', 'drop = "50%"\nabove = 3', f"{LIMITS}, found drop and above"),
    (LOGINS, 'drop = "50%"', 'drop = "2%"', "signals[1].drop is not allowed, found '2%'"),
    (LOGINS, 'drop = "50%"', 'drop = "half"', "signals[1].drop is no share such as 0.05 or 5%"),
    (LOGINS, 'drop = "50%"', "above = inf", "signals[1].above is not allowed"),
    (LOGINS, '"rollback"', '"explode"', """Allowed: "hold" (a person looks) or "rollback"."""),
    (LOGINS, "drop =", 'field = "/a"\ndrop =', "field belongs to url"),
    (LOGINS, "drop =", 'url = "https://a.example.org"\ndrop =', "give either kql or url"),
    (LOGINS, 'name = "successful logins"', 'name = "a\\u001bb"', "signals[1].name holds a control character"),
    (ORDERS, 'url = "https://shop.example.org/metrics?shop=1"\n', "", "give either kql or url"),
    (ORDERS, "https://", "http://", "signals[1].url is no https address"),
    (ORDERS, 'field = "/orders/per~1minute/0"\n', "", "field is missing"),
    (ORDERS, '"/orders/per~1minute/0"', '"orders"', "signals[1].field is no JSON pointer (RFC 6901)"),
    (ORDERS, '"/orders/per~1minute/0"', '"/a~2b"', "signals[1].field is no JSON pointer (RFC 6901)"),
    (ORDERS, "below = 20", 'drop = "50%"', "drop needs kql: an address tells one figure"),
    (ORDERS, "below = 20", "below = 20\ndelay_s = 5", "delay_s belongs to kql"),
    (ORDERS, 'header = "X-Api-Key"\n', "", "header and header_env belong together"),
    (ORDERS, '"ORDERS_KEY"', '"COCKPIT_KEY"', "begins with COCKPIT_"),
    (ORDERS, 'every_s = "30s"', 'every_s = "1s"', "signals[1].every_s is not allowed, found 1.0"),
    (ORDERS, "for_s =", "fro_s =", "signals[1].fro_s is no key here (nearest match: for_s)"),
    (ORDERS + ORDERS, "", "", "signals[2].name is 'orders', as in signals[1]"),
]


@pytest.mark.parametrize(("text", "old", "new", "told"), WRONG, ids=[told[:50] for *_, told in WRONG])
def test_what_cannot_be_is_refused(text: str, old: str, new: str, told: str, tmp_path: Path) -> None:
    changed = text.replace(old, new) if old else text
    assert not old or text.count(old) == 1
    (said,) = refused(tmp_path, TEXT + changed)
    assert told in said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("?shop=1", "?api_key=S3cret-value"),
        ("?shop=1", "?code=S3cret-value"),
        ("https://", "https://me:S3cret-value@"),
        ('"ORDERS_KEY"', '"S3cret-value"'),
        ('"X-Api-Key"', '"X-Api-Key: S3cret-value"'),
    ],
)
def test_a_secret_in_the_file_is_refused_and_never_shown(old: str, new: str, tmp_path: Path) -> None:
    assert ORDERS.count(old) == 1
    (said,) = refused(tmp_path, TEXT + ORDERS.replace(old, new))
    assert "signals[1] cannot be used" in said
    assert "S3cret" not in said


def test_a_place_in_the_filled_query_is_told_as_its_author_wrote_it() -> None:
    text = "AppRequests\n| where T >= {start} and T < {end} and Nam == 1"
    start, end = "datetime(2023-11-14T22:13:20.000000Z)", "datetime(2023-11-14T22:14:20.000000Z)"
    line = filled(text, start, end).splitlines()[1]
    for part in ("where", "and T", "and Nam", "Nam"):
        assert column_in(text, 2, line.index(part) + 1, start, end) == text.splitlines()[1].index(part) + 1
    assert column_in(text, 2, line.index(end) + 9, start, end) == text.splitlines()[1].index("{end}") + 1
    assert column_in(text, 7, 3, start, end) == 3
