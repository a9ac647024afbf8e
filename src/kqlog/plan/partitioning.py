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
KEYED = frozenset({"scan.run", "partitions.run", "partitions.whole"})
"""Functions over tables that take the rows of all keys at once: the first columns are then keys."""


def partitioned(source: plan.Node, by: syntax.Expr, body: syntax.Expr, scope: Scope) -> plan.Node:
    """What `body` makes of the rows of each value of the column `by`, all together.

    Raises:
        QueryError: SEM002 for a column of a type that cannot be grouped by.
    """
    key = scope.over(source).require_column(by)
    item = plan.Item(key.name, column(key))
    groupable((item,), by.span)
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
    """Takes functions over whole tables and columns out of the query for one key: they run once before, for all keys."""

    def __init__(self, keys: plan.Node, key: Column, scope: Scope, by: syntax.Expr) -> None:
        self._keys = keys
        self._key = key
        self._scope = scope
        self._by = by

    def over(self, node: plan.Node) -> plan.Node:
        """The same relation without such functions."""
        parts = {field.name: getattr(node, field.name) for field in fields(node)}
        changed = {name: new for name, part in parts.items() if (new := self._part(part)) is not part}
        node = replace(node, **changed) if changed else node
        if isinstance(node, plan.Custom) and _depends(node):
            return self._lifted(node)
        if isinstance(node, plan.Window) and any(map(_is_whole, node.items)):
            return self._windowed(node)
        return node

    def _part(self, part: Any) -> Any:
        """A field of a relation: another relation, several, or something else."""
        if isinstance(part, plan.Node):
            return self.over(part)
        if isinstance(part, tuple) and any(isinstance(source, plan.Node) for source in part):
            new = tuple(map(self.over, part))
            return part if all(one is other for one, other in zip(new, part, strict=True)) else new
        return part

    def _lifted(self, node: plan.Custom) -> plan.Node:
        if len(node.sources) != 1:
            raise QueryError("ENG001", "this is not offered inside of partition", self._by.span)
        options = dict(node.options)
        together, key, _ = self._together(node.sources[0])
        options["keys"] = int(options.get("keys") or 0) + 1
        name = node.function
        if name not in KEYED:
            name, options["function"] = "partitions.run", name
        rows = kept(together, (key, *node.sources[0].columns))
        computed = plan.Custom(name, (rows,), tuple(options.items()), (key, *node.columns))
        return kept(self._of_this_key(computed, key), node.columns)

    def _windowed(self, node: plan.Window) -> plan.Node:
        """Window functions that need whole columns: over the rows of all keys, anew where the next key begins."""
        together, key, place = self._together(node.source)
        anew = call("==", column(place), number(1))
        whole = tuple(plan.Item(item.name, _restarting(item.value, anew)) for item in node.items if _is_whole(item))
        shown = (key, *node.source.columns, *(item.column for item in whole), place)
        computed = plan.Custom("partitions.whole", (kept(plan.Window(together, whole), shown),), (), shown)
        found = plan.Sort(self._of_this_key(computed, key), (plan.SortKey(column(place), descending=False),))
        others = tuple(item for item in node.items if not _is_whole(item))
        return kept(plan.Window(found, others) if others else found, node.columns)

    def _together(self, rows: plan.Node) -> tuple[plan.Node, Column, Column]:
        """The rows of all keys, in the order of the keys and then in their own; the columns of the key and of a row's number."""
        # A partition inside of this one has its own.
        depth = sum(found.name.startswith(KEY) for found in rows.columns)
        key, place = Column(f"{KEY}{depth}", self._key.type), Column(f"{ORDER}{depth}", Type.LONG)
        keys = plan.Extend(self._keys, (plan.Item(key.name, column(self._key)),))
        numbered = plan.Window(rows, (plan.Item(place.name, call("row_number", number(1))),))
        every = plan.Apply(keys, numbered, (key.name,))
        order = tuple(plan.SortKey(column(found), descending=False) for found in (key, place))
        return plan.Sort(every, order), key, place

    def _of_this_key(self, computed: plan.Custom, key: Column) -> plan.Node:
        return _of_one_key(plan.Named(self._scope.session.unique("$computed"), computed), key, self._key)


def _depends(node: plan.Node) -> bool:
    """Whether a relation is another one for each key."""
    pending: list[Any] = [node]
    seen: set[int] = set()
    while pending:
        part = pending.pop()
        if isinstance(part, plan.OuterRef):
            return True
        if isinstance(part, tuple):
            pending += part
        elif isinstance(part, (plan.Node, plan.Value, plan.Item, plan.SortKey, plan.UnnestItem)) and id(part) not in seen:
            seen.add(id(part))
            pending += [getattr(part, field.name) for field in fields(part)]
    return False


def _is_whole(item: plan.Item) -> bool:
    """Whether a window function is one in Python, over whole columns."""
    return isinstance(item.value, plan.Call) and item.value.signature.python is not None


def _restarting(value: plan.Value, anew: plan.Value) -> plan.Value:
    """A window function in Python that starts anew at some rows more."""
    assert isinstance(value, plan.Call)
    assert value.signature.python is not None
    arguments = list(value.arguments)
    if value.signature.parameters[-1].name == "restart":
        anew = call("or", arguments.pop(), anew)
    return call(value.signature.python.partition(".")[2], *arguments, anew)
