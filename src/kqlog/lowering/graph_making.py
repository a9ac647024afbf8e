"""Tables to graphs, and graphs with other nodes and edges."""

from __future__ import annotations

from collections.abc import Iterable

from kqlog.errors import QueryError
from kqlog.lowering.calls import call, column, number
from kqlog.lowering.calls import every as conjunction
from kqlog.lowering.rows import kept
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.graphs import EDGE, NODE, SOURCE, TARGET, Graph, properties
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

IN, OUT = "$in", "$out"
ID = "$id"
_HAS = "$has.{}"


def made(
    source: plan.Node,
    ends: tuple[syntax.Expr, syntax.Expr],
    tables: tuple[tuple[syntax.Expr, syntax.Name], ...],
    id_name: str | None,
    scope: Scope,
    within: syntax.Expr | None = None,
) -> Graph:
    """The graph of a table of edges, with the nodes of some tables. `within`: a column that every node id belongs to.

    Raises:
        QueryError: SEM002 when the ids of nodes have types that cannot be compared.
    """
    row = scope.over(source)
    found = [(scope.relation(table), id_) for table, id_ in tables]
    ids = [column(row.require_column(end)) for end in ends]
    ids += [column(scope.over(table).require_column(id_)) for table, id_ in found]
    type_ = overloads.common_type([id_.type for id_ in ids])
    if type_ in (None, Type.DYNAMIC):
        raise QueryError("SEM002", "the ids of these nodes cannot be compared", ends[0].span, "convert them with tostring()")
    assert type_ is not None
    raw = [overloads.convert(id_, type_) for id_ in ids]
    rows = [row, row, *(scope.over(table) for table, _ in found)]
    keys = [_key(id_, within, row_) for id_, row_ in zip(raw, rows, strict=True)]
    numbered = plan.Window(source, (plan.Item(EDGE, call("row_number", number(1))),))
    ends_of_edge = (plan.Item(SOURCE, keys[0]), plan.Item(TARGET, keys[1]))
    edges = plan.Named(scope.session.unique("$edges"), plan.Extend(numbered, ends_of_edge))
    described: list[plan.Node] = [
        plan.Extend(table, (plan.Item(NODE, key),)) for (table, _), key in zip(found, keys[2:], strict=True)
    ]
    parts = [_ids(edges, SOURCE, raw[0]), _ids(edges, TARGET, raw[1])]
    parts += [_ids(table, NODE, id_) for table, id_ in zip(described, raw[2:], strict=True)]
    every = plan.Aggregate(plan.Union(tuple(parts), parts[0].columns), tuple(map(_as_it_is, parts[0].columns)), ())
    if described:
        nodes = _described(every, described, [id_.name for _, id_ in found])
    else:
        named = (plan.Item(id_name, plan.ColumnRef(ID, type_)),) if id_name is not None else ()
        nodes = plan.Project(every, (_as_it_is(every.columns[0]), *named))
    return Graph(plan.Named(scope.session.unique("$nodes"), nodes), edges, within is not None)


def _key(id_: plan.Value, within: syntax.Expr | None, row: Scope) -> plan.Value:
    """What tells a node from others: its id, or its partition and its id."""
    if within is None:
        return id_
    return overloads.convert(call("pack_array", column(row.require_column(within)), id_), Type.STRING)


def _ids(relation: plan.Node, key: str, id_: plan.Value) -> plan.Node:
    return plan.Project(relation, (plan.Item(NODE, plan.ColumnRef(key, dict(relation.columns)[key])), plan.Item(ID, id_)))


def _as_it_is(found: Column) -> plan.Item:
    return plan.Item(found.name, column(found))


def _described(every: plan.Node, tables: list[plan.Node], ids: list[str]) -> plan.Node:
    """Every node with the properties that the tables give it; a node of no table knows its own id."""
    node = every
    key, id_ = map(column, every.columns)
    parts: dict[str, list[plan.Value]] = {}
    for position, table in enumerate(tables):
        node = _joined(node, _one_row_each(table, position))
        for found in properties(table):
            parts.setdefault(found.name, []).append(plan.ColumnRef(f"{position}.{found.name}", found.type))
    unknown = [call("isnull", plan.ColumnRef(_HAS.format(position), Type.BOOL)) for position in range(len(tables))]
    items = [plan.Item(NODE, key)]
    for name, values in parts.items():
        value = _merged(values)
        if name in ids:
            value = call("iff", conjunction(unknown), overloads.convert(id_, value.type), value)
        items.append(plan.Item(name, value))
    return plan.Project(node, tuple(items))


def _one_row_each(table: plan.Node, position: int) -> plan.Node:
    """One row for each id, under names that no other table has."""
    names = {found.name: f"{position}.{found.name}" for found in properties(table)}
    items = [plan.Item(names[found.name], column(found)) for found in properties(table)]
    key = plan.Item(NODE, plan.ColumnRef(NODE, dict(table.columns)[NODE]))
    present = plan.Item(_HAS.format(position), plan.Literal(Type.BOOL, True))
    return plan.ArgExtreme(table, (key,), number(0), True, (*items, present))


def _joined(nodes: plan.Node, table: plan.Node) -> plan.Node:
    key = column(nodes.columns[0])
    outputs = [plan.JoinColumn(*found, False, found.name) for found in nodes.columns]
    outputs += [plan.JoinColumn(*found, True, found.name) for found in table.columns if found.name != NODE]
    return plan.Join(nodes, table, plan.JoinKind.LEFTOUTER, ((key, key),), tuple(outputs))


def _merged(values: list[plan.Value]) -> plan.Value:
    """One property of several tables: any value that is there; of several types it is dynamic."""
    if len(values) == 1:
        return values[0]
    if len({value.type for value in values}) > 1:
        values = [overloads.convert(value, Type.DYNAMIC) for value in values]
    return call("coalesce", *values)


def with_degrees(graph: Graph, names: Iterable[str]) -> plan.Node:
    """The nodes, with how many edges end there (IN) or begin there (OUT)."""
    nodes = graph.nodes
    for name, end in ((IN, TARGET), (OUT, SOURCE)):
        if name not in names:
            continue
        key = plan.Item(end, plan.ColumnRef(end, dict(graph.edges.columns)[end]))
        counted = plan.Aggregate(graph.edges, (key,), (plan.Item(name, call("count")),))
        outputs = [plan.JoinColumn(*found, False, found.name) for found in nodes.columns]
        outputs.append(plan.JoinColumn(name, Type.LONG, True, name))
        pair = (plan.ColumnRef(NODE, key.value.type), key.value)
        joined = plan.Join(nodes, counted, plan.JoinKind.LEFTOUTER, (pair,), tuple(outputs))
        nodes = plan.Extend(joined, (plan.Item(name, call("coalesce", plan.ColumnRef(name, Type.LONG), number(0))),))
    return nodes


def with_nodes(graph: Graph, nodes: plan.Node) -> Graph:
    """Only some of the nodes, and the edges between them."""
    edges = graph.edges
    outputs = tuple(plan.JoinColumn(*found, False, found.name) for found in edges.columns)
    for end in (SOURCE, TARGET):
        key = dict(edges.columns)[end]
        pair = (plan.ColumnRef(end, key), plan.ColumnRef(NODE, key))
        edges = plan.Join(edges, nodes, plan.JoinKind.LEFTSEMI, (pair,), outputs)
    return Graph(nodes, edges, graph.partitioned)


def with_components(graph: Graph, name: str, strong: bool) -> Graph:
    """The nodes with the number of the component that they belong to."""
    key = Column(NODE, dict(graph.nodes.columns)[NODE])
    ends = kept(graph.edges, [Column(end, key.type) for end in (SOURCE, TARGET)])
    options: tuple[tuple[str, plan.Constant], ...] = (("strong", strong),)
    marked = plan.Custom("graphs.components", (kept(graph.nodes, [key]), ends), options, (key, Column(name, Type.LONG)))
    outputs = [plan.JoinColumn(*found, False, found.name) for found in graph.nodes.columns if found.name != name]
    outputs.append(plan.JoinColumn(name, Type.LONG, True, name))
    nodes = plan.Join(graph.nodes, marked, plan.JoinKind.INNER, ((column(key), column(key)),), tuple(outputs))
    return Graph(nodes, graph.edges, graph.partitioned)
