"""A JSON array of objects."""

from __future__ import annotations

import re

from kqlog.ingest.readers.format import Format

FORMAT = Format(
    "json",
    "a JSON array of objects",
    recognises=lambda beginning: re.match(r"\s*\[\s*[{\]]", beginning) is not None,
    items="item",
)
