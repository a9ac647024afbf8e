"""Rows into a Delta table of any owner, as one version: other readers see all of them or none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kqlog.errors import QueryError
from kqlog.export.streams import Source
from kqlog.store.additions import added_files, log_file
from kqlog.store.durable import sync
from kqlog.store.store import TABLES, is_workspace
from kqlog.types import Schema

if TYPE_CHECKING:
    import pyarrow
    from deltalake import DeltaTable

Mode = Literal["error", "append", "overwrite"]


def is_delta(folder: Path) -> bool:
    """Whether a folder is a Delta table."""
    return any((folder / "_delta_log").glob("*.json"))


def write_delta(
    source: Source, folder: Path, mode: Mode, *, by: str | None = None, transaction: tuple[str, int] | None = None
) -> None:
    """Write the rows of a query as a version. `transaction` is stored with it: the name of a writer, and how far it is.

    Times end at microseconds, as Delta's do.

    Raises:
        QueryError: the errors of the query, EXP002 when the table does not take the rows.
    """
    import pyarrow
    from deltalake import CommitProperties, Transaction, write_deltalake

    from kqlog.store.columns import arrow_schema

    stream = source.start()
    failed: list[QueryError] = []

    def batches() -> Iterator[pyarrow.RecordBatch]:
        try:
            for rows in source.batches(stream):
                yield from _plain(rows, stream.columns).to_batches()
        except QueryError as error:
            failed.append(error)
            raise

    schema = arrow_schema(stream.columns)
    if mode == "append" and is_delta(folder):
        _refuse_other_types(folder, schema)
    before = _opened(folder).version() if is_delta(folder) else -1
    marks = CommitProperties(app_transactions=[Transaction(*transaction)]) if transaction else None
    changes: Any = {"schema_mode": {"append": "merge", "overwrite": "overwrite"}.get(mode)}
    try:
        reader = pyarrow.RecordBatchReader.from_batches(schema, batches())
        write_deltalake(str(folder), reader, mode=mode, partition_by=by, commit_properties=marks, **changes)
    except Exception as error:
        # Rust raises Exception itself for some failures, and for what the generator raised one that only names it.
        if failed:
            raise failed[0] from None
        raise QueryError("EXP002", f"the Delta table '{folder}' does not take the rows: {str(error).splitlines()[0]}") from error

    for version in range(before + 1, _opened(folder).version() + 1):
        _sync_version(folder, version)


def _sync_version(folder: Path, version: int) -> None:
    """Wait until what a version added is on disk, which Delta's library does not."""
    folders = {folder, folder / "_delta_log"}
    for path, _ in added_files(folder, version):
        sync(folder / path)
        folders.add((folder / path).parent)
    sync(log_file(folder, version))
    for one in folders:
        sync(one)


def refuse_inside(folder: Path) -> None:
    """Raises QueryError EXP001 for a place among the tables of a workspace, which have a writer of their own."""
    for parent in folder.parents:
        if is_workspace(parent) and folder.is_relative_to(parent / TABLES):
            hint = "kqlog ingest stores rows in its tables"
            raise QueryError("EXP001", f"'{folder}' is among the tables of the workspace '{parent}'", hint=hint)


def _refuse_other_types(folder: Path, schema: pyarrow.Schema) -> None:
    """Raises QueryError EXP002 for a column that the table has otherwise: it would be converted as well as that goes."""
    import pyarrow

    known = {field.name: str(field.type) for field in pyarrow.schema(_opened(folder).schema().to_arrow())}
    for field in schema:
        if known.get(field.name, str(field.type)) != str(field.type):
            message = f"the Delta table '{folder}' has '{field.name}' as {known[field.name]}, and the query as {field.type}"
            raise QueryError("EXP002", message, hint="convert it in the query")


def transaction_of(folder: Path, writer: str) -> int | None:
    """How far a writer is whose transactions are stored in a Delta table; None when it wrote nothing."""
    found = _opened(folder).transaction_version(writer) if is_delta(folder) else None
    return None if found is None else int(found)


def _opened(folder: Path) -> DeltaTable:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        return DeltaTable(str(folder))
    except (DeltaError, OSError) as error:
        raise QueryError("EXP002", f"the Delta table '{folder}' cannot be read: {str(error).splitlines()[0]}") from error


def _plain(rows: pyarrow.Table, columns: Schema) -> pyarrow.Table:
    """Rows with Delta's types."""
    from kqlog.store.columns import arrow_schema, stored

    table, _ = stored(rows, columns)
    return table.select([column.name for column in columns]).cast(arrow_schema(columns))
