"""The text forms of a table."""

from __future__ import annotations

import io
import json

from kqlog.formats import write_csv, write_html, write_json_array, write_json_lines, write_markdown, write_table
from kqlog.types import Column, Type

COLUMNS = (Column("name", Type.STRING), Column("size", Type.LONG), Column("bag", Type.DYNAMIC))
ROWS = [("a|b", 1, '{"k":\n1}'), ('say "hi",\n<b>', None, None)]


def written(write, *arguments, columns=COLUMNS, rows=ROWS):
    stream = io.StringIO()
    write(columns, rows, stream, *arguments)
    return stream.getvalue()


def test_csv_quotes_what_needs_it():
    assert written(write_csv) == 'name,size,bag\na|b,1,"{""k"":\n1}"\n"say ""hi"",\n<b>",,\n'


def test_json_is_json_and_null_is_null():
    assert json.loads(written(write_json_array)) == [
        {"name": "a|b", "size": 1, "bag": {"k": 1}},
        {"name": 'say "hi",\n<b>', "size": None, "bag": None},
    ]


def test_json_of_no_rows_is_an_empty_array():
    assert written(write_json_array, rows=[]) == "[]\n"


def test_json_lines_has_one_line_a_row_even_for_dynamic_text_with_line_breaks():
    lines = written(write_json_lines).splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["a|b", 'say "hi",\n<b>']


def test_markdown_escapes_bars_and_line_breaks():
    assert written(write_markdown).splitlines()[2:] == ['| a\\|b | 1 | {"k":\\n1} |', '| say "hi",\\n<b> |  |  |']


def test_html_escapes_tags():
    assert "&lt;b&gt;" in written(write_html)


def test_table_aligns_text_left_and_numbers_right():
    table = written(write_table, columns=COLUMNS[:2], rows=[("x", 5), ("yy", 1234)])
    assert table == "name  size\n----  ----\nx        5\nyy    1234\n"


def test_table_never_exceeds_the_width():
    columns = tuple(Column(f"column{number}", Type.STRING) for number in range(30))
    for width in (20, 40, 80, 200):
        lines = written(write_table, width, columns=columns, rows=[("x" * 500,) * 30]).splitlines()
        assert max(len(line) for line in lines[:3]) <= width


def test_table_names_the_columns_that_have_no_room():
    columns = (Column("first", Type.STRING), Column("second", Type.STRING))
    assert written(write_table, 6, columns=columns, rows=[("abcdefghij", "x")]).endswith("(no room for second)\n")


def test_table_spells_out_control_characters():
    assert "\x1b" not in written(write_table, columns=COLUMNS[:1], rows=[("\x1b[2Jgone",)])


def test_table_without_rows_is_its_header():
    assert written(write_table, columns=COLUMNS[:2], rows=[]) == "name  size\n----  ----\n"
