"""JSON of unknown senders: each column gets one type, however long the body is and whichever way it is read."""

from __future__ import annotations

import json
from collections.abc import Callable

import pyarrow
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kqlog.errors import QueryError
from kqlog.ingest import flat_rows, rows
from kqlog.ingest.rows import from_array, from_delimited, from_lines, from_sequence

MANY = 45_000
"""More than are read at once."""
Read = Callable[[bytes], pyarrow.Table]


@pytest.fixture
def exactly(monkeypatch: pytest.MonkeyPatch) -> Read:
    """The exact way, which short bodies always go."""

    def read(text: bytes) -> pyarrow.Table:
        with monkeypatch.context() as patch:
            patch.setattr(rows, "_FEW", MANY * 10)
            return from_array(text)

    return read


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> Read:
    """The fast way, however short a body is, in pieces of three rows."""

    def read(text: bytes) -> pyarrow.Table:
        with monkeypatch.context() as patch:
            patch.setattr(rows, "_FEW", 0)
            patch.setattr(flat_rows, "_PIECE", 3)
            patch.setattr(flat_rows, "_LOOKED_AT", 2)
            return from_array(text)

    return read


def outcome(read: Read, text: bytes) -> object:
    """Columns, types and values, or the error; -0.0 and 0.0 differ."""
    try:
        table = read(text)
    except QueryError as error:
        return error.code, error.message
    return {name: (str(table.field(name).type), repr(table.column(name).to_pylist())) for name in sorted(table.column_names)}


@pytest.mark.parametrize(
    ("first", "last", "type_"),
    [(1, 2, "int64"), (1, 2.5, "double"), (1, "x", "string"), (None, True, "bool"), ({"a": 1}, None, "extension<arrow.json>"),
     ("x", [1], "extension<arrow.json>"), (1, 2**63, "double")],
)  # fmt: skip
def test_a_late_value_of_another_kind_changes_the_type(first: object, last: object, type_: str) -> None:
    sent = [{"v": first}, *({"other": n} for n in range(MANY)), {"v": last}]
    table = from_array(json.dumps(sent).encode())
    assert (table.num_rows, str(table.column("v").type)) == (MANY + 2, type_)
    assert table.column("v").null_count == MANY + (first is None or last is None)


VALUES = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4) | st.sampled_from(["2026-03-01", "2026-03-01T10:00:00Z", "2026-03-01 10:00:00.1234567", "12", "null"])
    | st.sampled_from([-0.0, 2**53 + 1, 2**63, -(2**63), 1e308, 5e-324])
)  # fmt: skip
NESTED = VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(st.sampled_from("xy"), VALUES, max_size=2)
NAMES = st.sampled_from(["a", "b", "c", "a b", "a_b", "A", "", "é", "TimeGenerated"])
KINDS = [
    st.integers(-5, 2**64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
    st.booleans(),
    VALUES,
    NESTED,
]


@st.composite
def bodies(draw: st.DrawFn) -> list[dict[str, object]]:
    """Rows whose fields mostly hold one kind of value each, as those of real senders do."""
    kinds = draw(st.dictionaries(NAMES, st.sampled_from(KINDS), min_size=1, max_size=4))
    fields = {name: st.none() | kind for name, kind in kinds.items()}
    return draw(st.lists(st.fixed_dictionaries({}, optional=fields), max_size=12))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies(), st.booleans())
@example([{"a": 1}, {}, {"a": 2.5}], True)
@example([{"a": -0.0}, {"a": 1.5}], True)
def test_any_rows_are_the_same_both_ways(fast: Read, exactly: Read, sent: list[dict[str, object]], escaped: bool) -> None:
    text = json.dumps(sent, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    assert outcome(fast, text) == outcome(exactly, text)


@pytest.mark.parametrize(
    "values",
    [
        b'1,"a":2', b'1,"\\u0061":2', b"-0", b"-0,null", b"1e400", b"-1e400", b"NaN", b"Infinity", b"1e-400", b"01", b"1.", b"+1",
        b"1.0", b"1e2", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"0.1000000000000000055511151231",
        b"123456789012345678901234567890", b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\\u0000"', b'"\\/\\b\\f\\n\\r\\t\\"\\\\"', b'"\t"',
        b'"\n"', b'"\xff"', b'"\xed\xa0\x80"', b"true", b"True", b"nul", b"'x'", b"1,", b"1 //", b'"2026-03-01T10:00:00"', b"[]",
        b"{}", b'{"x":1.10,"x":2}', b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("other", [b"1", b"1.5", b'"x"', b"true", b"null"])
def test_odd_values_are_the_same_both_ways(fast: Read, exactly: Read, values: bytes, other: bytes) -> None:
    row = b'{"a":%b,"b":1}' % other
    text = b"[%b]" % b",".join([row] * 7 + [b'{"b":2,"a":%b}' % values])
    assert outcome(fast, text) == outcome(exactly, text)


@pytest.mark.parametrize("body", [b"[%b,null]", b"[%b,1]", b"[%b,[]]", b'[%b,"x"]', b"[%b]]", b'[%b],"b":[1]', b'[%b]}{"rows":[]',
                                  b"[%b,]", b"[%b", b'[%b,{"\xff":1}]', b"\xef\xbb\xbf[%b]", b"[%b,{}]", b" [ %b ] "])  # fmt: skip
def test_what_is_no_rows_is_refused_both_ways(fast: Read, exactly: Read, body: bytes) -> None:
    text = body % b",".join([b'{"a":1}'] * 7)
    assert outcome(fast, text) == outcome(exactly, text)


def test_many_rows_of_one_kind_a_field_go_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    # The exact way would need this.
    monkeypatch.setattr(rows, "_columns", None)
    sent: list[dict[str, object]] = [
        {"t": "2026-03-01T10:00:00Z", "n": n, "r": n / 4, "b": n % 2 == 0, "s": '"é"'} for n in range(MANY)
    ]
    sent[7_777] |= {"late": "2026-03-01T10:00:00Z", "n": 2.5, "r": None}
    texts = [json.dumps(row) for row in sent]
    wanted = {name: [row.get(name) for row in sent] for name in ("t", "n", "r", "b", "s", "late")}
    for table in (from_array(f"[{','.join(texts)}]".encode()), from_lines("\n".join(texts).encode()), from_sequence(" ".join(texts).encode())):  # fmt: skip
        assert table.to_pydict() == wanted
        assert [str(type_) for type_ in table.schema.types] == ["string", "double", "double", "bool", "string", "string"]


def test_whole_numbers_stay_exact() -> None:
    text = b'[{"n": 9223372036854775807, "d": {"n": 123456789012345678901234567890}}]'
    table = from_array(text)
    assert table.column("n").to_pylist() == [2**63 - 1]
    assert table.column("d").combine_chunks().storage.to_pylist() == ['{"n":123456789012345678901234567890}']


def test_a_number_that_no_column_holds_is_refused() -> None:
    for number in (b"1" + b"0" * 400, b"1" + b"0" * 5000, b"1e400"):
        with pytest.raises(QueryError, match=r"too large|out of range"):
            from_array(b'[{"n": %b}]' % number)


@pytest.mark.parametrize("text", [b'{"a": 1} {"a"', b'{"a": 1} x', b'{"a": 1} 2', b"\xff"])
def test_a_sequence_that_ends_wrong(text: bytes) -> None:
    with pytest.raises(QueryError, match=r"not JSON|not UTF-8"):
        from_sequence(text)


def test_lines_of_values() -> None:
    table = from_delimited(b'1,"a, ""b""\nc"\n2,\n', ["n", "s", "more"])
    assert table.to_pydict() == {"n": ["1", "2"], "s": ['a, "b"\nc', ""]}
    for text, reason in [(b"1,2\n3\n", "Expected 2 columns"), (b"1,2,3,4\n", "4 values"), (b"\xff,1\n", "UTF8|UTF-8")]:
        with pytest.raises(QueryError, match=reason):
            from_delimited(text, ["n", "s", "more"])
