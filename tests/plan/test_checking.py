"""What a check says of a query that nobody runs."""

from __future__ import annotations

import pytest

import kqlog

TABLES = {"Logs": [("Host", "string"), ("Started", "datetime"), ("Details", "dynamic")]}


def columns(text: str) -> str:
    checked = kqlog.check(text, tables=TABLES)
    assert checked.errors == []
    assert checked.columns is not None
    return " ".join(f"{column.name}:{column.type}" for column in checked.columns)


def mistake(text: str) -> kqlog.QueryError:
    (error,) = kqlog.check(text, tables=TABLES).errors
    return error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cluster('far').database('away').T | where At > ago(1d) | summarize n = count()", "n:long"),
        ("let T = cluster('far').database('away').T; T | extend n = 1 | project n", "n:long"),
        ("union cluster('far').database('away').T, Logs", "Host:string Started:datetime Details:dynamic"),
        ("Logs | where Host in (cluster('far').database('away').T) | project Host", "Host:string"),
        ("Logs | lookup cluster('far').database('away').T on Host | project Host", "Host:string"),
        ("Logs | evaluate bag_unpack(Details) | where Took > 1h | summarize n = sum(Size) by Host | project Host", "Host:string"),
        ("externaldata(a: string, b: long) ['https://example.org/x.csv']", "a:string b:long"),
        ("inline_external_table(a: long) kind=storage dataformat=csv ('https://example.org/x')", "a:long"),
        ("let Groups = entity_group [cluster('far').database('away')]; macro-expand Groups as G (G.T | count)", "Count:long"),
        ("print n = assert(1 > 2, 'never')", "n:bool"),
        ("let f = (name: string) { table(name) | count }; f('Logs')", "Count:long"),
    ],
)
def test_what_cannot_run_here_is_bound(text: str, expected: str) -> None:
    assert columns(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("search 'x'", "$table:string"), ("find where 'x'", "source_:string")])
def test_searching_a_workspace_without_tables(text: str, expected: str) -> None:
    checked = kqlog.check(text)
    assert checked.columns is not None
    assert [f"{column.name}:{column.type}" for column in checked.columns] == [expected]
    assert kqlog.query(text).rows == []


def test_a_function_that_is_never_called_is_checked_too() -> None:
    error = mistake("let f = (n: long) { Logs | where Hos == tostring(n) }; print 1")
    assert str(error).startswith("SEM001: no column named 'Hos'")
    assert not kqlog.check("let f = (T: (*), name: string) { T | extend x = column_ifexists(name, 0) }; print 1").errors


@pytest.mark.parametrize(
    "text",
    [
        "Logs | summarize hll(Host, 9)",
        "Logs | summarize percentile(strlen(Host), 200)",
        "let x = datetime(2024-13-01);",
        "Logs | take",
    ],
)
def test_every_error_has_a_place(text: str) -> None:
    assert mistake(text).line == 1


def test_mistakes_in_several_statements_are_all_found() -> None:
    text = "let f = () { Logs | where Hots == 'a' };\nLogs | project Hostt;\nf();\nLogs | count"
    errors = kqlog.check(text, tables=TABLES).errors
    assert [(error.code, error.line) for error in errors] == [("SEM001", 1), ("SEM001", 2)]


def test_nothing_is_said_of_what_follows_from_a_mistake() -> None:
    errors = kqlog.check("let x = nowhere; print x + 1; print y", tables=TABLES).errors
    assert [error.message for error in errors] == ["no variable named 'nowhere'"]


@pytest.mark.parametrize(
    "call",
    ["series_sum(dynamic(1))", "bag_keys(series_exp(dynamic([1])))", "array_length(series_fit_line_dynamic(dynamic([1])))"],
)
def test_a_series_is_an_array_and_a_fit_a_bag(call: str) -> None:
    assert ["does not take" in error.message for error in kqlog.check(f"print {call}").errors] == [True]


@pytest.mark.parametrize(
    "body",
    [
        "Logs | where Host startswith p or Host has p",
        "Logs | where Host has_any (l)",
        "Logs | extend x = format_datetime(Started, p), y = extract(p, 1, Host)",
        "Logs | summarize percentile(Started, n)",
    ],
)
def test_a_function_may_use_its_parameters_where_constants_are_wanted(body: str) -> None:
    text = f"let f = (p: string, l: dynamic, n: real) {{ {body} }}; Logs | count"
    assert columns(text) == "Count:long"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Logs | summarize count by Host", "count() is a function: write its brackets"),
        ("Logs | summarize count(*) by Host", "name a column; count() takes nothing"),
        ("Logs | where Host = 'a' or Host == 'b'", "both are conditions; values are compared with =="),
        ("Logs | where Started > 2026-03-10", "write a date as datetime(2024-01-31), or convert text with todatetime()"),
        (
            "Logs | where Started > ago(1mo)",
            "lengths of time end in d, h, m, s, ms, microsecond or tick; longer ones are counted in days",
        ),
    ],
)
def test_a_common_slip_has_a_hint(text: str, hint: str) -> None:
    assert mistake(text).hint == hint
