"""What a workspace is called by Kusto's clients: it is one database."""

from __future__ import annotations

from kqlog.plan.lookup import DATABASE
from kqlog.server.errors import RequestError
from kqlog.store.store import Store

DEFAULT = "NetDefaultDB"
"""What clients that name no database ask for."""


def database_name(store: Store) -> str:
    """The name of the database: that of the folder."""
    return store.root.resolve().name or DEFAULT


def check_database(store: Store, name: str) -> None:
    """Let the names of this workspace pass: its folder's, its id, and those that stand for any.

    Raises:
        RequestError: 400 for another.
    """
    known = {"", DEFAULT, DATABASE, database_name(store), store.workspace_id}
    if name.casefold() not in {one.casefold() for one in known}:
        message = f"there is no database '{name}' here: this one is '{database_name(store)}'"
        raise RequestError(400, "BadRequest_EntityNotFound", message)
