"""The plugin `rolling_percentile`: a percentile over a window of bins."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.lowering.calls import column
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.plugins.activity import MOST_BINS
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.written import written
from kqlog.syntax import nodes as syntax
from kqlog.types import NUMBERS, SUMMABLE, Type

USAGE = "ValueColumn, Percentile, IndexColumn, BinSize, BinsPerWindow, Dimension..."
DIFFERS = "Exact, where Kusto estimates."


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """For each bin that has rows, the percentile of the values of so many bins, itself the last of them."""
    source = required(source, call)
    arguments = Arguments(call, scope.over(source), USAGE)
    value, index = arguments.column("ValueColumn", SUMMABLE), arguments.column("IndexColumn", SUMMABLE)
    dimensions = arguments.columns("Dimension")
    percentile = arguments.constant("Percentile")
    if percentile.type not in NUMBERS:
        raise QueryError("SEM002", f"a number is wanted here, and this is {percentile.type.one}", arguments["Percentile"].span)
    size = arguments.constant("BinSize", Type.TIMESPAN if index.type is Type.DATETIME else index.type)
    bins = arguments.whole_number("BinsPerWindow", 1, MOST_BINS)
    if size.value is not None and not size.value > 0:  # type: ignore[operator]
        raise QueryError("SEM002", "'BinSize' must be positive", arguments["BinSize"].span)
    own = [f"Dimension{number + 1}" for number in range(len(dimensions))]
    by, on = "".join(f", {name}" for name in own), ", ".join(("Bin", *own))
    text = f"""
        let Binned = Rows | where isnotnull(Index) | extend Bin = bin(Index, Size);
        Binned
        | mv-expand Later = range(0, {bins - 1}, 1) to typeof(long)
        | extend Bin = Bin + Later * Size
        | join kind=inner (Binned | summarize by Bin{by}) on {on}
        | summarize Value = percentile(Value, Percentile) by Bin{by}
        | sort by {", ".join(f"{name} asc" for name in (*own, "Bin"))}
    """
    columns = zip(("Value", "Index", *own), (value, index, *dimensions), strict=True)
    rows = plan.Project(source, tuple(plan.Item(name, column(found)) for name, found in columns))
    named = plan.Named(scope.session.unique("$rolling"), rows)
    node = written(text, {"Rows": named, "Size": size, "Percentile": overloads.convert(percentile, Type.REAL)}, scope)
    names = ColumnNames()
    shown = (index.name, *(found.name for found in dimensions), f"rolling_{bins}_percentile_{value.name}_{_text(percentile)}")
    own_types = {**dict(node.columns), "Bin": index.type, "Value": value.type}
    return plan.Project(
        node,
        tuple(
            plan.Item(names.derive(name), overloads.convert(plan.ColumnRef(have, dict(node.columns)[have]), own_types[have]))
            for name, have in zip(shown, ("Bin", *own, "Value"), strict=True)
        ),
    )


def _text(percentile: plan.Literal) -> str:
    return f"{percentile.value:g}" if isinstance(percentile.value, float) else str(percentile.value)
