"""Continuous exports as a workspace declares them: a JSON file each, in the folder `exports`, which names the export.

{"query": "Syslog | where SeverityLevel == 'err'", "to": {"webhook": "https://example.org/logs"}, "every": "1m"}
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kqlog.errors import QueryError
from kqlog.export.delta import refuse_inside
from kqlog.export.destinations import DeltaTable, Destination, Folder
from kqlog.export.partitions import By, Layout
from kqlog.export.rowwise import exported_table
from kqlog.export.writers import Kind
from kqlog.plan.lookup import UnknownTableError
from kqlog.store.cursors import Cursor, Position
from kqlog.syntax.literals import LiteralError, parse_timespan
from kqlog.syntax.nodes import Expr, Name, Operator, Pipeline, Query
from kqlog.syntax.parse import parse
from kqlog.types import TICKS_PER_SECOND
from kqlog.workspace import Workspace

FOLDER = "exports"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_KEYS = {
    "": {"query", "to", "every", "start"},
    "folder": {"folder", "format", "gzip", "partitionBy"},
    "delta": {"delta"},
    "webhook": {"webhook", "headers", "rows", "timeout"},
}
"""What a declaration may say, and its `to` for each kind of destination."""
_SHORTEST = 1.0
_MOST_ROWS = 100_000


@dataclass(frozen=True)
class Declared:
    """One continuous export: the rows of `table` that come in, through `query`, to a destination, every so many seconds.

    `beginning`: with the rows that were there before it was first run.
    """

    name: str
    table: str
    query: str
    to: Destination
    every: float
    beginning: bool


def read_declaration(file: Path, workspace: Workspace) -> Declared:
    """The export of a file.

    Raises:
        QueryError: EXP001 with what is wrong in it, and the errors of its query.
    """
    if _NAME.fullmatch(file.stem) is None:
        raise QueryError("EXP001", f"'{file.stem}' cannot be the name of an export", hint="letters, digits, _ and -, 64 at most")
    try:
        text = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise QueryError("EXP001", f"it is no JSON: {error}") from None
    if not isinstance(text, dict) or not isinstance(text.get("query"), str) or not isinstance(text.get("to"), dict):
        raise QueryError("EXP001", "it is no export", hint='an export has a "query" and a "to"')
    _only(text, "")
    start = text.get("start", "now")
    if start not in ("now", "beginning"):
        raise QueryError("EXP001", f"an export starts now or from the beginning, not '{start}'")
    to = _destination(text["to"], file.parent.parent)
    every = _seconds(text, "every", "1m")
    return Declared(file.stem, _table(file.stem, text["query"], workspace), text["query"], to, every, start == "beginning")


def _table(name: str, query: str, workspace: Workspace) -> str:
    """The table of an export. One that is still to come into being is exported from its first row on."""
    try:
        return exported_table(workspace, query)
    except UnknownTableError:
        statement = parse(query).statements[-1]
        source: Expr | Operator | None = statement.value if isinstance(statement, Query) else None
        while isinstance(source, Pipeline):
            source = source.source
        if workspace.store is not None and isinstance(source, Name) and source.name.endswith("_CL"):
            cursor = Cursor(workspace.store.table(source.name).folder, name)
            if cursor.read() is None:
                cursor.write(Position(-1))
        raise


def _destination(to: dict[str, Any], root: Path) -> Destination:
    kinds = [kind for kind in ("folder", "delta", "webhook") if kind in to]
    if len(kinds) != 1 or not isinstance(to[kinds[0]], str) or not to[kinds[0]]:
        raise QueryError("EXP001", "an export goes to one folder, delta table or webhook")
    _only(to, kinds[0])
    match kinds[0]:
        case "folder":
            return Folder(_place(root, to["folder"]), _layout(to))
        case "delta":
            return DeltaTable(_place(root, to["delta"]))
        case _:
            return _webhook(to)


def _place(root: Path, path: str) -> Path:
    if "\0" in path:
        raise QueryError("EXP001", f"{path!r} is no path")
    place = (root / path).resolve()
    refuse_inside(place)
    return place


def _layout(to: dict[str, Any]) -> Layout:
    kind, packed, by = to.get("format", "parquet"), to.get("gzip", False), to.get("partitionBy")
    if kind not in ("parquet", "csv", "jsonl"):
        raise QueryError("EXP001", f"a folder gets parquet, csv or jsonl, not {kind!r}")
    if not isinstance(packed, bool) or (packed and kind == "parquet"):
        raise QueryError("EXP001", "gzip is true or false, and false for Parquet, which is compressed already")
    if by is not None and not isinstance(by, str):
        raise QueryError("EXP001", "partitionBy is a column, or its COLUMN:day or COLUMN:hour")
    return Layout(Kind(kind), packed, By.read(by) if by else None)


def _webhook(to: dict[str, Any]) -> Destination:
    try:
        from kqlog.export.webhook import Webhook
    except ModuleNotFoundError as error:
        raise QueryError("EXP001", f"a webhook wants the package {error.name}", hint="pip install 'kqlog[export]'") from None
    headers, rows = to.get("headers", {}), to.get("rows", 1000)
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise QueryError("EXP001", "the headers of a webhook are texts")
    if not isinstance(rows, int) or isinstance(rows, bool) or not 1 <= rows <= _MOST_ROWS:
        raise QueryError("EXP001", f"a request of a webhook has 1 to {_MOST_ROWS:,} rows")
    return Webhook(to["webhook"], headers, rows, _seconds(to, "timeout", "30s"))


def _seconds(text: Mapping[str, Any], key: str, default: str) -> float:
    given = text.get(key, default)
    try:
        seconds = parse_timespan(given) / TICKS_PER_SECOND
    except (LiteralError, TypeError, AttributeError):
        seconds = 0.0
    if seconds < _SHORTEST:
        raise QueryError("EXP001", f"'{key}' is a time of a second or more, such as 30s, 5m or 1h, not {given!r}")
    return seconds


def _only(text: Mapping[str, Any], kind: str) -> None:
    if unknown := sorted(text.keys() - _KEYS[kind]):
        raise QueryError("EXP001", f"there is no '{unknown[0]}' here", hint=f"there is {', '.join(sorted(_KEYS[kind]))}")
