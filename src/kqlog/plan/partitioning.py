"""A query over the rows of each key, for partition."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.calls import call, column, number
from kqlog.plan.rows import groupable, kept
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

KEY, ORDER = "$key", "$order"
KEYED = frozenset({"scan.run"})
"""Functions over tables that take the rows of all keys at once: the first columns are then keys."""


def partitioned(source: plan.Node, by: syntax.Expr, body: syntax.Expr, scope: Scope) -> plan.Node:
    """What `body` makes of the rows of each value of the column `by`, all together.

    Raises:
        QueryError: SEM002 for a column of a type that cannot be grouped by.
    """
    key = scope.over(source).require_column(by)
    item = plan.Item(key.name, column(key))
    groupable((item,), by.span, scope)
    rows = plan.Named(scope.session.unique("$partition"), source)
    keys = plan.Aggregate(rows, (item,), ())
    inner = scope.starting_from(_of_one_key(rows, key, key))
    inner.define(key.name, plan.OuterRef(*key))
    return plan.Apply(keys, _Lifting(keys, key, scope, by).over(inner.relation(body)), ())


def _of_one_key(rows: plan.Node, name: Column, key: Column) -> plan.Node:
    """The rows of the key at hand; a join, since null is a key like any other."""
    this = plan.Project(plan.Values((), ((),)), (plan.Item(key.name, plan.OuterRef(*key)),))
    outputs = tuple(plan.JoinColumn(*found, False, found.name) for found in rows.columns)
    return plan.Join(rows, this, plan.JoinKind.INNER, ((column(name), column(key)),), outputs)


class _Lifting:
    """Takes functions over whole tables out of the query for one key: they run once before, for all keys."""

    def __init__(self, keys: plan.Node, key: Column, scope: Scope, by: syntax.Expr) -> None:
        self._keys = keys
        self._key = key
        self._scope = scope
        self._by = by

    def over(self, node: plan.Node) -> plan.Node:
        """The same relation without such functions."""
        if isinstance(node, plan.Custom):
            return self._lifted(replace(node, sources=self._part(node.sources)))
        parts = {field.name: getattr(node, field.name) for field in fields(node)}
        changed = {name: new for name, part in parts.items() if (new := self._part(part)) is not part}
        return replace(node, **changed) if changed else node

    def _part(self, part: Any) -> Any:
        """A field of a relation: another relation, several, or something else."""
        if isinstance(part, plan.Node):
            return self.over(part)
        if isinstance(part, tuple) and any(isinstance(source, plan.Node) for source in part):
            new = tuple(map(self.over, part))
            return part if all(one is other for one, other in zip(new, part, strict=True)) else new
        return part

    def _lifted(self, node: plan.Custom) -> plan.Node:
        if node.function not in KEYED:
            raise QueryError("ENG001", "this is not offered inside of partition", self._by.span)
        (rows,) = node.sources
        options = dict(node.options)
        # Of a partition inside of this one.
        inner = int(options.get("keys") or 0)
        key = Column(f"{KEY}{inner}", self._key.type)
        keys = plan.Extend(self._keys, (plan.Item(key.name, column(self._key)),))
        numbered = plan.Window(rows, (plan.Item(ORDER, call("row_number", number(1))),))
        every = plan.Apply(keys, numbered, (key.name,))
        order = tuple(plan.SortKey(plan.ColumnRef(*found), descending=False) for found in (key, Column(ORDER, Type.LONG)))
        together = kept(plan.Sort(every, order), (key, *rows.columns))
        options["keys"] = inner + 1
        computed = plan.Custom(node.function, (together,), tuple(options.items()), (key, *node.columns))
        named = plan.Named(self._scope.session.unique("$computed"), computed)
        return kept(_of_one_key(named, key, self._key), node.columns)
