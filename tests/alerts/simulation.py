"""A simulated time of logs that come in late, twice and out of order, and rules over them; run as a program it is what is killed.

    python simulation.py FOLDER SEED STEPS [EVERY]

A step is a minute, or so many: its rows are stored (under the number of the step, so that a step that is done again stores nothing twice),
then the alerts look. Steps that were done are known from the state itself, as everything else is.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from reference import Row

import kqlog
from kqlog.alerts.service import Alerts
from kqlog.store.store import Store, create, is_workspace
from kqlog.store.upkeep import keep_in_order
from kqlog.types import UNIX_EPOCH_TICKS, Column, Type

TABLE = "Sim_CL"
MINUTE = 60_000_000
START = 1_772_000_000_000_000 // (24 * 60 * MINUTE) * 24 * 60  # minutes since 1970, at midnight
COMPUTERS = ("web-1", "web-2", "db-1")
FREQUENCIES = (1, 2, 5, 5, 10, 15, 30, 60)
UPKEEP = 60
COLUMNS = (
    Column("TimeGenerated", Type.DATETIME),
    Column("Computer", Type.STRING),
    Column("Level", Type.INT),
    Column("Value", Type.REAL),
)
PREDICATES: dict[str, Callable[[Row], bool]] = {
    TABLE: lambda row: True,
    f"{TABLE} | where Level >= 2": lambda row: row.level >= 2,
    f"{TABLE} | where Computer startswith 'web'": lambda row: row.computer.startswith("web"),
    f"{TABLE} | extend Half = Value / 2 | where Half > 10": lambda row: row.value > 20,
    # Not row-wise, as it asks what time it is: one question for each window.
    f"{TABLE} | where TimeGenerated < now() and Level >= 1": lambda row: row.level >= 1,
}


def rows_of(seed: int, minute: int) -> Iterator[tuple[int, Row]]:
    """The rows that a minute (since the start) brings about, with the minutes by which they are late. Most are in time."""
    noise = random.Random(seed * 1_000_003 + minute)
    for computer in COMPUTERS:
        wave = noise.random() < 0.25 or (minute // 37 + len(computer)) % 9 == 0
        down = (minute // 61 + ord(computer[-1])) % 13 == 0
        for _ in range(0 if down else noise.choice((0, 0, 1, 3 if wave else 1))):
            row = Row(
                minute + noise.randrange(60) / 60, computer, noise.randrange(4), float(noise.randrange(40) * (2 if wave else 1))
            )
            late = noise.choice((0, 0, 0, 0, 0, 0, 1, 3, 8, 25))
            yield late, row
            if noise.random() < 0.05:
                yield late + noise.choice((0, 2)), row


def arrivals(seed: int, step: int) -> list[Row]:
    """What comes in within a minute, in no order."""
    found = [row for minute in range(max(0, step - 27), step + 1) for late, row in rows_of(seed, minute) if minute + late == step]
    random.Random(step).shuffle(found)
    return found


def is_down(seed: int, step: int) -> bool:
    """Whether nothing runs at a step: half an hour twice a day."""
    return (step + seed) % 700 in range(300, 330)


def rule_texts(seed: int, count: int) -> dict[str, str]:
    """Rules of all kinds."""
    noise, made = random.Random(seed), {}
    for number in range(count):
        frequency = noise.choice(FREQUENCIES)
        slow = noise.random() < 0.1
        query = noise.choice([query for query in PREDICATES if ("now()" in query) is slow])
        frequency = max(frequency, 15) if slow else frequency
        aggregation = noise.choice(("Count", "Count", "Total", "Average", "Maximum", "Minimum"))
        periods = noise.choice((1, 1, 1, 2, 3))
        window = noise.choice((frequency, frequency, frequency * 2, 5))
        stateful = noise.random() < 0.7
        threshold = {"Count": 3 * window // 2, "Total": 60 * window // 2, "Average": 25, "Maximum": 70, "Minimum": 20}[
            aggregation
        ]
        comparison = noise.choice(("GreaterThan", "GreaterThan", "GreaterThanOrEqual", "LessThan"))
        lines = [
            f"evaluationFrequency: PT{frequency}M",
            f"windowSize: PT{window}M",
            f"autoMitigate: {'true' if stateful else 'false'}",
            f"lateness: PT{noise.choice((0, 5, 10, 30))}M",
            f"delay: PT{noise.choice((0, 0, 0, 2))}M",
            f"catchUp: {noise.choice(('true', 'true', 'false'))}",
        ]
        if not stateful and noise.random() < 0.5:
            lines.append(f"muteActionsDuration: PT{noise.choice((10, 45))}M")
        if stateful and noise.random() < 0.3:
            lines.append(f"ruleResolveConfiguration: {{timeToResolve: PT{noise.choice((1, 20))}M}}")
        if noise.random() < 0.4:
            lines.append(
                f"noData: {{outcome: {noise.choice(('keep', 'resolve', 'alert'))}, pending: PT{noise.choice((0, 20))}M}}"
            )
        lines += ["criteria:", "  allOf:", f'    - query: "{query}"', f"      timeAggregation: {aggregation}"]
        if aggregation != "Count":
            lines.append("      metricMeasureColumn: Value")
        if noise.random() < 0.6:
            lines.append("      dimensions: [{name: Computer}]")
        lines += [f"      operator: {comparison}", f"      threshold: {threshold}"]
        if periods > 1:
            failing = noise.randrange(1, periods + 1)
            lines.append(f"      failingPeriods: {{numberOfEvaluationPeriods: {periods}, minFailingPeriodsToAlert: {failing}}}")
        made[f"r{number:03}"] = "\n".join(lines) + "\n"
    return made


def prepare(folder: Path, seed: int, rules: int) -> None:
    """A workspace with rules."""
    create(folder)
    (folder / "alerts").mkdir()
    for name, text in rule_texts(seed, rules).items():
        (folder / "alerts" / f"{name}.yaml").write_text(text)
    store(Store(folder), -1, [Row(-600.0, COMPUTERS[0], 0, 0.0)])


def store(workspace: Store, step: int, rows: list[Row]) -> None:
    """The rows of a step, once."""
    import pyarrow as pa

    table, request = workspace.table(TABLE), f"step {step}"
    ticks = [round((START + row.at) * 60) * 10_000_000 + UNIX_EPOCH_TICKS for row in rows]
    made = pa.table(
        {
            "TimeGenerated": pa.array(ticks, pa.int64()),
            "Computer": [row.computer for row in rows],
            "Level": pa.array([row.level for row in rows], pa.int32()),
            "Value": pa.array([row.value for row in rows], pa.float64()),
        }
    )
    with table.writing():
        if rows and not table.seen(request):
            table.append(made, COLUMNS, [request])


def looks(seed: int, steps: int, every: int) -> Iterator[tuple[int, list[Row], bool]]:
    """When there is a look, what came in before it, and whether the alerts are up."""
    for step in range(every - 1, steps, every):
        yield step, [row for one in range(step - every + 1, step + 1) for row in arrivals(seed, one)], not is_down(seed, step)


def run(folder: Path, seed: int, steps: int, every: int = 1) -> None:
    """All steps that were not done yet."""
    assert is_workspace(folder)
    workspace = kqlog.connect(folder)
    assert workspace.store is not None
    done = folder / "done"
    alerts = Alerts(workspace, messages=0)
    alerts.rules.refresh()
    assert not alerts.rules.broken, alerts.rules.broken
    last = int(done.read_text() or -1) if done.exists() else -1
    for step, rows, up in looks(seed, steps, every):
        if step <= last:
            continue
        store(workspace.store, step, rows)
        if up:
            alerts.tick((START + step + 1) * MINUTE)
        if step % max(UPKEEP, 20 * every) == max(UPKEEP, 20 * every) - 1:
            keep_in_order(workspace.store, TABLE)
            alerts.publish()
        made = folder / "done.made"
        made.write_text(str(step))
        made.replace(done)
    alerts.publish()
    alerts.close()


if __name__ == "__main__":
    run(Path(sys.argv[1]), *map(int, sys.argv[2:]))
