"""The rows of a stored table that a caller may read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.bounds import ALL_ROWS
from kqlog.plan.lookup import Session, UnknownTableError

if TYPE_CHECKING:
    from kqlog.plan.scope import Scope


def permitted(scan: plan.Scan, scope: Scope) -> plan.Node:
    """Those that the rights of the caller leave. What the query declares means nothing to the conditions for that.

    Raises:
        QueryError: SEM001 for a table that has not the columns of its condition.
    """
    conditions = [condition for rights in scope.environment.rights for condition in rights.conditions(scan.table)]
    if not conditions:
        return scan
    alone = replace(scope.environment, tables={}, functions={}, parameters={}, rights=())
    try:
        kept = type(scope)(Session(alone, names=scope.session.names)).piped(scan, conditions)
    except QueryError:
        # The condition is not the caller's to know.
        raise UnknownTableError("SEM001", f"the rows of '{scan.table}' that you may read cannot be told from others") from None
    # Without a limit, an error in a later filter would tell of rows that nobody may see.
    return plan.Limit(kept, ALL_ROWS)
