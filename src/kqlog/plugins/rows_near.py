"""The plugin `rows_near`: rows around those that meet a condition."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.lowering.rows import kept
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.written import written
from kqlog.syntax import nodes as syntax
from kqlog.types import Type

USAGE = "Condition, NumRows, [NumRowsAfter]"
MET = "$met"


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The rows at most NumRows before or after one that meets the condition, or NumRowsAfter after it, in their order."""
    source = required(source, call)
    row = scope.over(source)
    arguments = Arguments(call, row, USAGE)
    condition = row.value(arguments["Condition"])
    if condition.type is not Type.BOOL and not scope.session.open:
        raise QueryError("SEM002", f"a condition is wanted here, and this is {condition.type.one}", arguments["Condition"].span)
    before = arguments.whole_number("NumRows")
    after = arguments.whole_number("NumRowsAfter") if "NumRowsAfter" in arguments else before
    # prev() and next() reach over constants only, and are null beyond the ends.
    text = f"""
        let Counted = Rows | extend ["{MET}"] = row_cumsum(coalesce(tolong(["{MET}"]), 0));
        Counted
        | where ["{MET}"] > coalesce(prev(["{MET}"], {after + 1}), 0)
            or coalesce(next(["{MET}"], {before}), toscalar(Rows | summarize countif(["{MET}"]))) > ["{MET}"]
    """
    marked = plan.Extend(row.lifted(source), (plan.Item(MET, overloads.convert(condition, Type.BOOL)),))
    return kept(written(text, {"Rows": marked}, scope), source.columns)
