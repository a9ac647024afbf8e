"""The plugin `diffpatterns_text`: what tells two sets of texts apart."""

from __future__ import annotations

from kqlog.errors import QueryError
from kqlog.lowering.calls import call as called
from kqlog.lowering.calls import column
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.mining import given, share
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

USAGE = "TextColumn, BooleanCondition, [MinTokens], [Threshold], [MaxTokens]"
DIFFERS = (
    "Its choice among patterns is documented in part. Here words stand at fixed places among the first MaxTokens, and a "
    "pattern grows as those of diffpatterns do."
)
MOST_TOKENS = 20
COLUMNS = (
    Column("Count_of_True", Type.LONG),
    Column("Count_of_False", Type.LONG),
    Column("Percent_of_True", Type.REAL),
    Column("Percent_of_False", Type.REAL),
    Column("Pattern", Type.STRING),
)


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The patterns of words whose shares differ between the rows that meet a condition and those that do not.

    A pattern has the words that stand at the same places among the first MaxTokens of a text, and stars for all others. The
    most typical of rows that meet the condition come first, and those of the others last.
    """
    source = required(source, call)
    row = scope.over(source)
    arguments = Arguments(call, row, USAGE)
    text = arguments.column("TextColumn", frozenset({Type.STRING}))
    condition = row.value(arguments["BooleanCondition"])
    if condition.type is not Type.BOOL and not scope.session.open:
        message = f"a condition is wanted here, and this is {condition.type.one}"
        raise QueryError("SEM002", message, arguments["BooleanCondition"].span)
    least = arguments.whole_number("MinTokens", 0, 200) if given(arguments, "MinTokens") else 1
    most = arguments.whole_number("MaxTokens", 0, MOST_TOKENS) if given(arguments, "MaxTokens") else MOST_TOKENS
    threshold = share(arguments, "Threshold", 0.05, 0.015)
    meets = overloads.convert(condition, Type.BOOL)
    sides = (meets, called("not", meets))
    rows = plan.Extend(row.lifted(source), tuple(plan.Item(f"$side{at}", side) for at, side in enumerate(sides)))
    counts = [overloads.convert(called("countif", plan.ColumnRef(f"$side{at}", Type.BOOL)), Type.REAL) for at in (0, 1)]
    texts = plan.Aggregate(rows, (plan.Item("$text", column(text)),), tuple(map(plan.Item, ("$true", "$false"), counts)))
    # In one order always, since the kernel chooses by it.
    ordered = plan.Sort(texts, (plan.SortKey(plan.ColumnRef("$text", Type.STRING), False, True),))
    options = (("least", least), ("threshold", threshold), ("most", most))
    return plan.Custom("texts.diffpatterns_text", (ordered,), options, COLUMNS)
