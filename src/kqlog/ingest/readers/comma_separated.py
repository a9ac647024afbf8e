"""CSV with a header, separated by commas, semicolons, tabs or bars."""

from __future__ import annotations

import csv
import re

from kqlog.ingest.readers.format import Format, Parser, Row, UnreadableError

_LONGEST = 2**31 - 1


class CommaSeparated(Parser):
    """Rows under the names of the first line. A value in quotes may go on in the next line."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._delimiter = ","
        self._record = ""

    @property
    def pending(self) -> bool:  # type: ignore[override]
        """Whether a quote is open."""
        return bool(self._record)

    def is_header(self, line: str) -> bool:
        """Whether the names are still to come."""
        return not self._names

    def feed(self, line: str) -> list[Row]:
        """The row that ends here, if one does."""
        record = self._record + line
        if record.count('"') % 2:
            self._record = record + "\n"
            return []
        self._record = ""
        if not record.strip():
            return []
        if not self._names:
            self._begin(record)
            return []
        values = self._values(record)
        if len(values) != len(self._names):
            raise UnreadableError(f"{len(values)} values under {len(self._names)} names")
        return [dict(zip(self._names, values, strict=True))]

    def forget(self) -> None:
        """Close the quotes."""
        self._record = ""

    def _begin(self, record: str) -> None:
        bare = re.sub(r'"[^"]*"', "", record)
        self._delimiter = max(",;\t|", key=bare.count)
        names = self._values(record)
        if "" in names or len({name.casefold() for name in names}) < len(names):
            raise UnreadableError("the first line does not name every column, each differently")
        self._names = names

    def _values(self, record: str) -> list[str]:
        csv.field_size_limit(_LONGEST)
        try:
            return next(csv.reader(record.splitlines(keepends=True), delimiter=self._delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            raise UnreadableError(f"not CSV: {error}") from None


FORMAT = Format("csv", "CSV with a header", recognises=lambda beginning: False, parser=CommaSeparated, texts_only=True)
