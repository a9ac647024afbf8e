"""What a query answers with, and the forms it can take."""

from __future__ import annotations

import contextlib
import html
import io
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kqlog import formats
from kqlog.errors import QueryError
from kqlog.formats import ENDINGS, Format
from kqlog.text import Storage, to_python, write
from kqlog.types import Column, Schema

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from kqlog.charts.canvas import Terminal
    from kqlog.charts.chart import Chart
    from kqlog.engines.engine import Answer, Run
    from kqlog.plan.nodes import Render

PICTURES = (".png", ".svg", ".html")
"""The endings of files that hold a chart."""
VEGA_LITE = "application/vnd.vegalite.v5+json"
"""The media type by which notebooks know a chart."""
TABLES = frozenset({"table", "list"})
"""What `render` says to have no chart."""
SHOWN_ROWS = 50
"""How many rows a result shows of itself in a prompt or notebook."""


class NoAnswer:
    """What a text that only declares things answers with."""

    columns: Schema = ()
    truncated = False

    def __len__(self) -> int:
        return 0

    def first(self, count: int) -> list[tuple[Storage, ...]]:
        """None."""
        return []

    def rows(self) -> list[tuple[Storage, ...]]:
        """None."""
        return []

    def arrow(self) -> pyarrow.Table:
        """A table without columns."""
        import pyarrow

        return pyarrow.table({})


def sum_of_sizes(files: Iterable[str]) -> int:
    """How many bytes files have; those that are gone meanwhile have none."""
    total = 0
    for file in files:
        with contextlib.suppress(OSError):
            total += Path(file).stat().st_size
    return total


class Stream:
    """A query whose rows are not kept: they are handed over once, as they come. Stop and watch it from any thread."""

    def __init__(self, columns: Schema, run: Run, text: str) -> None:
        self.columns = columns
        self._run = run
        self._query = text

    def batches(self) -> Iterator[pyarrow.Table]:
        """Run, and give the rows in parts, in the form of `Result.stored`.

        Raises:
            QueryError: as `Workspace.query`, also after some of the rows were given.
        """
        try:
            yield from self._run.batches()
        except QueryError as error:
            raise error.within(self._query) from error.__cause__

    def cancel(self) -> None:
        """Stop it: `batches` raises ENG004."""
        self._run.cancel()

    def progress(self) -> float | None:
        """How much is done, from 0 to 1; None while that is not known."""
        return self._run.progress()


@dataclass(frozen=True, slots=True)
class Part:
    """One of the results of a query whose rows are not kept: `batches` hands them over once, in the form of `Result.stored`."""

    columns: Schema
    render: Render | None
    batches: Iterator[pyarrow.Table]


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much a query gave and read, and how long it took in seconds from text to rows."""

    rows: int
    seconds: float
    files: int
    bytes: int


class Result:
    """The rows of a query. Shows itself as a table; `rows` has Python values, the to_ methods give data frames."""

    columns: list[Column]
    """Names and KQL types."""
    render: Render | None
    """The chart that the query asks for."""

    def __init__(
        self,
        answer: Answer,
        render: Render | None = None,
        seconds: float = 0.0,
        earlier: tuple[Result, ...] = (),
        files: Sequence[str] = (),
    ) -> None:
        self.columns = list(answer.columns)
        self.render = render
        # A result that held itself would stay, with all its rows, until Python looks for circles.
        self._earlier = earlier
        self._answer = answer
        self._seconds = seconds
        self._files = files

    @property
    def tables(self) -> tuple[Result, ...]:
        """All results of the text in order; this one is the last of them."""
        return (*self._earlier, self)

    @cached_property
    def _stored(self) -> list[tuple[Storage, ...]]:
        """Not asked for before it is needed: a result that becomes a data frame never has Python rows."""
        return self._answer.rows()

    @property
    def truncated(self) -> bool:
        """Whether there are more rows, which a limit left out."""
        return self._answer.truncated

    @property
    def statistics(self) -> Statistics:
        """How many rows there are, how long they took, and the files that were opened for them."""
        return Statistics(len(self), self._seconds, len(self._files), sum_of_sizes(self._files))

    @cached_property
    def rows(self) -> list[tuple[Any, ...]]:
        """The rows as Python values.

        datetime is an aware UTC datetime, timespan a timedelta (both in microseconds: the seventh digit is in `to_arrow`
        and in every text form), decimal a Decimal, guid a UUID; dynamic is a dict, list or scalar. Null is None.
        """
        types = [column.type for column in self.columns]
        return [tuple([to_python(value, type_) for value, type_ in zip(row, types, strict=True)]) for row in self._stored]

    def texts(self) -> list[list[str]]:
        """The rows as text, each value as tostring() gives it; '' for null."""
        types = [column.type for column in self.columns]
        return [[write(value, type_) for value, type_ in zip(row, types, strict=True)] for row in self._stored]

    def to_arrow(self) -> pyarrow.Table:
        """An Arrow table: datetime as timestamp[ns, UTC] and timespan as duration[ns], guid and dynamic (JSON) as text.

        Times beyond the years 1677 to 2262 make their column microseconds.

        Raises:
            QueryError: ENG001 when such a column also needs the seventh digit, which Arrow has no type for.
        """
        from kqlog.arrow import to_public

        return to_public(self._answer.arrow(), tuple(self.columns))

    def stored(self) -> pyarrow.Table:
        """An Arrow table as kqlog computes: datetime and timespan are ticks, guid and dynamic (JSON) text."""
        return self._answer.arrow()

    def to_pandas(self, *, arrow: bool = False) -> pandas.DataFrame:
        """A pandas data frame, by way of `to_arrow`.

        Its columns are numpy's: all are copied, and whole numbers with nulls become floats. With `arrow` they are Arrow's
        (pandas.ArrowDtype): none is copied, and whole numbers stay whole.
        """
        if not arrow:
            return self.to_arrow().to_pandas()
        import pandas

        return self.to_arrow().to_pandas(types_mapper=pandas.ArrowDtype)

    def to_polars(self) -> polars.DataFrame:
        """A polars data frame, by way of `to_arrow`: numbers, times and booleans are not copied again, texts are."""
        import polars

        frame = polars.from_arrow(self.to_arrow())
        assert isinstance(frame, polars.DataFrame)
        return frame

    def to_json(self) -> str:
        """A JSON array with an object for each row."""
        return self._text(Format.JSON)

    @property
    def asks_for_chart(self) -> bool:
        """Whether the query has a `render` of anything but a table."""
        return self.render is not None and self.render.kind not in TABLES

    def chart(self) -> Chart:
        """The chart that `render` asks for, with all that the query leaves open chosen as Kusto does.

        Raises:
            ChartError: a ValueError that says why the result cannot be drawn so.
        """
        from kqlog.charts.choose import choose

        return choose(tuple(self.columns), self.stored(), self.render)

    def draw(self, terminal: Terminal) -> str:
        """The chart as text graphics. Errors are those of `chart`."""
        from kqlog.charts.terminal import draw

        return draw(self.chart(), terminal)

    def to_vega(self, theme: str = "light") -> dict[str, Any]:
        """The chart as a Vega-Lite 5 specification, for `altair.Chart.from_dict` and others.

        `theme` is light, dark, or neutral: without a background, readable on both. Errors are those of `chart`.
        """
        from kqlog.charts.palette import Theme
        from kqlog.charts.vega import specification

        return specification(self.chart(), Theme(theme))

    def save(self, path: str | Path, theme: str = "light") -> None:
        """Write a file in the format that its ending names: .csv, .json, .jsonl, .md, .parquet or .txt; .png, .svg or .html.

        Parquet keeps every type: read back, the columns have the types they had. The last three are the chart of the
        query; they want the extra `kqlog[charts]`.

        Raises:
            ValueError: for another ending; ChartError, which is one, for a result that cannot be drawn.
            ModuleNotFoundError: when the extra is not installed.
        """
        path = Path(path)
        if path.suffix.lower() in PICTURES:
            from kqlog.charts.files import written

            path.write_bytes(written(self.to_vega(theme), path.suffix.lower()))
            return
        if (format_ := ENDINGS.get(path.suffix.lower())) is None:
            raise ValueError(f"cannot tell a format from '{path.name}': use one of {', '.join([*ENDINGS, *PICTURES])}")
        with path.open("wb") as stream:
            self.write(stream, format_)

    def write(self, stream: IO[bytes], format_: Format, width: int | None = None) -> None:
        """Write all rows to a binary stream. `width` is the longest line of a table in characters."""
        if format_ is Format.PARQUET:
            import pyarrow.parquet

            from kqlog.arrow import to_parquet

            pyarrow.parquet.write_table(to_parquet(self.to_arrow(), tuple(self.columns)), stream)
            return
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", newline="\n", write_through=False)
        try:
            self._write_text(text, format_, width)
        finally:
            text.detach()

    def write_all(self, stream: IO[bytes], format_: Format, width: int | None = None) -> None:
        """Write every result of the text, with an empty line between."""
        for position, result in enumerate(self.tables):
            if position:
                stream.write(b"\n")
            result.write(stream, format_, width)

    def _write_text(self, stream: IO[str], format_: Format, width: int | None = None) -> None:
        columns = tuple(self.columns)
        match format_:
            case Format.TABLE:
                formats.write_table(columns, self._stored, stream, width)
            case Format.CSV:
                formats.write_csv(columns, self._stored, stream)
            case Format.JSON:
                formats.write_json_array(columns, self._stored, stream)
            case Format.JSONL:
                formats.write_json_lines(columns, self._stored, stream)
            case Format.MARKDOWN:
                formats.write_markdown(columns, self._stored, stream)
            case Format.PARQUET:
                raise ValueError("Parquet is no text")

    def _text(self, format_: Format) -> str:
        stream = io.StringIO()
        self._write_text(stream, format_)
        return stream.getvalue()

    def first(self, count: int) -> list[tuple[Storage, ...]]:
        """The first rows, as kqlog computes: ticks for datetime and timespan, JSON text for dynamic."""
        return self._answer.first(count)

    def __len__(self) -> int:
        return len(self._answer)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        stream = io.StringIO()
        formats.write_table(tuple(self.columns), self.first(SHOWN_ROWS), stream, shutil.get_terminal_size((130, 24)).columns)
        return stream.getvalue() + self._footer()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """What a notebook shows: the chart of the query, or else the table. JupyterLab would take HTML before a chart."""
        chart, _ = self._shown_chart
        return {"text/plain": repr(self)} | ({VEGA_LITE: chart} if chart is not None else {"text/html": self._repr_html_()})

    def _repr_html_(self) -> str | None:
        """The table; None where the chart is shown, since IPython would put it beside that."""
        chart, why = self._shown_chart
        if chart is not None:
            return None
        stream = io.StringIO()
        formats.write_html(tuple(self.columns), self.first(SHOWN_ROWS), stream)
        return f"{stream.getvalue()}<small>{self._footer()}</small>{why}"

    def _mime_(self) -> tuple[str, str]:
        """The same for marimo, which takes one form."""
        chart, _ = self._shown_chart
        return (VEGA_LITE, json.dumps(chart)) if chart is not None else ("text/html", self._repr_html_() or "")

    @cached_property
    def _shown_chart(self) -> tuple[dict[str, Any] | None, str]:
        """The chart of the query for a notebook; where it cannot be drawn, why."""
        from kqlog.charts.chart import ChartError

        if not self.asks_for_chart:
            return None, ""
        try:
            return self.to_vega("neutral"), ""
        except ChartError as error:
            return None, f"<br><small>no chart: {html.escape(str(error))}</small>"

    def _footer(self) -> str:
        rows = len(self)
        count = "1 row" if rows == 1 else f"{rows:,} rows"
        return f"{count}, the first {SHOWN_ROWS} shown" if rows > SHOWN_ROWS else count
