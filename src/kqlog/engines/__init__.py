"""Engines: where tables are and plans run."""
