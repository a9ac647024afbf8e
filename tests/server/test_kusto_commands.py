"""Kusto's management commands, with Azure's own client."""

from __future__ import annotations

import json

import pytest
from azure.kusto.data import KustoClient, KustoConnectionStringBuilder
from azure.kusto.data.exceptions import KustoApiError
from hypothesis import given, settings
from hypothesis import strategies as st

from kqlog.errors import QueryError
from kqlog.server.kusto_commands import Role, commands, read_command

DATABASE = "logs"


@pytest.fixture(scope="module")
def client(server):
    with KustoClient(KustoConnectionStringBuilder(server.url)) as made:
        yield made


@pytest.fixture
def do(client):
    """Give a command or a query; its rows."""
    return lambda text: [list(row) for row in client.execute(DATABASE, text).primary_results[0].raw_rows]


def test_what_tools_ask_when_they_connect(do, client):
    assert do(".show version")[0][2] == "Engine"
    assert do(".show databases | project DatabaseName") == [["logs"]]
    assert do(".show databases")[0][0] == "logs"
    assert do(".show cluster")[0][0] == "0"
    assert do(".show tables | where TableName == 'Heartbeat' | project TableName, DatabaseName") == [["Heartbeat", "logs"]]
    assert [table.table_name for table in client.execute_mgmt(DATABASE, ".show tables").tables] == ["Table_0"]
    assert do("// a comment\n.show tables (Perf, ['Syslog']) | count") == [[2]]
    assert do(".show capacity | project Resource") == [["queries"]]
    assert do(".show external tables") == []


@pytest.mark.parametrize(
    "text", [".show schema as json", ".show database schema as json", ".show database ['logs'] schema as json"]
)
def test_the_schema_as_json(do, text):
    ((found,),) = do(text)
    database = json.loads(found)["Databases"]["logs"]
    columns = {column["Name"]: column for column in database["Tables"]["Perf"]["OrderedColumns"]}
    assert columns["TimeGenerated"] == {"Name": "TimeGenerated", "Type": "System.DateTime", "CslType": "datetime"}


@pytest.mark.parametrize("text", [".show databases schema", ".show database logs schema", ".show database ['logs'] schema"])
def test_the_schema_as_rows(do, text):
    rows = do(f"{text} | where TableName == 'Heartbeat' and ColumnName == 'Computer' | project DatabaseName, ColumnType")
    assert rows == [["logs", "System.String"]]


def test_one_table(do):
    ((name, text, database, *_),) = do(".show table Heartbeat schema as json")
    assert (name, database, json.loads(text)["Name"]) == ("Heartbeat", "logs", "Heartbeat")
    ((_, text, *_),) = do(".show table ['Heartbeat'] cslschema")
    assert "TimeGenerated:datetime" in text.split(",")


def test_functions(do):
    made = do(
        """.create-or-alter function with (docstring = "doubles, it does", folder = 'math') Twice(x: long = 2)
        { // why not
            print y = 2 * x | project y }"""
    )
    assert made[0][0] == "Twice"
    assert made[0][1] == "(x: long = 2)"
    assert made[0][3:] == ["math", "doubles, it does"]
    assert do("Twice(21)") == [[42]]
    do(".create-or-alter function Long(T: (x: long)) { T | where x > 1 }")
    assert do("range x from 1 to 3 step 1 | invoke Long() | count") == [[2]]
    assert do(".show functions | project Name | order by Name asc") == [["Long"], ["Twice"]]
    assert "2 * x" in do(".show function Twice")[0][2]
    do(f".create-or-alter function Again() {do('.show function Twice')[0][2]}".replace("2 * x", "5"))
    assert do("Again()") == [[5]]
    do(".create function ifnotexists Again() { print 6 }")
    assert do("Again()") == [[5]]
    with pytest.raises(KustoApiError, match="there is a function 'Again'"):
        do(".create function Again() { print 6 }")
    do(".drop functions (Twice, Long)")
    assert do(".drop function Again") == []
    with pytest.raises(KustoApiError, match="no saved query named 'Again'"):
        do(".drop function Again")
    assert do(".drop function Again ifexists") == []


def test_a_function_that_is_wrong_is_not_kept(do):
    with pytest.raises(KustoApiError, match="Syntax error"):
        do(".create function Wrong() { print ( }")
    assert do(".show functions") == []


def test_tables_and_their_rows(do):
    do(".create table Cities_CL (Name: string, People: long, Seen: datetime)")
    assert do("Cities_CL | project Name, People, Seen | count") == [[0]]
    do('.ingest inline into table Cities_CL <| Seoul,9411000,2026-01-02\n"Paris, France",2100000,')
    assert do("Cities_CL | project Name, People | order by People desc") == [["Seoul", 9411000], ["Paris, France", 2100000]]
    do(".create-merge table Cities_CL (Country: string)")
    do('.ingest inline into table Cities_CL with (format = "json") <| {"Name": "Busan", "Country": "Korea"}')
    assert do("Cities_CL | where Name == 'Busan' | project Country") == [["Korea"]]
    ((*_, count),) = do(".set-or-append Large_CL <| Cities_CL | where People > 3000000 | project Name, People")
    assert count == 1
    assert do("Large_CL | project Name, People") == [["Seoul", 9411000]]
    do(".append Large_CL <| print Name = 'Tokyo', People = 14000000")
    assert do("Large_CL | count") == [[2]]
    with pytest.raises(KustoApiError, match="there is a table 'Large_CL'"):
        do(".set Large_CL <| print Name = 'Tokyo'")
    with pytest.raises(KustoApiError, match="no table named 'None_CL'"):
        do(".append None_CL <| print 1")
    with pytest.raises(KustoApiError, match="Azure Monitor's"):
        do(".create table Heartbeat (a: string)")
    for text in (
        ".drop table Large_CL",
        ".drop tables (Large_CL) ifexists",
        ".set-or-replace Large_CL <| print 1",
        ".clear table Large_CL data",
    ):
        with pytest.raises(KustoApiError, match="not taken away by commands"):
            do(text)
    with pytest.raises(KustoApiError, match="no column"):
        do(".create table Wrong_CL (a: strong)")


def test_cancelling_nothing(do):
    assert do(".cancel query '7b2c'") == [["7b2c", "no such query runs", False]]
    assert do(".cancel query 74be27de-1e4e-49d9-b579-fe0b331d3642")[0][2] is False


def test_a_command_that_is_not_known(do):
    with pytest.raises(KustoApiError, match=r"Syntax error: SYN001: the command '.purge everything' is not known"):
        do(".purge everything")
    with pytest.raises(KustoApiError, match="no database 'Other'"):
        do(".show database Other schema")


def test_what_changes_something_is_not_for_readers():
    roles = {one.pattern: one.role for one in commands()}
    assert {role for pattern, role in roles.items() if pattern.startswith("show")} == {Role.READER}
    changing = ("create", "alter", "drop", "set", "append")
    assert {role for pattern, role in roles.items() if pattern.startswith(changing)} == {Role.CONTRIBUTOR}


WORDS = st.sampled_from(
    [
        ".",
        ".show",
        "show",
        "tables",
        "table",
        "T",
        "['a']",
        "schema",
        "as",
        "json",
        "|",
        "<|",
        "(",
        ")",
        "{",
        "'",
        '"',
        "with",
        "=",
        "function",
        ".create",
        ".set",
        ".ingest",
        "inline",
        "into",
        "drop",
        "//",
        ",",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=12).map(lambda words: "." + " ".join(words)) | st.text(max_size=60).map(lambda text: "." + text))
def test_any_text_is_a_command_or_an_error(text):
    try:
        found = read_command(text)
    except QueryError as error:
        assert error.code == "SYN001"
    else:
        assert found.role in Role
