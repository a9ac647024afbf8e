"""The plugin `diffpatterns`: what tells two sets of rows apart."""

from __future__ import annotations

from kqlog.lowering.calls import call as called
from kqlog.lowering.calls import column, text
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.mining import given, mined, share, weight
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

USAGE = "SplitColumn, SplitValueA, SplitValueB, [WeightColumn], [Threshold], [MaxDimensions], CustomWildcard..."
DIFFERS = (
    "Its choice among patterns is documented in part. Here a pattern begins as a value whose share differs, and is narrowed"
    " by further values as long as the difference grows."
)
MEASURES = (
    Column("SegmentId", Type.LONG),
    Column("CountA", Type.LONG),
    Column("CountB", Type.LONG),
    Column("PercentA", Type.REAL),
    Column("PercentB", Type.REAL),
    Column("PercentDiffAB", Type.REAL),
)


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The patterns of values whose shares differ between the rows of SplitValueA and those of SplitValueB, most different first.

    A pattern is a value that differs, narrowed by further values as long as the difference grows.
    """
    source = required(source, call)
    arguments = Arguments(call, scope.over(source), USAGE)
    split = arguments.column("SplitColumn")
    ignored = {split.name} | ({arguments.column("WeightColumn").name} if given(arguments, "WeightColumn") else set())
    side = overloads.convert(column(split), Type.STRING)
    sides = [
        called("==", side, text(str(arguments.constant(name, Type.STRING).value))) for name in ("SplitValueA", "SplitValueB")
    ]
    return mined(
        plan.Filter(source, called("or", *sides)),
        "diffpatterns",
        tuple(called("sumif", weight(arguments), is_side) for is_side in sides),
        MEASURES,
        ignored,
        arguments,
        scope,
        threshold=share(arguments, "Threshold", 0.05, 0.015),
        dimensions=arguments.whole_number("MaxDimensions", 1) if given(arguments, "MaxDimensions") else 0,
    )
