from __future__ import annotations

import pyarrow as pa

import kqlog

KNOWN = {
    "": -1205034819632174695,
    "a": -3292477735350538661,
    "abc": 4952883123889572249,
    "Nobody inspects the spammish repetition": -302119147016844303,
}


def test_xxhash64_gives_the_known_answers():
    table = pa.table({"text": list(KNOWN)})
    assert kqlog.query("T | project hash(text)", tables={"T": table}).rows == [(value,) for value in KNOWN.values()]


def test_a_text_has_one_hash_wherever_it_stands_in_a_column():
    texts = ["x" * length for length in range(150)]
    together = kqlog.query("T | project hash_xxhash64(text)", tables={"T": pa.table({"text": texts})}).rows
    alone = [kqlog.query(f"print hash_xxhash64('{text}')").rows[0] for text in texts[::16]]
    assert together[::16] == alone
    assert len(set(together)) == 150


def test_a_remainder_is_never_negative():
    table = pa.table({"text": [str(number) for number in range(200)]})
    rows = kqlog.query("T | project hash(text, 7)", tables={"T": table}).rows
    assert {row[0] for row in rows} == set(range(7))


def test_null_has_no_hash():
    assert kqlog.query("print hash(long(null))").rows == [(None,)]
