"""Edges of variable length: all paths of a graph between two lengths, one join longer at a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kqlog.lowering.calls import call, column, every, number
from kqlog.plan import nodes as plan
from kqlog.plan.graphs import EDGE, NODE, SOURCE, TARGET, Graph
from kqlog.plan.scope import Scope
from kqlog.types import Column, Type

FROM, TO, EDGES, INNER = "$from", "$to", "$edges", "$inner"
BACK = {"->": "<-", "<-": "->", "-": "-"}
_NEXT = "$next."


class Cycles(StrEnum):
    """What a path may meet again."""

    ALL = "all"
    NONE = "none"
    UNIQUE_EDGES = "unique_edges"


class Gathering(StrEnum):
    """How the values along a path become one."""

    MAP = "map"
    ALL = "all"
    ANY = "any"


@dataclass(frozen=True)
class PathValue:
    """What a query asks of each edge of a path, or of each of its inner nodes."""

    name: str
    how: Gathering
    of_nodes: bool
    value: plan.Value

    @property
    def type(self) -> Type:
        """An array, or a condition."""
        return Type.DYNAMIC if self.how is Gathering.MAP else Type.BOOL

    def first(self, value: plan.Value) -> plan.Value:
        """What it is of one edge or node."""
        return call("pack_array", value) if self.how is Gathering.MAP else call("coalesce", value, _bool(False))

    def of_none(self) -> plan.Value:
        """What it is where there are no edges or nodes."""
        return _array() if self.how is Gathering.MAP else _bool(self.how is Gathering.ALL)

    def more(self, before: plan.Value, value: plan.Value) -> plan.Value:
        """What it is with one more edge or node."""
        function = {Gathering.MAP: "array_concat", Gathering.ALL: "and", Gathering.ANY: "or"}[self.how]
        return call(function, before, self.first(value))


@dataclass(frozen=True)
class Paths:
    """The paths that an edge of variable length stands for.

    `condition`: what every edge has to fulfil. `starts`: the nodes that paths begin at, if not all.
    `shortest`: 'any' or 'all' when only the shortest ones between two nodes are wanted.
    """

    graph: Graph
    direction: str
    hops: tuple[int, int]
    values: tuple[PathValue, ...]
    cycles: Cycles
    nodes: plan.Node
    condition: plan.Value | None = None
    starts: plan.Node | None = None
    shortest: str | None = None

    @property
    def key(self) -> Type:
        """The type of the nodes' ids."""
        return dict(self.graph.nodes.columns)[NODE]

    def relation(self, scope: Scope) -> plan.Node:
        """FROM, TO, EDGES (their numbers), INNER (the ids between, as text) and the values, for each path."""
        least, most = self.hops
        hops = plan.Named(scope.session.unique("$hops"), self._hops())
        levels = [self._none()] if least == 0 else []
        level = plan.Named(scope.session.unique("$paths"), self._first(hops))
        reached: list[plan.Node] = []
        for length in range(1, most + 1):
            if length > 1:
                reached.append(level)
                level = plan.Named(scope.session.unique("$paths"), self._longer(level, hops, reached))
            if length >= least:
                levels.append(level)
        return levels[0] if len(levels) == 1 else plan.Union(tuple(levels), levels[0].columns)

    def _hops(self) -> plan.Node:
        edges = self.graph.edges if self.condition is None else plan.Filter(self.graph.edges, self.condition)
        return oriented(edges, self.direction, [plan.Item(value.name, value.value) for value in self._of_edges()])

    def _of_edges(self) -> list[PathValue]:
        return [value for value in self.values if not value.of_nodes]

    def _of_nodes(self) -> list[PathValue]:
        return [value for value in self.values if value.of_nodes]

    def _none(self) -> plan.Node:
        """The paths without edges, from each node to itself."""
        node = plan.ColumnRef(NODE, self.key)
        values = [plan.Item(value.name, value.of_none()) for value in self.values]
        ends = (plan.Item(FROM, node), plan.Item(TO, node))
        nodes = self.nodes if self.starts is None else _semi(self.nodes, self.starts, NODE, self.key)
        return plan.Project(nodes, (*ends, plan.Item(EDGES, _array()), plan.Item(INNER, _array()), *values))

    def _first(self, hops: plan.Node) -> plan.Node:
        """The paths of one edge."""
        begun = hops if self.starts is None else _semi(hops, self.starts, FROM, self.key)
        start, end = plan.ColumnRef(FROM, self.key), plan.ColumnRef(TO, self.key)
        if self.cycles is Cycles.NONE:
            begun = plan.Filter(begun, call("!=", start, end))
        values = [
            plan.Item(value.name, value.of_none() if value.of_nodes else value.first(_read(value, value.name)))
            for value in self.values
        ]
        edge = call("pack_array", plan.ColumnRef(EDGE, Type.LONG))
        ends = (plan.Item(FROM, start), plan.Item(TO, end))
        return self._kept_once(plan.Project(begun, (*ends, plan.Item(EDGES, edge), plan.Item(INNER, _array()), *values)))

    def _longer(self, paths: plan.Node, hops: plan.Node, reached: list[plan.Node]) -> plan.Node:
        """Paths with one more edge."""
        start, end, new = (plan.ColumnRef(name, self.key) for name in (FROM, TO, _NEXT + TO))
        edges, edge = plan.ColumnRef(EDGES, Type.DYNAMIC), plan.ColumnRef(_NEXT + EDGE, Type.LONG)
        joined = _beside(paths, hops, (end, start))
        if self._of_nodes():
            items = [plan.Item(value.name, value.value) for value in self._of_nodes()]
            node = plan.Item(NODE, plan.ColumnRef(NODE, self.key))
            joined = _beside(joined, plan.Project(self.nodes, (node, *items)), (end, node.value))
        inner = call("array_concat", plan.ColumnRef(INNER, Type.DYNAMIC), call("pack_array", call("tostring", end)))
        if self.cycles is Cycles.UNIQUE_EDGES:
            joined = plan.Filter(joined, absent(edges, edge))
        elif self.cycles is Cycles.NONE:
            met = [
                call("!=", new, start),
                call("!=", new, end),
                absent(plan.ColumnRef(INNER, Type.DYNAMIC), call("tostring", new)),
            ]
            joined = plan.Filter(joined, every(met))
        values = [
            plan.Item(value.name, value.more(plan.ColumnRef(value.name, value.type), _read(value, _NEXT + value.name)))
            for value in self.values
        ]
        longer = call("array_concat", edges, call("pack_array", edge))
        ends = (plan.Item(FROM, start), plan.Item(TO, new))
        found: plan.Node = plan.Project(joined, (*ends, plan.Item(EDGES, longer), plan.Item(INNER, inner), *values))
        if self.shortest is not None:
            for earlier in reached:
                pairs = tuple((one, one) for one in (start, end))
                outputs = tuple(plan.JoinColumn(*column_, False, column_.name) for column_ in found.columns)
                found = plan.Join(found, earlier, plan.JoinKind.LEFTANTI, pairs, outputs)
        return self._kept_once(found)

    def _kept_once(self, paths: plan.Node) -> plan.Node:
        """One path for each pair of ends, where any of the shortest will do."""
        if self.shortest != "any":
            return paths
        keys = tuple(plan.Item(name, plan.ColumnRef(name, self.key)) for name in (FROM, TO))
        rest = tuple(plan.Item(found.name, column(found)) for found in paths.columns[2:])
        return plan.ArgExtreme(paths, keys, number(0), True, rest)


def oriented(edges: plan.Node, direction: str, items: list[plan.Item]) -> plan.Node:
    """Edges FROM and TO in the direction of a pattern, with some values; in any direction each stands twice."""
    key = dict(edges.columns)[SOURCE]
    source, target = plan.ColumnRef(SOURCE, key), plan.ColumnRef(TARGET, key)
    edge = plan.Item(EDGE, plan.ColumnRef(EDGE, Type.LONG))
    along = plan.Project(edges, (edge, plan.Item(FROM, source), plan.Item(TO, target), *items))
    if direction == "->":
        return along
    turned = edges if direction == "<-" else plan.Filter(edges, call("!=", source, target))
    against = plan.Project(turned, (edge, plan.Item(FROM, target), plan.Item(TO, source), *items))
    return against if direction == "<-" else plan.Union((along, against), along.columns)


def absent(array: plan.Value, element: plan.Value) -> plan.Value:
    """Whether an array lacks an element."""
    return call("==", call("array_index_of", array, element), number(-1))


def _beside(left: plan.Node, right: plan.Node, pair: tuple[plan.Value, plan.Value]) -> plan.Node:
    """Two relations that agree on a pair, the right one's columns under names of their own."""
    outputs = [plan.JoinColumn(*found, False, found.name) for found in left.columns]
    taken = {found.name for found in left.columns}
    new = [found for found in right.columns if _NEXT + found.name not in taken]
    outputs += [plan.JoinColumn(_NEXT + found.name, found.type, True, found.name) for found in new]
    return plan.Join(left, right, plan.JoinKind.INNER, (pair,), tuple(outputs))


def _semi(relation: plan.Node, starts: plan.Node, name: str, key: Type) -> plan.Node:
    outputs = tuple(plan.JoinColumn(*found, False, found.name) for found in relation.columns)
    pair = (plan.ColumnRef(name, key), column(Column(starts.columns[0].name, key)))
    return plan.Join(relation, starts, plan.JoinKind.LEFTSEMI, (pair,), outputs)


def _read(value: PathValue, name: str) -> plan.Value:
    return plan.ColumnRef(name, value.value.type)


def _array() -> plan.Value:
    return plan.Literal(Type.DYNAMIC, "[]")


def _bool(value: bool) -> plan.Value:
    return plan.Literal(Type.BOOL, value)
