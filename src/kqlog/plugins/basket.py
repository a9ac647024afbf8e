"""The plugin `basket`: all patterns that are frequent."""

from __future__ import annotations

from kqlog.lowering.calls import call as called
from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.mining import given, mined, share, weight
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

USAGE = "[Threshold], [WeightColumn], [MaxDimensions], CustomWildcard..."
DIFFERS = "Documented in part. Here a pattern says all values that its rows share, so it may have more than MaxDimensions."
MEASURES = (Column("SegmentId", Type.LONG), Column("Count", Type.LONG), Column("Percent", Type.REAL))


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """Every combination of at most MaxDimensions values that a share of the rows has, with all else that these rows share."""
    source = required(source, call)
    arguments = Arguments(call, scope.over(source), USAGE)
    ignored = {arguments.column("WeightColumn").name} if given(arguments, "WeightColumn") else set()
    return mined(
        source,
        "basket",
        (called("sum", weight(arguments)),),
        MEASURES,
        ignored,
        arguments,
        scope,
        threshold=share(arguments, "Threshold", 0.05, 0.015),
        dimensions=arguments.whole_number("MaxDimensions", 1) if given(arguments, "MaxDimensions") else 5,
    )
