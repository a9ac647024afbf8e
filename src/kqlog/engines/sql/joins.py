"""Joins. A null key agrees with a null key, and a side without a row gives '' in its string columns."""

from __future__ import annotations

from dataclasses import replace

from kqlog.engines.sql.select import Output, Select, aliases
from kqlog.engines.sql.statement import Statement
from kqlog.engines.sql.values import Expressions, Row
from kqlog.plan.nodes import ColumnRef, Join, JoinColumn, JoinKind, Value
from kqlog.types import Type

_SQL = {
    JoinKind.INNER: "join",
    JoinKind.INNERUNIQUE: "join",
    JoinKind.LEFTOUTER: "left join",
    JoinKind.RIGHTOUTER: "right join",
    JoinKind.FULLOUTER: "full join",
    JoinKind.LEFTSEMI: "semi join",
    JoinKind.LEFTANTI: "anti join",
    JoinKind.RIGHTSEMI: "semi join",
    JoinKind.RIGHTANTI: "anti join",
}
_RIGHT_ONLY = {JoinKind.RIGHTSEMI, JoinKind.RIGHTANTI}
_LEFT_MAY_LACK = {JoinKind.RIGHTOUTER, JoinKind.FULLOUTER}
_RIGHT_MAY_LACK = {JoinKind.LEFTOUTER, JoinKind.FULLOUTER}
_LEFT, _RIGHT = "l", "r"


def join(node: Join, statement: Statement) -> Select:
    """A join of two steps, `l` and `r`."""
    left = statement.close(statement.relation(node.left))
    if node.kind is JoinKind.INNERUNIQUE and node.on:
        left = one_for_each_key(left, [pair[0] for pair in node.on], statement)
    right = statement.close(statement.relation(node.right))
    sides = _Side(left, _LEFT, statement), _Side(right, _RIGHT, statement)
    agreed = [_agree(sides[0], one, sides[1], other) for one, other in node.on]
    names = aliases(output.name for output in node.outputs)
    outputs = {
        output.name: _output(alias, output, sides[output.from_right], node.kind)
        for alias, output in zip(names, node.outputs, strict=True)
    }
    first, second = f"{left.source} as {_LEFT}", f"{right.source} as {_RIGHT}"
    if node.kind in _RIGHT_ONLY:
        first, second = second, first
    return Select(f"{first} {_SQL[node.kind]} {second} on {' and '.join(agreed) or 'true'}", outputs, aliased=True)


class _Side:
    """One side of a join, under the name it has there."""

    def __init__(self, select: Select, name: str, statement: Statement) -> None:
        self.outputs = {column: f"{name}.{output.alias}" for column, output in select.outputs.items()}
        self.nullable = {column: output.nullable for column, output in select.outputs.items()}
        self.write = Expressions(statement, Row(self.outputs))

    def may_be_null(self, value: Value) -> bool:
        """Whether a key may be null. Strings never are."""
        return value.type is not Type.STRING and not (isinstance(value, ColumnRef) and not self.nullable[value.name])


def one_for_each_key(left: Select, keys: list[Value], statement: Statement) -> Select:
    """One row of the left side for each key, any of them."""
    write = Expressions(statement, Row({name: output.sql for name, output in left.outputs.items()}))
    listed = ", ".join(write.value(key) for key in keys)
    return statement.close(replace(left, distinct=f"distinct on ({listed})", order=()))


def _agree(left: _Side, one: Value, right: _Side, other: Value) -> str:
    # Twice as fast as `is not distinct from`, and the same where one of the two is never null.
    both = left.may_be_null(one) and right.may_be_null(other)
    return f"{left.write.value(one)} {'is not distinct from' if both else '='} {right.write.value(other)}"


def _output(alias: str, output: JoinColumn, side: _Side, kind: JoinKind) -> Output:
    sql = side.outputs[output.source]
    may_lack = kind in (_RIGHT_MAY_LACK if output.from_right else _LEFT_MAY_LACK)
    if may_lack and output.type is Type.STRING:
        return Output(alias, f"coalesce({sql}, '')", False)
    return Output(alias, sql, nullable=may_lack or side.nullable[output.source])
