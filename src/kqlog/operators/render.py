"""The operator `render`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.lookup import closest
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Literal, Name, Operator, Parameter, Word

KINDS = frozenset(
    {"table", "list", "barchart", "piechart", "ladderchart", "timechart", "linechart", "anomalychart", "pivotchart", "areachart"}
    | {"stackedareachart", "scatterchart", "timepivot", "columnchart", "timeline", "3Dchart", "card", "treemap", "plotly"}
    | {"graph", "sankey"}
)


PROPERTIES = (
    "accumulate",
    "anomalycolumns",
    "by",
    "kind",
    "legend",
    "series",
    "title",
    "with",
    "xaxis",
    "xcolumn",
    "xmax",
    "xmin",
    "xtitle",
    "yaxis",
    "ycolumns",
    "ymax",
    "ymin",
    "ysplit",
    "ytitle",
)
"""What can be said of a chart."""


@dataclass(frozen=True)
class Render(Operator):
    """Say how the result should be drawn."""

    rule: ClassVar[str] = "render"
    syntax: ClassVar[str] = "T | render Chart [with (Property = Value, ...)]"
    differs: ClassVar[str] = (
        "Drawn in the terminal, in notebooks and to files by `kqlog query -o chart.png`. `3Dchart`, `timepivot`, "
        "`timeline`, `plotly`, `graph`, `sankey` and maps are shown as tables; `pivotchart` is a table of sums. "
        "All columns of names make series together, where a time chart of Azure Monitor takes the first one."
    )
    examples: ClassVar[tuple[str, ...]] = ("range x from 0 to 3 step 1 | extend y = x * x | render linechart",)

    words: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(PROPERTIES, ())

    kind: str
    properties: tuple[Parameter, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        if self.kind not in KINDS:
            close = closest(self.kind, sorted(KINDS))
            span = self.kind.span if isinstance(self.kind, Word) else self.span
            raise QueryError("SEM005", f"there is no chart '{self.kind}'", span, meant=close)
        self.check_words(self.properties)
        properties = tuple((parameter.name, _text(parameter.value)) for parameter in self.properties)
        scope.session.render = plan.Render(self.kind, properties)
        return self.required(source)


def _text(value: str | Expr | tuple[str, ...]) -> str:
    """A property as text; a list of columns comma-separated."""
    match value:
        case str():
            return value
        case tuple():
            return ", ".join(value)
        case Literal(_, constant):
            return str(constant)
        case Name(name):
            return name
        case _:
            return ""
