"""DuckDB: the SQL it speaks, the files it reads, and running it."""
