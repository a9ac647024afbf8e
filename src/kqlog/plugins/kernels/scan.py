"""The operator `scan`: steps that rows match one after the other, each with the records that led to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow

from kqlog.errors import QueryError
from kqlog.plugins.kernels.programs import Formula, compiled

_TYPES = {
    "bool": pyarrow.bool_(),
    "int": pyarrow.int32(),
    "real": pyarrow.float64(),
    "string": pyarrow.string(),
    "guid": pyarrow.string(),
    "dynamic": pyarrow.string(),
    "decimal": pyarrow.decimal128(38, 18),
}


@dataclass(frozen=True)
class _Step:
    """One step: `output` is 'all', 'last' or 'none'; assignments are positions and values."""

    output: str
    condition: Formula
    assignments: list[tuple[int, Formula]]

    def record(self, row: tuple[Any, ...], state: list[Any], width: int) -> list[Any]:
        """The row's own columns, with what the step assigns."""
        values = list(row[:width])
        for position, formula in self.assignments:
            values[position] = formula(row, state)
        return values


@dataclass
class _Sequence:
    """What led to a step: the latest record of each step up to it, and the number of the match."""

    records: list[Any]
    match: int


@dataclass
class _Machine:
    """The steps at work on the rows of one partition."""

    steps: list[_Step]
    empty: list[Any]
    found: list[_Sequence | None] = field(init=False)
    waiting: dict[int, tuple[list[Any], int]] = field(default_factory=dict)
    """Records of steps that only give the last of a series."""
    matches: int = 0

    def __post_init__(self) -> None:
        self.found = [None] * len(self.steps)

    def outputs(self, row: tuple[Any, ...]) -> Iterator[tuple[list[Any], int]]:
        """The records that a row makes final, each with the number of its match."""
        for number in reversed(range(len(self.steps))):
            step, before = self.steps[number], self.found[number - 1] if number else None
            if before is not None and step.condition(row, before.records):
                yield from self._ended(number - 1)
                yield from self._ended(number)
                self.found[number - 1] = None
                yield from self._matched(number, before, row)
                continue
            active = self.found[number]
            if active is None and number:
                continue
            records = active.records if active else [self.empty] * len(self.steps)
            if step.condition(row, records):
                if active is None:
                    active = _Sequence(records, self.matches)
                    self.matches += 1
                yield from self._matched(number, active, row)

    def _matched(self, number: int, sequence: _Sequence, row: tuple[Any, ...]) -> Iterator[tuple[list[Any], int]]:
        step = self.steps[number]
        record = step.record(row, sequence.records, len(self.empty))
        records = [*sequence.records]
        records[number] = record
        self.found[number] = _Sequence(records, sequence.match)
        if step.output == "all":
            yield record, sequence.match
        elif step.output == "last":
            self.waiting[number] = record, sequence.match

    def _ended(self, number: int) -> Iterator[tuple[list[Any], int]]:
        if number in self.waiting:
            yield self.waiting.pop(number)

    def rest(self) -> Iterator[tuple[list[Any], int]]:
        """The records that only the end of the rows makes final."""
        for number in sorted(self.waiting):
            yield self.waiting[number]


def run(table: pyarrow.Table, *, program: str, keys: int = 0) -> pyarrow.Table:
    """The records that steps give, the number of their match, and their own number. The first `keys` columns are partitions.

    Raises:
        QueryError: ENG002 for a number that its type cannot hold.
    """
    given = json.loads(program)
    steps = [
        _Step(
            step["output"],
            compiled(step["condition"]),
            [(position, compiled(value)) for position, value in step["assignments"]],
        )
        for step in given["steps"]
    ]
    rows: list[tuple[Any, ...]] = list(zip(*[column.to_pylist() for column in table.columns], strict=True))
    found: list[tuple[Any, ...]] = []
    key, machine = None, _Machine(steps, given["empty"])
    for row in rows:
        if row[:keys] != key:
            found += [(*(key or ()), *record, match) for record, match in machine.rest()]
            key, machine = row[:keys], _Machine(steps, given["empty"])
        found += [(*row[:keys], *record, match) for record, match in machine.outputs(row[keys:])]
    found += [(*(key or ()), *record, match) for record, match in machine.rest()]
    kinds = [field.type for field in table.schema][:keys] + [_TYPES.get(name, pyarrow.int64()) for name in given["types"]]
    kinds.append(pyarrow.int64())
    columns = zip(*found, strict=True) if found else [()] * len(kinds)
    try:
        arrays = [pyarrow.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    except (OverflowError, pyarrow.ArrowInvalid):
        raise QueryError("ENG002", "a step of scan gives a number that its column cannot hold") from None
    arrays.append(pyarrow.array(range(len(found)), pyarrow.int64()))
    return pyarrow.table(arrays, names=[str(number) for number in range(len(arrays))])
