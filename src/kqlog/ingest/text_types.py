"""What the texts of a file without types are: the first KQL type that all values of a column can be read as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kqlog.types import Type
from kqlog.workspace import connect

if TYPE_CHECKING:
    import pyarrow

_CANDIDATES = (Type.LONG, Type.REAL, Type.DATETIME, Type.BOOL, Type.TIMESPAN, Type.GUID)
"""The narrow before the wide: 5 would be a time span of days."""
_WRITTEN = {Type.LONG: r"^[-+]?\d+$", Type.BOOL: "^(?i:true|false)$"}
"""What is not only read as a type but loses nothing by it: tolong('4.5') is 4."""


class TextTypes:
    """The types that columns of texts may still have after some of their rows."""

    def __init__(self) -> None:
        self._left: dict[str, list[Type]] = {}
        self._filled: set[str] = set()

    def see(self, rows: pyarrow.Table) -> None:
        """Rule out the types that values of these rows do not have."""
        tests = [(name, type_) for name in rows.column_names for type_ in self._left.setdefault(name, list(_CANDIDATES))]
        filled = [f"isnotempty({quoted(name)})" for name in rows.column_names]
        unread = [f"isnotempty({quoted(name)}) and {_is_not(quoted(name), type_)}" for name, type_ in tests]
        counts = ", ".join(f"c{at} = countif({test})" for at, test in enumerate(filled + unread))
        (row,) = connect(tables={"rows": rows}).query(f"['rows'] | summarize {counts}").rows
        self._filled |= {name for name, count in zip(rows.column_names, row, strict=False) if count}
        for (name, type_), count in zip(tests, row[len(filled) :], strict=True):
            if count:
                self._left[name].remove(type_)

    def types(self) -> dict[str, Type]:
        """The types of the columns that are more than text."""
        return {name: left[0] for name, left in self._left.items() if left and name in self._filled}


def _is_not(name: str, type_: Type) -> str:
    null = f"isnull(to{type_}({name}))"
    return f"({null} or not({name} matches regex @'{_WRITTEN[type_]}'))" if type_ in _WRITTEN else null


def quoted(name: str) -> str:
    """The name of a column as KQL writes it."""
    text = name.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f"['{text}']"
