"""A query over the rows of each key, for partition."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import takewhile
from typing import Any, NamedTuple

from kqlog.errors import QueryError
from kqlog.lowering.calls import call, column, number
from kqlog.lowering.rows import groupable, kept
from kqlog.plan import nodes as plan
from kqlog.plan.expressions import references
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
    groupable((item,), by.span, scope)
    rows = plan.Named(scope.session.unique("$partition"), source)
    keys = plan.Aggregate(rows, (item,), ())
    part = _of_one_key(rows, key, key)
    inner = scope.starting_from(part)
    inner.define(key.name, plan.OuterRef(*key))
    lifting = _Lifting(keys, key, part, scope, by)
    found = lifting.over(inner.relation(body))
    return lifting.of_all(found) or plan.Apply(keys, found, ())


def _of_one_key(rows: plan.Node, name: Column, key: Column) -> plan.Join:
    """The rows of the key at hand; a join, since null is a key like any other."""
    this = plan.Project(plan.Values((), ((),)), (plan.Item(key.name, plan.OuterRef(*key)),))
    outputs = tuple(plan.JoinColumn(*found, False, found.name) for found in rows.columns)
    return plan.Join(rows, this, plan.JoinKind.INNER, ((column(name), column(key)),), outputs)


class _AllKeys(NamedTuple):
    """A relation for all keys at once, the column that tells them apart, and the order of the rows of each."""

    rows: plan.Node
    key: Column
    order: tuple[plan.SortKey, ...] = ()

    def sorted(self) -> plan.Node:
        """The rows of each key together, in their order."""
        return plan.Sort(self.rows, (plan.SortKey(column(self.key), descending=False), *self.order))


class _Lifting:
    """Takes functions over whole tables and columns out of the query for one key: they run once before, for all keys."""

    def __init__(self, keys: plan.Node, key: Column, part: plan.Join, scope: Scope, by: syntax.Expr) -> None:
        self._keys = keys
        self._key = key
        self._scope = scope
        self._by = by
        own = self._own_key(part)
        everything = plan.Extend(part.left, (plan.Item(own.name, column(key)),))
        self._known: list[tuple[plan.Join, _AllKeys]] = [(part, _AllKeys(everything, own, _order_of(part.left)))]
        """The rows of one key as they were before and were computed since, and those of all keys."""
        # What stands before the partition is another's business.
        self._done: dict[int, tuple[plan.Node, plan.Node]] = {id(part): (part, part)}

    def over(self, node: plan.Node) -> plan.Node:
        """The same relation without such functions."""
        if id(node) not in self._done:
            self._done[id(node)] = node, self._without(node)
        return self._done[id(node)][1]

    def _without(self, node: plan.Node) -> plan.Node:
        parts = {field.name: getattr(node, field.name) for field in fields(node)}
        changed = {name: new for name, part in parts.items() if (new := self._part(part)) is not part}
        node = replace(node, **changed) if changed else node
        if isinstance(node, plan.Custom) and _depends(node):
            return self._lifted(node)
        if isinstance(node, plan.Window) and any(map(_is_whole, node.items)):
            return self._windowed(node)
        return node

    def of_all(self, node: plan.Node) -> plan.Node | None:
        """A query with such functions for all keys at once, if no other part of it looks at more than a row of a key."""
        found = self._for_all(node) if len(self._known) > 1 else None
        if found is None:
            return None
        return kept(found.sorted() if found.order else found.rows, node.columns)

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
        (rows,) = node.sources
        options = dict(node.options)
        together = self._together(rows)
        options["keys"] = int(options.get("keys") or 0) + 1
        name = node.function
        if name not in KEYED:
            name, options["function"] = "partitions.run", name
        source = kept(together.sorted(), (together.key, *rows.columns))
        computed = plan.Custom(name, (source,), tuple(options.items()), (together.key, *node.columns))
        return kept(self._of_this_key(computed, together.key), node.columns)

    def _windowed(self, node: plan.Window) -> plan.Node:
        """Window functions that need whole columns: over the rows of all keys, anew where the next key begins."""
        together = self._together(node.source)
        key, place, before = together.key, Column(f"$place{together.key.name}", Type.LONG), f"$before{together.key.name}"
        numbers = (plan.Item(place.name, call("row_number", number(1))), plan.Item(before, call("prev", column(key))))
        numbered = plan.Window(together.sorted(), numbers)
        anew = call("or", call("==", column(place), number(1)), call("!=", column(key), plan.ColumnRef(before, key.type)))
        whole = tuple(plan.Item(item.name, _restarting(item.value, anew)) for item in node.items if _is_whole(item))
        shown = (key, *node.source.columns, *(item.column for item in whole), place)
        rows = kept(plan.Window(numbered, whole), shown)
        part = self._of_this_key(plan.Custom("partitions.whole", (rows,), (), shown), key, rows)
        found = plan.Sort(part, (plan.SortKey(column(place), descending=False),))
        others = tuple(item for item in node.items if not _is_whole(item))
        return kept(plan.Window(found, others) if others else found, node.columns)

    def _together(self, rows: plan.Node) -> _AllKeys:
        """Rows of one key, for all keys."""
        if (found := self._for_all(rows)) is not None:
            return found
        key = self._own_key(rows)
        place = Column(f"{ORDER}{key.name}", Type.LONG)
        keys = plan.Extend(self._keys, (plan.Item(key.name, column(self._key)),))
        numbered = plan.Window(rows, (plan.Item(place.name, call("row_number", number(1))),))
        every = plan.Apply(keys, numbered, (key.name,))
        return _AllKeys(every, key, (plan.SortKey(column(place), descending=False),))

    def _for_all(self, node: plan.Node) -> _AllKeys | None:
        """A relation for all keys, if it follows row by row, or by groups of rows, from one that is known for all keys."""
        for join, known in self._known:
            if node is join:
                return known
        if not isinstance(node, (plan.Sort, plan.Filter, plan.Extend, plan.Project, plan.Aggregate)):
            return None
        found = self._for_all(node.source)
        own = tuple(getattr(node, field.name) for field in fields(node) if field.name != "source")
        return None if found is None or _depends(own) else _next_for_all(node, found)

    def _own_key(self, rows: plan.Node) -> Column:
        """A column for the key; a partition inside of this one has its own."""
        return Column(f"{KEY}{sum(found.name.startswith(KEY) for found in rows.columns)}", self._key.type)

    def _of_this_key(self, computed: plan.Custom, key: Column, every: plan.Node | None = None) -> plan.Node:
        """Of what was computed the rows of the key at hand; `every`: what to go on with for all keys, if not with that."""
        join = _of_one_key(plan.Named(self._scope.session.unique("$computed"), computed), key, self._key)
        self._known.append((join, _AllKeys(every or computed, key)))
        return join


def _order_of(node: plan.Node) -> tuple[plan.SortKey, ...]:
    """What the rows are sorted by, as far as they still have it."""
    match node:
        case plan.Sort(source, keys):
            return (*keys, *_order_of(source))
        case plan.Filter(source) | plan.Named(_, source) | plan.Limit(source):
            return _order_of(source)
        case plan.Extend(source, items):
            changed = {item.name for item in items}
            return tuple(takewhile(lambda key: not references(key.value) & changed, _order_of(source)))
        case plan.Project(source, items):
            same = {item.name for item in items if item.value == column(item.column)}
            return tuple(takewhile(lambda key: references(key.value) <= same, _order_of(source)))
        case _:
            return ()


def _next_for_all(
    node: plan.Sort | plan.Filter | plan.Extend | plan.Project | plan.Aggregate, found: _AllKeys
) -> _AllKeys | None:
    """What a step makes of the rows of all keys, next to their key; None if it would change what they are sorted by."""
    key = plan.Item(found.key.name, column(found.key))
    sorted_by = set().union(*(references(order.value) for order in found.order))
    match node:
        case plan.Sort(_, keys):
            return found._replace(order=(*keys, *found.order))
        case plan.Filter():
            return found._replace(rows=replace(node, source=found.rows))
        case plan.Extend(_, items) if not sorted_by & {item.name for item in items}:
            return found._replace(rows=replace(node, source=found.rows))
        case plan.Project(_, items) if all(item.name not in sorted_by or item.value == column(item.column) for item in items):
            left_out = sorted_by - {item.name for item in items}
            hidden = [plan.Item(each.name, column(each)) for each in found.rows.columns if each.name in left_out]
            return found._replace(rows=replace(node, source=found.rows, items=(key, *items, *hidden)))
        case plan.Aggregate(_, keys, _) if keys:
            return found._replace(rows=replace(node, source=found.rows, keys=(key, *keys)), order=())
        case _:
            return None


def _depends(part: Any) -> bool:
    """Whether a relation, or a part of one, is another one for each key."""
    pending: list[Any] = [part]
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
