"""Messages out of a stream of bytes, however it is cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kqlog.ingest.framing import Frames


def messages(*pieces: bytes, most: int = 100) -> tuple[list[bytes], int]:
    frames = Frames(most)
    found = [message for piece in pieces for message in frames.feed(piece)]
    return [*found, *frames.end()], frames.cut


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        (b"<1>a\n<2>b\n", [b"<1>a", b"<2>b"]),
        (b"4 <1>a5 <2>bc", [b"<1>a", b"<2>bc"]),
        (b"8 <1>two\nl<2>b\n4 <3>c", [b"<1>two\nl", b"<2>b", b"<3>c"]),
        (b"<1>a\0<2>b\0", [b"<1>a", b"<2>b"]),
        (b"<1>no end", [b"<1>no end"]),
        (b"2026 was a year\n12\n", [b"2026 was a year", b"12"]),
        (b"<1>a\n12", [b"<1>a", b"12"]),
        (b"99999999 <1>a\n", [b"99999999 <1>a"]),
    ],
)
def test_each_message_says_its_framing(stream: bytes, found: list[bytes]) -> None:
    assert messages(stream) == (found, 0)
    assert messages(*(stream[at : at + 1] for at in range(len(stream)))) == (found, 0)


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        (b"<1>abcdefgh\n<2>b\n", [b"<1>abc", b"<2>b"]),
        (b"11 <1>abcdefgh<2>b\n", [b"<1>abc", b"<2>b"]),
        (b"<1>abcdefgh", [b"<1>abc"]),
        (b"11 <1>ab", [b"<1>ab"]),
        (b"9999999 <1>abcdefgh", [b"<1>abc"]),
    ],
)
def test_what_is_too_long_or_ends_within_is_cut_and_counted(stream: bytes, found: list[bytes]) -> None:
    assert messages(stream, most=6) == (found, 1)
    assert messages(*(stream[at : at + 1] for at in range(len(stream))), most=6) == (found, 1)


@given(st.lists(st.binary(max_size=40).map(lambda text: b"<13>" + text), max_size=8), st.data())
def test_counted_messages_come_back_however_they_are_cut(sent: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(b"%d %s" % (len(message), message) for message in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert messages(*pieces) == (sent, 0)


@given(st.lists(st.binary(max_size=60)))
def test_any_bytes_are_messages_of_bounded_size(pieces: list[bytes]) -> None:
    found, _ = messages(*pieces, most=10)
    assert all(len(message) <= 10 for message in found)
