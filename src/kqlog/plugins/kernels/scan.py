"""The operator `scan`: steps that rows match one after the other, each with the records that led to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from textwrap import dedent, indent
from typing import Any

import pyarrow

from kqlog.errors import QueryError
from kqlog.plugins.kernels.partitions import starts
from kqlog.plugins.kernels.programs import Writer

_TYPES = {
    "bool": pyarrow.bool_(),
    "int": pyarrow.int32(),
    "real": pyarrow.float64(),
    "string": pyarrow.string(),
    "guid": pyarrow.string(),
    "dynamic": pyarrow.string(),
    "decimal": pyarrow.decimal128(38, 18),
}

# A step's `state` are the used cells of the records that led to it, in one tuple: None while no row is there. The last of a
# series waits in `last` until the series ends. The names in braces are filled in for each step.
_LOOP = """
def found(rows):
    matches = 0
    {fresh}
    for row, anew{cells} in rows:
        if anew:
            {rest}
            matches = 0
            {fresh}
        {steps}
    {rest}
"""
_FIRST = """
state, match = (empty, matches) if state0 is None else (state0, match0)
if {condition}:
    matches += state0 is None
    {matched}
"""
_LATER = """
state, match = state{before}, match{before}
moves = state is not None and {condition}
if moves:
    {ended}
    state{before} = None
else:
    state, match = state{number}, match{number}
if moves or (state is not None and {condition}):
    {matched}
"""


@dataclass(frozen=True)
class _Step:
    """A step as source."""

    output: str
    condition: str
    assigned: dict[int, str]


class _Machine:
    """The steps of a program as a Python function over rows."""

    def __init__(self, program: dict[str, Any], full: frozenset[int]) -> None:
        self._writer = writer = Writer(full)
        self._steps = [
            _Step(
                step["output"],
                writer.condition(step["condition"]),
                {position: writer.value(value) for position, value in step["assignments"]},
            )
            for step in program["steps"]
        ]
        self.assigned = sorted({position for step in self._steps for position in step.assigned})
        """The columns that some step assigns."""
        self.found = self._function(program["empty"])
        """From rows (number, whether a partition begins, cells) to numbers of a row and its match, and the assigned columns."""
        self.cells = sorted(writer.cells)
        """The cells that a row must have."""

    def _function(self, empty: list[Any]) -> Callable[[Iterable[Any]], Iterator[tuple[Any, ...]]]:
        numbers = range(len(self._steps))
        steps = [self._written(number) for number in reversed(numbers)]
        parts = {
            "fresh": "\n".join(f"state{number} = match{number} = last{number} = None" for number in numbers),
            "rest": "\n".join(map(self._ended, numbers)),
            "steps": "".join(steps),
            "cells": "".join(f", cell{position}" for position in sorted(self._writer.cells)),
        }
        names = {**self._writer.names, "empty": tuple(empty[position] for _, position in self._writer.slots)}
        try:
            exec(_filled(_LOOP, parts), names)  # noqa: S102 - nothing from the query is in the text
        except (SyntaxError, RecursionError, MemoryError):
            raise QueryError("LIM001", "a step of scan is too deeply nested") from None
        return names["found"]  # type: ignore[no-any-return]

    def _written(self, number: int) -> str:
        step, before = self._steps[number], number - 1
        parts = {"number": str(number), "before": str(before), "condition": step.condition, "matched": self._matched(number)}
        if not number:
            return _filled(_FIRST, parts)
        return _filled(_LATER, {**parts, "ended": f"{self._ended(before)}\n{self._ended(number)}"})

    def _matched(self, number: int) -> str:
        step = self._steps[number]
        record = ", ".join(["row", "match", *(self._cell(number, position) for position in self.assigned)])
        lines = {"all": [f"yield {record}"], "last": [f"last{number} = {record}"]}.get(step.output, [])
        kept = [
            self._cell(number, position) if of == number else f"state[{slot}]"
            for (of, position), slot in self._writer.slots.items()
        ]
        return "\n".join([*lines, f"state{number}, match{number} = ({''.join(f'{cell}, ' for cell in kept)}), match"])

    def _cell(self, number: int, position: int) -> str:
        """A cell of the record that a step makes of the row."""
        return self._steps[number].assigned.get(position) or self._writer.cell(position)

    def _ended(self, number: int) -> str:
        if self._steps[number].output != "last":
            return ""
        return f"if last{number} is not None:\n    yield last{number}\n    last{number} = None"


def _filled(template: str, parts: dict[str, str]) -> str:
    """A text of lines with parts for the names in braces: a part of several lines is as deep as its name is."""
    lines = []
    for line in template.strip().splitlines():
        depth = line[: len(line) - len(line.lstrip())]
        lines.append(indent(dedent(line).format_map(parts), depth))
    return "\n".join(lines) + "\n"


def run(table: pyarrow.Table, *, program: str, keys: int = 0) -> pyarrow.Table:
    """The records that steps give, the number of their match, and their own number. The first `keys` columns are partitions.

    Raises:
        QueryError: ENG002 for a number that its type cannot hold, LIM001 for steps that are too deep.
    """
    given = json.loads(program)
    cells = table.columns[keys:]
    machine = _Machine(given, frozenset(position for position, column in enumerate(cells) if not column.null_count))
    columns = [_values(cells[position]) for position in machine.cells]
    found = list(machine.found(zip(range(len(table)), starts(table, keys).tolist(), *columns, strict=True)))
    rows, matches, *assigned = zip(*found, strict=True) if found else [()] * (2 + len(machine.assigned))
    kinds = [_TYPES.get(given["types"][position], pyarrow.int64()) for position in machine.assigned]
    try:
        made = [pyarrow.array(column, kind) for column, kind in zip(assigned, kinds, strict=True)]
    except (OverflowError, pyarrow.ArrowInvalid):
        raise QueryError("ENG002", "a step of scan gives a number that its column cannot hold") from None
    width = keys + len(given["types"])
    arrays: list[Any] = table.select(range(width)).take(pyarrow.array(rows, pyarrow.int64())).columns
    for position, column in zip(machine.assigned, made, strict=True):
        arrays[keys + position] = column
    arrays += [pyarrow.array(matches, pyarrow.int64()), pyarrow.array(range(len(found)), pyarrow.int64())]
    return pyarrow.table(arrays, names=[str(number) for number in range(len(arrays))])


def _values(column: pyarrow.ChunkedArray) -> list[Any]:
    """A column as Python values: by way of numpy, which is several times faster but has no null among numbers."""
    kind = column.type
    by_numpy = pyarrow.types.is_string(kind) or (not column.null_count and not pyarrow.types.is_decimal(kind))
    return column.to_numpy().tolist() if by_numpy else column.to_pylist()  # type: ignore[no-any-return]
