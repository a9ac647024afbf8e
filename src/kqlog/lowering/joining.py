"""What join and lookup share: kinds, conditions and the columns that come out."""

from __future__ import annotations

from kqlog.errors import QueryError, Span
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import INTEGERS, Type

_SPELLINGS = {"anti": "leftanti", "leftantisemi": "leftanti", "rightantisemi": "rightanti"}
KINDS = (*map(str, plan.JoinKind), *_SPELLINGS)
"""What `kind` of join may be."""
LEFT_ONLY = frozenset({plan.JoinKind.LEFTSEMI, plan.JoinKind.LEFTANTI})
RIGHT_ONLY = frozenset({plan.JoinKind.RIGHTSEMI, plan.JoinKind.RIGHTANTI})


def join_kind(parameters: tuple[syntax.Parameter, ...], default: plan.JoinKind = plan.JoinKind.INNERUNIQUE) -> plan.JoinKind:
    """The kind that the parameters name, which is one of KINDS."""
    words = [parameter.word for parameter in parameters if parameter.name == "kind"]
    return plan.JoinKind(_SPELLINGS.get(words[0], words[0])) if words else default


def join_pairs(
    on: tuple[syntax.Expr, ...], left: plan.Node, right: plan.Node, scope: Scope, span: Span
) -> list[tuple[plan.Value, plan.Value]]:
    """The pairs of values that must agree.

    Raises:
        QueryError: SEM001, SEM002 for unknown columns and types that cannot be compared.
    """
    pairs = [pair for expr in on for pair in _pairs(expr, scope.joined(left, right))]
    if not pairs:
        raise QueryError("SEM003", "a join needs at least one column to match on", span, "write: on Column")
    for (first, second), expr in zip(pairs, on * len(pairs), strict=False):
        _comparable(first, second, expr.span)
    return [_alike(first, second) for first, second in pairs]


def _pairs(expr: syntax.Expr, scope: Scope) -> list[tuple[plan.Value, plan.Value]]:
    match expr:
        case syntax.Name(name):
            scope.look_for_cursor(name, "both sides")
            left, right = (scope.records[side].get(name, _absent(name, scope)) for side in ("$left", "$right"))
            if left is None or right is None:
                side = "left" if left is None else "right"
                raise QueryError(
                    "SEM001",
                    f"the {side} side has no column '{name}'",
                    expr.span,
                    "write $left.A == $right.B where the names differ",
                )
            return [(left, right)]
        case syntax.Binary("and", first, second):
            return _pairs(first, scope) + _pairs(second, scope)
        case syntax.Binary("==", first, second):
            sides = [_side(first), _side(second)]
            if sides == ["$right", "$left"]:
                first, second = second, first
            elif sides != ["$left", "$right"]:
                raise QueryError(
                    "SEM005", "each side of a join condition is a column of one table", expr.span, "write $left.A == $right.B"
                )
            return [(scope.value(first), scope.value(second))]
        case syntax.Pipeline(source, ()) if isinstance(source, syntax.Expr):
            return _pairs(source, scope)
        case _:
            scope.value(expr)  # a mistake inside of it comes first
            raise QueryError(
                "SEM005", "a join matches columns by == only", expr.span, "write a column's name, or $left.A == $right.B"
            )


def _absent(name: str, scope: Scope) -> plan.Value | None:
    return plan.OpenRef(name, Type.DYNAMIC) if scope.session.open else None


def _side(expr: syntax.Expr) -> str | None:
    """Which side a condition's operand reads: $left or $right."""
    while isinstance(expr, (syntax.Member, syntax.Element)):
        expr = expr.target
    return expr.name if isinstance(expr, syntax.Name) else None


def _comparable(first: plan.Value, second: plan.Value, span: Span) -> None:
    both = {first.type, second.type}
    if overloads.is_open(first) or overloads.is_open(second):
        return
    if Type.DYNAMIC in both:
        raise QueryError("SEM002", "a dynamic value is no key of a join", span, "convert it with tostring(), tolong() ...")
    if len(both) == 1 or both <= INTEGERS:
        return
    raise QueryError(
        "SEM002",
        f"{first.type.one} and {second.type.one} never match",
        span,
        "convert one side before the join, for example with tostring()",
    )


def _alike(first: plan.Value, second: plan.Value) -> tuple[plan.Value, plan.Value]:
    if first.type is second.type:
        return first, second
    return overloads.convert(first, Type.LONG), overloads.convert(second, Type.LONG)


def joined_columns(
    left: plan.Node, right: plan.Node, kind: plan.JoinKind, dropped: set[str] | frozenset[str] = frozenset()
) -> tuple[plan.JoinColumn, ...]:
    """The left columns, then the right ones without `dropped`, renamed where the name is taken (k1, a1)."""
    names = ColumnNames()
    outputs = []
    if kind not in RIGHT_ONLY:
        outputs += [plan.JoinColumn(names.derive(name), type_, False, name) for name, type_ in left.columns]
    if kind not in LEFT_ONLY:
        outputs += [
            plan.JoinColumn(names.derive(name), type_, True, name) for name, type_ in right.columns if name not in dropped
        ]
    return tuple(outputs)
