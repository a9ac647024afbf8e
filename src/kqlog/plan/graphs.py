"""Graphs: a relation of nodes and one of edges, which only operators on graphs take apart."""

from __future__ import annotations

from dataclasses import dataclass

from kqlog.plan import nodes as plan
from kqlog.types import Schema

GRAPH = "graphs.graph"
NODE, EDGE, SOURCE, TARGET = "$node", "$edge", "$source", "$target"


@dataclass(frozen=True)
class Graph:
    """`nodes` has the id of each node under NODE; `edges` a number under EDGE, and the ids of its ends.

    The other columns are properties. Every end of an edge is a node.
    """

    nodes: plan.Node
    edges: plan.Node
    partitioned: bool = False
    """Whether NODE says the partition, too."""

    def relation(self) -> plan.Node:
        """The graph as what operators hand on; no engine runs it."""
        return plan.Custom(GRAPH, (self.nodes, self.edges), (("partitioned", self.partitioned),), ())


def is_graph(relation: plan.Node) -> bool:
    """Whether a relation stands for a graph."""
    return isinstance(relation, plan.Custom) and relation.function == GRAPH


def graph_of(relation: plan.Node | None) -> Graph:
    """The graph that a relation stands for."""
    assert isinstance(relation, plan.Custom)
    nodes, edges = relation.sources
    return Graph(nodes, edges, bool(dict(relation.options)["partitioned"]))


def properties(relation: plan.Node) -> Schema:
    """The columns of nodes or edges that the query gave them."""
    return tuple(column for column in relation.columns if column.name not in (NODE, EDGE, SOURCE, TARGET))
