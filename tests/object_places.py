"""What tests of objects share: looks at a place, and what objects hold."""

from __future__ import annotations

import kqlog
from kqlog.ingest.objects import Objects
from kqlog.ingest.places import place_of
from kqlog.store.store import Store

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key that every Azurite has, which Microsoft documents."""


class Looking:
    """Looks at a place as a new process would each time: nothing is kept but what is in the workspace."""

    def __init__(self, store: Store, url: str, table: str | None = "T_CL", format_: str | None = None) -> None:
        self._arguments = (url, table, format_)
        self._root = store.root
        self.warnings: list[str] = []
        self.troubles = 0

    def look(self) -> str | None:
        url, table, format_ = self._arguments
        found = Objects(Store(self._root), table, place_of(url), format_, None, self.warnings.append)
        told = found.poll()
        self.troubles = found.troubles
        return told


def numbers(store: Store, table: str = "T_CL") -> list[int]:
    return [n for (n,) in kqlog.connect(store.root).query(f"{table} | project n | order by n asc").rows]


def lines(*several: int) -> bytes:
    return b"".join(b'{"n":%d}\n' % n for n in several)


def record(n: int) -> dict[str, object]:
    return {"time": "2026-03-01T10:00:00Z", "resourceId": "/SUBSCRIPTIONS/1", "category": "Audit", "properties": {"n": n}}
