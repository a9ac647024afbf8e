from __future__ import annotations

import pytest

import kqlog
from kqlog.errors import QueryError


def found(pattern, text):
    literal = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    quoted = pattern.replace("'", "''")
    return kqlog.query(f"print extract(@'{quoted}', 0, \"{literal}\")").rows[0][0]


@pytest.mark.parametrize(
    ("pattern", "text", "match"),
    [
        (r"\w+", "  Straße_7 ", "Straße_7"),
        (r"\d+", "a٣4", "٣4"),
        (r"\S+", "a\u3000b", "a"),
        (r"[\w.-]+", "(zoë.b-c)", "zoë.b-c"),
        (r"[^\W_]+", "ab_c", "ab"),
        (r"[^\W\d_]+", "12é_", "é"),
        (r"[\W_]+", "ab_-c", "_-"),
        (r"[^\S\n]+", "a \t\n", " \t"),
        (r"(?-u:\w)+", "aé", "a"),
        (r"(?i)STRASSE|É", "é", "é"),
        (r"\bfoo\b", "x foo", "foo"),
        (r"(?<year>\d{4})-(?P<month>\d\d)", "on 2024-02", "2024-02"),
        (r"\p{Greek}+|\p{Uppercase_Letter}", "aβγ", "βγ"),
        (r"[[:alpha:]_]+", "1ab_", "ab_"),
        (r"[x[yz]]+", "azyx", "zyx"),
        (r"[]a]+", "b]a", "]a"),
        (r"[0-9&&[^5-9]]+", "61204", "1204"),
        (r"[\w--\d]+", "12ab_3", "ab_"),
        (r"[a-d~~c-f]+", "cabd", "ab"),
        (r"[^a-z&&[^aeiou]]+", "bcae", "ae"),
        (r"[\pL--\p{Hangul}]+", "한글abc", "abc"),
        (r"[x[^\Wx]]+", "-axb", "axb"),
        (r"[a&&b]", "ab", ""),
        ("(?x) a [b c ] # a letter\n d", "abd", "abd"),
        (r"(?x: \d )\ a", "1 a", "1 a"),
        (r"[a\-z]+", "b-z", "-z"),
        (r"\u00e9\x{E9}\U000000E9", "ééé", "ééé"),
        (r"\{[^}]*\}", 'x {"a": 1}', '{"a": 1}'),
        ("a.c", "a\nc abc", "abc"),
        ("(?s)a.c", "a\nc", "a\nc"),
        (r"a{2,3}?", "aaa", "aa"),
    ],
)
def test_a_pattern_means_what_it_means_in_kusto(pattern, text, match):
    assert found(pattern, text) == match


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "a '(' is not closed"),
        ("a)", "a ')' has no '('"),
        ("[a", "a '[' is not closed"),
        ("*a", "there is nothing that '*' could repeat"),
        ("a{3,2}", "ends before it starts"),
        ("a{5000}", "repeats more than 1000 times"),
        ("[z-a]", "out of order"),
        ("(a)\\1", "back-references are not supported"),
        ("\\", "it ends in a backslash"),
        ("\\y", "is no escape"),
        ("(?=a)", "look-around"),
        ("(?R)a", "the flag 'R' is not supported"),
        ("[a-z&&", "a '[' is not closed"),
        (r"\b한글", "a boundary beside letters that are not ASCII"),
        (r"é\B", "a boundary beside letters that are not ASCII"),
        (r"\b{start}a", "only the start or the end of a word"),
    ],
)
def test_what_cannot_be_matched_is_refused_with_a_reason(pattern, reason):
    with pytest.raises(QueryError) as error:
        found(pattern, "text")
    assert error.value.code == "SEM002"
    assert reason in error.value.message
