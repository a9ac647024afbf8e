"""The one door: query, check and explain."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pandas
import polars
import pyarrow
import pytest

import kqlog
from kqlog.engines.engine import Limits
from kqlog.types import Column, Type

TIMES = [datetime(2024, 5, 1, hour, tzinfo=UTC) for hour in range(24)]


@pytest.fixture
def workspace():
    hours = pyarrow.table({"TimeGenerated": TIMES, "n": list(range(24))})
    return kqlog.connect(tables={"Hours": hours, "Plain": pyarrow.table({"n": [1, 2, 3]})})


@pytest.mark.parametrize("library", [pyarrow.table, pandas.DataFrame, polars.DataFrame])
def test_data_frames_of_each_library_are_tables(library):
    frame = library({"k": ["a", "b", "a"], "n": [1, 2, 3]})
    result = kqlog.query("T | summarize total = sum(n) by k | sort by k asc", tables={"T": frame})
    assert result.rows == [("a", 4), ("b", 2)]


def test_columns_have_kql_names_and_types(workspace):
    result = workspace.query("Hours | summarize count(), max(n)")
    assert result.columns == [Column("count_", Type.LONG), Column("max_n", Type.LONG)]


def test_the_last_of_several_results_is_shown_and_all_are_there(workspace):
    result = workspace.query("Plain | count; Hours | count; print x = 1")
    assert [table.rows for table in result.tables] == [[(3,)], [(24,)], [(1,)]]
    assert result.rows == [(1,)]
    assert result.columns == [Column("x", Type.LONG)]


@pytest.mark.parametrize(
    "timespan",
    [
        "2024-05-01T06:00:00Z/2024-05-01T12:00:00Z",
        "2024-05-01T06:00:00Z/PT6H",
        (TIMES[6], TIMES[12]),
        (TIMES[6], timedelta(hours=6)),
    ],
)
def test_a_timespan_limits_every_table_with_timegenerated(workspace, timespan):
    assert workspace.query("Hours | count", timespan=timespan).rows == [(6,)]
    assert workspace.query("Hours | where n > 8 | count", timespan=timespan).rows == [(3,)]
    assert workspace.query("Plain | count", timespan=timespan).rows == [(3,)]
    assert workspace.query("union Hours, Hours | count", timespan=timespan).rows == [(12,)]


def test_a_length_of_time_ends_now():
    now = datetime.now(UTC)
    table = pyarrow.table({"TimeGenerated": [now - timedelta(hours=hours) for hours in (1, 5, 30)]})
    assert kqlog.query("T | count", tables={"T": table}, timespan="1d").rows == [(2,)]


def test_parameters_are_values_and_never_text(workspace):
    query = "declare query_parameters(who: string); print who"
    assert workspace.query(query, parameters={"who": "x' | count; --"}).rows == [("x' | count; --",)]


def test_a_parameter_without_a_value_is_an_error(workspace):
    with pytest.raises(kqlog.QueryError) as caught:
        workspace.query("declare query_parameters(n: long); print n")
    assert caught.value.code == "SEM001"


def test_an_error_knows_its_place_and_suggests(workspace):
    with pytest.raises(kqlog.QueryError) as caught:
        workspace.query("Hours\n| where TimeGenerate > ago(1d)")
    error = caught.value
    assert (error.code, error.line, error.column) == ("SEM001", 2, 9)
    assert "TimeGenerated" in (error.hint or "")


def test_check_gives_columns_without_running():
    check = kqlog.check("T | summarize avg(a) by b", tables={"T": [("a", "long"), ("b", "string")]})
    assert check.errors == []
    assert check.columns == [Column("b", Type.STRING), Column("avg_a", Type.REAL)]


def test_check_gives_errors():
    check = kqlog.check("T | where c > 1", tables={"T": [("a", "long")]})
    assert check.columns is None
    assert [error.code for error in check.errors] == ["SEM001"]


def test_check_needs_no_values_for_parameters():
    check = kqlog.check("declare query_parameters(n: long); print x = n")
    assert check.columns == [Column("x", Type.LONG)]


def test_check_of_a_workspace_knows_its_tables(workspace):
    assert workspace.check("Hours | project n").columns == [Column("n", Type.LONG)]
    assert [error.code for error in workspace.check("Hour").errors] == ["SEM001"]


def test_a_type_that_is_none_is_refused():
    with pytest.raises(kqlog.QueryError, match="strnig"):
        kqlog.check("T", tables={"T": [("a", "strnig")]})


def test_explain_shows_the_plan_and_the_sql(workspace):
    text = workspace.explain("Hours | where n > 3 | summarize count()")
    assert "Aggregate count_ = count()" in text
    assert "Scan Hours" in text
    assert "SELECT" in text.upper()


@pytest.mark.parametrize(
    "text",
    [
        "print " + "(" * 500 + "1" + ")" * 500,
        "print " + "not(" * 500 + "true" + ")" * 500,
        "print " + "[" * 2000,
        "T" + " | extend a = 1" * 3000,
        "print " + " + ".join(["1"] * 20_000),
        "print " + "-" * 5000 + "1",
        "print dynamic(" + "[" * 3000 + "]" * 3000 + ")",
        "print 'a" + "b" * 200_000,
    ],
    ids=["brackets", "calls", "open brackets", "pipes", "sum", "minus", "dynamic", "open string"],
)
def test_long_and_deep_queries_end_in_an_answer_or_an_error(workspace, text):
    try:
        workspace.query(text)
    except kqlog.QueryError as error:
        assert error.code[:3] in {"LIM", "SYN", "SEM"}


@pytest.mark.parametrize(
    ("first", "step", "result"),
    [
        ("let f0 = (x: long) { x + 1 };", "let f{} = (x: long) {{ f{}(x) + f{}(x) }};", "print f40(1)"),
        ("let f0 = (x: long) { x + 1 };", "let f{} = (x: long) {{ f{}(f{}(x)) }};", "print f40(1)"),
        ("let f0 = rand();", "let f{} = f{} + f{};", "print f40"),
        ("let f0 = () { print 1 };", "let f{} = () {{ union f{}(), f{} }};", "f40() | count"),
    ],
)
def test_functions_that_double_again_and_again_end_in_an_error(workspace, first, step, result):
    text = first + "".join(step.format(number, number - 1, number - 1) for number in range(1, 41)) + result
    with pytest.raises(kqlog.QueryError) as caught:
        workspace.query(text)
    assert caught.value.code == "LIM001"
    assert caught.value.span is not None


def test_a_value_for_a_parameter_that_is_not_declared_is_an_error(workspace):
    with pytest.raises(kqlog.QueryError, match="declares no parameter 'usr'") as caught:
        workspace.query("declare query_parameters(user: string); print user", parameters={"user": "a", "usr": "b"})
    assert caught.value.hint == "it declares user"


def test_a_byte_order_mark_is_no_part_of_a_query(workspace):
    assert workspace.query("\ufeffprint 1").rows == [(1,)]
    (error,) = workspace.check("\ufeffprint x").errors
    assert (error.text or "")[error.span.start : error.span.end] == "x"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("Nowhere", "no table named 'Nowhere'", "tables here: Hours"),
        ("print a = 1 | where a = 2", "a condition is wanted", "compared with =="),
        ("print x = 1 | extend prev(todouble(x))", "wants the name of a column for 'column'", "in an extend before"),
        ("print strcat()", "strcat() wants arguments", "strcat(argument"),
        ("let x = 1\nprint x", "'print' does not fit", "a let statement ends with ;"),
        ("let x = 1 // one; only\nprint x", "'print' does not fit", "a let statement ends with ;"),
        ("print \u201ca\u201d", "does not fit", "straight quotes"),
    ],
)
def test_a_slip_is_met_with_a_hint(workspace, text, message, hint):
    (error,) = workspace.check(text).errors
    assert message in error.message
    assert hint in error.hint
    assert error.span is not None


def test_a_table_is_missed_where_there_are_none():
    (error,) = kqlog.connect(None).check("Heartbeat").errors
    assert (error.message, error.hint[:27]) == ("no table named 'Heartbeat'", "there are no tables here: g")


def test_one_workspace_serves_several_threads(workspace):
    answers: list[object] = []
    threads = [threading.Thread(target=lambda: answers.append(workspace.query("Hours | count").rows)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[(24,)]] * 4


_LONG = "range x from 1 to 3000000000 step 1 | where x % 7 == 3 | summarize dcount(x)"


def test_a_query_ends_when_its_time_is_over():
    with pytest.raises(kqlog.QueryError) as caught:
        kqlog.connect().start(_LONG, seconds=0.3).result()
    assert (caught.value.code, caught.value.hint) == ("LIM002", "narrow its time range, or allow it more time")


def test_one_query_is_cancelled_and_the_others_go_on():
    workspace = kqlog.connect()
    first, second = workspace.start(_LONG), workspace.start("range x from 1 to 100000000 step 1 | summarize sum(x)")
    rows = []
    thread = threading.Thread(target=lambda: rows.append(second.result().rows))
    thread.start()
    threading.Timer(0.3, first.cancel).start()
    with pytest.raises(kqlog.QueryError) as caught:
        first.result()
    assert caught.value.code == "ENG004"
    thread.join()
    assert rows == [[(5000000050000000,)]]


def test_a_query_that_was_cancelled_before_it_began_does_not_run():
    execution = kqlog.connect().start("print 1")
    execution.cancel()
    with pytest.raises(kqlog.QueryError, match="cancelled"):
        execution.result()


def test_a_result_knows_which_files_were_opened(tmp_path):
    (tmp_path / "Users.csv").write_text("name,age\nalice,31\n")
    workspace = kqlog.connect(tmp_path)
    statistics = workspace.query("Users | join kind=inner Users on name").statistics
    assert (statistics.files, statistics.bytes) == (1, 18)
    assert workspace.query("print 1").statistics.files == 0


@pytest.mark.parametrize(
    ("rows", "limit"), [(10, 3), (10, 10), (5000, 4500), (5000, 4096), (5000, 4097), (300_000, 200_001), (7, None)]
)
def test_an_answer_ends_at_the_limit_and_says_so(rows, limit):
    result = kqlog.connect().start(f"range x from 1 to {rows} step 1", limits=Limits(rows=limit)).result()
    most = rows if limit is None else limit
    assert (len(result), result.truncated) == (most, most < rows)
    assert result.to_arrow().num_rows == most
    assert result.first(2) == [(1,), (2,)]


def test_a_large_answer_ends_at_so_many_bytes():
    text = "range x from 1 to 1000000 step 1 | extend a = strcat('some text of a row, number ', x)"
    result = kqlog.connect().start(text, limits=Limits(bytes=2_000_000)).result()
    assert result.truncated
    assert 10_000 < len(result) < 200_000
