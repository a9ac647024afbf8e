"""The operator `graph-match`."""

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
class GraphMatch(Operator):
    """Find a pattern of nodes and edges in a graph, a row for each match."""

    rule: ClassVar[str] = "graph_match"
    syntax: ClassVar[str] = (
        "G | graph-match [cycles=all|none|unique_edges] (Node)-[Edge]->(Node)... [where Condition] "
        "project [Name =] Expression, ..."
    )
    differs: ClassVar[str] = (
        "A path has at most 100 edges. Refused are one condition on the edges of a path and on other parts, and cycles=none"
        " with several paths that may be empty."
    )
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Child: string, Parent: string) ["sshd", "systemd", "bash", "sshd"] | make-graph Child --> Parent '
        'with_node_id=Name | graph-match (a)-[e*1..3]->(b) where b.Name == "systemd" project a.Name, Path = map(e, Parent) '
        "| sort by a_Name asc",
    )
    takes_graph: ClassVar[bool] = True
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"cycles": tuple(Cycles)}

    parameters: tuple[Parameter, ...]
    pattern: tuple[tuple[GraphNode | GraphEdge, ...], ...]
    where: Expr | None
    project: tuple[Expr, ...] | None

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        if self.project is None:
            raise QueryError("SEM003", "graph-match needs a project", self.span, "write: project node.Property, ...")
        cycles = Cycles(parameter_word(self.parameters, "cycles") or Cycles.UNIQUE_EDGES)
        return Matching(graph_of(source), self.pattern, cycles, scope).projected(self.where, self.project)
