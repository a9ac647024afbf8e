"""Parquet."""

from __future__ import annotations

from kqlog.ingest.readers.format import Format

MAGIC = "PAR1"

FORMAT = Format("parquet", "Parquet", recognises=lambda beginning: beginning.startswith(MAGIC))
