"""The text forms of a result: table, Markdown, CSV, JSON, JSON Lines, HTML."""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import IO

from kqlog.text import Storage, write, write_all, write_json, write_json_all
from kqlog.types import NUMBERS, Column, Schema, Type

Rows = Sequence[tuple[Storage, ...]]

_RIGHT = NUMBERS | {Type.TIMESPAN}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_NARROWEST = 12
_CUT_FIRST = frozenset({Type.STRING, Type.DYNAMIC})
"""The start of a text says something; that of a time or a number is another one."""
_GAP = "  "
_TOGETHER = 4096
"""So many rows become text together."""


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


def write_csv(columns: Schema, rows: Iterable[tuple[Storage, ...]], stream: IO[str], *, header: bool = True) -> None:
    """A header, then a line for each row; null and '' are both empty, as in Kusto."""
    writer = csv.writer(stream, lineterminator="\n")
    if header:
        writer.writerow([column.name for column in columns])
    writer.writerows(_by_columns(write_all, columns, rows))


def write_json_lines(columns: Schema, rows: Iterable[tuple[Storage, ...]], stream: IO[str]) -> None:
    """A JSON object a line."""
    stream.writelines(f"{text}\n" for text in json_objects(columns, rows))


def write_json_array(columns: Schema, rows: Rows, stream: IO[str]) -> None:
    """One JSON array with an object for each row."""
    separator = "[\n  "
    for text in json_objects(columns, rows):
        stream.write(separator + text)
        separator = ",\n  "
    stream.write("\n]\n" if rows else "[]\n")


def write_markdown(columns: Schema, rows: Rows, stream: IO[str]) -> None:
    """A Markdown table; numbers to the right."""
    stream.write(_markdown_line(column.name for column in columns))
    stream.write(_markdown_line("---:" if column.type in _RIGHT else "---" for column in columns))
    for row in rows:
        stream.write(_markdown_line(cells(row, columns)))


Paint = Callable[[str, Column | None], str]
"""Gives the text of a cell a colour; None stands for the header."""


def write_table(columns: Schema, rows: Rows, stream: IO[str], width: int | None = None, paint: Paint | None = None) -> None:
    """Aligned columns. With a `width` no line is longer: long cells are cut, and columns without room are only counted."""
    shown = [cells(row, columns) for row in rows]
    widths = [max([width_of(visible(column.name)), *(width_of(row[at]) for row in shown)]) for at, column in enumerate(columns)]
    if width is not None:
        widths = _fit(widths, columns, width)

    def line(texts: Iterable[str], *, header: bool = False) -> str:
        line = [align(text, size, column.type in _RIGHT) for text, size, column in zip(texts, widths, columns, strict=False)]
        line[-1:] = [last.rstrip() for last in line[-1:]]
        if paint is not None:
            line = [paint(text, None if header else column) for text, column in zip(line, columns, strict=False)]
        return _GAP.join(line).rstrip() + "\n"

    stream.write(line((visible(column.name) for column in columns), header=True))
    stream.write(line(("-" * size for size in widths), header=True))
    stream.writelines(line(row) for row in shown)
    if hidden := columns[len(widths) :]:
        stream.write(f"(no room for {', '.join(visible(column.name) for column in hidden)})\n")


def write_html(columns: Schema, rows: Rows, stream: IO[str]) -> None:
    """An HTML table, for notebooks: names over types, numbers to the right. A click on a name sorts by its column."""
    # Jupyter aligns all of a table to the right, and marimo leaves no room between columns.
    styles = [f"text-align: {'right' if column.type in _RIGHT else 'left'}; padding: 0.2em 0.6em" for column in columns]
    aligned = [f' style="{style}"' for style in styles]
    head = "".join(
        f"<th{place}>{html.escape(column.name)}<br><small>{column.type}</small></th>"
        for column, place in zip(columns, aligned, strict=True)
    )
    stream.write(f'<table onclick="{html.escape(_SORT)}"><thead style="cursor: pointer"><tr>{head}</tr></thead><tbody>\n')
    for row in rows:
        cells = [
            f"<td{place}{_sort_key(value, column.type)}>{html.escape(write(value, column.type))}</td>"
            for value, column, place in zip(row, columns, aligned, strict=True)
        ]
        stream.write(f"<tr>{''.join(cells)}</tr>\n")
    stream.write("</tbody></table>\n")


_SORT = """
const head = event.target.closest('th'); if (!head) return;
const at = head.cellIndex, down = head.dataset.sorted === 'up'; const body = this.tBodies[0];
for (const other of head.parentNode.cells) delete other.dataset.sorted;
head.dataset.sorted = down ? 'down' : 'up';
const key = row => row.cells[at].dataset.key ?? row.cells[at].textContent;
const compared = (a, b) => a === b ? 0 : a === '' ? 1 : b === '' ? -1 : isNaN(a) || isNaN(b) ? (a < b ? -1 : 1) : a - b;
const rows = [...body.rows].sort((a, b) => compared(key(a), key(b)) * (down ? -1 : 1)); body.append(...rows);
""".replace("\n", " ").strip()


def _sort_key(value: Storage, type_: Type) -> str:
    """What a cell is sorted by where that is not its text."""
    return f' data-key="{value}"' if type_ is Type.TIMESPAN and value is not None else ""


def json_objects(columns: Schema, rows: Iterable[tuple[Storage, ...]]) -> Iterator[str]:
    """Each row as the text of a JSON object on one line."""
    keys = [write_json(column.name, Type.STRING) for column in columns]
    for texts in _by_columns(write_json_all, columns, rows):
        text = "{" + ", ".join([f"{key}: {text}" for key, text in zip(keys, texts, strict=True)]) + "}"
        # A line break in JSON text can only be space between tokens. Other characters that end lines elsewhere are text.
        yield text.replace("\r", " ").replace("\n", " ") if "\n" in text or "\r" in text else text


def _by_columns(
    texts: Callable[[Iterable[Storage], Type], list[str]], columns: Schema, rows: Iterable[tuple[Storage, ...]]
) -> Iterator[tuple[str, ...]]:
    """The texts of each row. The values of one column at a time take a third of the time of one after the other."""
    left = iter(rows)
    while some := list(islice(left, _TOGETHER)):
        cells = [texts(values, column.type) for values, column in zip(zip(*some, strict=True), columns, strict=True)]
        yield from zip(*cells, strict=True)


def cells(row: tuple[Storage, ...], columns: Schema) -> list[str]:
    """The values of a row as text on one line each."""
    return [visible(write(value, column.type)) for value, column in zip(row, columns, strict=True)]


def visible(text: str) -> str:
    """Control characters spelled out: a log line must not be able to steer the reader's terminal."""
    if text.isprintable():
        return text
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _markdown_line(cells: Iterable[str]) -> str:
    return "| " + " | ".join([cell.replace("|", "\\|") for cell in cells]) + " |\n"


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth, wcwidth

    width = wcswidth(text)
    # It gives up on texts that hold a character which no terminal shows.
    return width if width >= 0 else sum(max(0, wcwidth(char)) for char in text)


def align(text: str, size: int, right: bool) -> str:
    """The text in so many columns of a terminal: cut, or filled up with spaces."""
    if width_of(text) > size:
        text = text[: size - 1]
        while width_of(text) > size - 1:
            text = text[:-1]
        text += "…"
    padding = " " * (size - width_of(text))
    return padding + text if right else text + padding


def _fit(widths: list[int], columns: Schema, room: int) -> list[int]:
    """These widths cut down to a line of `room`: the widest texts give way first, then all; last, columns fall off."""
    widths = list(widths)
    while len(widths) > 1 and _length(min(size, _NARROWEST) for size in widths) > room:
        widths.pop()
    for types in (_CUT_FIRST, frozenset(Type)):
        may_be_cut = [column.type in types for column in columns[: len(widths)]]
        limit = max((size for size, cut in zip(widths, may_be_cut, strict=True) if cut), default=0)
        while limit > _NARROWEST and _length(widths) > room:
            limit -= 1
            widths = [min(size, limit) if cut else size for size, cut in zip(widths, may_be_cut, strict=True)]
    return widths


def _length(widths: Iterable[int]) -> int:
    """How long a line of columns is."""
    sizes = list(widths)
    return sum(sizes) + len(_GAP) * (len(sizes) - 1)
