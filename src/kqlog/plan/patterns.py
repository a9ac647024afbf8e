"""Columns out of a text by a pattern of literal texts and names, for parse and parse-where."""

from __future__ import annotations

import re
from typing import NamedTuple

from kqlog.errors import NOWHERE, QueryError
from kqlog.functions.parsing import CAPTURED_GROUP, CAPTURED_GROUPS
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.calls import call, column, every, number
from kqlog.plan.calls import text as literal
from kqlog.plan.names import ColumnNames
from kqlog.plan.rows import kept
from kqlog.plan.scope import Scope
from kqlog.plan.uniting import missing, parameter_word
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Schema, Type

TEXT = plan.ColumnRef("$parsed", Type.STRING)
_NUMERIC = {
    Type.INT: r"(-?\d+)",
    Type.LONG: r"(-?\d+)",
    Type.REAL: r"(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)",
    Type.DECIMAL: r"(-?\d+(?:\.\d+)?)",
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
    """
    row = scope.over(source)
    row.windows = None
    text = overloads.convert(row.value(value), Type.STRING)
    based = plan.Extend(source, (plan.Item(TEXT.name, text),))
    kind = parameter_word(parameters, "kind") or "simple"
    regex, columns = _regex(pattern, kind, parameter_word(parameters, "flags") or "", scope)
    read, values = _read(based, regex, columns)
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


def _regex(pattern: tuple[syntax.Expr, ...], kind: str, flags: str, scope: Scope) -> tuple[str, list[Column]]:
    """The regular expression that a pattern means, and the column of each of its groups."""
    parts: list[str] = []
    columns: list[Column] = []
    names = ColumnNames()
    for position, part in enumerate(pattern):
        last = position == len(pattern) - 1
        if position and not _may_follow(pattern[position - 1], part):
            raise QueryError("SEM005", "a text is missing before this part of the pattern", part.span)
        match part:
            case syntax.Wildcard():
                parts.append(".*" if last else ".*?")
            case syntax.Name(name):
                names.declare(name, part.span)
                columns.append(Column(name, Type.STRING))
                parts.append("(.*)" if last else "(.*?)")
            case syntax.NameAndType(name, type_):
                names.declare(name, part.span)
                columns.append(Column(name, type_))
                parts.append(_NUMERIC.get(type_, "(.*)" if last else "(.*?)"))
            case _:
                text = str(scope.constant(part, Type.STRING).value)
                parts.append(_uncaptured(text) if kind == "regex" else re.escape(text))
    options = "".join(sorted(set(flags) & set("imsU"))) if kind == "regex" else ""
    if unknown := set(flags) - set("imsU"):
        raise QueryError("SEM005", f"there is no regex flag '{min(unknown)}'", pattern[0].span, "the flags are i, m, s and U")
    return f"(?s{options.replace('s', '')})^{''.join(parts)}$", columns


def _may_follow(before: syntax.Expr, part: syntax.Expr) -> bool:
    """Whether it is clear where a part begins: texts tell, and so does the end of a value that is no string."""
    if isinstance(part, syntax.Wildcard) and isinstance(before, syntax.NameAndType):
        return before.type is not Type.STRING
    return isinstance(part, syntax.Literal) or isinstance(before, syntax.Literal)


def _uncaptured(regex: str) -> str:
    """A regular expression whose own groups do not count."""
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", regex)


def _read(based: plan.Node, regex: str, columns: list[Column]) -> tuple[plan.Node, list[plan.Value]]:
    """The rows with what their texts hold in hidden columns, so that each is read once; the value of each column."""
    if [found.type for found in columns] == [Type.STRING]:
        return based, [call("extract", literal(regex), number(1), TEXT)]
    if not columns:
        return based, []
    captured = plan.Item("$captured", overloads.call(CAPTURED_GROUPS, (literal(regex), TEXT), NOWHERE))
    items = []
    for group, found in enumerate(columns, start=1):
        part = overloads.call(CAPTURED_GROUP, (column(captured.column), number(group)), NOWHERE)
        items.append(plan.Item(f"$value{group}", overloads.convert(part, found.type)))
    return plan.Extend(plan.Extend(based, (captured,)), tuple(items)), [column(item.column) for item in items]


def _matched(regex: str, values: list[plan.Value]) -> plan.Value:
    """Whether every typed part could be read, which is so only where the pattern fits; without such parts whether it fits."""
    # A text as a dynamic value is never null.
    typed = [call("isnotnull", value) for value in values if value.type not in {Type.STRING, Type.DYNAMIC}]
    return every(typed) if typed else call("matches regex", TEXT, literal(regex))
