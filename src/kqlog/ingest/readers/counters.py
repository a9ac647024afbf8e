"""Counters of Windows as typeperf and relog write them to CSV: a line for each moment, a column for each counter."""

from __future__ import annotations

import csv
import re
from datetime import datetime, timedelta

from kqlog.ingest.readers.format import Format, Parser, Row, UnreadableError

_START = '"(PDH-CSV 4.0)'
_PATH = re.compile(r"\\\\([^\\]+)\\(.+)\\([^\\]+)")
_OBJECT = re.compile(r"([^(]+)\((.*)\)")
_BIAS = re.compile(r"\((-?\d{1,4})\)$")
_SAID = ("Exiting, please wait", "The command completed successfully")
"""What typeperf says at its end, where its output is a file."""


class Counters(Parser):
    """A row for each value. Times are of the zone that relog names; typeperf names none, and they are taken for UTC."""

    def __init__(self) -> None:
        self._counters: list[Row] = []
        self._bias = timedelta()

    def is_header(self, line: str) -> bool:
        """Whether it names the counters."""
        return line.startswith(_START)

    def feed(self, line: str) -> list[Row]:
        """The values of one moment."""
        if not line.strip() or line.startswith(_SAID):
            return []
        try:
            first, *values = next(csv.reader([line], strict=True))
        except csv.Error as error:
            raise UnreadableError(f"not CSV: {error}") from None
        if line.startswith(_START):
            bias = _BIAS.search(first)
            self._bias = timedelta(minutes=int(bias[1]) if bias else 0)
            self._counters = [_counter(path) for path in values]
            return []
        if not self._counters:
            raise UnreadableError('no line beginning with "(PDH-CSV 4.0)" stands before this one')
        if len(values) != len(self._counters):
            raise UnreadableError(f"{len(values)} values under {len(self._counters)} counters")
        try:
            moment = datetime.strptime(first, "%m/%d/%Y %H:%M:%S.%f") + self._bias
        except (ValueError, OverflowError):
            raise UnreadableError(f"'{first}' is not a time") from None
        time = f"{moment.isoformat()}Z"
        return [
            {"TimeGenerated": time, **counter, "CounterValue": _number(value)}
            for counter, value in zip(self._counters, values, strict=True)
            if value.strip()
        ]


def _counter(path: str) -> Row:
    match = _PATH.fullmatch(path)
    if match is None:
        raise UnreadableError(f"'{path}' is not the path of a counter")
    instance = _OBJECT.fullmatch(match[2])
    return {
        "Computer": match[1],
        "ObjectName": instance[1] if instance else match[2],
        "InstanceName": instance[2] if instance else "",
        "CounterName": match[3],
        "CounterPath": path,
    }


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UnreadableError(f"'{text}' is not a number") from None


FORMAT = Format(
    "counters",
    "counters of Windows, CSV of typeperf and relog",
    recognises=lambda beginning: beginning.lstrip().startswith(_START),
    parser=Counters,
    table=lambda row: "Perf",
)
