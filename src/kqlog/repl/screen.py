"""Answers on a screen: tables that fit it, a block for each row, colours by type, and a pager for what is longer than it."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable

from kqlog.formats import Format, cells, visible, width_of, write_table
from kqlog.repl.settings import TABLE, VERTICAL, Settings
from kqlog.result import Result
from kqlog.types import NUMBERS, Column, Type

_SHOWN = 10_000
"""A table of more rows than this is nothing that a person reads to its end."""
_PAGER = "less -FRSX"
_COLOURS = {Type.DATETIME: "32", Type.TIMESPAN: "32", Type.BOOL: "35", Type.DYNAMIC: "33", Type.GUID: "90"} | dict.fromkeys(
    NUMBERS, "36"
)
"""What a terminal writes a value of a type in; text has the colour that text has."""
_HEADER = "1"


def shown(result: Result, settings: Settings, width: int | None, *, coloured: bool = False) -> str:
    """An answer as text: the chart that it asks for, or a table, no line of which is longer than `width`."""
    if not result.columns:
        return ""
    if settings.format == VERTICAL:
        return _vertical(result, coloured=coloured)
    if settings.format != TABLE:
        stream = io.BytesIO()
        result.write(stream, Format(settings.format))
        return stream.getvalue().decode("utf-8", "replace")
    text, why = io.StringIO(), ""
    if result.asks_for_chart and settings.charts:
        from kqlog.charts.canvas import Terminal
        from kqlog.charts.chart import ChartError

        size = shutil.get_terminal_size()
        try:
            return result.draw(Terminal.of(sys.stdout, width or size.columns, size.lines)) + "\n"
        except ChartError as error:
            why = f"(no chart: {error})\n"
    write_table(tuple(result.columns), result.first(_SHOWN), text, width, _paint if coloured else None)
    return text.getvalue() + why


def footer(result: Result, settings: Settings) -> str:
    """What an answer took: its rows, seconds and files."""
    rows, statistics = len(result), result.statistics
    count = "1 row" if rows == 1 else f"{rows:,} rows"
    told = [f"the first {count} (#limit)" if result.truncated else count]
    if settings.format in (TABLE, VERTICAL) and rows > _SHOWN:
        told.append(f"{_SHOWN:,} shown (#export FILE writes all)")
    if settings.timing:
        told.append(f"{statistics.seconds:.3f} s")
        if statistics.files:
            files = "1 file" if statistics.files == 1 else f"{statistics.files:,} files"
            told.append(f"{size(statistics.bytes)} in {files} read")
    return ", ".join(told)


def size(count: float) -> str:
    """So many bytes for people."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1024
    return f"{count:,.0f} {unit}" if unit == "bytes" or count >= 10 else f"{count:.1f} {unit}"


def display(text: str) -> None:
    """Show a text; one that is longer than the terminal in a pager, which can search it."""
    if sys.stdout.isatty() and text.count("\n") >= shutil.get_terminal_size().lines and _paged(text):
        return
    sys.stdout.write(text)
    sys.stdout.flush()


def is_coloured() -> bool:
    """Whether colours reach someone: a terminal, and a user who has not said no (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _paged(text: str) -> bool:
    command = os.environ.get("KQLOG_PAGER") or os.environ.get("PAGER") or _PAGER
    program, *arguments = command.split()
    if program == "less" and not arguments:
        arguments = _PAGER.split()[1:]
    if (path := shutil.which(program)) is None:
        return False
    try:
        subprocess.run([path, *arguments], input=text.encode("utf-8", "replace"), check=False)
    except KeyboardInterrupt:
        # The pager had it as well.
        return True
    except OSError:
        return False
    return True


def _paint(text: str, column: Column | None) -> str:
    """A cell in its colour; None stands for the header."""
    code = _HEADER if column is None else _COLOURS.get(column.type)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text.strip() else text


def _vertical(result: Result, *, coloured: bool) -> str:
    """A line for each value, under a line for each row."""
    columns = tuple(result.columns)
    names = [visible(column.name) for column in columns]
    widest = max(map(width_of, names))
    paint: Callable[[str, Column | None], str] = _paint if coloured else lambda text, _: text
    lines = []
    for number, row in enumerate(result.first(_SHOWN), 1):
        lines.append(paint(f"-- row {number:,} {'-' * max(0, widest - len(str(number)) - 4)}", None))
        for name, cell, column in zip(names, cells(row, columns), columns, strict=True):
            lines.append(f"{name}{' ' * (widest - width_of(name))}  {paint(cell, column)}")
    return "\n".join(lines) + "\n" if lines else ""
