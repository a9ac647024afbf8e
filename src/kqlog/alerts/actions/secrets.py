"""Texts of files that name secrets rather than hold them: ${NAME} of the environment, ${file:PATH} the content of a file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from kqlog.alerts.actions.receiver import LaterError

_NAMED = re.compile(r"\$\{(?:file:(?P<file>[^}]+)|(?P<variable>\w+))\}")


def is_named(text: str) -> bool:
    """Whether a text is nothing but the name of a secret."""
    return _NAMED.fullmatch(text) is not None


def revealed(text: str) -> str:
    """A text with its secrets. They are read anew each time, so that one can be changed while kqlog runs.

    Raises:
        LaterError: one is not there. Says which, and nothing of the others.
    """
    return _NAMED.sub(_revealed, text)


def _revealed(match: re.Match[str]) -> str:
    if (file := match["file"]) is not None:
        try:
            return Path(file).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise LaterError(f"the secret in the file '{file}' cannot be read: {error}") from None
    if (value := os.environ.get(match["variable"])) is None:
        raise LaterError(f"the environment has no variable '{match['variable']}'")
    return value
