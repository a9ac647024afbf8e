"""Places of a text in an editor's terms, for any text and any place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from kqlog.errors import Span
from kqlog.lsp import answers
from kqlog.lsp.positions import Positions, units

TEXTS = st.text(st.sampled_from("a|;(){}'\"/`é서🚀\n\r\u2028\t =,.1"), max_size=60)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32"])


def at(line, character):
    return types.Position(line, character)


@given(TEXTS, ENCODINGS)
def test_every_character_has_a_place_that_leads_back_to_it(text, encoding):
    positions = Positions(text, encoding)
    for offset in range(len(text) + 1):
        # Between the two characters of one line end there is no place of its own.
        if text[offset - 1 : offset + 1] != "\r\n":
            assert positions.offset(positions.position(offset)) == offset


@given(TEXTS, ENCODINGS, st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_any_place_is_one_of_the_text(text, encoding, line, character):
    assert 0 <= Positions(text, encoding).offset(at(line, character)) <= len(text)


@pytest.mark.parametrize(
    ("encoding", "character"), [("utf-8", 1 + 4 + 3), ("utf-16", 1 + 2 + 1), ("utf-32", 1 + 1 + 1)], ids=["8", "16", "32"]
)
def test_characters_are_counted_as_the_encoding_does(encoding, character):
    positions = Positions("\na🚀서|", encoding)
    assert positions.position(4) == at(1, character)
    assert positions.offset(at(1, character)) == 4


def test_a_place_inside_of_a_character_is_its_beginning():
    positions = Positions("a🚀b")
    assert [positions.offset(at(0, character)) for character in range(5)] == [0, 1, 1, 2, 3]


def test_lines_end_as_the_protocol_says():
    positions = Positions("a\r\nb\rc\nd\u2028e\x0cf")
    assert [positions.position(offset).line for offset in (0, 3, 5, 7, 11)] == [0, 1, 2, 3, 3]
    assert positions.offset(at(0, 99)) == 1


@given(TEXTS, ENCODINGS)
def test_colours_stand_in_order_within_their_lines(text, encoding):
    positions = Positions(text, encoding)
    data, line, column, end = answers.semantic_tokens(positions).data, 0, 0, 0
    for down, right, length, kind, _ in (data[number : number + 5] for number in range(0, len(data), 5)):
        line, column, end = (line + down, right, 0) if down else (line, column + right, end)
        assert column >= end
        end = column + length
        assert length > 0
        assert kind < len(answers.LEGEND.token_types)
        start = positions.offset(at(line, column))
        assert units(text[start : positions.offset(at(line, end))], encoding) == length


@given(TEXTS, st.integers(0, 60), st.integers(0, 60))
def test_layout_of_a_part_changes_whole_statements_only(text, start, length):
    for edit in answers.layout_edits(Positions(text), Span(start, start + length)):
        assert Positions(text).span(edit.range).end <= len(text)
