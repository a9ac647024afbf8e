"""The plugin `dcount_intersect`: how many values several summaries share."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.lowering.calls import call as called
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.syntax import nodes as syntax
from kqlog.types import Type

USAGE = "hll..."
DIFFERS = "Takes the summaries that hll() makes here only."
FEWEST, MOST = 2, 16


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The number of values, as s0, s1, s2 ..., of the first summary that hll() made, of both first ones, of the first three ...

    Exact while the summaries are, as dcount_hll() is.
    """
    source = required(source, call)
    row = scope.over(source)
    summaries = Arguments(call, row, USAGE).several("hll")
    if not FEWEST <= len(summaries) <= MOST:
        raise QueryError("SEM003", f"dcount_intersect takes {FEWEST} to {MOST} summaries", call.span)
    values = [row.value(summary) for summary in summaries]
    for value, summary in zip(values, summaries, strict=True):
        if value.type is not Type.DYNAMIC:
            raise QueryError("SEM002", f"a summary that hll() made is wanted here, and this is {value.type.one}", summary.span)
    names = ColumnNames()
    names.reserve(source.columns)
    items = []
    for last in range(len(values)):
        counted = called("__dcount_hll_common", *values[: last + 1]) if last else called("dcount_hll", values[0])
        items.append(plan.Item(names.derive(f"s{last}"), overloads.convert(counted, Type.LONG)))
    return plan.Extend(row.lifted(source), tuple(items))
