"""Saved queries: run by name, called as functions, checked, and their mistakes shown where they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kqlog
from kqlog.catalog.saved import SavedQueries
from kqlog.errors import QueryError

SAMPLE = Path(__file__).parents[1] / "sample_data"

QUERIES = {
    "older": """\
// Users above an age
// category: People
declare query_parameters(least: long = 40);
Users
| where age > least
""",
    "doubled": "declare query_parameters(x: long); print x * 2",
    "limit_of": "let limit_of = (x: long, factor: long = 2) { x * factor };",
    "above": """\
let floor_of = (x: long) { x - 1 };
let above = (T: (age: long), least: long = 40) { T | where age > floor_of(least) };
""",
    "wrong": "Users\n| where agee > 3",
    "torn": "Users\n| where (",
    "two": "print 1; print 2",
    "itself": "itself | take 1",
    "through": "wrong | count",
    "count": "print 'not the function'",
}


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "Users.csv").write_text("name,age\nalice,31\nbob,45\ncarol,50\n")
    (tmp_path / "queries").mkdir()
    for name, text in QUERIES.items():
        (tmp_path / "queries" / f"{name}.kql").write_text(text)
    return kqlog.connect(tmp_path)


def test_a_saved_query_is_run_by_name_with_its_defaults_or_with_values(workspace):
    assert [row[0] for row in workspace.run("older").rows] == ["bob", "carol"]
    assert [row[0] for row in workspace.run("older", parameters={"least": 45}).rows] == ["carol"]
    assert workspace.run("limit_of", parameters={"x": 4}).rows == [(8,)]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("older | count", [(2,)]),
        ("older() | count", [(2,)]),
        ("older(45) | project name", [("carol",)]),
        ("older(least = 45) | project name", [("carol",)]),
        ("union older(45), older(31) | count", [(3,)]),
        ("Users | where name in ((older(45) | project name)) | count", [(1,)]),
        ("Users | invoke above(46) | project name", [("carol",)]),
        ("print x = limit_of(21)", [(42,)]),
        ("let older = 7; print x = older", [(7,)]),
        ("Users | summarize count()", [(3,)]),
        ("let least = 0; older | count", [(2,)]),
    ],
)
def test_a_saved_query_is_a_function_of_every_query(workspace, query, rows):
    assert workspace.query(query).rows == rows


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        ("Users | count; wrong", "SEM001", "no column named 'agee' (in line 2 of queries/wrong.kql)"),
        ("through", "SEM001", "no column named 'agee' (in line 2 of queries/wrong.kql)"),
        ("torn", "SYN002", "this bracket is never closed (queries/torn.kql, line 2)"),
        ("two", "SEM005", "a text with 2 queries is no function"),
        ("itself", "LIM001", "more than 60 deep"),
        ("older('a')", "SEM002", "'least' of older() is a long"),
        ("older(1, 2)", "SEM003", "takes 1 arguments"),
        ("Users | extend x = older", "SEM001", "no column named 'older'"),
        ("oldr | count", "SEM001", "no table named 'oldr'"),
    ],
)
def test_what_is_wrong_is_shown_where_it_is_called(workspace, query, code, says):
    with pytest.raises(QueryError) as caught:
        workspace.query(query)
    assert (caught.value.code, says in caught.value.message) == (code, True), caught.value.message
    assert caught.value.span is not None


def test_restricted_access_holds_in_stored_functions_as_well(workspace, tmp_path):
    (tmp_path / "Plain.csv").write_text("n\n1\n")
    again = kqlog.connect(tmp_path)
    assert again.query("restrict access to (Plain); Plain | count").rows == [(1,)]
    assert again.query("restrict access to (older); older | count").rows == [(2,)]
    with pytest.raises(QueryError, match="no table named 'Users'"):
        again.query("restrict access to (Plain); older")


def test_what_is_saved_says_what_it_is_for_and_what_it_is_run_with(workspace):
    workspace.saved.save(
        "oldest", "declare query_parameters(n: long = 1);\nUsers | top n by age", {"description": "The oldest\nof all"}
    )
    saved = workspace.saved["oldest"]
    assert saved.text.splitlines()[:2] == ["// description: The oldest of all", "// parameters: n: long = 1"]
    assert (saved.description, [str(one) for one in saved.parameters]) == ("The oldest of all", ["n: long = 1"])
    assert workspace.run("oldest").rows == [("carol", 50)]
    assert (workspace.saved["older"].description, workspace.saved["older"].properties["category"]) == (
        "Users above an age",
        "People",
    )
    workspace.saved.delete("oldest")
    assert "oldest" not in workspace.saved


def test_saving_again_keeps_the_header_that_is_not_given_anew(workspace):
    workspace.saved.save("older", workspace.saved["older"].text, {"category": "Staff"})
    assert workspace.saved["older"].properties == {
        "description": "Users above an age",
        "category": "Staff",
        "parameters": "least: long = 40",
    }


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a b", "print 1", "SEM005"),
        ("../escape", "print 1", "SEM005"),
        ("strlen", "print 1", "SEM005"),
        ("torn2", "print (", "SYN002"),
    ],
)
def test_what_cannot_be_saved_is_refused_and_writes_nothing(workspace, tmp_path, name, text, code):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(QueryError) as caught:
        workspace.saved.save(name, text)
    assert caught.value.code == code
    assert sorted(tmp_path.rglob("*")) == before


def test_names_that_lead_out_of_the_folder_are_no_saved_queries(workspace, tmp_path):
    (tmp_path / "outside.kql").write_text("print 1")
    for name in ("../outside", "/etc/passwd", "", "a/b", "older.kql"):
        assert name not in workspace.saved


@pytest.mark.parametrize("name", ["older", "outside"])
def test_an_unknown_or_unreadable_query_says_so(workspace, tmp_path, name):
    (tmp_path / "queries" / "older.kql").write_bytes(b"print '\xff'")
    with pytest.raises(QueryError) as caught:
        workspace.run(name)
    assert caught.value.code in {"SEM001", "ENG003"}


def test_without_a_folder_there_are_none():
    assert list(kqlog.connect().saved) == []
    with pytest.raises(QueryError, match="no folder to save queries in"):
        kqlog.connect().saved.save("a", "print 1")


@given(description=st.text(), text=st.sampled_from(["print 1", "// a comment\nprint 1", "\ufeff// key: value\n\nprint 1 // end"]))
@settings(max_examples=100, deadline=None)
def test_any_description_comes_back_on_one_line(tmp_path_factory, description, text):
    saved = SavedQueries(tmp_path_factory.mktemp("saved"))
    saved.save("one", text, {"description": description})
    shown = " ".join(description.split())
    assert saved["one"].description == shown or (not shown and saved["one"].description == "a comment")
    assert kqlog.query(saved["one"].text).rows == [(1,)]


def test_the_saved_queries_of_the_sample_data_are_right_and_run():
    workspace = kqlog.connect(SAMPLE)
    for name in workspace.saved:
        assert workspace.check(workspace.saved[name].text).errors == []
    assert workspace.run("slow").rows[0] == ("contoso-shop", 147)
