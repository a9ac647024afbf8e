"""A workspace with a table of requests, and rules over it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import kqlog
from kqlog.alerts.episodes import Change
from kqlog.alerts.service import Alerts
from kqlog.alerts.windows import MINUTE, moment, shown
from kqlog.ingest.shaping import shape
from kqlog.store.store import create

DAY = datetime(2026, 3, 10, tzinfo=UTC)


def at(clock: str) -> int:
    """A time of the test's day in microseconds since 1970."""
    hours, minutes = map(int, clock.split(":"))
    return moment(DAY) + (hours * 60 + minutes) * MINUTE


class Place:
    """A workspace whose clock the test moves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = create(folder)
        (folder / "alerts").mkdir()
        self.rows("00:00", "nobody", 0)
        self._alerts: Alerts | None = None

    def rows(
        self, clock: str, host: str, count: int = 1, level: int = 0, value: float | None = None, table: str = "Log_CL"
    ) -> None:
        """Store rows of a minute; of no rows, the columns."""
        row = {
            "TimeGenerated": f"2026-03-10T{clock}:00Z",
            "Host": host,
            "Level": level,
            "Value": float(count if value is None else value),
        }
        shaped = shape(self.store, table, [row] * max(1, count))
        self.store.table(table).append(shaped.rows.slice(0, count), shaped.columns) if count else self.store.table(table).append(
            shaped.rows, shaped.columns
        )

    def rule(
        self, name: str = "busy", query: str = "Log_CL | where Level > 0", *, more: str = "", condition: str = "", top: str = ""
    ) -> None:
        """Write a rule: more than two rows in five minutes, for each host."""
        lines = [
            *(f"evaluationFrequency: PT5M\nwindowSize: PT5M\n{top}".strip().split("\n")),
            *more.split("\n"),
            "criteria:",
            "  allOf:",
            f'    - query: "{query}"',
            *(
                f"      {line}"
                for line in (condition or "operator: GreaterThan\nthreshold: 2\ndimensions: [{name: Host}]").split("\n")
            ),
        ]
        (self.folder / "alerts" / f"{name}.yaml").write_text("\n".join(line for line in lines if line) + "\n")

    @property
    def alerts(self) -> Alerts:
        """The evaluator, which has the workspace until `restart`."""
        if self._alerts is None:
            self._alerts = Alerts(kqlog.connect(self.folder))
        return self._alerts

    def restart(self) -> None:
        """Begin anew, as after the end of the process."""
        if self._alerts is not None:
            self._alerts.close()
            self._alerts = None

    def tick(self, clock: str) -> list[str]:
        """What is told at a moment."""
        return [_told(change) for change in self.alerts.tick(at(clock))]

    def through(self, first: str, last: str) -> list[str]:
        """What is told in the minutes from one to another, each with its minute."""
        found = []
        for now in range(at(first), at(last) + 1, MINUTE):
            found += [f"{shown(now)[11:]} {_told(change)}" for change in self.alerts.tick(now)]
        return found


def _told(change: Change) -> str:
    kind = "" if change.episode.kind == "condition" else f" {change.episode.kind}"
    return f"{change.condition} {change.episode.rule} {','.join(change.episode.key)}".rstrip() + kind
