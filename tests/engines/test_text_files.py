"""CSV, JSON and plain text: no row is lost, and what looks like a time is one for KQL, too."""

from __future__ import annotations

import gzip

import pytest

import kqlog
from kqlog.errors import QueryError


def table(tmp_path, name, text):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return kqlog.connect(tmp_path / name)


def read(tmp_path, name, text):
    """The types of the columns, and the rows as text."""
    result = table(tmp_path, name, text).query("T")
    return " ".join(str(column.type) for column in result.columns), result.texts()


def refused(tmp_path, name, text):
    with pytest.raises(QueryError) as caught:
        read(tmp_path, name, text)
    return f"{caught.value.code} {caught.value.message}".replace(f"{tmp_path}/", "")


# ------------------------------------------------------------------------------------------------------------------- CSV


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Time,Msg\n2026-03-10,a\n2026-03-10,hello, world\n", "ENG003 line 3 of 'T.csv' has 3 values where 2 belong"),
        ("message\nhello, world\nbye\n", "ENG003 line 2 of 'T.csv' has 2 values where 1 belong"),
        ('a,b\n1,"x\n2,3\n', "ENG003 line 2 of 'T.csv' has a quote that is never closed"),
        ("a,b\n1,café\n".encode("latin-1"), "ENG003 line 2 of 'T.csv' is not UTF-8"),
        ("a,A\n1,2\n", "ING001 the columns 'a' and 'A' differ in case only"),
    ],
)
def test_a_csv_file_that_cannot_be_read_as_it_stands_is_refused(tmp_path, text, problem):
    assert refused(tmp_path, "T.csv", text) == problem


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,x\n2\n", [["1", "x"], ["2", ""]]),
        ('a,b\n"1\n2",x\n3\n', [["1\n2", "x"], ["3", ""]]),
        ("\n\na,b\n1,2\n", [["1", "2"]]),
        ("a;b\n1,5;x\n2;y\n", [["1,5", "x"], ["2", "y"]]),
        ("a\tb\n1,2\t3\n", [["1,2", "3"]]),
        ("a,a_1\r\n1,2\r\n", [["1", "2"]]),
        ("1,2\n3,4\n", [["1", "2"], ["3", "4"]]),
        ("#a,b\n1,2\n", [["1", "2"]]),
        ("a,b\n", []),
        ("", []),
    ],
)
def test_every_row_of_a_csv_file_is_read(tmp_path, text, rows):
    assert read(tmp_path, "T.csv", text)[1] == rows


def test_a_short_row_far_down_a_file_is_read(tmp_path):
    workspace = table(tmp_path, "T.csv", "a,b\n" + "1,2\n" * 200_000 + "3\n")
    assert workspace.query("T | where a == 3").texts() == [["3", ""]]
    assert workspace.query("T | count").rows == [(200_001,)]


def test_files_of_one_table_have_one_delimiter(tmp_path):
    folder = tmp_path / "T"
    folder.mkdir()
    (folder / "1.csv").write_text("a,b\n1,2\n")
    (folder / "2.csv").write_text("b,c\n3\n")
    assert kqlog.connect(tmp_path).query("T | sort by b asc").texts() == [["1", "2", ""], ["", "3", ""]]
    (folder / "2.csv").write_text("b;c\n3;4\n")
    with pytest.raises(QueryError, match=r"'1\.csv' and '2\.csv'"):
        kqlog.connect(tmp_path).query("T")


def test_folders_of_a_partitioned_table_may_be_dates(tmp_path):
    folder = tmp_path / "T" / "day=2026-01-01"
    folder.mkdir(parents=True)
    (folder / "x.csv").write_text("a,t\n1,2026-01-02\n")
    rows = kqlog.connect(tmp_path).query("T | project a, t, day").texts()
    assert rows == [["1", "2026-01-02T00:00:00.0000000Z", "2026-01-01T00:00:00.0000000Z"]]


@pytest.mark.parametrize(
    ("values", "type_", "first"),
    [
        (["01/02/2026", "12/31/2026"], "datetime", "2026-01-02T00:00:00.0000000Z"),
        (["1/25/2026 1:14:15 PM"], "datetime", "2026-01-25T13:14:15.0000000Z"),
        (["25/12/2026"], "string", "25/12/2026"),
        (["2026/01/02"], "datetime", "2026-01-02T00:00:00.0000000Z"),
        (["2026-01-02T03:04:05.1234567Z", '""'], "datetime", "2026-01-02T03:04:05.1234567Z"),
        (["epoch", "2026-01-02"], "string", "epoch"),
        (["Infinity", "-infinity"], "string", "Infinity"),
        (["01:02:03.1234567", "10:00"], "timespan", "01:02:03.1234567"),
        (["12345678901234567890"], "decimal", "12345678901234567890"),
        (["1234567890123456789012345678901234567890"], "real", "1.2345678901234568e+39"),
    ],
)
def test_the_texts_of_a_column_decide_its_type(tmp_path, values, type_, first):
    types, rows = read(tmp_path, "T.csv", "\n".join(["c", *values, ""]))
    assert (types, rows[0]) == (type_, [first])


# ------------------------------------------------------------------------------------------------------------------ JSON


@pytest.mark.parametrize("text", ['{"a":1,"A":2}', '{"a":1}\n{"A":2}', '{"a":1,"A":2,"A_1":3}'])
def test_keys_that_differ_in_case_only_are_refused(tmp_path, text):
    assert refused(tmp_path, "T.jsonl", text) == "ING001 the columns 'a' and 'A' differ in case only"


@pytest.mark.parametrize(
    ("text", "types", "row"),
    [
        ('{"a":1,"A_1":2}', "long long", ["1", "2"]),
        ('{"p":{"a":1,"A":2}}', "dynamic", ['{"a":1,"A":2}']),
        ('{"e":"epoch"}', "string", ["epoch"]),
        ('{"e":"Infinity"}', "string", ["Infinity"]),
        ('{"t":"2026-01-02T03:04:05.1234567+02:00"}', "datetime", ["2026-01-02T01:04:05.1234567Z"]),
        ('{"n":9223372036854775808}', "decimal", ["9223372036854775808"]),
    ],
)
def test_json_values_are_read_as_they_are(tmp_path, text, types, row):
    assert read(tmp_path, "T.jsonl", text) == (types, [row])


# ---------------------------------------------------------------------------------------------------------- externaldata


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "T.csv").write_text("id,name,when\n1,alice,2026-01-01\nx,bob\n")
    (root / "T.tsv").write_text('1\ta b\n2\t"c"\n')
    (root / "T.psv").write_text("1|a,b\n")
    (root / "notes.md").write_text('# Title\n\nhello, "world"\n')
    (root / "J.json").write_text('[{"a": 1, "d": {"k": [1]}, "s": "x"}, {"a": "2", "s": {"y": 1}}]')
    (root / "L.jsonl").write_text('{"a": 1, "d": "text"}\n')
    (root / "Z.csv.gz").write_bytes(gzip.compress(b"1,2\n"))
    (tmp_path / "secret").write_text("secret\n")
    (root / "link").symlink_to(tmp_path / "secret")
    return root


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (
            "(id: long, name: string, when: datetime) ['T.csv'] with (ignoreFirstRecord=true)",
            [["1", "alice", "2026-01-01T00:00:00.0000000Z"], ["", "bob", ""]],
        ),
        ("(id: long, name: string) ['T.csv'] with (ignoreFirstRecord=false)", [["", "name"], ["1", "alice"], ["", "bob"]]),
        ("(a: long, A: string) ['T.csv'] with (format='csv') | where A == 'bob'", [["", "bob"]]),
        ("(id: long, text: string) ['T.tsv']", [["1", "a b"], ["2", "c"]]),
        ("(id: long, text: string) ['T.psv']", [["1", "a,b"]]),
        ("(a: long, b: dynamic) ['Z.csv.gz']", [["1", "2"]]),
        ("(line: string) ['notes.md'] with (format='txt')", [["# Title"], ['hello, "world"']]),
        ("(line: string) ['notes.md'] with (format='txt', ignoreFirstRecord=true)", [['hello, "world"']]),
        ("(text: string) ['notes.md'] with (format='raw')", [['# Title\n\nhello, "world"\n']]),
        (
            "(a: long, d: dynamic, s: string) ['J.json'] with (format='multijson')",
            [["1", '{"k":[1]}', "x"], ["2", "", '{"y":1}']],
        ),
        ("(a: real, d: dynamic) ['L.jsonl'] with (format=json)", [["1.0", "text"]]),
    ],
)
def test_a_query_can_read_files_of_the_folder(folder, query, rows):
    texts = kqlog.connect(folder).query(f"externaldata{query}").texts()
    # JSON keeps its spaces.
    assert [[text.replace(": ", ":") for text in row] for row in texts] == rows


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (
            "(id: string, name: string) kind=storage dataformat=csv ('T.csv') with (includeHeaders='All')",
            [["1", "alice"], ["x", "bob"]],
        ),
        ("(id: string) kind=storage dataformat=csv ('T.csv')", [["id"], ["1"], ["x"]]),
        ("(a: real) kind=storage dataformat=json ('L.jsonl', 'L.jsonl')", [["1.0"], ["1.0"]]),
    ],
)
def test_a_query_can_define_a_table_over_files_of_the_folder(folder, query, rows):
    assert kqlog.connect(folder).query(f"inline_external_table{query}").texts() == rows


@pytest.mark.parametrize(
    "query",
    [
        "externaldata(a: long) ['https://example.org/x'] with (ingestionMapping='[]')",
        "inline_external_table(a: long) kind=delta ('https://example.org/x')",
        "inline_external_table kind=delta ('https://example.org/x') | project a = tolong(a)",
    ],
)
def test_a_query_over_files_out_of_reach_can_be_checked(query):
    checked = kqlog.check(query)
    assert checked.errors == []
    assert [(column.name, str(column.type)) for column in checked.columns] == [("a", "long")]


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "link", "missing"])
@pytest.mark.parametrize("format_", ["csv", "tsv", "txt", "raw", "json", "multijson", "parquet"])
def test_a_file_that_may_not_be_read_is_refused_at_its_place(folder, path, format_):
    with pytest.raises(QueryError) as caught:
        kqlog.connect(folder).query(f"externaldata(text: string) ['{path}'] with (format='{format_}')")
    error = caught.value
    assert (error.code, error.line, error.column) == ("ENG003", 1, 29)
    assert error.message.endswith("there is no such file" if path == "missing" else "it is not in the connected folder")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("(a: string) ['T.csv'] with (format='avro')", "externaldata does not read 'avro' files"),
        ("(a: string, b: long) ['notes.md'] with (format='txt')", "txt files have one column, a string for each line"),
    ],
)
def test_other_formats_are_refused(folder, query, problem):
    with pytest.raises(QueryError) as caught:
        kqlog.connect(folder).query(f"externaldata{query}")
    assert (caught.value.code, caught.value.message) == ("ENG001", problem)


def test_the_file_of_a_workspace_is_readable_by_its_name(folder):
    workspace = kqlog.connect(folder / "T.csv")
    assert workspace.query("externaldata(id: string) ['T.csv'] | count").rows == [(3,)]
    with pytest.raises(QueryError, match="connected folder"):
        workspace.query("externaldata(id: long) ['T.tsv']")
