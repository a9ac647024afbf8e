"""Documents to lines: where a group does not fit into the width it is broken, at all of its own breaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

WIDTH = 100
INDENT = 4


@dataclass(frozen=True)
class Break:
    """Where a line may end; `flat` is what stands there if it does not, `hard` if it must."""

    flat: str = " "
    hard: bool = False


@dataclass(frozen=True)
class Remark:
    """A comment, after which a line must end. `own`: it stands on a line of its own, with an empty one before it if `blank`."""

    text: str
    own: bool
    blank: bool = False


@dataclass(frozen=True)
class Group:
    """Parts that are broken together, `indent` levels further in."""

    parts: tuple[Doc, ...]
    indent: int = 0
    breaks: bool = True
    """False for parts that only share an indentation: they break as the group around them."""

    @cached_property
    def must_break(self) -> bool:
        """Whether something in it ends a line in any case."""
        return any(
            isinstance(part, Remark) or (isinstance(part, Break) and part.hard) or (isinstance(part, Group) and part.must_break)
            for part in self.parts
        )

    @cached_property
    def width(self) -> int:
        """The characters it has on one line."""
        return width(self.parts)


Doc = str | Break | Remark | Group
"""A part of a text to be laid out."""
SPACE, NOTHING = Break(" "), Break("")
LINE = Break(hard=True)


def group(*parts: Doc, indent: int = 0) -> Group:
    """Parts that are broken together."""
    return Group(parts, indent)


def nest(*parts: Doc) -> Group:
    """Parts that stand a level further in where lines end, and break as what is around them."""
    return Group(parts, 1, breaks=False)


def render(doc: Group) -> str:
    """The lines of a document, each ended."""
    printer = _Printer()
    printer.show(doc, 0, broken=True)
    return "".join(printer.out).rstrip() + "\n"


class _Printer:
    def __init__(self) -> None:
        self.out: list[str] = []
        self.column = 0
        self.due: int | None = None
        """The indentation of the next line, where one must begin before more is written."""

    def show(self, doc: Group, level: int, broken: bool) -> None:
        level += doc.indent
        if doc.breaks:
            broken = doc.must_break or self.column + doc.width > WIDTH
        for part in doc.parts:
            match part:
                case str():
                    self._write(part)
                case Group():
                    self.show(part, level, broken)
                case Remark():
                    self._remark(part, level)
                case Break(_, hard) if hard or broken:
                    self._end(level)
                case Break(flat) if self.due is None:
                    self._write(flat)

    def _write(self, text: str) -> None:
        if not text:
            return
        if self.due is not None:
            self.out.append(" " * INDENT * self.due)
            self.column, self.due = INDENT * self.due, None
        self.out.append(text)
        self.column = len(text.rpartition("\n")[2]) + (0 if "\n" in text else self.column)

    def _end(self, level: int, blank: bool = False) -> None:
        if self.due is None:
            if self.out:
                self.out[-1] = self.out[-1].rstrip(" ") if not self.out[-1].endswith("```") else self.out[-1]
                self.out.append("\n\n" if blank else "\n")
        elif blank and self.out and self.out[-1] != "\n\n":
            self.out.append("\n")
        self.due = level

    def _remark(self, remark: Remark, level: int) -> None:
        if remark.own:
            self._end(level, remark.blank)
        elif self.due is None and self.out:
            self._write(" ")
        self._write(remark.text)
        self._end(level)


def width(parts: Iterable[Doc]) -> int:
    """The characters that parts have on one line."""
    return sum(len(part) if isinstance(part, str) else _width(part) for part in parts)


def _width(part: Break | Remark | Group) -> int:
    match part:
        case Break(flat):
            return len(flat)
        case Remark(text):
            return len(text)
        case Group():
            return part.width
