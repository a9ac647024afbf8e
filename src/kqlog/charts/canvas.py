"""A grid of characters of a terminal, to draw on in characters, eighths of them, or dots of braille."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TextIO

from kqlog.charts.palette import ANSI
from kqlog.formats import visible, width_of

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bits of the eight dots of a braille character, by row and column."""
_BRAILLE = 0x2800
UP = " ▁▂▃▄▅▆▇█"
RIGHT = " ▏▎▍▌▋▊▉█"
"""Eighths of a character, from below and from the left."""
MARKS = "*+xo#@%=&~"
"""What tells series apart without colours."""
_BOX = " │││─┘┐┤─└┌├─┴┬┼"
"""Lines by the sides of a character that they reach: above 1, below 2, left 4, right 8."""
_ASCII_BOX = " |||-+++-+++-+++"
BOLD, FAINT = -1, -2
"""Ways to write that are no colours."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where a chart is drawn: its size in characters, and what it can show."""

    width: int = 80
    height: int = 24
    colour: bool = False
    unicode: bool = True

    @classmethod
    def of(cls, stream: TextIO, width: int, height: int) -> Terminal:
        """The abilities of a stream: colours for a terminal unless NO_COLOR is set, blocks where its encoding has them."""
        colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        try:
            f"{UP}{chr(_BRAILLE + 255)}".encode(stream.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return cls(width, height, colour, unicode=False)
        return cls(width, height, colour)

    def text(self, value: str) -> str:
        """A text that can be shown: without characters that steer a terminal or that its encoding does not have."""
        value = visible(value)
        return value if self.unicode or value.isascii() else value.encode("ascii", "replace").decode()

    def fit(self, value: str, width: int) -> str:
        """A text that can be shown, cut to a width."""
        value = self.text(value)
        if width_of(value) <= width:
            return value
        while value and width_of(value) > width - 1:
            value = value[:-1]
        return value.rstrip() + ("…" if self.unicode else "~") if width > 0 else ""

    def ink(self, series: int) -> int | None:
        """The colour of a series."""
        return ANSI[series % len(ANSI)] if self.colour else None


@dataclass(slots=True)
class _Cell:
    char: str = " "
    ink: int | None = None
    paper: int | None = None


class Canvas:
    """Characters in rows, row 0 on top. What lies outside is not drawn."""

    def __init__(self, terminal: Terminal, width: int, height: int) -> None:
        self.terminal = terminal
        self.width = width
        self.height = height
        self._rows = [[_Cell() for _ in range(width)] for _ in range(height)]
        self._sides: dict[tuple[int, int], int] = {}

    def put(self, x: int, y: int, char: str, ink: int | None = None, paper: int | None = None) -> None:
        """One character."""
        if 0 <= x < self.width and 0 <= y < self.height:
            self._rows[y][x] = _Cell(char, ink, paper)

    def write(self, x: int, y: int, text: str, ink: int | None = None) -> None:
        """A text that is known to fit; a wide character takes two places."""
        for char in text:
            size = width_of(char)
            if size == 0:
                continue
            self.put(x, y, char, ink)
            if size == 2:
                self.put(x + 1, y, "", ink)
            x += size

    def dot(self, x: int, y: int, ink: int | None) -> None:
        """One dot of braille: there are two in the width of a character and four in its height."""
        if 0 <= x < 2 * self.width and 0 <= y < 4 * self.height:
            cell = self._rows[y // 4][x // 2]
            before = ord(cell.char) if cell.char and _BRAILLE <= ord(cell.char) < _BRAILLE + 256 else _BRAILLE
            cell.char, cell.ink = chr(before | _DOTS[y % 4][x % 2]), ink

    def box(self, left: int, top: int, right: int, bottom: int) -> None:
        """A frame, whose lines join those of its neighbours."""
        for x in range(left, right):
            for y in (top, bottom):
                self._join(x, y, 8)
                self._join(x + 1, y, 4)
        for y in range(top, bottom):
            for x in (left, right):
                self._join(x, y, 2)
                self._join(x, y + 1, 1)

    def _join(self, x: int, y: int, side: int) -> None:
        sides = self._sides[x, y] = self._sides.get((x, y), 0) | side
        self.put(x, y, (_BOX if self.terminal.unicode else _ASCII_BOX)[sides], FAINT)

    def lines(self) -> list[str]:
        """The rows as text, with the escape sequences of their colours where the terminal has them."""
        return [_sequences(row) if self.terminal.colour else "".join(cell.char for cell in row).rstrip() for row in self._rows]


def styled(terminal: Terminal, text: str, ink: int | None) -> str:
    """A text in a colour, where the terminal has them."""
    return f"{_sequence(ink, None)}{text}\x1b[0m" if terminal.colour and ink is not None and text else text


def _sequences(row: list[_Cell]) -> str:
    parts: list[str] = []
    before: tuple[int | None, int | None] = (None, None)
    while row and row[-1].char == " " and row[-1].paper is None:
        row = row[:-1]
    for cell in row:
        now = (cell.ink, cell.paper)
        if now != before and cell.char:
            parts.append(("\x1b[0m" if before != (None, None) else "") + _sequence(*now))
            before = now
        parts.append(cell.char)
    return "".join(parts) + ("\x1b[0m" if before != (None, None) else "")


def _sequence(ink: int | None, paper: int | None) -> str:
    codes = []
    if ink is not None:
        codes.append({BOLD: "1", FAINT: "2"}.get(ink, f"38;5;{ink}"))
    if paper is not None:
        codes.append(f"48;5;{paper}")
    return f"\x1b[{';'.join(codes)}m" if codes else ""
