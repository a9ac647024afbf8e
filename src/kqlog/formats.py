"""The text forms of a result: table, Markdown, CSV, JSON, JSON Lines, HTML."""

from __future__ import annotations

import csv
import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import IO

from kqlog.text import Storage, write, write_json
from kqlog.types import NUMBERS, Schema, Type

Rows = Sequence[tuple[Storage, ...]]

_RIGHT = NUMBERS | {Type.TIMESPAN}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_NARROWEST = 12
_GAP = "  "


class Format(StrEnum):
    """A way to write a result down."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"
    PARQUET = "parquet"


ENDINGS: dict[str, Format] = {
    ".txt": Format.TABLE,
    ".csv": Format.CSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".md": Format.MARKDOWN,
    ".parquet": Format.PARQUET,
}
"""What a file's ending says about its format."""


def write_csv(columns: Schema, rows: Rows, stream: IO[str]) -> None:
    """A header, then a line for each row; null and '' are both empty, as in Kusto."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    writer.writerows([write(value, column.type) for value, column in zip(row, columns, strict=True)] for row in rows)


def write_json_lines(columns: Schema, rows: Rows, stream: IO[str]) -> None:
    """A JSON object a line."""
    stream.writelines(f"{text}\n" for text in _objects(columns, rows))


def write_json_array(columns: Schema, rows: Rows, stream: IO[str]) -> None:
    """One JSON array with an object for each row."""
    separator = "[\n  "
    for text in _objects(columns, rows):
        stream.write(separator + text)
        separator = ",\n  "
    stream.write("\n]\n" if rows else "[]\n")


def write_markdown(columns: Schema, rows: Rows, stream: IO[str]) -> None:
    """A Markdown table; numbers to the right."""
    stream.write(_markdown_line(column.name for column in columns))
    stream.write(_markdown_line("---:" if column.type in _RIGHT else "---" for column in columns))
    for row in rows:
        stream.write(_markdown_line(_cells(row, columns)))


def write_table(columns: Schema, rows: Rows, stream: IO[str], width: int | None = None) -> None:
    """Aligned columns. With a `width` no line is longer: long cells are cut, and columns without room are only counted."""
    shown = [_cells(row, columns) for row in rows]
    widths = [
        max([display_width(visible(column.name)), *(display_width(row[at]) for row in shown)])
        for at, column in enumerate(columns)
    ]
    if width is not None:
        widths = _fit(widths, width)

    def line(cells: Iterable[str]) -> str:
        aligned = [align(cell, size, column.type in _RIGHT) for cell, size, column in zip(cells, widths, columns, strict=False)]
        return _GAP.join(aligned).rstrip() + "\n"

    stream.write(line(visible(column.name) for column in columns))
    stream.write(line("-" * size for size in widths))
    stream.writelines(line(row) for row in shown)
    if hidden := columns[len(widths) :]:
        stream.write(f"(no room for {', '.join(visible(column.name) for column in hidden)})\n")


def write_html(columns: Schema, rows: Rows, stream: IO[str]) -> None:
    """An HTML table, for notebooks."""
    head = "".join(f'<th title="{column.type}">{html.escape(column.name)}</th>' for column in columns)
    stream.write(f"<table><thead><tr>{head}</tr></thead><tbody>\n")
    for row in rows:
        cells = (html.escape(write(value, column.type)) for value, column in zip(row, columns, strict=True))
        stream.write(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n")
    stream.write("</tbody></table>\n")


def _objects(columns: Schema, rows: Rows) -> Iterable[str]:
    """Each row as the text of a JSON object on one line."""
    keys = [write_json(column.name, Type.STRING) for column in columns]
    for row in rows:
        texts = (write_json(value, column.type) for value, column in zip(row, columns, strict=True))
        # A line break in JSON text can only be space between tokens.
        yield " ".join(("{" + ", ".join([f"{key}: {text}" for key, text in zip(keys, texts, strict=True)]) + "}").splitlines())


def _cells(row: tuple[Storage, ...], columns: Schema) -> list[str]:
    return [visible(write(value, column.type)) for value, column in zip(row, columns, strict=True)]


def visible(text: str) -> str:
    """Control characters spelled out: a log line must not be able to steer the reader's terminal."""
    if text.isprintable():
        return text
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _markdown_line(cells: Iterable[str]) -> str:
    return "| " + " | ".join([cell.replace("|", "\\|") for cell in cells]) + " |\n"


def display_width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF") for char in text)


def align(text: str, size: int, right: bool) -> str:
    """The text in so many columns of a terminal: cut, or filled up with spaces."""
    if display_width(text) > size:
        text = text[: size - 1]
        while display_width(text) > size - 1:
            text = text[:-1]
        text += "…"
    padding = " " * (size - display_width(text))
    return padding + text if right else text + padding


def _fit(widths: list[int], room: int) -> list[int]:
    """These widths cut down to a line of `room`: the widest give way first, the last columns fall off when nothing helps."""
    widths = list(widths)
    while widths and sum(min(size, _NARROWEST) + len(_GAP) for size in widths) - len(_GAP) > room and len(widths) > 1:
        widths.pop()
    limit = max(widths, default=0)
    while limit > _NARROWEST and sum(min(size, limit) + len(_GAP) for size in widths) - len(_GAP) > room:
        limit -= 1
    return [min(size, limit) for size in widths]
