"""A workspace on disk: a folder with a file that says so, and a Delta table for each table of logs."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kqlog.errors import QueryError
from kqlog.store.durable import write_whole
from kqlog.types import Column, Schema, Type

if TYPE_CHECKING:
    from kqlog.store.table import StoredTable

MARK = "kqlog.json"
"""The file that makes a folder a workspace."""
TABLES = "tables"
_RETENTION = "retention.json"
_METRICS = dict.fromkeys(("AzureMetrics", "InsightsMetrics", "Perf"), 93)
"""Metrics are kept for 93 days, as in Azure Monitor."""
_NO_ROLLUP = "rollup.off"
"""A file that says that metrics are not rolled up by the minute."""
_FORMAT = 1
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")

STANDARD = (
    Column("TenantId", Type.STRING),
    Column("TimeGenerated", Type.DATETIME),
    Column("Type", Type.STRING),
    Column("_ResourceId", Type.STRING),
    Column("_TimeReceived", Type.DATETIME),
    Column("_ItemId", Type.STRING),
    Column("_BilledSize", Type.REAL),
)
"""What every table has, as in Azure Monitor."""
FREE = frozenset({"AzureActivity", "Heartbeat", "Operation", "Usage"})
"""The tables whose rows Azure Monitor does not charge for."""


class Store:
    """The tables of a workspace folder: those that hold rows, and Azure Monitor's own before they do."""

    def __init__(self, root: Path) -> None:
        self.root = root
        described = json.loads((root / MARK).read_text("utf-8"))
        if described.get("format") != _FORMAT:
            raise QueryError("ING001", f"'{root}' was made by another version of kqlog: its format is {described.get('format')}")
        self.workspace_id = str(described["workspace"])
        self._tables: dict[str, StoredTable] = {}

    def __iter__(self) -> Iterator[str]:
        names = [entry.name for entry in (self.root / TABLES).iterdir() if _NAME.fullmatch(entry.name)]
        held = {name for name in names if self.table(name).exists}
        return iter(sorted(held | known_tables().keys()))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (
            name in known_tables() or (_NAME.fullmatch(name) is not None and self.table(name).exists)
        )

    def table(self, name: str) -> StoredTable:
        """A table, which may not hold anything yet.

        Raises:
            QueryError: ING001 for what cannot be the name of a table.
        """
        from kqlog.store.table import StoredTable

        if name not in self._tables:
            if _NAME.fullmatch(name) is None:
                hint = "letters, digits and underscores, 63 at most"
                raise QueryError("ING001", f"'{name}' cannot be the name of a table", hint=hint)
            # Two threads may ask at once, and a table has one writer.
            self._tables.setdefault(name, StoredTable(self.root / TABLES / name))
        return self._tables[name]

    def columns(self, name: str) -> Schema:
        """The columns of a table: as stored, or as Azure Monitor has them; the standard ones of a new table."""
        table = self.table(name)
        return table.snapshot().columns if table.exists else known_tables().get(name, STANDARD)

    def retention(self) -> dict[str, int]:
        """The days that rows of a table are kept, by its name; all rows of other tables are kept."""
        file = self.root / _RETENTION
        given: dict[str, int] = json.loads(file.read_text("utf-8")) if file.exists() else {}
        return {**_METRICS, **given}

    def keep(self, table: str, days: int) -> None:
        """Keep the rows of a table for so many days; 0 keeps them for good."""
        self.table(table)
        write_whole(self.root / _RETENTION, json.dumps(self.retention() | {table: days}, indent=2) + "\n")

    @property
    def rolls_up(self) -> bool:
        """Whether metrics are rolled up by the minute."""
        return not (self.root / _NO_ROLLUP).exists()

    def set_rollup(self, on: bool) -> None:
        """Roll metrics up from now on, or leave them as they are."""
        if on:
            (self.root / _NO_ROLLUP).unlink(missing_ok=True)
        else:
            (self.root / _NO_ROLLUP).touch()


def is_workspace(folder: Path) -> bool:
    """Whether a folder was made by `kqlog init`."""
    return (folder / MARK).is_file()


def create(folder: Path) -> Store:
    """Make a workspace in a new or empty folder.

    Raises:
        QueryError: ING001 when there is something in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise QueryError("ING001", f"'{folder}' is not empty", hint="a workspace wants a folder of its own")
    (folder / TABLES).mkdir()
    write_whole(folder / MARK, json.dumps({"format": _FORMAT, "workspace": str(uuid.uuid4())}) + "\n")
    return Store(folder)


@cache
def known_tables() -> dict[str, Schema]:
    """Azure Monitor's tables, whose names and types are there before any rows are."""
    text = Path(__file__).with_name("tables.json").read_text("utf-8")
    tables = {}
    for name, columns in json.loads(text).items():
        own = [Column(column, Type(type_)) for column, type_ in columns.items()]
        names = set(columns)
        tables[name] = (*own, *(column for column in STANDARD if column.name not in names))
    return tables
