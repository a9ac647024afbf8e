"""Rows of any shape made to fit a table, by kqlog's own engine.

A data collection rule may transform them first, in KQL over `source`. Then each column becomes the type that it has in the table:
what cannot be converted is null, and counted. Azure Monitor's standard columns are filled in.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kqlog.arrow import to_public
from kqlog.engines.duckdb.frames import readable
from kqlog.errors import QueryError
from kqlog.store.columns import is_reserved
from kqlog.store.store import FREE, STANDARD, Store, known_tables
from kqlog.types import INTEGERS, UNIX_EPOCH_TICKS, Column, Schema, Type
from kqlog.workspace import Workspace, connect

if TYPE_CHECKING:
    import pyarrow

SOURCE = "source"
"""What a transformation calls the rows."""
_TIME = "TimeGenerated"
_STANDARD = frozenset(column.name for column in STANDARD) - {_TIME}
_FILLED = frozenset({"Type", "TenantId", "_TimeReceived", "_ItemId", "_IsBillable", "_BilledSize"})
_MOMENT = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)$"
_OF_THE_MOMENT = re.compile(r"\b(now|ago|let|toscalar|evaluate|externaldata|datatable)\b")
"""Words of transformations that may mean something else for the next rows, or at the next moment."""


@dataclass(frozen=True)
class Shaped:
    """Rows that fit a table, in kqlog's own form, and what was lost on the way."""

    table: str
    rows: pyarrow.Table
    columns: Schema
    unreadable: dict[str, int] = field(default_factory=dict)
    """How many values of a column could not be converted, and are null."""
    dropped: tuple[str, ...] = ()
    """The columns that the table does not have."""


def shape(store: Store, table: str, rows: object, *, transform: str | None = None, keep: bool | None = None) -> Shaped:
    """Rows (an Arrow table, a data frame or a list of dicts) as a table wants them.

    `keep`: whether columns that the table lacks widen it; as a rule only tables of one's own grow.

    Raises:
        QueryError: ING001 for rows that are no table, or the errors of the transformation.
    """
    import pyarrow

    frame = readable(SOURCE, rows)
    wanted = store.columns(table)
    if transform is None and isinstance(frame, pyarrow.Table):
        frame = _with_moments(frame, wanted)
    if (key := _key(frame, transform)) is None:
        return shape_from(connect(tables={SOURCE: frame}), store, table, transform=transform, keep=keep)
    key = (store.workspace_id, table, wanted, transform, keep, key)
    if (shaper := _SHAPERS.get(key)) is None:
        shaper = _Shaper(connect(tables={SOURCE: frame}), store, table, wanted, transform, keep)
        _SHAPERS.put(key, shaper)
    return shaper(frame)


def _with_moments(frame: pyarrow.Table, wanted: Schema) -> pyarrow.Table:
    """Texts that become datetimes anyhow as timestamps, where all are written as most senders do: Arrow reads these at once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    moments = {column.name for column in wanted if column.type is Type.DATETIME}
    for at, name in enumerate(frame.column_names):
        if name in moments and frame.column(at).type == pa.string():
            texts = frame.column(at)
            if pc.all(pc.match_substring_regex(texts, _MOMENT)).as_py():
                with suppress(pa.ArrowInvalid):
                    values = texts.cast(pa.timestamp("ns", "UTC")).cast(pa.timestamp("ns"))
                    frame = frame.set_column(at, name, values)
    return frame


def _key(frame: object, transform: str | None) -> tuple[object, ...] | None:
    """What rows have in common that are shaped in the same way; None for rows that must be looked at each time."""
    import pyarrow

    if not isinstance(frame, pyarrow.Table) or (transform is not None and _OF_THE_MOMENT.search(transform)):
        return None
    kinds = tuple((field.name, str(field.type)) for field in frame.schema)
    # What such numbers become depends on how large they are.
    return None if any("decimal" in kind or "uint64" in kind for _, kind in kinds) else kinds


def shape_from(
    workspace: Workspace, store: Store, table: str, *, transform: str | None = None, keep: bool | None = None
) -> Shaped:
    """The same for the table `source` of a workspace."""
    return _Shaper(workspace, store, table, store.columns(table), transform, keep)()


class _Shaper:
    """How rows of some columns become rows of a table: found out once, done for each batch."""

    def __init__(
        self, workspace: Workspace, store: Store, table: str, wanted: Schema, transform: str | None, keep: bool | None
    ) -> None:
        query = transform or SOURCE
        given = _columns(workspace, query)
        names = {column.name.casefold(): column.name for column in wanted}
        extra = tuple(column for column in given if column.name.casefold() not in names)
        if keep or (keep is None and table not in known_tables()):
            new = tuple(column for column in extra if not is_reserved(column.name))
            wanted, extra = wanted + new, tuple(column for column in extra if column not in new)
        # A name that differs in case only is the same column to most readers.
        by_name = {names.get(column.name.casefold(), column.name): column for column in given}
        self._table, self._columns = table, wanted
        self._constants = {"Type": table, "TenantId": store.workspace_id, "_IsBillable": str(table not in FREE)}
        self._dropped = tuple(column.name for column in extra)
        self._converted = [column for column in wanted if _may_be_unreadable(column, by_name.get(column.name))]
        parts = [f"['{_quoted(column.name)}'] = {_value(column, by_name.get(column.name))}" for column in wanted]
        parts += [
            f"['$given {at}'] = isnotempty(tostring(['{_quoted(by_name[column.name].name)}']))"
            for at, column in enumerate(self._converted)
        ]
        sized = [f"['{_quoted(column.name)}']" for column in wanted if column.name in by_name and column.name not in _STANDARD]
        size = f"todouble(estimate_data_size({', '.join(sized)}))" if sized else "0.0"
        self._run = workspace.prepare(f"{query}\n| project {', '.join(parts)}\n| extend _BilledSize = {size}")

    def __call__(self, frame: pyarrow.Table | None = None) -> Shaped:
        """Rows of the columns that this was made for; by default those that the workspace has."""
        import pyarrow.compute as pc

        made = self._run({} if frame is None else {SOURCE: frame}).stored()
        unreadable = {
            column.name: count
            for at, column in enumerate(self._converted)
            if (count := pc.sum(pc.and_(made.column(f"$given {at}"), pc.is_null(made.column(column.name)))).as_py())
        }
        # A seventh digit would be a column of its own in each file.
        now = time.time_ns() // 1000 * 10 + UNIX_EPOCH_TICKS
        arrays = [self._filled(column, made.column(column.name), now) for column in self._columns]
        rows = made.from_arrays(arrays, names=[column.name for column in self._columns])
        return Shaped(self._table, rows, self._columns, unreadable, self._dropped)

    def _filled(self, column: Column, values: pyarrow.ChunkedArray, now: int) -> pyarrow.ChunkedArray:
        """A column with what the workspace knows and not the rows."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if column.name in (_TIME, "_TimeReceived"):
            return pc.fill_null(values, now)
        if column.name == "_ItemId":
            return pa.chunked_array([_ids(len(values))])
        if (constant := self._constants.get(column.name)) is not None and column.type is Type.STRING:
            return pa.chunked_array([pa.repeat(constant, len(values))])
        return values


class _Recent:
    """The shapers that were used last: agents send rows of the same columns again and again."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._kept: dict[object, _Shaper] = {}
        self._lock = threading.Lock()

    def get(self, key: object) -> _Shaper | None:
        """The one of a key, which becomes the one that was used last."""
        with self._lock:
            if (found := self._kept.pop(key, None)) is not None:
                self._kept[key] = found
            return found

    def put(self, key: object, shaper: _Shaper) -> None:
        """Keep one, and forget the one that was not used for longest."""
        with self._lock:
            self._kept[key] = shaper
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]


_SHAPERS = _Recent()


def fitted(shaped: Shaped, columns: Schema) -> Shaped:
    """Rows that were shaped before their table had some of its columns, which have other names or types in it now."""
    known = {column.name.casefold(): column for column in columns}
    changed = {column: own for column in shaped.columns if (own := known.get(column.name.casefold(), column)) != column}
    if not changed:
        return shaped
    rows = shaped.rows.select([column.name for column in changed])
    parts = [f"['{_quoted(own.name)}'] = {_converted(own, column)}" for column, own in changed.items()]
    converted = connect(tables={SOURCE: to_public(rows, tuple(changed))}).query(f"{SOURCE} | project {', '.join(parts)}").stored()
    fields = []
    for column in shaped.columns:
        own = changed.get(column, column)
        fields.append(
            (own, (converted if column in changed else shaped.rows).column(own.name if column in changed else column.name))
        )
    made = shaped.rows.from_arrays([values for _, values in fields], names=[own.name for own, _ in fields])
    return replace(shaped, rows=made, columns=tuple(own for own, _ in fields))


def _ids(count: int) -> pyarrow.StringArray:
    """Guids for some rows: random together and numbered, as those that have nothing in common would be half of a file."""
    import numpy as np
    import pyarrow as pa

    texts = np.empty((count, 36), np.uint8)
    texts[:, :28] = np.frombuffer(str(uuid.uuid4())[:28].encode(), np.uint8)
    numbers = np.arange(count, dtype=">u4").view(np.uint8).reshape(count, 4)
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    texts[:, 28::2], texts[:, 29::2] = digits[numbers >> 4], digits[numbers & 15]
    ends = np.arange(0, 36 * count + 1, 36, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(texts))


def _columns(workspace: Workspace, query: str) -> Sequence[Column]:
    check = workspace.check(query)
    if check.errors:
        raise check.errors[0]
    columns = check.columns or []
    if not columns:
        raise QueryError("ING001", "there are no columns in these rows")
    return columns


def _value(column: Column, given: Column | None) -> str:
    """What stands in a column of the table, as far as the rows say it."""
    if given is not None and column.name not in _FILLED:
        return _converted(column, given)
    return f"{column.type}(null)" if column.type is not Type.STRING else "''"


def _converted(column: Column, given: Column) -> str:
    name = f"['{_quoted(given.name)}']"
    if given.type is column.type:
        return name
    if column.type in INTEGERS and given.type in (Type.REAL, Type.DECIMAL):
        # Cut off, 2.5 would be stored as 2, and no one would know.
        return f"iff({name} == floor({name}, 1), to{column.type}({name}), {column.type}(null))"
    return f"parse_json(tostring({name}))" if column.type is Type.DYNAMIC else f"to{column.type}({name})"


def _may_be_unreadable(column: Column, given: Column | None) -> bool:
    """Whether values may be there and come out as null."""
    return given is not None and column.name not in _STANDARD and column.type not in (given.type, Type.STRING, Type.DYNAMIC)


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")
