"""The operator `graph-shortest-paths`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.graph_matching import Matching
from kqlog.lowering.graph_paths import Cycles
from kqlog.lowering.parameters import parameter_word
from kqlog.plan import nodes as plan
from kqlog.plan.graphs import graph_of
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, GraphEdge, GraphNode, Operator, Parameter


@dataclass(frozen=True)
class GraphShortestPaths(Operator):
    """Find the shortest paths between nodes of a graph."""

    rule: ClassVar[str] = "graph_shortest_paths"
    syntax: ClassVar[str] = (
        "G | graph-shortest-paths [output=any|all] (Node)-[Edge*Least..Most]->(Node) [where Condition] "
        "project [Name =] Expression, ..."
    )
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(From: string, To: string) ["a", "b", "b", "c", "a", "c"] | make-graph From --> To with_node_id=Name '
        '| graph-shortest-paths (x)-[e*1..5]->(y) where x.Name == "a" project y.Name, Path = map(e, To) | sort by y_Name asc',
    )
    takes_graph: ClassVar[bool] = True
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"output": ("any", "all")}

    parameters: tuple[Parameter, ...]
    pattern: tuple[tuple[GraphNode | GraphEdge, ...], ...]
    where: Expr | None
    project: tuple[Expr, ...] | None

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        if self.project is None:
            raise QueryError("SEM003", "graph-shortest-paths needs a project", self.span, "write: project node.Property, ...")
        if len(self.pattern) != 1 or not any(isinstance(part, GraphEdge) and part.hops for part in self.pattern[0]):
            raise QueryError("SEM005", "graph-shortest-paths takes one sequence with an edge such as -[e*1..5]->", self.span)
        output = parameter_word(self.parameters, "output") or "any"
        matching = Matching(graph_of(source), self.pattern, Cycles.UNIQUE_EDGES, scope)
        return matching.projected(self.where, self.project, output)
