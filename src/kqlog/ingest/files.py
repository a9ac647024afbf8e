"""Files into a table: all rows of a file or none."""

from __future__ import annotations

from pathlib import Path

from kqlog.ingest.shaping import SOURCE, Shaped, shape_from
from kqlog.store.store import Store
from kqlog.workspace import connect


def ingest_files(store: Store, table: str, file: Path, transform: str | None = None) -> str:
    """Store the rows of a file, and tell what became of them.

    Raises:
        QueryError: ING001 and ENG003 for what is no table or cannot be read, and the errors of the transformation.
    """
    workspace = connect(file)
    (name,) = workspace.tables
    query = transform or SOURCE
    shaped = shape_from(workspace, store, table, transform=f"let {SOURCE} = ['{name}'];\n{query}")
    store.table(table).append(shaped.rows, shaped.columns)
    return f"{file}: {_told(shaped)}"


def _told(shaped: Shaped) -> str:
    """What was stored and what was lost, as a sentence."""
    parts = [f"{shaped.rows.num_rows:,} rows in {shaped.table}"]
    parts += [f"{count:,} values of {name} could not be read" for name, count in shaped.unreadable.items()]
    if shaped.dropped:
        parts.append(f"left out {', '.join(shaped.dropped)}, which {shaped.table} does not have")
    return "; ".join(parts)
