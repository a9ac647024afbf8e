"""What a caller may read holds on every way to a table, whoever wrote the query."""

from __future__ import annotations

import pytest

import kqlog
from kqlog.errors import QueryError
from kqlog.ingest.shaping import shape
from kqlog.plan.rights import Rights, condition
from kqlog.store.store import create

ROWS = [{"Computer": f"{kind}-{at}", "Account": f"user-{kind}"} for kind in ("web", "db") for at in range(3)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rights")
    (folder / "queries").mkdir()
    (folder / "queries" / "Everything.kql").write_text("SecurityEvent | project Computer")
    (folder / "secret.csv").write_text("token\nhidden\n")
    return folder


@pytest.fixture(scope="module")
def limited(folder):
    tables = {"SecurityEvent": ROWS, "Payroll": [{"Computer": "db-0", "Salary": 1}], "Open": [{"Computer": "db-9"}]}
    rights = Rights(denied=("Pay*",), rows=(("SecurityEvent", condition("where Computer startswith 'web'")),))
    return kqlog.connect(folder, tables=tables).limited_to(rights)


WAYS = {
    "by its name": "SecurityEvent | project Computer",
    "in brackets": "['SecurityEvent'] | project Computer",
    "of the database": "database('default').SecurityEvent | project Computer",
    "of the cluster": "cluster('localhost').database('default').SecurityEvent | project Computer",
    "by a text": "table('SecurityEvent') | project Computer",
    "by a computed text": "let name = strcat('Security', 'Event'); table(name) | project Computer",
    "a saved query": "Everything",
    "a saved query that is called": "Everything() | project Computer",
    "a function": "let all = () { SecurityEvent }; all() | project Computer",
    "a view": "let all = view () { SecurityEvent }; union all | project Computer",
    "materialized": "let all = materialize(SecurityEvent); all | project Computer",
    "a union": "union SecurityEvent, SecurityEvent | project Computer",
    "a union of all": "union * | where isnotempty(Account) | project Computer",
    "a union by pattern": "union Sec* | project Computer",
    "find": "find in (SecurityEvent) where Computer has 'db' or Computer has 'web' project Computer | project Computer",
    "search": "search in (SecurityEvent) 'user' | project Computer",
    "search in all": "search 'user' | project Computer",
    "a join": "datatable(Computer: string) ['db-0', 'web-0'] | join kind=inner SecurityEvent on Computer | project Computer",
    "the right side of a lookup": "datatable(Computer: string) ['db-0', 'web-0'] | lookup kind=inner SecurityEvent on Computer | project Computer",
    "in": "datatable(Computer: string) ['db-0', 'web-0'] | where Computer in (SecurityEvent | project Computer)",
    "toscalar": "print Computer = split(toscalar(SecurityEvent | summarize make_set(Computer) | project strcat_array(set_Computer, ' ')), ' ') | mv-expand Computer to typeof(string)",
    "restricted access": "restrict access to (database('default').*); SecurityEvent | project Computer",
    "an alias": "alias database other = cluster('localhost').database('default'); database('other').SecurityEvent | project Computer",
    "macro-expand": "macro-expand entity_group [database('default')] as D ( D.SecurityEvent | project Computer )",
    "names that mislead the condition": "let Computer = 'web'; let startswith = 1; SecurityEvent | project Computer",
    "a function of its name inside": "let web = 'db'; SecurityEvent | where Computer startswith web or true | project Computer",
    "a pattern": "declare pattern P = (a: string) { ('x') = { SecurityEvent | project Computer }; }; P('x')",
    "partition": "SecurityEvent | partition by Account ( project Computer )",
    "evaluate": "SecurityEvent | evaluate narrow() | where Column == 'Computer' | project Computer = Value",
    "fork": "SecurityEvent | fork (project Computer)",
    "as": "SecurityEvent | as All | project Computer",
    "graph": "SecurityEvent | extend Other = Account | make-graph Computer --> Other with_node_id=Id | graph-match (a)-[e]->(b) project Computer = e.Computer",
    "scan": "SecurityEvent | sort by Computer asc | scan with (step s: true;) | project Computer",
}  # fmt: skip


@pytest.mark.parametrize("query", WAYS.values(), ids=WAYS)
def test_other_rows_are_not_there(limited, query):
    result = limited.query(query)
    found = {str(row[0]) for one in result.tables for row in one.rows}
    assert found <= {"web-0", "web-1", "web-2"}
    assert found


@pytest.mark.parametrize(
    "query",
    ["Payroll", "table('Payroll')", "database('default').Payroll", "union Payroll, Open", "find in (Payroll) where true", "search in (Payroll) *",
     "let f = () { Payroll }; f()", "restrict access to (Payroll); Payroll", "print toscalar(Payroll | count)", "Open | join Payroll on Computer",
     "Payroll | getschema", "union isfuzzy=false Payroll"],
)  # fmt: skip
def test_a_denied_table_is_not_there(limited, query):
    with pytest.raises(QueryError) as raised:
        limited.query(query)
    assert raised.value.code in ("SEM001", "SEM005")
    assert "Salary" not in str(raised.value)


def test_nothing_tells_of_what_is_hidden(limited):
    assert limited.tables == ["Open", "SecurityEvent", "secret"]
    assert "Payroll" not in str(limited.check("Payrol | take 1").errors[0])
    assert limited.query("union withsource=From * | distinct From | sort by From asc").rows == [
        ("Open",), ("SecurityEvent",), ("secret",)]  # fmt: skip
    with pytest.raises(QueryError):
        limited.schema("Payroll")


def test_an_error_does_not_tell_of_hidden_rows(limited):
    """A decimal overflow is an error: computed before the condition, it would say that there is such a row."""
    overflow = (
        "todecimal('99999999999999999999') * iff(Computer startswith 'db', todecimal('99999999999999999999'), todecimal(0))"
    )
    assert limited.query(f"SecurityEvent | where {overflow} >= 0 | count").rows == [(3,)]
    with pytest.raises(QueryError):
        limited.query(f"Open | where {overflow} >= 0 | count")


@pytest.mark.parametrize(
    "query",
    ["externaldata(token: string) ['secret.csv']", "evaluate infer_storage_schema(dynamic({'StorageContainers': ['.'], 'DataFormat': 'csv'}))",
     "inline_external_table (token: string) kind=storage dataformat=csv ('secret.csv')"],
)  # fmt: skip
def test_files_are_not_read(limited, query):
    with pytest.raises(QueryError) as raised:
        limited.query(query)
    assert "hidden" not in str(raised.value)


def test_a_condition_that_does_not_fit_its_table_lets_nothing_through(folder):
    rights = Rights(rows=(("Open", condition("where NoSuchColumn == 'secret word'")),))
    with pytest.raises(QueryError) as raised:
        kqlog.connect(tables={"Open": ROWS}).limited_to(rights).query("Open")
    assert "secret word" not in str(raised.value)


def test_all_rights_hold_together():
    web, first = (
        Rights(rows=(("*", condition("where Computer startswith 'web'")),)),
        Rights(rows=(("T", condition("where Computer endswith '0'")),)),
    )
    limited = kqlog.connect(tables={"T": ROWS}).limited_to(web).limited_to(first)
    assert limited.query("T | project Computer").rows == [("web-0",)]


def test_a_table_without_a_needed_column_is_not_there():
    limited = kqlog.connect(tables={"T": ROWS, "U": [{"a": 1}]}).limited_to(Rights(needs=frozenset({"Computer"})))
    assert limited.tables == ["T"]


@pytest.mark.parametrize(
    "text",
    [
        "take 1",
        "where true | project Computer",
        "where",
        "where true; SecurityEvent",
        "summarize count()",
        "where true | union Payroll",
    ],
)
def test_a_condition_is_where_and_nothing_else(text):
    with pytest.raises(QueryError):
        condition(text)


def test_bounds_still_choose_the_files(tmp_path):
    """A condition over a stored table does not make a query open files that cannot have its rows."""
    store = create(tmp_path / "logs")
    for day in (1, 2):
        shaped = shape(store, "Syslog", [{"Computer": "web", "TimeGenerated": f"2024-05-0{day}T00:00:00Z"}])
        store.table("Syslog").append(shaped.rows, shaped.columns, [])
    limited = kqlog.connect(tmp_path / "logs").limited_to(Rights(rows=(("Syslog", condition("where Computer == 'web'")),)))
    result = limited.query("Syslog | where TimeGenerated >= datetime(2024-05-02)")
    assert (len(result), result.statistics.files) == (1, 1)
