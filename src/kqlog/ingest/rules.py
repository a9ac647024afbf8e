"""Data collection rules: which table the rows of a stream go to, and what is done to them first.

A rule is a JSON file in Azure's shape. Its streams declare their columns; its data flows name streams, a transformation in KQL
over `source`, and the stream to come out at: `Microsoft-Syslog` is the table Syslog, `Custom-App_CL` the table App_CL.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kqlog.errors import QueryError
from kqlog.ingest.rows import column_name
from kqlog.ingest.shaping import SOURCE, Shaped, shape_from
from kqlog.store.store import Store, known_tables
from kqlog.types import Column, Schema, Type
from kqlog.workspace import check, connect

DEFAULT = "dcr-default"
"""The rule that needs no file: every stream goes to the table of its name."""
FOLDER = "rules"
BODY = "body"
"""What the rows are called before they have the columns that a stream declares."""
_SECONDS = 1.0
"""How often the files are looked at, at most."""
_TYPES = {str(type_): type_ for type_ in Type} | {"boolean": Type.BOOL}


@dataclass(frozen=True)
class Flow:
    """Where rows of a stream go, and the query that makes them out of `body`."""

    table: str
    query: str

    def shape(self, store: Store, rows: object) -> Shaped:
        """The rows as their table wants them.

        Raises:
            QueryError: ING001 for rows that are no table, or the errors of the transformation.
        """
        return shape_from(connect(tables={BODY: rows}), store, self.table, transform=self.query)


@dataclass(frozen=True)
class Rule:
    """The flows of each stream, by the id that senders know the rule by."""

    id: str
    streams: dict[str, tuple[Flow, ...]]


class Rules:
    """The rules of a workspace. A file that changes is read again; one that is no rule leaves what it was before as it is.

    `tell` hears of each file that cannot be used, once for each of its versions.
    """

    def __init__(self, store: Store, tell: Callable[[Path, QueryError], None] = lambda file, error: None) -> None:
        self._store, self._tell = store, tell
        self._versions: dict[Path, tuple[int, int, int]] = {}
        self._rules: dict[Path, Rule] = {}
        self._broken: dict[Path, QueryError] = {}
        self._looked: float | None = None

    @property
    def broken(self) -> dict[Path, QueryError]:
        """Files that cannot be used as they are now, with the reason."""
        self.look()
        return dict(self._broken)

    def look(self) -> None:
        """Read what has changed, unless that was done just now."""
        now = time.monotonic()
        if self._looked is not None and now - self._looked < _SECONDS:
            return
        self._looked = now
        versions = {file: version for file in sorted((self._store.root / FOLDER).glob("*.json")) if (version := _version(file))}
        for file in self._versions.keys() - versions.keys():
            self._rules.pop(file, None)
            self._broken.pop(file, None)
        changed = versions != self._versions
        for file, version in versions.items():
            # What was wrong with a file may have been another one.
            if version != self._versions.get(file) or (changed and file in self._broken):
                self._read(file)
        self._versions = versions

    def _read(self, file: Path) -> None:
        try:
            rule = read_rule(file, self._store)
            other = next((other for other, one in self._rules.items() if one.id == rule.id and other != file), None)
            if other is not None:
                raise QueryError("ING004", f"its immutableId '{rule.id}' is that of {other.name}")
            self._rules[file] = rule
            self._broken.pop(file, None)
        except QueryError as error:
            self._broken[file] = error
            self._tell(file, error)

    def flows(self, rule: str, stream: str) -> tuple[Flow, ...]:
        """Where the rows of a stream go.

        Raises:
            QueryError: ING004 when there is no such rule, or no such stream in it.
        """
        self.look()
        rules = {one.id: one for one in self._rules.values()}
        if rule in rules:
            if stream in (streams := rules[rule].streams):
                return streams[stream]
            raise QueryError("ING004", f"the data collection rule '{rule}' has no stream '{stream}'")
        if rule != DEFAULT:
            raise QueryError("ING004", f"there is no data collection rule '{rule}'", hint=self._hint())
        table = output_table(stream)
        if table not in self._store and not table.endswith("_CL"):
            raise QueryError("ING004", f"there is no table '{table}' for the stream '{stream}'")
        return (Flow(table, BODY),)

    def _hint(self) -> str:
        broken = "".join(f"; {file.name} cannot be used: {error.message}" for file, error in self._broken.items())
        return f"rules are {', '.join([*sorted(one.id for one in self._rules.values()), DEFAULT])}{broken}"


def _version(file: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written; None for one that is gone by now."""
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def output_table(stream: str) -> str:
    """The table that a stream is named after.

    Raises:
        QueryError: ING004 for another name.
    """
    for start in ("Microsoft-", "Custom-"):
        if stream.startswith(start):
            return stream.removeprefix(start)
    raise QueryError("ING004", f"'{stream}' is no stream", hint="streams are Microsoft-<Table> or Custom-<Table>_CL")


def read_rule(file: Path, store: Store) -> Rule:
    """The rule of a file, each of its queries checked.

    Raises:
        QueryError: ING004 with what is wrong in it.
    """
    try:
        text = json.loads(file.read_text("utf-8"))
        properties = text["properties"]
        declared = {name: _columns(one["columns"]) for name, one in properties.get("streamDeclarations", {}).items()}
        streams: dict[str, tuple[Flow, ...]] = {}
        for flow in properties["dataFlows"]:
            for stream in flow["streams"]:
                made = _flow(stream, flow, declared.get(stream), store)
                streams[stream] = (*streams.get(stream, ()), made)
        return Rule(str(text.get("immutableId") or properties["immutableId"]), streams)
    except (OSError, ValueError, RecursionError) as error:
        raise QueryError("ING004", f"it is no JSON: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        hint = "a rule has immutableId, properties.streamDeclarations and properties.dataFlows"
        raise QueryError("ING004", f"it is no data collection rule: {type(error).__name__} {error}", hint=hint) from None


def _columns(declared: list[dict[str, Any]]) -> Schema:
    for one in declared:
        if column_name(one["name"]) != one["name"]:
            raise QueryError("ING004", f"'{one['name']}' cannot be the name of a column")
    return tuple([Column(one["name"], _TYPES[one["type"].lower()]) for one in declared])


def _flow(stream: str, flow: dict[str, Any], declared: Schema | None, store: Store) -> Flow:
    table = output_table(flow.get("outputStream", stream))
    if table not in store and not table.endswith("_CL"):
        raise QueryError("ING004", f"the stream '{stream}' goes to the table '{table}', which is not there")
    transform = flow.get("transformKql") or SOURCE
    columns = declared or known_tables().get(output_table(stream))
    if columns is None:
        if transform.strip() != SOURCE:
            raise QueryError("ING004", f"the stream '{stream}' is transformed, and its columns are not declared")
        return Flow(table, BODY)
    found = check(transform, {SOURCE: [(column.name, str(column.type)) for column in columns]})
    if found.errors:
        raise QueryError("ING004", f"the transformation of the stream '{stream}' is wrong: {found.errors[0].message}")
    return Flow(table, f"let {SOURCE} = {BODY}\n| project {', '.join(map(_declared, columns))};\n{transform}")


def _declared(column: Column) -> str:
    """A declared column out of the one that was sent, or its null when none was."""
    sent = f"column_ifexists('{column.name}', '')"
    converted = f"parse_json(tostring({sent}))" if column.type is Type.DYNAMIC else f"to{column.type}({sent})"
    return f"['{column.name}'] = {converted}"
