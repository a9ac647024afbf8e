"""The operator `graph-where-edges`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from kqlog.plan import nodes as plan
from kqlog.plan.graphs import graph_of
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator


@dataclass(frozen=True)
class GraphWhereEdges(Operator):
    """Keep all nodes, and the edges for which a condition is true."""

    rule: ClassVar[str] = "graph_where_edges"
    syntax: ClassVar[str] = "G | graph-where-edges Condition"
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(From: string, To: string, Kind: string) ["a", "b", "ssh", "b", "c", "rdp"] '
        '| make-graph From --> To with_node_id=Name | graph-where-edges Kind == "ssh" | graph-to-table edges',
    )
    takes_graph: ClassVar[bool] = True

    condition: Expr

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        graph = graph_of(source)
        row = scope.over(graph.edges)
        row.windows = None
        edges = plan.Filter(graph.edges, row.boolean(self.condition))
        return replace(graph, edges=plan.Named(scope.session.unique("$edges"), edges)).relation()
