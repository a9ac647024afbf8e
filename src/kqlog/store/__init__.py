"""What a workspace keeps: a folder of Delta tables, which Spark, Polars and others read as they are."""
