"""The plugin `autocluster`: a few patterns that describe many rows."""

from __future__ import annotations

from kqlog.lowering.calls import call as called
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.mining import given, mined, share, weight
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

USAGE = "[SizeWeight], [WeightColumn], [NumSeeds], CustomWildcard..."
DIFFERS = (
    "Its choice among patterns is documented in part. Here some rows, evenly spread, are relaxed to the pattern with the best "
    "score of size and information, and those come out of which most rows are in no better one. Others may be as good; the same "
    "table always gives the same patterns."
)
MEASURES = (Column("SegmentId", Type.LONG), Column("Count", Type.LONG), Column("Percent", Type.REAL))


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """A few patterns of values that many rows have in common, by their number and by how much they say."""
    source = required(source, call)
    arguments = Arguments(call, scope.over(source), USAGE)
    ignored = {arguments.column("WeightColumn").name} if given(arguments, "WeightColumn") else set()
    return mined(
        source,
        "autocluster",
        (called("sum", weight(arguments)),),
        MEASURES,
        ignored,
        arguments,
        scope,
        size_weight=share(arguments, "SizeWeight", 0.5, 0),
        seeds=arguments.whole_number("NumSeeds", 1) if given(arguments, "NumSeeds") else 25,
    )
