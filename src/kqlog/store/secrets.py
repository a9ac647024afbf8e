"""The secrets of a workspace: a file that only its owner should read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kqlog.errors import QueryError

FILE = "tokens.json"
"""{"tokens": ["..."], "sharedKey": "...", "forwardKey": "...", "forwardUsers": {"name": "password"}}; each may be left out."""


def secrets(root: Path) -> dict[str, Any]:
    """What the file holds; nothing where there is none.

    Raises:
        QueryError: ING001 when it is not JSON, or no object.
    """
    file = root / FILE
    try:
        found = json.loads(file.read_text("utf-8")) if file.exists() else {}
    except ValueError as error:
        raise QueryError("ING001", f"'{file}' cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise QueryError("ING001", f"'{file}' has no secrets", hint='it holds {"tokens": ["..."]}')
    return found
