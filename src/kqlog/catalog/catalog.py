"""The tables of a workspace: files of a folder, and data frames, each opened when it is first asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock

from kqlog.engines.engine import Engine, FileFormat, Files, Frame
from kqlog.errors import QueryError
from kqlog.plan.lookup import FileSearch
from kqlog.types import Schema

FORMATS: dict[str, FileFormat] = {
    ".parquet": FileFormat.PARQUET,
    ".csv": FileFormat.CSV,
    ".json": FileFormat.JSON,
    ".jsonl": FileFormat.JSONL,
    ".ndjson": FileFormat.JSONL,
}
_COMPRESSED = ".gz"
_INFERRED = "$inferred"
"""What the engine calls files that are only looked at. No table has this name."""


class Catalog(Mapping[str, Schema]):
    """Schemas by table name. Listing names opens no file; a schema is read once, when it is first asked for, and kept."""

    def __init__(self, engine: Engine, source: Path | None = None, frames: Mapping[str, object] | None = None) -> None:
        self._engine = engine
        self._tables: dict[str, list[Path] | Frame] = {}
        self._schemas: dict[str, Schema] = {}
        self._root = source or Path()
        self._lock = Lock()
        if source is not None:
            self._tables.update(find_tables(source))
        for name, frame in (frames or {}).items():
            self._tables[name] = Frame(frame)
        self._names = sorted(self._tables)

    def __getitem__(self, name: str) -> Schema:
        """The schema of a table.

        Raises:
            KeyError: no table of this name.
            QueryError: ENG003 for a file that cannot be read, ING001 for files that are not one table.
        """
        with self._lock:
            if name not in self._schemas:
                table = self._tables[name]
                self._schemas[name] = self._engine.attach(name, table if isinstance(table, Frame) else self._files(name, table))
            return self._schemas[name]

    def infer(self, search: FileSearch) -> list[Schema]:
        """The columns of each file that is looked for.

        Raises:
            QueryError: ENG003 for a place outside of the folder, or one without such files.
        """
        files = sorted({file for place in search.places for file in self._found(place, search)})
        if not files:
            raise QueryError("ENG003", f"there is no such file in {', '.join(map(repr, search.places))}")
        last = max(files, key=lambda file: (file.stat().st_mtime_ns, file))
        chosen = {"any": files[:1], "last": [last]}.get(search.mode, files)
        format_ = FileFormat(search.format)
        with self._lock:
            return [self._engine.attach(_INFERRED, Files((str(file),), format_, header=search.header)) for file in chosen]

    def _found(self, place: str, search: FileSearch) -> list[Path]:
        """The files whose path begins as the place does."""
        if self._root == Path():
            raise QueryError("ENG003", f"cannot read '{place}': there is no connected folder")
        folder = self._root if self._root.is_dir() else self._root.parent
        start = os.path.normpath(folder / place)
        if not Path(start).is_relative_to(folder):
            raise QueryError("ENG003", f"cannot read '{place}': it is not in the connected folder")
        named = (file for file in folder.rglob("*") if file.name.startswith(search.prefix) and file.name.endswith(search.ending))
        return [file for file in named if str(file).startswith(start) and file.is_file() and not _left_out(file.name)]

    @property
    def unusable(self) -> dict[str, QueryError]:
        """The tables that are no tables, and why, as far as the names of their files tell. Opens no file."""
        return {name: error for name, table in sorted(self._tables.items()) if (error := self._problem(name, table))}

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _problem(self, name: str, table: list[Path] | Frame) -> QueryError | None:
        try:
            if not isinstance(table, Frame):
                self._files(name, table)
        except QueryError as error:
            return error
        return None

    def _files(self, name: str, paths: list[Path]) -> Files:
        formats = sorted({kind for path in paths if (kind := _format(path))})
        if not formats:
            raise QueryError("ING001", f"table '{name}' is a Delta table, which cannot be read yet")
        if len(formats) > 1:
            hint = "keep the files of one table in one format"
            raise QueryError("ING001", f"table '{name}' would be {' and '.join(formats)} files at once", hint=hint)
        hive = any("=" in part for path in paths for part in path.relative_to(self._root).parts[:-1])
        return Files(tuple(str(path) for path in paths), formats[0], hive)


def find_tables(source: Path) -> dict[str, list[Path]]:
    """The files of each table below a folder, or of the one table that a file is.

    A file is named by its stem, a sub-folder by its own name: all data files in it, at any depth, are one table.
    Hidden files, `_`-files and half-done `*_temp` ones are left out.

    Raises:
        QueryError: ING001 when there is no such place, or a file of another kind.
    """
    if source.is_file():
        if _format(source) is None:
            raise QueryError("ING001", f"'{source.name}' is no table", hint=f"tables are files that end in {', '.join(FORMATS)}")
        return {_stem(source): [source]}
    if not source.is_dir():
        raise QueryError("ING001", f"no file or folder '{source}'", hint="give a folder of Parquet, CSV or JSON files")
    tables: dict[str, list[Path]] = {}
    for entry in sorted(source.iterdir()):
        if _left_out(entry.name):
            continue
        if entry.is_dir():
            if files := _files_below(entry):
                tables.setdefault(entry.name, []).extend(files)
        elif _format(entry) is not None:
            tables.setdefault(_stem(entry), []).append(entry)
    return tables


def _files_below(folder: Path) -> list[Path]:
    if (log := folder / "_delta_log").is_dir():
        # Its data files alone would give deleted rows, too.
        return [log]
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _left_out(name))
        files = (Path(root, name) for name in sorted(names) if not _left_out(name))
        found += [file for file in files if _format(file) is not None]
    return found


def _left_out(name: str) -> bool:
    return name.startswith((".", "_")) or Path(name).stem.endswith("_temp")


def _format(path: Path) -> FileFormat | None:
    return FORMATS.get(Path(path.name.lower().removesuffix(_COMPRESSED)).suffix)


def _stem(path: Path) -> str:
    return Path(path.name.removesuffix(_COMPRESSED)).stem
