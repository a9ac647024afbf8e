"""How a text may go on. In the texts, ‸ is the cursor."""

from __future__ import annotations

import time

import pytest

import kqlog
from kqlog.assist.complete import complete
from kqlog.assist.hover import hover
from kqlog.assist.proposal import Kind, Proposal
from kqlog.assist.values import Values, values_of
from kqlog.errors import QueryError
from kqlog.plan.lookup import StoredFunction
from kqlog.syntax.parse import parse
from kqlog.types import Column, Type


def proposals(marked: str, tables, **more) -> list[Proposal]:
    position = marked.index("‸")
    return complete(marked.replace("‸", ""), position, tables, **more)


def labels(marked: str, tables, first: int | None = None, **more) -> list[str]:
    return [proposal.label for proposal in proposals(marked, tables, **more)[:first]]


@pytest.mark.parametrize(
    ("text", "first_ten"),
    [
        ("‸", "let Perf Heartbeat SigninLogs union"),
        ("Pe‸", "Perf"),
        ("Perf‸", "Perf"),
        ("Perf ‸", "|"),
        ("Perf | ‸", "where summarize extend project sort join"),
        ("Perf | su‸", "summarize"),
        ("Perf | project-‸", "project-away project-rename"),
        ("Perf | where ‸", "TimeGenerated Computer CounterName"),
        ("Perf | where Computer ‸", "== has contains in != startswith"),
        ("Perf | where TimeGenerated ‸", "> between <"),
        ("Perf | where CounterValue ‸", "> == <"),
        ("Perf | where TimeGenerated > ‸", "ago datetime now"),
        ("Perf | where TimeGenerated > ago(‸", "1h 1d 7d"),
        ("Perf | where TimeGenerated between (‸", "ago datetime"),
        ("Perf | where Computer == 'a' ‸", "| and or"),
        ("Perf | where Computer == 'a' and ‸", "TimeGenerated CounterName"),
        ("Perf | where CounterValue > 1 | summarize ‸", "count avg sum max by"),
        ("Perf | summarize count() ‸", "by , |"),
        ("Perf | summarize avg(‸", "CounterValue"),
        ("Perf | summarize count() by bin(TimeGenerated, ‸", "1h 1d 5m"),
        ("Perf | extend Name ‸", "="),
        ("Perf | take ‸", "10 100"),
        ("Perf | sort ‸", "by"),
        ("Perf | sort by Computer ‸", "asc desc | ,"),
        ("Perf | sort by Computer asc ‸", "| nulls"),
        ("Perf | render ‸", "timechart columnchart piechart"),
        ("Perf | render timechart with (‸", "title= ytitle= kind="),
        ("Perf | evaluate ‸", "bag_unpack pivot"),
        ("Perf | join ‸", "kind= Heartbeat ("),
        ("Perf | join kind=‸", "inner leftouter leftanti"),
        ("Perf | join kind=inner (‸", "Heartbeat"),
        ("Perf | join kind=inner (Heartbeat | project Computer, OSType) ‸", "on"),
        ("Perf | union kind=‸", "inner outer"),
        ("Perf | mv-expand kind=‸", "bag array"),
        ("union ‸", "* Perf Heartbeat"),
        ("datatable(a: ‸", "string long datetime"),
        ("let f = (a: ‸", "string long"),
        ("let x = ‸", "dynamic Perf"),
        ("set query_now‸", "query_now"),
        ("print tostr‸", "tostring"),
        ("print x = toscalar(‸", "Perf"),
        ("search ‸", "in *"),
        ("Perf | summarize arg_max(TimeGenerated, ‸", "* Computer"),
        ("Perf | make-series avg(CounterValue) on ‸", "TimeGenerated"),
        ("Heartbeat | extend x = Details ‸", ". ["),
    ],
)
def test_what_is_proposed_first(text: str, first_ten: str, tables) -> None:
    assert set(first_ten.split()) <= set(labels(text, tables, 10))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("Perf | summarize Slow = count() by Computer | where ‸", {"Slow", "Computer"}),
        ("Perf | extend Half = CounterValue / 2 | project Computer, Half | where Half > 1 | sort by ‸", {"Computer", "Half"}),
        ("Perf | join kind=inner (Heartbeat | project Computer, OSType) on ‸", {"Computer"}),
        ("Heartbeat | project Computer, OSType | join kind=inner (Perf) on $left.‸", {"Computer", "OSType"}),
        ("Perf | join kind=inner (Heartbeat | project Computer, OSType | where ‸", {"Computer", "OSType"}),
        ("let Hosts = Heartbeat | distinct Computer, OSType; Hosts | where ‸", {"Computer", "OSType"}),
        ("let f = (T: (a: long, b: string)) { T | where ‸", {"a", "b"}),
        ("Perf | where nonsense(1) > 2 | project Computer | where ‸", {"Computer"}),
        ("Perf | where Computer ? 5 | project Computer | where ‸", {"Computer"}),
        ("print Values = dynamic([1]) | mv-apply V = Values to typeof(long) on (where ‸", {"Values", "V"}),
        ("Perf | partition by Computer (project Computer, CounterValue | where ‸", {"Computer", "CounterValue"}),
        ("Perf | project Computer, CounterValue | project-away ‸", {"Computer", "CounterValue"}),
        ("Perf | project Computer, CounterValue | project-rename New = ‸", {"Computer", "CounterValue"}),
        ("Perf | evaluate narrow() | where ‸", {"Row", "Column", "Value"}),
        ("Heartbeat | project-keep Version, OSType | evaluate pivot(‸", {"Version", "OSType"}),
        ("datatable(a: long, b: string) [1, 'x'] | where ‸", {"a", "b"}),
        ("range Step from 1 to 3 step 1 | where ‸", {"Step"}),
        ("materialize(Heartbeat | project OSType) | where ‸", {"OSType"}),
        ("['odd name'] | where ‸", {"a column", "plain"}),
    ],
)
def test_columns_are_those_of_the_place(text: str, columns: set[str], tables) -> None:
    found = {proposal.label for proposal in proposals(text, tables) if proposal.kind is Kind.COLUMN}
    assert found == columns


def test_the_right_side_of_a_join(tables) -> None:
    text = "Perf | join (Heartbeat | project Host = Computer) on $left.Computer == $right.‸"
    assert labels(text, tables, 1) == ["Host"]


@pytest.mark.parametrize(
    "text",
    [
        "Perf // where ‸",
        "Perf | where Computer == 'a‸",
        "print 'x‸y'",
        "let ‸",
        "Perf | as ‸",
        "Perf | project-rename ‸",
    ],
)
def test_no_names_in_comments_strings_and_where_new_names_stand(text: str, tables) -> None:
    kinds = {proposal.kind for proposal in proposals(text, tables)}
    assert not kinds & {Kind.COLUMN, Kind.TABLE, Kind.FUNCTION, Kind.AGGREGATE}


def test_aggregates_only_where_they_may_stand(tables) -> None:
    assert "dcount" in labels("Perf | summarize dc‸", tables)
    assert "dcount" not in labels("Perf | where dc‸", tables)
    assert "dcount" not in labels("Perf | summarize sum(dc‸", tables)
    assert "dcount" not in labels("Perf | summarize count() by dc‸", tables)


def test_variables_functions_and_parameters_of_the_query(tables) -> None:
    text = "let Limit = 3; let Slow = (x: real) { x > 1 }; declare query_parameters(Host: string = 'a'); Perf | where ‸"
    kinds = {proposal.label: proposal.kind for proposal in proposals(text, tables)}
    assert (kinds["Limit"], kinds["Slow"], kinds["Host"]) == (Kind.LET, Kind.FUNCTION, Kind.QUERY_PARAMETER)


def test_stored_functions(tables) -> None:
    text = "let HostPerf = (Host: string) { Perf | where Computer == Host };"
    stored = StoredFunction(parse(text).statements[0].value, text, "queries/HostPerf.kql")
    (found,) = proposals("HostPe‸", tables, functions={"HostPerf": stored})
    assert (found.kind, found.text, found.cursor, found.usage) == (
        Kind.STORED_FUNCTION,
        "HostPerf()",
        9,
        "HostPerf(Host: string)",
    )


def test_a_proposal_says_what_it_is(tables) -> None:
    (function,) = [one for one in proposals("print substr‸", tables) if one.label == "substring"]
    assert (function.text, function.cursor, function.kind) == ("substring()", 10, Kind.FUNCTION)
    assert function.usage.startswith("substring(source")
    assert function.doc == "Part of a text."
    (column,) = proposals("Perf | where CounterV‸", tables)
    assert (column.type, column.span.start, column.span.end) == ("real", 13, 21)
    (operator,) = [one for one in proposals("Perf | summ‸", tables) if one.label == "summarize"]
    assert operator.doc == "Aggregate the rows of each group into one row." and operator.usage.startswith("T | summarize")


def test_the_cursor_stands_behind_a_call_without_arguments_and_brackets_are_not_doubled(tables) -> None:
    found = {one.label: one for one in proposals("print no‸", tables)}
    assert (found["now"].text, found["now"].cursor) == ("now()", 4)
    found = {one.label: one for one in proposals("print tolow‸('a')", tables)}
    assert found["tolower"].text == "tolower"


def test_names_with_other_characters_come_in_brackets(tables) -> None:
    assert [one.text for one in proposals("odd‸", tables)] == ["['odd name']"]
    (found,) = [one for one in proposals("['odd name'] | where ‸", tables) if one.label == "a column"]
    assert found.text == "['a column']"


def test_values_of_a_column(tables) -> None:
    values = Values(lambda table, column: ["web-01", 'say "hi"'] if (table, column) == ("Perf", "Computer") else [])
    assert labels("Perf | where Computer == ‸", tables, 2, values=values) == ['"web-01"', '"say \\"hi\\""']
    assert labels("Perf | where Computer in ('a', 'we‸", tables, values=values) == ["'web-01'"]
    (found,) = proposals('Perf | where Computer == "we‸" and true', tables, values=values)
    assert (found.text, found.span.start, found.span.end) == ('"web-01"', 25, 29)
    assert labels("Perf | where CounterName == '‸", tables, values=values) == []


def test_values_that_are_slow_come_with_the_next_answer(tables) -> None:
    def ask(table: str, column: str) -> list[str]:
        time.sleep(0.1)
        return ["late"]

    values = Values(ask, seconds=0.01)
    started = time.monotonic()
    assert labels("Perf | where Computer == '‸", tables, values=values) == []
    assert time.monotonic() - started < 0.1
    time.sleep(0.15)
    assert labels("Perf | where Computer == '‸", tables, values=values) == ["'late'"]


def test_values_of_a_workspace() -> None:
    workspace = kqlog.connect(tables={"T": [{"Host": f"h{number % 3}", "Id": f"i{number}"} for number in range(100)]})
    values = values_of(workspace, seconds=20)
    assert labels("T | where Host == ‸", workspace.schemas, 3, values=values) == ['"h0"', '"h1"', '"h2"']
    assert values("T", "Id") == []


def test_values_that_cannot_be_read_are_none(tables) -> None:
    def ask(table: str, column: str) -> list[str]:
        raise QueryError("ENG003", "the file is gone")

    assert labels("Perf | where Computer == '‸", tables, values=Values(ask)) == []


def test_unknown_tables_give_the_names_that_the_query_uses(tables) -> None:
    assert {"Custom_s", "Other_d"} <= set(labels("Mine_CL | where Custom_s == 'a' and Other_d > 1 | project ‸", tables, 10))


def test_what_stands_behind_the_cursor_does_not_matter(tables) -> None:
    assert labels("Perf | where ‸ | nonsense (", tables, 3) == labels("Perf | where ‸", tables, 3)


def test_only_few_tables_are_opened() -> None:
    opened = []

    class Catalog(dict):
        def __getitem__(self, name):
            opened.append(name)
            return (Column("a", Type.LONG),)

    many = Catalog({f"Table{number}": () for number in range(900)})
    assert "a" in labels("Table7 | where ‸", many)
    assert set(opened) == {"Table7"}


def test_a_table_that_cannot_be_read_has_any_column() -> None:
    class Catalog(dict):
        def __getitem__(self, name):
            raise QueryError("ENG003", "half a file")

    broken = Catalog(Half=())
    assert labels("Half | where ‸", broken)
    assert labels("Half | extend New = 1 | project ‸", broken, 1) == ["New"]
    assert hover("Half", 1, broken) is None
