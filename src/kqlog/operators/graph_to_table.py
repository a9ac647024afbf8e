"""The operator `graph-to-table`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.calls import call
from kqlog.lowering.parameters import parameter_word
from kqlog.plan import nodes as plan
from kqlog.plan.graphs import NODE, SOURCE, TARGET, Graph, graph_of, properties
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import GraphOutput, Operator

_IDS = {"nodes": {"with_node_id": NODE}, "edges": {"with_source_id": SOURCE, "with_target_id": TARGET}}


@dataclass(frozen=True)
class GraphToTable(Operator):
    """The nodes of a graph as a table, or its edges, or both."""

    rule: ClassVar[str] = "graph_to_table"
    syntax: ClassVar[str] = (
        "G | graph-to-table nodes [as Name] [with_node_id=Name], edges [as Name] [with_source_id=Name] [with_target_id=Name]"
    )
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(From: string, To: string) ["a", "b", "b", "c"] | make-graph From --> To with_node_id=Name '
        "| graph-to-table nodes | sort by Name asc",
    )
    takes_graph: ClassVar[bool] = True

    outputs: tuple[GraphOutput, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        if len(self.outputs) > 1:
            raise QueryError("SEM005", "graph-to-table gives several results here, so it can only end a query", self.span)
        return self._table(self.outputs[0], graph_of(source), scope)

    def results(self, source: plan.Node | None, scope: Scope) -> tuple[plan.Output, ...] | None:
        if len(self.outputs) == 1:
            return None
        graph = graph_of(source)
        return tuple(plan.Output(self._table(output, graph, scope), name=output.name) for output in self.outputs)

    def _table(self, output: GraphOutput, graph: Graph, scope: Scope) -> plan.Node:
        relation = graph.nodes if output.kind == "nodes" else graph.edges
        types = dict(relation.columns)
        names = ColumnNames()
        names.reserve(properties(relation))
        ids = []
        for parameter, column in _IDS[output.kind].items():
            if (name := parameter_word(output.parameters, parameter)) is not None:
                ids.append(plan.Item(names.derive(name), call("hash", plan.ColumnRef(column, types[column]))))
        given = [plan.Item(found.name, plan.ColumnRef(*found)) for found in properties(relation)]
        if not ids and not given:
            raise QueryError(
                "SEM005", "these nodes have no properties", self.span, "name their id: make-graph ... with_node_id=Name"
            )
        table: plan.Node = plan.Project(relation, (*ids, *given))
        if output.name is not None:
            table = plan.Named(scope.session.unique(output.name), table)
            scope.outermost.define(output.name, table)
        return table
