"""The operator `graph-mark-components`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.lowering.graph_making import with_components
from kqlog.lowering.parameters import parameter_word
from kqlog.plan import nodes as plan
from kqlog.plan.graphs import graph_of
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Operator, Parameter


@dataclass(frozen=True)
class GraphMarkComponents(Operator):
    """Give every node of a graph the number of its connected component."""

    rule: ClassVar[str] = "graph_mark_components"
    syntax: ClassVar[str] = "G | graph-mark-components [kind=weak|strong] [with_component_id=Name]"
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(From: string, To: string) ["a", "b", "c", "d"] | make-graph From --> To with_node_id=Name '
        "| graph-mark-components | graph-to-table nodes | summarize Nodes = count() by ComponentId | project Nodes",
    )
    takes_graph: ClassVar[bool] = True
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"kind": ("weak", "strong"), "with_component_id": ()}

    parameters: tuple[Parameter, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        strong = parameter_word(self.parameters, "kind") == "strong"
        name = parameter_word(self.parameters, "with_component_id") or "ComponentId"
        return with_components(graph_of(source), name, strong).relation()
