"""Data that is in memory, as DuckDB can read it: Arrow, pandas and polars frames, and lists of dicts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kqlog.errors import QueryError

if TYPE_CHECKING:
    import pyarrow


def frame_name(table: str) -> str:
    """What SQL calls a data frame. A step that reads it may have the table's name."""
    return f"{table} (frame)"


def readable(table: str, data: object) -> object:
    """A data frame that DuckDB can read any number of times, with column names that differ even where case is ignored.

    Raises:
        QueryError: ING001 for what is no table.
    """
    found = _frame(table, data)
    names = [str(name) for name in _names(table, found)]
    if not names:
        raise QueryError("ING001", f"table '{table}' has no columns")
    first: dict[str, str] = {}
    for name in names:
        if (other := first.setdefault(name.casefold(), name)) is not name:
            message = f"the columns '{other}' and '{name}' of table '{table}' differ in case only, or not at all"
            raise QueryError("ING001", message, hint="rename one of them")
    return found


def _frame(table: str, data: object) -> Any:
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if isinstance(data, list | tuple):
        return _from_rows(table, data)
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return _from_pandas(table, data)
    if polars is not None and isinstance(data, polars.LazyFrame):
        return data.collect()
    # A reader of batches gives its rows once only.
    found: Any = data.read_all() if hasattr(data, "read_all") else data
    return _without_decimal256(found) if type(found).__module__.startswith("pyarrow") and hasattr(found, "set_column") else found


def _names(table: str, data: Any) -> Iterable[object]:
    for attribute in ("column_names", "columns"):
        if (names := getattr(data, attribute, None)) is not None:
            return list(names)
    if hasattr(data, "schema"):
        return list(data.schema.names)
    hint = "a table is an Arrow table, a pandas or polars data frame, or a list of dicts"
    raise QueryError("ING001", f"table '{table}' is a {type(data).__name__}", hint=hint)


def _from_rows(table: str, rows: Iterable[object]) -> pyarrow.Table:
    """Rows by name as an Arrow table: a name that a row lacks is null in it."""
    import pyarrow

    values: list[Mapping[str, object]] = []
    for row in rows:
        if not isinstance(row, Mapping):
            raise QueryError("ING001", f"table '{table}' is a list with a {type(row).__name__} in it, not of dicts only")
        values.append(row)
    names = dict.fromkeys(str(name) for row in values for name in row)
    return pyarrow.table({name: _array(table, name, [row.get(name) for row in values]) for name in names})


def _from_pandas(table: str, frame: Any) -> Any:
    """The frame itself, or an Arrow table if it has dicts or lists, which DuckDB would take for text."""
    if not frame.columns.is_unique:
        return frame
    nested = [name for name in frame.columns if frame[name].dtype == object and any(map(_is_nested, frame[name]))]
    if not nested:
        return frame
    import pyarrow

    arrays = {}
    for name in frame.columns:
        values = frame[name]
        try:
            if name in nested:
                arrays[str(name)] = _json(table, name, values.where(values.notna(), None))
            else:
                arrays[str(name)] = pyarrow.array(values, from_pandas=True)
        except pyarrow.ArrowException as error:
            raise _mixed(table, str(name), error) from error
    return pyarrow.table(arrays)


def _without_decimal256(table: pyarrow.Table) -> pyarrow.Table:
    """Decimals of more than 38 digits, which DuckDB has not: as decimals if all values fit, else as reals."""
    import pyarrow

    for at, field in enumerate(table.schema):
        if pyarrow.types.is_decimal256(field.type):
            try:
                column = table.column(at).cast(pyarrow.decimal128(38, 18))
            except pyarrow.ArrowInvalid:
                column = table.column(at).cast(pyarrow.float64())
            table = table.set_column(at, field.name, column)
    return table


def _array(table: str, name: str, values: list[object]) -> pyarrow.Array:
    import pyarrow

    if any(map(_is_nested, values)):
        return _json(table, name, values)
    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowException, OverflowError) as error:
        raise _mixed(table, name, error) from error


def _mixed(table: str, name: str, error: Exception) -> QueryError:
    return QueryError("ING001", f"column '{name}' of table '{table}' has no one type: {error}")


def _is_nested(value: object) -> bool:
    return isinstance(value, dict | list | tuple)


def _json(table: str, name: str, values: Iterable[object]) -> pyarrow.Array:
    """Values as JSON, which DuckDB knows by the name of the Arrow type."""
    import pyarrow

    try:
        texts = [None if value is None else _json_text(value) for value in values]
    except (TypeError, ValueError) as error:
        raise QueryError("ING001", f"column '{name}' of table '{table}' cannot be dynamic: {error}") from error
    return pyarrow.ExtensionArray.from_storage(pyarrow.json_(), pyarrow.array(texts, pyarrow.string()))


def _json_text(value: object) -> str:
    try:
        return _written(value, allow_nan=False)
    except ValueError:
        # JSON has no NaN: like Kusto, a text stands for it.
        return _written(json.loads(_written(value), parse_constant=str))


def _written(value: object, *, allow_nan: bool = True) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=allow_nan, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> object:
    """What numpy's values hold, and other things as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
