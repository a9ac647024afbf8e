"""Commands for editors."""

from __future__ import annotations

import argparse
from pathlib import Path

from kqlog.commands.command import CommandError, Commands, connected


def declare(commands: Commands) -> None:
    """The command lsp."""
    commands.add("lsp", "serve an editor by the Language Server Protocol, over standard input and output", _serve)


def _serve(options: argparse.Namespace) -> None:
    try:
        from kqlog.lsp.server import serve
    except ModuleNotFoundError as error:
        raise CommandError(f"the language server wants the package {error.name}: pip install 'kqlog[lsp]'") from None
    folder = getattr(options, "data", None)
    if folder is not None:
        # One that is not there is told of now: an editor shows how its server ended.
        connected(options)
    serve(Path(folder).expanduser().resolve() if folder is not None else None)
