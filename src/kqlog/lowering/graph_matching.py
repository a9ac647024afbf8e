"""Patterns in graphs: the plans of graph-match and graph-shortest-paths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

from kqlog.errors import QueryError, Span
from kqlog.lowering.calls import call, column, every, number
from kqlog.lowering.graph_making import IN, OUT, with_degrees
from kqlog.lowering.graph_paths import BACK, EDGES, FROM, INNER, TO, Cycles, Gathering, Paths, PathValue, absent, oriented
from kqlog.lowering.rows import kept
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.expressions import references
from kqlog.plan.graphs import EDGE, NODE, Graph, properties
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

MOST_HOPS = 100
LENGTH = "$length"
_EACH = "$each"
"""The properties of each edge of a path, where a condition is said of them all."""


@dataclass
class _Edge:
    """An edge of the pattern, between the names of two nodes; `values` is what the query asks of a path."""

    name: str
    left: str
    right: str
    direction: str
    hops: tuple[int, int] | None
    span: Span
    values: list[PathValue] = field(default_factory=list)

    def asked(self, how: Gathering, of_nodes: bool, value: plan.Value) -> plan.Value:
        """What the query asks of the path's edges or inner nodes, from now on."""
        asked = PathValue(f"{self.name}.${len(self.values)}", how, of_nodes, value)
        self.values.append(asked)
        return plan.ColumnRef(asked.name, asked.type)


@dataclass
class _Pattern:
    """All nodes and edges of a pattern by name."""

    nodes: list[str] = field(default_factory=list)
    edges: dict[str, _Edge] = field(default_factory=dict)
    ends: tuple[str, str] = ("", "")
    """The first and the last node of the last sequence."""

    def add(self, sequence: tuple[syntax.GraphNode | syntax.GraphEdge, ...]) -> None:
        """Take in one of the sequences between commas."""
        names = [part.name or f"${len(self.nodes)}.{place}".replace(".", "_") for place, part in enumerate(sequence)]
        self.ends = names[0], names[-1]
        for position in range(0, len(sequence), 2):
            if names[position] not in self.nodes:
                self.nodes.append(names[position])
        for position in range(1, len(sequence), 2):
            part = sequence[position]
            assert isinstance(part, syntax.GraphEdge)
            if names[position] in self.edges or names[position] in self.nodes:
                raise QueryError("SEM006", f"'{names[position]}' is already part of this pattern", part.span)
            if part.hops is not None and not 0 <= part.hops[0] <= part.hops[1] <= MOST_HOPS:
                raise QueryError("LIM001", f"the length of a path lies between 0 and {MOST_HOPS}", part.span)
            ends = names[position - 1], names[position + 1]
            self.edges[names[position]] = _Edge(names[position], *ends, part.direction, part.hops, part.span)


class Matching:
    """One pattern looked for in one graph."""

    def __init__(
        self,
        graph: Graph,
        sequences: Iterable[tuple[syntax.GraphNode | syntax.GraphEdge, ...]],
        cycles: Cycles,
        scope: Scope,
    ) -> None:
        self._graph = graph
        self._cycles = cycles
        self._scope = scope
        self._pattern = _Pattern()
        for sequence in sequences:
            self._pattern.add(sequence)
        self._row = self._scope_of_match()
        self._used: set[str] = set()

    # ------------------------------------------------------------------------------------------------------------ names

    def _scope_of_match(self) -> Scope:
        """Where `node.property`, `edge.property` and the functions of graphs mean something."""
        row = Scope(self._scope.session, self._scope)
        row.columns = {}
        for name in self._pattern.nodes:
            row.records[name] = _prefixed(name, self._graph.nodes)
        for name, edge in self._pattern.edges.items():
            row.records[name] = _prefixed(f"{name}.{_EACH}" if edge.hops else name, self._graph.edges)
        for name, properties_ in row.records.items():
            if name in self._pattern.nodes or self._pattern.edges[name].hops is None:
                row.define(name, _bag(properties_))
        row.calls = {
            "node_degree_in": lambda written: self._of_node(written, IN, Type.LONG),
            "node_degree_out": lambda written: self._of_node(written, OUT, Type.LONG),
            "node_id": lambda written: self._node_id(self._of_node(written, NODE, self._key), written.span),
            "labels": lambda written: plan.Literal(Type.DYNAMIC, "[]"),
            "map": lambda written: self._gathered(Gathering.MAP, written),
            "all": lambda written: self._gathered(Gathering.ALL, written),
            "any": lambda written: self._gathered(Gathering.ANY, written),
        }
        return row

    @property
    def _key(self) -> Type:
        return dict(self._graph.nodes.columns)[NODE]

    def _node_id(self, key: plan.Value, span: Span) -> plan.Value:
        if self._graph.partitioned:
            raise QueryError("ENG001", "node_id() is not offered in a partitioned graph", span)
        return call("tostring", key)

    def _of_node(self, written: syntax.Call, name: str, type_: Type) -> plan.Value:
        match written.arguments:
            case (syntax.Name(node),) if node in self._pattern.nodes:
                return plan.ColumnRef(f"{node}.{name}", type_)
        raise QueryError("SEM003", f"{written.name}() takes a node of the pattern", written.span)

    def _gathered(self, how: Gathering, written: syntax.Call) -> plan.Value:
        """map(), all() or any() of the edges of a path, or of its inner nodes."""
        match written.arguments:
            case (syntax.Name(name), expr) if name in self._pattern.edges:
                edge, of_nodes = self._pattern.edges[name], False
            case (syntax.Call("inner_nodes", (syntax.Name(name),)), expr) if name in self._pattern.edges:
                edge, of_nodes = self._pattern.edges[name], True
            case _:
                usage = f"{how}(edge, expression) or {how}(inner_nodes(edge), expression)"
                raise QueryError(
                    "SEM003", f"{how}() takes an edge of the pattern and an expression", written.span, f"usage: {usage}"
                )
        alone = edge.hops is None and not of_nodes
        row = self._scope_of_edge(edge) if alone else self._scope_of_element(of_nodes)
        value = row.value(expr) if how is Gathering.MAP else row.boolean(expr)
        if edge.hops is None:
            single = PathValue("", how, of_nodes, value)
            return single.of_none() if of_nodes else single.first(value)
        self._used |= references(value) & {IN, OUT}
        return edge.asked(how, of_nodes, value)

    def _scope_of_edge(self, edge: _Edge) -> Scope:
        """Where the properties of one edge are known by their names."""
        row = Scope(self._scope.session, self._scope)
        for name, value in self._row.records[edge.name].items():
            row.define(name, value)
        return row

    def _scope_of_element(self, of_nodes: bool) -> Scope:
        row = self._scope.over(self._graph.nodes if of_nodes else self._graph.edges)
        row.windows = None
        row.calls["labels"] = lambda written: plan.Literal(Type.DYNAMIC, "[]")
        if of_nodes:
            row.calls["node_degree_in"] = lambda written: plan.ColumnRef(IN, Type.LONG)
            row.calls["node_degree_out"] = lambda written: plan.ColumnRef(OUT, Type.LONG)
            row.calls["node_id"] = lambda written: self._node_id(plan.ColumnRef(NODE, self._key), written.span)
        return row

    # ---------------------------------------------------------------------------------------------------------- matches

    def projected(self, where: syntax.Expr | None, project: tuple[syntax.Expr, ...], shortest: str | None = None) -> plan.Node:
        """A row for each match, or for the shortest ones between two nodes, with what `project` says.

        Raises:
            QueryError: SEM005 for a pattern whose parts do not hang together.
        """
        conditions = [] if where is None else self._conditions(where)
        self._list_properties()
        items = tuple(map(self._typed, self._row.items(project, ColumnNames())))
        wanted = [*conditions, *(item.value for item in items)]
        self._used |= {name for value in wanted for name in references(value)}
        for edge in self._pattern.edges.values():
            edge.values = [asked for asked in edge.values if asked.name in self._used]
        found = self._found(conditions, shortest)
        if shortest is not None:
            found = self._shortest(found, shortest)
        return plan.Project(found, items)

    def _conditions(self, where: syntax.Expr) -> list[plan.Value]:
        """The conditions that all must hold. What is said of a path's properties holds for each of its edges."""
        if isinstance(where, syntax.Binary) and where.operator == "and":
            return [*self._conditions(where.left), *self._conditions(where.right)]
        value = self._row.boolean(where)
        names = references(value)
        said_of = [
            edge for edge in self._pattern.edges.values() if any(name.startswith(f"{edge.name}.{_EACH}") for name in names)
        ]
        if not said_of:
            return _conjuncts(value)
        (edge, *others) = said_of
        if others or not all(name.startswith(f"{edge.name}.{_EACH}") for name in names):
            hint = "use all(), any() or map() for what is asked of the path"
            raise QueryError("ENG001", "one condition on the edges of a path and on other parts is not offered", where.span, hint)
        row = self._scope_of_element(of_nodes=False)
        row.records[edge.name] = {found.name: column(found) for found in properties(self._graph.edges)}
        return [edge.asked(Gathering.ALL, False, row.boolean(where))]

    def _list_properties(self) -> None:
        """Lets `path.property` mean the array of the property's values along a path, and `path` that of its edges."""
        own: dict[str, plan.Value] = {found.name: column(found) for found in properties(self._graph.edges)}
        for edge in self._pattern.edges.values():
            if edge.hops is not None:
                self._row.define(edge.name, edge.asked(Gathering.MAP, False, _bag(own)))
                self._row.records[edge.name] = {name: edge.asked(Gathering.MAP, False, value) for name, value in own.items()}

    def _typed(self, item: plan.Item) -> plan.Item:
        """The column of an expression: all that depends on a path is dynamic to Kusto, even text."""
        of_path = references(item.value) & {asked.name for edge in self._pattern.edges.values() for asked in edge.values}
        return plan.Item(item.name, overloads.convert(item.value, Type.DYNAMIC)) if of_path else item

    def _found(self, conditions: list[plan.Value], shortest: str | None) -> plan.Node:
        """The ends, edges and used properties of each match."""
        pending = list(self._pattern.edges.values())
        rest = [value for value in conditions if not self._owner(value)]
        one_path = len(pending) == 1 and pending[0].hops is not None and pending[0].hops[0] <= 1
        prunes = shortest if one_path and not any(name.count(".$") for value in rest for name in references(value)) else None
        # From a node that conditions narrow down, so that long paths begin at few places.
        narrow = [name for name in self._pattern.nodes if any(self._owner(value) == name for value in conditions)]
        first = [*narrow, *self._pattern.nodes][0]
        relation = self._node(first, conditions)
        met = {first}
        while pending:
            edge = next((edge for edge in pending if edge.left in met or edge.right in met), None)
            if edge is None:
                raise QueryError("SEM005", "the parts of this pattern share no node", pending[0].span)
            pending.remove(edge)
            if edge.hops is None:
                step = self._edge(edge, conditions)
            else:
                relation = plan.Named(self._scope.session.unique("$matches"), relation)
                start = edge.left if edge.left in met else edge.right
                starts = kept(relation, [Column(f"{start}.{NODE}", self._key)]) if narrow else None
                step = self._path(edge, conditions, starts, edge.left not in met, prunes)
            relation = self._hung_on(relation, step, edge, met)
            for node in (edge.left, edge.right):
                if node not in met:
                    relation = self._described(relation, node, conditions)
                    met.add(node)
        relation = self._without_cycles(relation)
        return plan.Filter(relation, every(rest)) if rest else relation

    def _owner(self, value: plan.Value) -> str:
        """The one node or edge that a condition is about, if it can be asked of it alone; else ''."""
        names = references(value)
        owners = {name.partition(".")[0] for name in names}
        if len(owners) != 1:
            return ""
        (owner,) = owners
        if owner in self._pattern.nodes or self._pattern.edges[owner].hops is None:
            return owner
        return owner if self._of_every_edge(value) is not None else ""

    def _of_every_edge(self, value: plan.Value) -> plan.Value | None:
        """The condition inside an all() of edges."""
        if not isinstance(value, plan.ColumnRef):
            return None
        asked = [asked for edge in self._pattern.edges.values() for asked in edge.values if asked.name == value.name]
        return asked[0].value if asked and asked[0].how is Gathering.ALL and not asked[0].of_nodes else None

    def _node(self, name: str, conditions: list[plan.Value]) -> plan.Node:
        """The nodes that one of the pattern may be."""
        nodes = with_degrees(self._graph, {used.partition(".")[2] for used in self._used if used.startswith(f"{name}.")})
        used = [found for found in nodes.columns if found.name == NODE or f"{name}.{found.name}" in self._used]
        renamed = plan.Project(nodes, tuple(plan.Item(f"{name}.{found.name}", column(found)) for found in used))
        return self._restricted(renamed, name, conditions)

    def _restricted(self, relation: plan.Node, name: str, conditions: list[plan.Value]) -> plan.Node:
        own = [value for value in conditions if self._owner(value) == name]
        return plan.Filter(relation, every(own)) if own else relation

    def _described(self, relation: plan.Node, name: str, conditions: list[plan.Value]) -> plan.Node:
        """Matches with the properties of a node that so far is only the end of an edge."""
        nodes = self._node(name, conditions)
        if len(nodes.columns) == 1 and not any(self._owner(value) == name for value in conditions):
            return relation
        key = plan.ColumnRef(f"{name}.{NODE}", self._key)
        return _joined(relation, nodes, [(key, key)])

    def _edge(self, edge: _Edge, conditions: list[plan.Value]) -> plan.Node:
        """What one edge of the pattern may be, with its ends."""
        used = [found for found in properties(self._graph.edges) if f"{edge.name}.{found.name}" in self._used]
        hops = oriented(self._graph.edges, edge.direction, [plan.Item(found.name, column(found)) for found in used])
        items = tuple(plan.Item(f"{edge.name}.{found.name}", column(found)) for found in hops.columns)
        return self._restricted(plan.Project(hops, items), edge.name, conditions)

    def _path(
        self, edge: _Edge, conditions: list[plan.Value], starts: plan.Node | None, backwards: bool, shortest: str | None
    ) -> plan.Node:
        """What an edge of variable length may be, with its ends. `backwards`: found from its right end."""
        assert edge.hops is not None
        demands = [inner for value in conditions if self._owner(value) == edge.name and (inner := self._of_every_edge(value))]
        paths = Paths(
            self._graph,
            BACK[edge.direction] if backwards else edge.direction,
            edge.hops,
            tuple(edge.values),
            self._cycles,
            with_degrees(self._graph, self._used),
            every(demands) if demands else None,
            starts,
            shortest,
        ).relation(self._scope)
        ends = {FROM: TO, TO: FROM} if backwards else {}
        items = [plan.Item(f"{edge.name}.{ends.get(found.name, found.name)}", column(found)) for found in paths.columns[:4]]
        for found in paths.columns[4:]:
            turned = backwards and found.type is Type.DYNAMIC
            items.append(plan.Item(found.name, call("array_reverse", column(found)) if turned else column(found)))
        return plan.Project(paths, tuple(items))

    def _hung_on(self, relation: plan.Node, step: plan.Node, edge: _Edge, met: set[str]) -> plan.Node:
        """Matches with one more edge, and its ends as nodes."""
        ends = [(edge.left, f"{edge.name}.{FROM}"), (edge.right, f"{edge.name}.{TO}")]
        pairs: list[tuple[plan.Value, plan.Value]] = [
            (plan.ColumnRef(f"{node}.{NODE}", self._key), plan.ColumnRef(end, self._key)) for node, end in ends if node in met
        ]
        if edge.left == edge.right and edge.left not in met:
            step = plan.Filter(step, call("==", *(plan.ColumnRef(end, self._key) for _, end in ends)))
        joined = _joined(relation, step, pairs)
        new = {f"{node}.{NODE}": plan.ColumnRef(end, self._key) for node, end in ends if node not in met}
        return plan.Extend(joined, tuple(plan.Item(name, value) for name, value in new.items())) if new else joined

    # ----------------------------------------------------------------------------------------------------------- cycles

    def _without_cycles(self, relation: plan.Node) -> plan.Node:
        """Matches whose edges do not use an edge, or meet a node, that another one has."""
        edges = list(self._pattern.edges.values())
        if self._cycles is Cycles.ALL or not edges:
            return relation
        if self._cycles is Cycles.UNIQUE_EDGES:
            apart = [_apart(_numbers(one), _numbers(other)) for one, other in combinations(edges, 2)]
        elif len(edges) >= len(self._pattern.nodes):
            apart = [plan.Literal(Type.BOOL, False)]
        else:
            apart = self._nodes_apart(edges)
        return plan.Filter(relation, every(apart)) if apart else relation

    def _nodes_apart(self, edges: list[_Edge]) -> list[plan.Value]:
        """That no two nodes are the same, but for those of one path, which sees to that itself."""
        if sum(edge.hops is not None and edge.hops[0] == 0 for edge in edges) > 1:
            raise QueryError("ENG001", "cycles=none is not offered for several paths that may be empty", edges[0].span)
        parts: dict[str, plan.Value] = {
            node: call("tostring", plan.ColumnRef(f"{node}.{NODE}", self._key)) for node in self._pattern.nodes
        }
        settled = set()
        for edge in edges:
            if edge.hops is not None:
                parts[edge.name] = plan.ColumnRef(f"{edge.name}.{INNER}", Type.DYNAMIC)
                settled |= {frozenset(pair) for pair in combinations((edge.left, edge.right, edge.name), 2)}
        return [
            _apart(parts[one], parts[other]) for one, other in combinations(parts, 2) if frozenset((one, other)) not in settled
        ]

    # --------------------------------------------------------------------------------------------------------- shortest

    def _shortest(self, relation: plan.Node, output: str) -> plan.Node:
        """The matches with the fewest edges between their first and last node: one of them, or all."""
        edges = self._pattern.edges.values()
        length: plan.Value = number(sum(edge.hops is None for edge in edges))
        for edge in edges:
            if edge.hops is not None:
                length = call("+", length, call("array_length", plan.ColumnRef(f"{edge.name}.{EDGES}", Type.DYNAMIC)))
        measured = plan.Named(self._scope.session.unique("$matches"), plan.Extend(relation, (plan.Item(LENGTH, length),)))
        names = dict.fromkeys(f"{node}.{NODE}" for node in self._pattern.ends)
        keys = tuple(plan.Item(name, plan.ColumnRef(name, self._key)) for name in names)
        by = plan.ColumnRef(LENGTH, Type.LONG)
        if output == "any":
            rest = tuple(plan.Item(found.name, column(found)) for found in relation.columns if found.name not in names)
            return plan.ArgExtreme(measured, keys, by, False, rest)
        fewest = plan.Aggregate(measured, keys, (plan.Item(LENGTH, call("min", by)),))
        pairs = [(item.value, item.value) for item in keys] + [(by, by)]
        return _joined(measured, fewest, pairs)


def _prefixed(name: str, relation: plan.Node) -> dict[str, plan.Value]:
    return {found.name: plan.ColumnRef(f"{name}.{found.name}", found.type) for found in properties(relation)}


def _bag(found: dict[str, plan.Value]) -> plan.Value:
    """All properties of a node or an edge as one value."""
    pairs = [part for name, value in found.items() for part in (plan.Literal(Type.STRING, name), value)]
    return call("bag_pack", *pairs) if pairs else plan.Literal(Type.DYNAMIC, "{}")


def _conjuncts(value: plan.Value) -> list[plan.Value]:
    """The conditions that all must hold."""
    if isinstance(value, plan.Call) and value.name == "and":
        return [part for argument in value.arguments for part in _conjuncts(argument)]
    return [value]


def _joined(left: plan.Node, right: plan.Node, pairs: list[tuple[plan.Value, plan.Value]]) -> plan.Node:
    """Rows of two relations that agree on pairs, with the columns of both."""
    taken = {found.name for found in left.columns}
    outputs = [plan.JoinColumn(*found, False, found.name) for found in left.columns]
    outputs += [plan.JoinColumn(*found, True, found.name) for found in right.columns if found.name not in taken]
    return plan.Join(left, right, plan.JoinKind.INNER, tuple(pairs), tuple(outputs))


def _numbers(edge: _Edge) -> plan.Value:
    """The number of an edge, or those of a path."""
    if edge.hops is None:
        return plan.ColumnRef(f"{edge.name}.{EDGE}", Type.LONG)
    return plan.ColumnRef(f"{edge.name}.{EDGES}", Type.DYNAMIC)


def _apart(one: plan.Value, other: plan.Value) -> plan.Value:
    """Whether two values, or arrays of them, have nothing in common."""
    if one.type is Type.DYNAMIC and other.type is Type.DYNAMIC:
        return call("==", call("array_length", call("set_intersect", one, other)), number(0))
    if one.type is Type.DYNAMIC:
        return absent(one, other)
    return absent(other, one) if other.type is Type.DYNAMIC else call("!=", one, other)
