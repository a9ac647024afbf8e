"""Where every system writes its rows, and the chances behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from random import Random

from .company import END, START, SUBSCRIPTION, Resource
from .tables import TABLES

Row = dict[str, object]

# Azure is not of one mind: these two write resources in upper case.
_UPPER_CASE = {"AzureDiagnostics", "AzureMetrics"}


@cache
def _origin(table: str, resource: Resource) -> Row:
    """The columns that say which resource a row is from, as far as the table has them."""
    columns = {
        "ResourceId": resource.path,
        "ResourceGroup": resource.group,
        "ResourceProvider": resource.provider,
        "Resource": resource.short_name,
        "ResourceType": resource.kind.partition("/")[2],
    }
    if table in _UPPER_CASE:
        columns = {name: value.upper() for name, value in columns.items()}
    columns |= {"SubscriptionId": SUBSCRIPTION, "_SubscriptionId": SUBSCRIPTION, "_ResourceId": resource.path.lower()}
    return {name: value for name, value in columns.items() if name in TABLES[table]}


def time_generated(row: Row) -> datetime:
    """When the row is from."""
    time = row["TimeGenerated"]
    assert isinstance(time, datetime)
    return time


class Log:
    """Rows by table, in no particular order."""

    def __init__(self) -> None:
        self.rows: defaultdict[str, list[Row]] = defaultdict(list)

    def add(self, table: str, time: datetime, resource: Resource | None = None, **columns: object) -> None:
        """One row. Columns that are left out are empty; a column the table does not have is an error."""
        if unknown := columns.keys() - TABLES[table].keys():
            raise KeyError(f"{table} has no column {', '.join(sorted(unknown))}")
        self.rows[table].append({"TimeGenerated": time, **(_origin(table, resource) if resource else {}), **columns})

    def forget(self, table: str, computer: str, start: datetime, end: datetime) -> None:
        """Drop what a computer could not send between two moments."""
        self.rows[table] = [
            row for row in self.rows[table] if row["Computer"] != computer or not start <= time_generated(row) < end
        ]


def chances(name: str) -> Random:
    """A random generator of its own for each teller, so that changing one leaves the others as they were."""
    return Random(f"contoso {name}")


def random_guid(random: Random) -> str:
    """A GUID that no name stands for."""
    digits = f"{random.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def every(step: timedelta, start: datetime = START, end: datetime = END) -> Iterator[datetime]:
    """Moments from `start` up to, not including, `end`."""
    while start < end:
        yield start
        start += step


# How busy each hour of a day is, in UTC.
SHOPPERS = (4, 3, 2, 2, 2, 3, 5, 8, 12, 15, 16, 17, 18, 17, 16, 16, 17, 19, 23, 26, 24, 18, 11, 6)
OFFICE = (1, 1, 1, 1, 1, 2, 8, 18, 26, 27, 25, 20, 17, 22, 24, 22, 18, 14, 9, 7, 6, 4, 2, 1)


def busyness(hours: tuple[int, ...], time: datetime) -> float:
    """How busy a moment is: the hours' numbers, joined by straight lines."""
    part = time.minute / 60 + time.second / 3600
    return hours[time.hour] * (1 - part) + hours[(time.hour + 1) % 24] * part


def moments(random: Random, count: int, hours: tuple[int, ...]) -> list[datetime]:
    """Moments spread over the window as a day goes, in order."""
    minutes = list(every(timedelta(minutes=1)))
    weights = [busyness(hours, minute) for minute in minutes]
    chosen = random.choices(minutes, weights, k=count)
    return sorted(minute + timedelta(microseconds=random.randrange(60_000_000)) for minute in chosen)
