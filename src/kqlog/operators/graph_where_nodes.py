"""The operator `graph-where-nodes`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.graph_making import with_nodes
from kqlog.plan import nodes as plan
from kqlog.plan.graphs import graph_of
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator


@dataclass(frozen=True)
class GraphWhereNodes(Operator):
    """Keep the nodes for which a condition is true, and the edges between them."""

    rule: ClassVar[str] = "graph_where_nodes"
    syntax: ClassVar[str] = "G | graph-where-nodes Condition"
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(From: string, To: string) ["a", "b", "b", "c"] | make-graph From --> To with_node_id=Name '
        '| graph-where-nodes Name != "c" | graph-to-table edges',
    )
    takes_graph: ClassVar[bool] = True

    condition: Expr

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        graph = graph_of(source)
        row = scope.over(graph.nodes)
        row.windows = None
        nodes = plan.Filter(graph.nodes, row.boolean(self.condition))
        return with_nodes(graph, plan.Named(scope.session.unique("$nodes"), nodes)).relation()
