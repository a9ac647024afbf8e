"""The values that columns of text have, for proposals: asked for in the background, since typing never waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from kqlog.assist.place import Place
from kqlog.assist.proposal import Candidate, Kind
from kqlog.assist.sight import Sight
from kqlog.errors import QueryError
from kqlog.plan.names import bracketed
from kqlog.syntax import nodes
from kqlog.types import Type

if TYPE_CHECKING:
    from kqlog.workspace import Workspace

MOST_VALUES = 50
MOST_ROWS = 100_000
SECONDS = 0.03
"""How long an answer waits for values; those that come later serve the next one."""


class Values:
    """The values of columns, by table and column, as `ask` gives them: none where there are too many to choose from.

    Each column is asked for once, in a thread of its own. A QueryError counts as none.
    """

    def __init__(self, ask: Callable[[str, str], Sequence[str]], seconds: float = SECONDS) -> None:
        self._ask = ask
        self._seconds = seconds
        self._known: dict[tuple[str, str], Sequence[str]] = {}
        self._asking: dict[tuple[str, str], threading.Thread] = {}
        self._lock = threading.Lock()

    def __call__(self, table: str, column: str) -> Sequence[str]:
        """The values of a column that are known within the time that an answer has."""
        key = table, column
        with self._lock:
            if key not in self._asking:
                self._asking[key] = threading.Thread(target=self._fill, args=key, daemon=True)
                self._asking[key].start()
        self._asking[key].join(self._seconds)
        return self._known.get(key, ())

    def _fill(self, table: str, column: str) -> None:
        try:
            self._known[table, column] = self._ask(table, column)
        except QueryError:
            self._known[table, column] = ()


def values_of(workspace: Workspace, seconds: float = SECONDS) -> Values:
    """The values that columns of a workspace have, where there are at most MOST_VALUES among the first MOST_ROWS rows."""

    def ask(table: str, column: str) -> list[str]:
        first = f"{bracketed(table)} | take {MOST_ROWS} | summarize rows = count() by value = {bracketed(column)}"
        rows = workspace.query(f"{first} | top {MOST_VALUES + 1} by rows").rows
        return [str(value) for value, _ in rows if value] if len(rows) <= MOST_VALUES else []

    return Values(ask, seconds)


def value_candidates(place: Place, sight: Sight | None, values: Values | None, quote: str = '"') -> Iterator[Candidate]:
    """The values of the column that what stands here is compared with, in quotes."""
    if sight is None or values is None or place.compared is None:
        return
    column = place.compared[0]
    if not isinstance(column, nodes.Name) or sight.columns.get(column.name) is not Type.STRING:
        return
    stored = sight.scope.environment.tables
    table = next((name for name, schema in stored.items() if any(found.name == column.name for found in schema)), None)
    for number, value in enumerate(values(table, column.name) if table is not None else ()):
        yield Candidate(70 - number / 20, quoted(value, quote), Kind.VALUE, str(Type.STRING))


def quoted(text: str, quote: str) -> str:
    """A text as a query writes it."""
    for plain, escaped in (("\\", "\\\\"), (quote, f"\\{quote}"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return f"{quote}{text}{quote}"
