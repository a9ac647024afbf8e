"""Bodies of functions in Python: Arrow arrays in, an Arrow array out. Each module is imported when first used."""
