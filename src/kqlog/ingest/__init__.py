"""Logs on their way in: read, shaped to their table, stored, then acknowledged."""
