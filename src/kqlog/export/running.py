"""Continuous exports on their way: each row that comes in is exported once, in the order in which rows come in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from kqlog.errors import QueryError
from kqlog.export.declared import FOLDER, Declared, read_declaration
from kqlog.export.destinations import Batch
from kqlog.export.streams import Source
from kqlog.plan.lookup import closest
from kqlog.store.additions import additions, everything
from kqlog.store.cursors import Cursor, Position
from kqlog.store.store import Store
from kqlog.workspace import Workspace, connect

_MOST = 1_000_000
"""About so many rows are exported at once."""
_AT_ONCE = 4
_LOOK = 2.0
"""Seconds after which declarations are looked at again."""
_BEAT = 0.2
_PATIENCE = 60.0
"""After so many seconds at most, an export that failed is tried again."""

Say = Callable[[str], None]


class Exporter:
    """Runs one export. Only one process does so at a time."""

    def __init__(self, workspace: Workspace, declared: Declared, ended: threading.Event) -> None:
        assert workspace.store is not None
        self._workspace, self._declared, self._ended = workspace, declared, ended
        self._table = workspace.store.table(declared.table)
        self._cursor = Cursor(self._table.folder, declared.name)
        self._staging = workspace.store.root / FOLDER
        self._source: Source | None = None

    def run(self) -> int:
        """Export all that has come in since the last run. So many rows are handed over.

        Raises:
            QueryError: EXP002 when the destination does not take them now, EXP003 when some are not there any more, and the
                errors of the query. What was not handed over is so by a later run.
        """
        with self._cursor.alone():
            try:
                rows = self._advance(self._cursor.read() or self._begin())
            except (QueryError, OSError) as error:
                self._cursor.fail(_reason(error))
                raise
            self._cursor.fail("")
            return rows

    def cancel(self) -> None:
        """Stop its query."""
        if (source := self._source) is not None:
            source.cancel()

    def _begin(self) -> Position:
        exists = self._table.exists
        position = Position(self._table.snapshot().version if exists else -1, all=self._declared.beginning and exists)
        self._cursor.write(position)
        return position

    def _advance(self, position: Position) -> int:
        before = position.rows
        while not self._ended.is_set():
            if position.until is None and not self._prepare(position):
                self._cursor.keep()
                break
            assert position.until is not None
            self._declared.to.deliver(position.ready, self._batch(position, position.until), self._ended)
            position.rows += position.ready_rows
            self._move(position, position.until)
        return position.rows - before

    def _prepare(self, position: Position) -> bool:
        """Make the rows of the next versions ready; false when there are none."""
        if (reached := self._declared.to.reached(position.id)) is not None and reached > position.version:
            # A run was killed when the rows were stored there already, and that was not noted down here.
            self._move(position, reached)
        found = everything(self._table) if position.all else additions(self._table, position.version, _MOST)
        if found is None:
            return False
        only = {self._declared.table: found}
        self._source = Source(lambda: self._workspace.stream(self._declared.query, only=only))
        batch = self._batch(position, found.until)
        position.ready = self._declared.to.prepare(self._source, batch) if found.paths else []
        position.until, position.ready_rows = found.until, self._source.rows
        self._cursor.write(position)
        return True

    def _move(self, position: Position, version: int) -> None:
        position.version, position.all = version, False
        position.until, position.ready, position.ready_rows = None, [], 0
        self._cursor.write(position)

    def _batch(self, position: Position, until: int) -> Batch:
        name = self._declared.name
        return Batch(name, position.id, until, self._staging / f".{name}-{position.id[:8]}")


@dataclass
class _Kept:
    """A declaration as it was last read, or why it cannot be."""

    written: int
    read: float
    declared: Declared | None = None
    error: QueryError | None = None


@dataclass
class _Turn:
    """An export between two runs."""

    due: float = 0.0
    said: str = ""
    exporter: Exporter | None = None


@dataclass
class Exports:
    """The continuous exports of a workspace."""

    store: Store
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._workspace = connect(self.store.root)
        self._kept: dict[Path, _Kept] = {}
        self._turns: dict[str, _Turn] = {}

    def run_once(self, names: Sequence[str], say: Say) -> int:
        """Export what there is. So many of the exports failed, or are declared wrong."""
        failed = 0
        for name, kept in self._chosen(names).items():
            try:
                say(f"{name}: {counted(Exporter(self._workspace, _declared(kept), self.ended).run())}")
            except (QueryError, OSError) as error:
                say(f"{name}: {error}")
                failed += 1
        return failed

    def run(self, names: Sequence[str], say: Say) -> None:
        """Run each when its time has come, until `ended`. Declarations that come or change meanwhile are seen."""
        with ThreadPoolExecutor(_AT_ONCE, "kqlog export") as pool:
            try:
                while not self.ended.wait(_BEAT):
                    for name, kept in self._chosen(names, strict=False).items():
                        self._turn(name, kept, pool, say)
            finally:
                self.end()

    def end(self) -> None:
        """Stop: what was not handed over is so by the next run."""
        self.ended.set()
        for turn in list(self._turns.values()):
            if turn.exporter is not None:
                turn.exporter.cancel()

    def reset(self, names: Sequence[str]) -> None:
        """Let exports begin as if they had never run.

        Raises:
            QueryError: EXP001 for a name that no export has.
        """
        for kept in self._chosen(names).values():
            declared = _declared(kept)
            cursor = Cursor(self.store.table(declared.table).folder, declared.name)
            with cursor.alone():
                cursor.remove()

    def lines(self, names: Sequence[str]) -> Iterator[str]:
        """Each export, and how far it is."""
        for name, kept in self._chosen(names).items():
            if kept.declared is None:
                yield f"{name}: cannot be used: {kept.error}"
                continue
            declared, table = kept.declared, self.store.table(kept.declared.table)
            cursor = Cursor(table.folder, name)
            position, moved = cursor.read(), cursor.moved
            if position is None or moved is None:
                yield f"{name}: {declared.table} to {declared.to}: has not begun"
                continue
            behind = table.snapshot().version - position.version if table.exists else 0
            state = f"{counted(position.rows)} exported, {f'{behind:,} versions behind' if behind else 'up to date'}"
            when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moved))
            yield f"{name}: {declared.table} to {declared.to}: {state}, {when}"
            if error := cursor.failure():
                yield f"  {error}"

    def _turn(self, name: str, kept: _Kept, pool: ThreadPoolExecutor, say: Say) -> None:
        turn = self._turns.setdefault(name, _Turn())
        if kept.declared is None:
            self._tell(turn, name, f"cannot be used: {kept.error}", say)
        elif turn.exporter is None and time.monotonic() >= turn.due:
            turn.exporter = Exporter(self._workspace, kept.declared, self.ended)
            pool.submit(self._run_turn, turn, turn.exporter, kept.declared, say)

    def _run_turn(self, turn: _Turn, exporter: Exporter, declared: Declared, say: Say) -> None:
        pause = declared.every
        try:
            exporter.run()
            self._tell(turn, declared.name, "goes on" if turn.said else "", say)
            turn.said = ""
        except Exception as error:  # noqa: BLE001  whatever it is, the rows are kept and tried again
            if not self.ended.is_set():
                self._tell(turn, declared.name, str(error), say)
            pause = min(pause, _PATIENCE)
        finally:
            turn.due, turn.exporter = time.monotonic() + pause, None

    def _tell(self, turn: _Turn, name: str, what: str, say: Say) -> None:
        """Say what is new: an export that fails again and again does so for one reason."""
        if what and what != turn.said:
            say(f"export {name}: {what}")
        turn.said = what

    def _chosen(self, names: Sequence[str], *, strict: bool = True) -> dict[str, _Kept]:
        """The declarations of these names, or all.

        Raises:
            QueryError: EXP001 for a name that no export has, if `strict`.
        """
        found = {file.stem: self._look(file) for file in sorted((self.store.root / FOLDER).glob("*.json"))}
        for name in names if strict else ():
            if name not in found:
                close = closest(name, list(found))
                hint = f"did you mean '{close}'?" if close else f"declare it in {FOLDER}/{name}.json of the workspace"
                raise QueryError("EXP001", f"there is no export '{name}'", hint=hint)
        return {name: kept for name, kept in found.items() if not names or name in names}

    def _look(self, file: Path) -> _Kept:
        """A declaration as it is now. One that is wrong is read again and again: its table may come into being."""
        now = time.monotonic()
        try:
            written = file.stat().st_mtime_ns
            kept = self._kept.get(file)
            if kept is None or kept.written != written or (kept.error is not None and now - kept.read > _LOOK):
                kept = _Kept(written, now, read_declaration(file, self._workspace))
        except QueryError as error:
            kept = _Kept(written, now, error=error)
        except OSError as error:
            kept = _Kept(0, now, error=QueryError("EXP001", f"it cannot be read: {error.strerror}"))
        self._kept[file] = kept
        return kept


def counted(rows: int) -> str:
    """A number of rows in words."""
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _declared(kept: _Kept) -> Declared:
    if kept.declared is None:
        assert kept.error is not None
        raise kept.error
    return kept.declared


def _reason(error: QueryError | OSError) -> str:
    return error.message if isinstance(error, QueryError) else f"{error.filename or 'kqlog'}: {error.strerror or error}"
