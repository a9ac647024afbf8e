"""Which queries a continuous export may run: those that make the rows of a table one by one.

What depends on other rows, as `summarize` and `join` do, would give another answer for rows that came in together than for the
same rows one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.syntax.nodes import Operator
from kqlog.syntax.parse import parse
from kqlog.workspace import Workspace

_ALLOWED = (
    "where",
    "extend",
    "project",
    "project_away",
    "project_by_names",
    "project_keep",
    "project_rename",
    "project_reorder",
    "parse",
    "parse_where",
    "parse_kv",
    "mv_expand",
    "mvexpand",
    "datatable",
)


def exported_table(workspace: Workspace, query: str) -> str:
    """The table whose rows a query makes others of, one by one.

    Raises:
        QueryError: EXP001 with a place where the query does more than that, and whatever else is wrong with it.
    """
    for operator in _operators(parse(query)):
        if operator.rule not in _ALLOWED:
            names = ", ".join(sorted({name.replace("_", "-") for name in _ALLOWED} - {"mvexpand", "datatable"}))
            message = f"a continuous export makes its rows one by one, which '{operator.spelling}' does not"
            raise QueryError("EXP001", message, operator.span, f"it has {names}", query)
    outputs = workspace.planned(query).outputs
    if len(outputs) != 1:
        raise QueryError("EXP001", f"the query has {len(outputs)} results, and one is exported", text=query)
    relation = outputs[0].relation
    while isinstance(relation, plan.Filter | plan.Project | plan.Extend | plan.Unnest | plan.Named):
        relation = relation.source
    scans = [node for node in _walk(outputs[0].relation) if isinstance(node, plan.Scan)]
    if not isinstance(relation, plan.Scan) or relation.stored is None or len(scans) != 1:
        hint = "it begins with the name of a table, and reads no other: not by toscalar() or 'in (...)' either"
        raise QueryError("EXP001", "a continuous export is of one table of the workspace", hint=hint, text=query)
    return relation.table


def _operators(node: object) -> Iterator[Operator]:
    return (part for part in _walk(node) if isinstance(part, Operator))


def _walk(node: object) -> Iterator[object]:
    """All parts of a syntax or plan node."""
    if isinstance(node, tuple):
        for part in node:
            yield from _walk(part)
    elif is_dataclass(node):
        yield node
        for field in fields(node):
            yield from _walk(getattr(node, field.name))
