"""The formats of log files: one file each."""

from __future__ import annotations

from pathlib import Path

from kqlog.errors import QueryError
from kqlog.ingest.readers import (
    access,
    activity,
    cloudtrail,
    comma_separated,
    counters,
    evtx,
    iis,
    json_array,
    json_lines,
    load_balancer,
    parquet,
    resource_logs,
    syslog_lines,
    vpc_flow,
)
from kqlog.ingest.readers.format import Format
from kqlog.ingest.readers.source import Source

_MODULES = (
    parquet,
    activity,
    resource_logs,
    cloudtrail,
    evtx,
    counters,
    iis,
    load_balancer,
    access,
    vpc_flow,
    syslog_lines,
    json_array,
    json_lines,
    comma_separated,
)
FORMATS: dict[str, Format] = {module.FORMAT.name: module.FORMAT for module in _MODULES}
"""By name, the particular before the general: an event is a JSON object as well."""
_ENDINGS = (".csv", ".tsv")
_GZIP = ".gz"


def format_of(path: Path, name: str | None = None) -> Format:
    """The format of a file: as named, else as its beginning shows.

    Raises:
        QueryError: ENG003 when the beginning could be anything, ING001 for a format that there is not.
    """
    known = ", ".join(sorted(FORMATS))
    if name is not None:
        if name not in FORMATS:
            raise QueryError("ING001", f"there is no format '{name}'", hint=f"one of {known}")
        return FORMATS[name]
    with Source(path) as source:
        beginning = source.beginning()
    for found in FORMATS.values():
        if found.recognises(beginning):
            return found
    # What is CSV cannot be seen: any line of text is.
    if path.name.lower().removesuffix(_GZIP).endswith(_ENDINGS):
        return FORMATS["csv"]
    raise QueryError("ENG003", f"cannot tell the format of '{path}'", hint=f"give --format, one of {known}")
