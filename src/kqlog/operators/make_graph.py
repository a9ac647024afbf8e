"""The operator `make-graph`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.graph_making import made
from kqlog.lowering.parameters import parameter_word
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Name, Operator, Parameter, Pipeline

_PARTITIONED = ("graph_match", "graph_shortest_paths")


@dataclass(frozen=True)
class MakeGraph(Operator):
    """Read rows as the edges of a graph, and tables as its nodes."""

    rule: ClassVar[str] = "make_graph"
    syntax: ClassVar[str] = (
        "T | make-graph Source --> Target [with Nodes on Id, ... | with_node_id=Name] [partitioned-by Column (Query)]"
    )
    differs: ClassVar[str] = (
        "Refused are graphs without directions (--), stored graphs, and partitioned ones for more than one graph-match or "
        "graph-shortest-paths."
    )
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Child: string, Parent: string) ["sshd", "systemd", "bash", "sshd"] | make-graph Child --> Parent '
        "with_node_id=Name | graph-match (a)-[e*1..3]->(b) project a.Name, b.Name | sort by a_Name asc, b_Name asc",
    )

    parameters: tuple[Parameter, ...]
    source: Expr
    direction: str
    target: Expr
    nodes: tuple[Parameter | tuple[Expr, Name], ...]
    partition: tuple[Expr, Pipeline] | None

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        if self.direction != "-->":
            raise QueryError("ENG001", "a graph without directions is not offered", self.span, "write --> in its place")
        tables = tuple(part for part in self.nodes if not isinstance(part, Parameter))
        id_name = parameter_word(tuple(part for part in self.nodes if isinstance(part, Parameter)), "with_node_id")
        ends = (self.source, self.target)
        if self.partition is None:
            return made(self.required(source), ends, tables, id_name, scope).relation()
        column, body = self.partition
        if len(body.operators) != 1 or body.operators[0].rule not in _PARTITIONED:
            raise QueryError(
                "ENG001", "a partitioned graph is only offered for one graph-match or graph-shortest-paths", body.span
            )
        graph = made(self.required(source), ends, tables, id_name, scope, column)
        return scope.starting_from(graph.relation()).relation(body)
