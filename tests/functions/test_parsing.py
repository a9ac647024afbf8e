from __future__ import annotations

import pyarrow as pa
import pytest

import kqlog
from kqlog.errors import QueryError


def parsed(function, text):
    return kqlog.query(f"T | project {function}(text)", tables={"T": pa.table({"text": [text]})}).rows[0][0]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("extract_all('a', 'a')", "needs a capture group"),
        ("extract_all('(a)', dynamic([2]), 'a')", "has no group 2"),
        ("extract_all('(a)', dynamic(['x']), 'a')", 'has no group "x"'),
    ],
)
def test_wrong_constants_are_refused_with_a_reason(expression, reason):
    with pytest.raises(QueryError) as error:
        kqlog.query(f"print {expression}")
    assert reason in error.value.message


def test_groups_beyond_the_ninth_can_be_extracted():
    pattern = "".join(f"({letter})" for letter in "abcdefghijkl")
    assert kqlog.query(f"print extract('{pattern}', 12, 'abcdefghijkl')").rows == [("l",)]


def test_an_absent_group_is_an_empty_text():
    assert kqlog.query("print extract('(a)|(b)', 1, 'b'), extract_all('(a)|(b)', 'ab')").rows == [("", [["a", ""], ["", "b"]])]


@pytest.mark.parametrize(
    ("path", "directory", "file"),
    [
        ("a/b/c", "a/b", "c"),
        ("c", "", "c"),
        ("/c", "", "c"),
        ("a\\b\\", "a\\b", ""),
        ("", "", ""),
        (r"\\?\D:\x\y", r"\\?\D:\x", "y"),
    ],
)
def test_a_path_is_cut_at_its_last_separator(path, directory, file):
    parts = parsed("parse_path", path)
    assert (parts["DirectoryPath"], parts["Filename"]) == (directory, file)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://a.example", "a.example", "", ""),
        ("https://u:p@a.example:80/x/y?z", "a.example", "80", "x/y"),
        ("http://[::1]:8080/", "[::1]", "8080", ""),
        ("no url", "", "", "no url"),
    ],
)
def test_urls(url, host, port, path):
    parts = parsed("parse_url", url)
    assert (parts["Host"], parts["Port"], parts["Path"]) == (host, port, path)


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("", []),
        ('a "b c" d', ["a", "b c", "d"]),
        (r"C:\x\ y", ["C:\\x\\", "y"]),
        (r'x "a\\" b', ["x", "a\\", "b"]),
        (r"x a\"b c", ["x", 'a"b', "c"]),
        ('x a"b c"d', ["x", "ab cd"]),
        ('x "" y', ["x", "", "y"]),
        ('x "a""b c" d', ["x", 'a"b', "c d"]),
        (r'"C:\x\"y z', ["C:\\x\\", "y", "z"]),
        ('a"b c', ['a"b', "c"]),
        (" a", ["", "a"]),
        ('""', [""]),
        ('x "a', ["x", "a"]),
    ],
)
def test_windows_command_lines(line, arguments):
    table = pa.table({"text": [line]})
    assert kqlog.query("T | project parse_command_line(text, 'windows')", tables={"T": table}).rows == [(arguments,)]


def test_xml_that_is_too_long_or_explodes_is_null():
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 40}">' for before, name in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert parsed("parse_xml", bomb + "]><x>&h;</x>") is None
    assert parsed("parse_xml", "<x>" + "a" * 1_100_000 + "</x>") is None
