from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kqlog

TEXTS = [
    "",
    "a",
    "A b",
    "foo.bar",
    "foo bar",
    "x/api/y",
    "é",
    "Éa",
    "10.0.0.1",
    "a_b",
    "[a]",
    "ab ab",
    "b",
    "o.b",
    "/api/",
    "0.0.1",
    ".",
]
OPERATORS = [
    name + case for name in ("has", "hasprefix", "hassuffix", "contains", "startswith", "endswith") for case in ("", "_cs")
]


def is_term(text, wanted, start=True, end=True):
    """Whether `wanted` stands in `text` with its ends at those of terms."""
    for at in range(len(text) - len(wanted) + 1):
        if not text.startswith(wanted, at):
            continue
        before, after = text[:at][-1:], text[at + len(wanted) :][:1]
        inside_start = start and before.isalnum() and wanted[:1].isalnum()
        inside_end = end and after.isalnum() and wanted[-1:].isalnum()
        if not inside_start and not inside_end:
            return True
    return False


EXPECTED = {
    "has": is_term,
    "hasprefix": lambda text, wanted: is_term(text, wanted, end=False),
    "hassuffix": lambda text, wanted: is_term(text, wanted, start=False),
    "contains": lambda text, wanted: wanted in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_constant_and_a_column_on_the_right_give_the_same_answer(operator):
    name = operator.removesuffix("_cs")
    table = pa.table({"text": [text for text in TEXTS for _ in TEXTS], "wanted": TEXTS * len(TEXTS)})
    constants = ", ".join(f"w{number} = text {operator} '{wanted}'" for number, wanted in enumerate(TEXTS))
    query = f"T | extend column = text {operator} wanted, {constants}"
    for text, wanted, column, *constant in kqlog.query(query, tables={"T": table}).rows:
        folded = (text, wanted) if operator.endswith("_cs") else (text.lower(), wanted.lower())
        expected = EXPECTED[name](*folded)
        assert (column, constant[TEXTS.index(wanted)]) == (expected, expected), (text, wanted)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("aB.é /", max_size=6), min_size=1, max_size=8), st.lists(st.text("ab.é/", max_size=3), max_size=4))
def test_has_any_and_has_all_are_has_for_each(texts, wanted):
    table = pa.table({"text": pa.array(texts, pa.string())})
    listed = ", ".join(f"'{text}'" for text in wanted)
    query = f"T | project any = text has_any (dynamic([{listed}])), all = text has_all (dynamic([{listed}]))"
    rows = kqlog.query(query, tables={"T": table}).rows
    tests = [[is_term(text.lower(), word) for word in wanted] for text in texts]
    assert rows == [(any(found), all(found)) for found in tests]


def test_the_right_side_may_be_a_table_or_computed():
    names = pa.table({"name": ["root", "admin"]})
    logs = pa.table({"text": ["su root", "su roots", "ADMIN in"]})
    assert kqlog.query("T | where text has_any (N)", tables={"T": logs, "N": names}).rows == [("su root",), ("ADMIN in",)]
    assert kqlog.query("T | where text has_any (strcat('ro', 'ot'))", tables={"T": logs}).rows == [("su root",)]
    assert kqlog.query("T | where text has tolower('ROOT')", tables={"T": logs}).rows == [("su root",)]


def test_more_texts_than_one_pattern_can_hold_are_all_looked_for():
    wanted = [f"host{number}.example.com" for number in range(3000)]
    logs = pa.table({"text": ["to host2999.example.com", "to host3000.example.com"]})
    listed = ", ".join(f"'{text}'" for text in wanted)
    assert kqlog.query(f"T | where text has_any ({listed})", tables={"T": logs}).rows == [("to host2999.example.com",)]


def test_the_whole_row_can_be_searched():
    logs = pa.table({"host": ["web", "db"], "text": ["up", "web down"]})
    assert len(kqlog.query("T | where * has 'web'", tables={"T": logs}).rows) == 2
