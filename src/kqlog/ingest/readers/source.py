"""A file as lines, plain or gzip. What is wrong with it is said with the line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from kqlog.errors import QueryError

GZIP = b"\x1f\x8b"
LONGEST_LINE = 64 * 2**20
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def broken(path: Path, line: int, what: str, hint: str | None = None) -> QueryError:
    """The error for a place in a file."""
    return QueryError("ENG003", f"{path}, line {line:,}: {what}", hint=hint)


def decoded(line: bytes) -> str:
    """The text of a line.

    Raises:
        ValueError: it is not UTF-8, or has a NUL.
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is not UTF-8") from None
    if "\0" in text:
        raise ValueError(f"character {text.index(chr(0)) + 1} is NUL")
    return text


class Source:
    """An open file. `position` is how many of its bytes on disk are read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._raw = path.open("rb")
        self.compressed = self._raw.read(2) == GZIP
        self._raw.seek(0)
        self.stream: IO[bytes] = cast(IO[bytes], gzip.GzipFile(fileobj=self._raw)) if self.compressed else self._raw

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._raw.close()

    @property
    def position(self) -> int:
        """How many bytes of the file are read."""
        return self._raw.tell()

    def beginning(self, size: int = 65_536) -> str:
        """The first lines as text, for a look. Where it cannot be decoded it is cut off."""
        try:
            data = self.stream.read(size)
        except (OSError, EOFError, zlib.error):
            return ""
        return data.removeprefix(_BOM).decode("utf-8", "ignore")

    def lines(self, leave_out: Callable[[QueryError], None] | None = None) -> Iterator[tuple[int, str]]:
        """The lines with their numbers; those that are no text are left out where `leave_out` takes note of them.

        Raises:
            QueryError: ENG003 with the line that cannot be read.
        """
        number = 0
        while True:
            number += 1
            try:
                line = self.stream.readline(LONGEST_LINE)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise broken(self.path, number, "the gzip data is broken or ends here", "copy the file again") from error
            if not line:
                return
            if len(line) == LONGEST_LINE:
                raise broken(self.path, number, f"the line is longer than {LONGEST_LINE:,} bytes")
            if number == 1:
                if line.startswith(_UTF16):
                    raise broken(self.path, 1, "the file is UTF-16", "convert it: iconv -f UTF-16 -t UTF-8")
                line = line.removeprefix(_BOM)
            try:
                text = decoded(line.rstrip(b"\r\n"))
            except ValueError as error:
                if leave_out is None:
                    raise broken(self.path, number, str(error)) from None
                leave_out(broken(self.path, number, str(error)))
            else:
                yield number, text
