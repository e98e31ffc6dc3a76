"""Lines of a log: how they are cut out of a stream, which are errors, and what people see of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.adapters.log_lines import LONGEST, SHOWN, Lines, is_error, of_service, shown, stamp

T0 = 1_700_000_000.0  # 2023-11-14T22:13:20Z

texts = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=40)


@given(st.lists(texts, max_size=8), st.lists(st.integers(0, 400), max_size=6))
def test_however_a_stream_is_cut_into_pieces_its_lines_are_the_same(lines: list[str], cuts: list[int]) -> None:
    whole = "".join(f"{line}\n" for line in lines).encode()
    found: list[str] = []
    cutter, at = Lines(), 0
    for cut in [*sorted(cuts), len(whole)]:
        found += cutter.feed(whole[at:cut])
        at = max(at, cut)
    assert found == [line for line in lines if line.strip()]


@given(st.lists(st.integers(1, 5 * LONGEST), min_size=1, max_size=5))
def test_no_line_is_longer_than_what_is_read_of_it(sizes: list[int]) -> None:
    cutter = Lines()
    found = [line for size in sizes for line in cutter.feed(b"x" * size)]
    found += cutter.feed(b"\n")
    assert [len(line) for line in found] == [min(LONGEST, sum(sizes))]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("2024-01-02T03:04:05  PID[4567] Error       Cannot save", True),
        ("fail: Microsoft.AspNetCore.Server.Kestrel[13]", True),
        ("[03:04:05 ERR] HTTP POST /goals", True),
        ("crit: host down", True),
        ("FATAL out of memory", True),
        ("Unhandled exception. System.NullReferenceException: Object", True),
        ("Traceback (most recent call last):", True),
        ("Error: listen EADDRINUSE", True),
        ("ERROR:goals.store:Cannot save", True),
        ("2024-01-02 03:04:05,123 [main] ERROR goals.Store - Cannot save", True),
        ("2024-01-02 03:04:05,123 - goals.store - ERROR - Cannot save", True),
        ("2024-01-02 03:04:05.123 +00:00 [Error] Goals.Store: Cannot save", True),
        ("2024-01-02 03:04:05.123 +00:00 [ERR] Cannot save", True),
        ("2024-01-02 03:04:05.1234|ERROR|Goals.Store|Cannot save", True),
        ("2024-01-02T03:04:05.123Z ERROR 1 --- [main] goals.Store : Cannot save", True),
        ("2024/01/02 03:04:05 [error] 31#31: *7 upstream timed out", True),
        ("[2024-01-02 03:04:05 +0000] [7] [CRITICAL] WORKER TIMEOUT", True),
        ("[user-info] ERROR Cannot save", True),
        ("2024-01-02 03:04:05,123    ERROR Cannot save", True),
        ("w3wp.exe Error: 0 : Cannot save", True),
        ("\x1b[41m\x1b[30mfail\x1b[39m\x1b[49m: Goals.Store[0]", True),
        ("\x1b[32minfo\x1b[39m: error none", False),
        ("      Error rate 0", False),
        ("<3>Goals.Store[0] Cannot save", True),
        ('time="2024-01-02 03:04:05" level=error msg="Cannot save"', True),
        ('ts=1704164645.1 caller=store.go:7 severity="critical" msg=x', True),
        ('{"Timestamp":"2024-01-02","Level":"Error","MessageTemplate":"Cannot save"}', True),
        ('2024-01-02T03:04:05Z {"msg": "Cannot save", "@l": "Fatal"}', True),
        ('{"EventId":13,"LogLevel":"Critical","Message":"host down"}', True),
        ("2024-01-02T03:04:05Z Unhandled exception. System.NullReferenceException: Object", True),
        ("System.InvalidOperationException: Sequence contains no elements", True),
        ('Exception in thread "main" java.lang.IllegalStateException: closed', True),
        ("      An unhandled exception has occurred while executing the request.", False),
        ("2024-01-02T03:04:05Z       System.InvalidOperationException: below its fail: line", False),
        ("2024-01-02T03:04:05Z    at Goals.Error.Throw()", False),
        ("INFO error: none", False),
        ("[INFO] error: none", False),
        ("[03:04:05 INF] Error: none", False),
        ("info: Goals.Store[0] fail: none", False),
        ("GET /api/error 200", False),
        ("INFO Err rate 0", False),
        ("2024-01-02T03:04:05Z INFO - error - none", False),
        ("INFO caught SqlException, tried again", False),
        ("INFO GET /search?level=error", False),
        ("INFO level=error is what is logged from now on", False),
        ('{"Level":"Information","Message":"\\"Level\\":\\"Error\\""}', False),
        ("error-rate 0", False),
        ("error_count: 0", False),
        ("1 error was found", False),
        ("   at System.Exception.Throw() in Program.cs:line 3", False),
        ("info: GET /errors answered 200", False),
        ("0 errors", False),
        ("warn: slow", False),
    ],
)
def test_which_lines_are_errors(line: str, error: bool) -> None:
    assert is_error(line) is error


def test_what_the_service_says_of_itself() -> None:
    assert of_service("2024-01-25T20:45:58  No new trace in the past 1 min(s).")
    assert not of_service("2024-01-25T20:45:58 ERROR No new trace in the past 1 min(s).")


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("2023-11-14T22:13:20Z INFO x", T0),
        ("2023-11-14 22:13:20.2500000 INFO x", T0 + 0.25),
        ("2023-11-14T22:13:20  PID[1] x", T0),
        ("2023-13-14T22:13:20Z x", None),
        ("at 2023-11-14T22:13:20Z", None),
        ("2023-11-14T22:13:20+02:00 x", None),
    ],
)
def test_the_time_that_a_line_begins_with(line: str, at: float | None) -> None:
    assert stamp(line) == at


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("ERROR \x1b[2J\u202eevil\ttext", "ERROR [2J evil text"),
        ("login failed: password=hunter2; user=ana", "login failed: password=***; user=ana"),
        ('{"client_secret": "abc def", "user": "ana"}', '{"client_secret": "***", "user": "ana"}'),
        ("Authorization: Bearer eyJ.a.b failed", "Authorization: *** failed"),
        ("postgres://goals:hunter2@db/goals", "postgres://***@db/goals"),
        ("sent eyJhbGci.eyJzdWIi.c2ln to it", "sent *** to it"),
        ("DB_PASSWORD=x dbPassword=x SECRET_KEY=x for ana", "DB_PASSWORD=*** dbPassword=*** SECRET_KEY=*** for ana"),
        ("AWS_SECRET_ACCESS_KEY=a/b+c refresh_token=x,y=1", "AWS_SECRET_ACCESS_KEY=*** refresh_token=***,y=1"),
        ("X-Functions-Key: x Host: a.example", "X-Functions-Key: *** Host: a.example"),
        ("GET /api/run?code=abc&page=2&sig=a%2Fb 200", "GET /api/run?code=***&page=2&sig=*** 200"),
        ("Cookie: a=b; c=d", "Cookie: ***"),
        ("Set-Cookie: sid=abc; Path=/; HttpOnly", "Set-Cookie: ***"),
        ('{"msg":"Cookie: a=b; c=d","user":"ana"}', '{"msg":"Cookie: ***","user":"ana"}'),
        ('Authorization: Digest username="a", response="b"', "Authorization: ***"),
        (
            "Server=db;Database=goals;User Id=sa;Password=a b;Encrypt=True",
            "Server=db;Database=goals;User Id=sa;Password=***;Encrypt=True",
        ),
        ("AccountName=goals;AccountKey=abc==;EndpointSuffix=x", "AccountName=goals;AccountKey=***;EndpointSuffix=x"),
        ('ConnectionString="Server=db;Pwd=a" for ana', 'ConnectionString="***" for ana'),
        (r"{\"password\": \"a b\", \"user\": \"ana\"}", r"{\"password\": \"***\", \"user\": \"ana\"}"),
        ('{"password": "a b', '{"password": "***'),
        ("PGPASSWORD='a \\' b' psql", "PGPASSWORD='***' psql"),
        ('{"name": "DB_PASSWORD", "value": "a b", "slot": 1}', '{"name": "DB_PASSWORD", "value": "***", "slot": 1}'),
        ('<add key="Password" value="a b"/>', '<add key="Password" value="***"/>'),
        ('{"tokens": ["a b", "c"], "user": "ana"}', '{"tokens": ***, "user": "ana"}'),
        ('{"Cookie":["a=b","c=d]"],"b":2}', '{"Cookie":***,"b":2}'),
        ('{"secret": {"a": "x}", "b": 1}, "c": 2}', '{"secret": ***, "c": 2}'),
        ('{"secret": {"a": {"b": 1}, "c": "x"}}', '{"secret": ***'),
        ('{"secrets": ["a b', '{"secrets": ***'),
        ("https://me:a@b@host/goals", "https://***@host/goals"),
        ("sent eyJhbGciOiJIUzI1NiJ9.eyJzdWIi", "sent ***"),
        ("exit code: 5, status code=500, key: goals, passed=3", "exit code: 5, status code=500, key: goals, passed=3"),
        ('password=p,ss;w&rd"x and more', "password=*** and more"),
        ("password='it''s' for ana", "password='***' for ana"),
        ("password=; user=ana", "password=; user=ana"),
        ("x" * 5000, "x" * (SHOWN - 1) + "…"),
    ],
)
def test_what_people_see_is_printable_short_and_without_secrets(line: str, seen: str) -> None:
    assert shown(line) == seen


_MARK = "Zq9"
_TOLD = """
    password DB_PASSWORD dbPassword db.passwd Pwd SMTP_PASS secret SECRET_KEY clientSecret refresh_token accessToken
    AWS_SECRET_ACCESS_KEY X-Api-Key X-Functions-Key Ocp-Apim-Subscription-Key AccountKey SharedAccessKey SIG jwt
    ConnectionStrings__Goals SQLCONNSTR_Goals session_cookie
"""
_NAMES = st.sampled_from(_TOLD.split())
_WORDS = st.text("abcXYZ0189", max_size=8).map(_MARK.__add__)


def _secrets(between: str) -> st.SearchStrategy[str]:
    """Secrets of one or more words, every one with the mark, so that no part of one passes unseen."""
    return st.lists(st.tuples(_WORDS, st.text(between, min_size=1, max_size=2)), min_size=1, max_size=4).map(
        lambda parts: "".join(word + sign for word, sign in parts) + _MARK
    )


_PLAIN = _secrets("/+=-.!@#$%~_:")
# How a name and its secret stand in a line, and the secrets that can stand there.
_SYNTAXES = {
    "{name}={value}": _PLAIN,
    "{name} = {value}": _PLAIN,
    "{name}: {value}": _PLAIN,
    "{name}: Bearer {value}": _PLAIN,
    "{name} => '{value}'": _secrets(' /+=;,&:"'),
    '{name}="{value}"': _secrets(" /+=;,&:'"),
    '{{"id": 1, "{name}": "{value}", "user": 2}}': _secrets(" /+=;,&:'"),
    '{{\\"{name}\\":\\"{value}\\"}}': _secrets(" /+=;,&:'"),
    "{{'{name}': '{value}'}}": _secrets(' /+=;,&:"'),
    '"{{""{name}"": ""{value}""}}"': _secrets(" /+=;,&:'"),
    "Server=a;{name}={value};Encrypt=True": _secrets(" /+=,&:"),
    "/run?a=1&{name}={value}&b=2": _secrets("/+=-.!$%~_:,"),
}
_QUERIES = ("code", "sig", "key", "sv&sig", "token")


@given(_NAMES, st.sampled_from(sorted(_SYNTAXES)), st.data())
def test_a_secret_behind_a_name_that_tells_it_is_never_seen(name: str, syntax: str, data: st.DataObject) -> None:
    value = data.draw(_SYNTAXES[syntax])
    assert shown(f"ERROR 7 {syntax.format(name=name, value=value)} of ana") == (
        f"ERROR 7 {syntax.format(name=name, value='***').replace('Bearer ', '')} of ana"
    )


@given(_NAMES, st.sampled_from(sorted(_SYNTAXES)), st.data())
def test_of_a_secret_that_the_end_of_the_line_cuts_off_nothing_is_seen(
    name: str, syntax: str, data: st.DataObject
) -> None:
    value = data.draw(_SYNTAXES[syntax])
    whole = syntax.format(name=name, value=value)
    begin = whole.index(value)
    assert all(_MARK not in shown(whole[:end]) for end in range(begin, begin + len(value)))


@given(st.sampled_from(["Cookie", "Set-Cookie", "Authorization", "Proxy-Authorization"]), _secrets(" ;,=&/+"))
def test_a_header_that_lets_somebody_in_is_seen_by_its_name_alone(name: str, value: str) -> None:
    assert shown(f"ERROR {name}: {value}") == f"ERROR {name}: ***"
    assert shown(f'{{"{name}": "{value}", "b": 2}}') == f'{{"{name}": "***", "b": 2}}'


@given(st.sampled_from(_QUERIES), _secrets("/+=-.!$%~_:,"))
def test_a_secret_in_a_query_is_never_seen(name: str, value: str) -> None:
    assert shown(f"GET /run?{name}={value}&b=2 200") == f"GET /run?{name}=***&b=2 200"
