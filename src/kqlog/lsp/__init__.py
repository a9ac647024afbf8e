"""The language server: what `kqlog.assist` knows of a text, in the terms of the Language Server Protocol."""
