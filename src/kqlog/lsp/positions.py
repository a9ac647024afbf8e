"""Places of a text as editors count them: lines, and units of UTF-16 (or UTF-8, UTF-32) in a line."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate

from lsprotocol import types

from kqlog.errors import Span

_LINE_END = re.compile(r"\r\n|\n|\r")
"""What ends a line in the protocol. str.splitlines() knows more line ends, such as U+2028, which editors do not."""
_BYTES = {
    types.PositionEncodingKind.Utf8: ("utf-8", 1),
    types.PositionEncodingKind.Utf16: ("utf-16-le", 2),
    types.PositionEncodingKind.Utf32: ("utf-32-le", 4),
}


def units(text: str, encoding: str = types.PositionEncodingKind.Utf16) -> int:
    """How long a text is, in units of an encoding."""
    if text.isascii():
        return len(text)
    codec, size = _BYTES[types.PositionEncodingKind(encoding)]
    return len(text.encode(codec, "surrogatepass")) // size


class Positions:
    """A text and its lines. Places outside of it are those at its edges."""

    def __init__(self, text: str, encoding: str = types.PositionEncodingKind.Utf16) -> None:
        self.text = text
        self._encoding = encoding

    @cached_property
    def _lines(self) -> list[tuple[int, int]]:
        """Where each line begins and, without its line end, ends."""
        ends = [match.span() for match in _LINE_END.finditer(self.text)]
        return list(zip([0, *(end for _, end in ends)], [*(start for start, _ in ends), len(self.text)], strict=True))

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _ in self._lines]

    def offset(self, position: types.Position) -> int:
        """The number of characters before a position. One in the middle of a character is the beginning of that."""
        if position.line >= len(self._lines):
            return len(self.text)
        start, end = self._lines[max(0, position.line)]
        line, wanted = self.text[start:end], max(0, position.character)
        if line.isascii():
            return min(start + wanted, end)
        sizes = accumulate(units(character, self._encoding) for character in line)
        return start + sum(size <= wanted for size in sizes)

    def position(self, offset: int) -> types.Position:
        """Where the character of this number is."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._starts, offset) - 1
        return types.Position(line, units(self.text[self._starts[line] : offset], self._encoding))

    def range(self, span: Span) -> types.Range:
        """Where a span is."""
        return types.Range(self.position(span.start), self.position(span.end))

    def span(self, range_: types.Range) -> Span:
        """The span of a range."""
        start = self.offset(range_.start)
        return Span(start, max(start, self.offset(range_.end)))

    def lines(self, span: Span) -> list[Span]:
        """The parts of a span that are on one line each, without line ends."""
        first = bisect_right(self._starts, span.start) - 1
        found = []
        for start, end in self._lines[first:]:
            if start >= span.end:
                break
            part = Span(max(start, span.start), min(end, span.end))
            found += [part] if part.start < part.end else []
        return found
