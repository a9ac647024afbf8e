"""Columns out of a text by a pattern of literal texts and names, for parse and parse-where."""

from __future__ import annotations

import re
from typing import NamedTuple

from kqlog.errors import NOWHERE, QueryError, Span
from kqlog.functions.parsing import CAPTURED_GROUP, CAPTURED_GROUPS
from kqlog.lowering.calls import call, column, every, missing, number, read_as
from kqlog.lowering.calls import text as literal
from kqlog.lowering.parameters import parameter_word
from kqlog.lowering.rows import kept
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.regex import translated
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Schema, Type

TEXT = plan.ColumnRef("$parsed", Type.STRING)
_NUMERIC = {
    Type.INT: r"-?\d+",
    Type.LONG: r"-?\d+",
    Type.REAL: r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?",
    Type.DECIMAL: r"-?\d+(?:\.\d+)?",
}


class Parsed(NamedTuple):
    """The rows with their new columns, whether each row matched, and the columns that shall remain."""

    relation: plan.Node
    matched: plan.Value
    columns: Schema


def parsed(
    source: plan.Node,
    parameters: tuple[syntax.Parameter, ...],
    value: syntax.Expr,
    pattern: tuple[syntax.Expr, ...],
    scope: Scope,
    *,
    mark: bool = False,
) -> Parsed:
    """`source` with the columns of the pattern; `mark` keeps what `matched` needs.

    In the simple and regex kinds a row that does not match in every part has no value in any new column; the relaxed
    kind keeps those parts that could be read as their types.

    Raises:
        QueryError: SEM005 for a kind or a pattern that KQL does not have, SEM002 for a wrong regular expression.
    """
    row = scope.over(source)
    row.windows = None
    text = overloads.convert(row.value(value), Type.STRING)
    based = plan.Extend(source, (plan.Item(TEXT.name, text),))
    kind = parameter_word(parameters, "kind") or "simple"
    flags = parameter_word(parameters, "flags") or ""
    regex, groups = _regex(pattern, kind, flags, scope)
    columns = tuple(groups.values())
    read, values = _read(based, regex, groups)
    matched = _matched(regex, values if kind != "relaxed" else [])
    # A text that does not match gives '' by itself.
    if kind != "relaxed" and any(found.type is not Type.STRING for found in values):
        values = [call("iff", matched, found, missing(found.type)) for found in values]
    items = tuple(plan.Item(found.name, value) for found, value in zip(columns, values, strict=True))
    extended = plan.Extend(read, items)
    shown = {found.name for found in (*source.columns, *columns)}
    remaining = tuple(found for found in extended.columns if found.name in shown)
    if mark:
        marked = plan.Extend(extended, (plan.Item("$matched", matched),))
        return Parsed(marked, plan.ColumnRef("$matched", Type.BOOL), remaining)
    return Parsed(kept(extended, remaining), matched, remaining)


def _regex(pattern: tuple[syntax.Expr, ...], kind: str, flags: str, scope: Scope) -> tuple[str, dict[int, Column]]:
    """The regular expression that a pattern means, and which of its groups is which column."""
    parts: list[str] = []
    columns: dict[int, Column] = {}
    names = ColumnNames()
    groups = 0
    for position, part in enumerate(pattern):
        after = pattern[position + 1] if position + 1 < len(pattern) else None
        if position and not _may_follow(pattern[position - 1], part):
            raise QueryError("SEM005", "a text is missing before this part of the pattern", part.span)
        match part:
            case syntax.Wildcard():
                parts.append(".*?" if after else ".*")
            case syntax.Name(name) | syntax.NameAndType(name):
                names.declare(name, part.span)
                type_ = part.type if isinstance(part, syntax.NameAndType) else Type.STRING
                groups += 1
                columns[groups] = Column(name, type_)
                parts.append(_group(type_, kind, after))
            case _ if kind == "regex":
                parts.append(str(scope.constant(part, Type.STRING).value))
                groups += _own_groups(parts[-1], part.span)
            case _:
                parts.append(re.escape(str(scope.constant(part, Type.STRING).value)))
    options = flags if kind == "regex" else "s"
    regex = f"{f'(?{options})' if options else ''}^{''.join(parts)}$"
    _own_groups(regex, pattern[0].span)
    return regex, columns


def _group(type_: Type, kind: str, after: syntax.Expr | None) -> str:
    """The group of a column. In the regex kind a text goes as far as it can, unless a flag turns that round."""
    digits = _NUMERIC.get(type_)
    if digits is None:
        return "(.*)" if kind == "regex" or after is None else "(.*?)"
    if kind != "relaxed":
        return f"({digits})"
    if after is None:
        return "(.*)"
    # What may be no number ends where the next text begins; before a star nothing else tells its end.
    return f"({digits}|.*?)" if isinstance(after, syntax.Wildcard) else "(.*?)"


def _own_groups(regex: str, span: Span) -> int:
    """How many groups a regular expression has.

    Raises:
        QueryError: SEM002 when it is wrong.
    """
    try:
        return len(translated(regex).groups)
    except ValueError as error:
        raise QueryError("SEM002", f"this regular expression cannot be read: {error}", span) from None


def _may_follow(before: syntax.Expr, part: syntax.Expr) -> bool:
    """Whether it is clear where a part begins: texts tell, and so does the end of a value that is no string."""
    if isinstance(part, syntax.Wildcard) and isinstance(before, syntax.NameAndType):
        return before.type is not Type.STRING
    return isinstance(part, syntax.Literal) or isinstance(before, syntax.Literal)


def _read(based: plan.Node, regex: str, groups: dict[int, Column]) -> tuple[plan.Node, list[plan.Value]]:
    """The rows with what their texts hold in hidden columns, so that each is read once; the value of each column."""
    if not groups:
        return based, []
    if [found.type for found in groups.values()] == [Type.STRING]:
        return based, [call("extract", literal(regex), number(*groups), TEXT)]
    captured = plan.Item("$captured", overloads.call(CAPTURED_GROUPS, (literal(regex), TEXT), NOWHERE))
    items = []
    for group, found in groups.items():
        part = overloads.call(CAPTURED_GROUP, (column(captured.column), number(group)), NOWHERE)
        items.append(plan.Item(f"$value{group}", read_as(part, found.type)))
    return plan.Extend(plan.Extend(based, (captured,)), tuple(items)), [column(item.column) for item in items]


def _matched(regex: str, values: list[plan.Value]) -> plan.Value:
    """Whether every typed part could be read, which is so only where the pattern fits; without such parts whether it fits."""
    # A text as a dynamic value is never null.
    typed = [call("isnotnull", value) for value in values if value.type not in {Type.STRING, Type.DYNAMIC}]
    return every(typed) if typed else call("matches regex", TEXT, literal(regex))
