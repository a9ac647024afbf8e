"""Joins. A null key agrees with a null key, and a side without a row gives '' in its string columns."""

from __future__ import annotations

from dataclasses import replace

from kqlog.engines.sql.select import Output, Select, aliases
from kqlog.engines.sql.statement import Statement
from kqlog.engines.sql.values import Expressions, Row
from kqlog.plan.nodes import Join, JoinColumn, JoinKind, Value
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
    left_row, right_row = _row(left, _LEFT), _row(right, _RIGHT)
    write_left, write_right = Expressions(statement, left_row), Expressions(statement, right_row)
    agreed = [_agree(write_left.value(one), write_right.value(other), one.type) for one, other in node.on]
    names = aliases(output.name for output in node.outputs)
    outputs = {
        output.name: _output(alias, output, (right_row if output.from_right else left_row).columns[output.source], node.kind)
        for alias, output in zip(names, node.outputs, strict=True)
    }
    first, second = f"{left.source} as {_LEFT}", f"{right.source} as {_RIGHT}"
    if node.kind in _RIGHT_ONLY:
        first, second = second, first
    return Select(f"{first} {_SQL[node.kind]} {second} on {' and '.join(agreed) or 'true'}", outputs, aliased=True)


def one_for_each_key(left: Select, keys: list[Value], statement: Statement) -> Select:
    """One row of the left side for each key, any of them."""
    write = Expressions(statement, Row({name: output.sql for name, output in left.outputs.items()}))
    listed = ", ".join(write.value(key) for key in keys)
    return statement.close(replace(left, distinct=f"distinct on ({listed})", order=()))


def _row(side: Select, name: str) -> Row:
    return Row({column: f"{name}.{output.alias}" for column, output in side.outputs.items()})


def _agree(left: str, right: str, type_: Type) -> str:
    # Strings are never null.
    return f"{left} = {right}" if type_ is Type.STRING else f"{left} is not distinct from {right}"


def _output(alias: str, output: JoinColumn, sql: str, kind: JoinKind) -> Output:
    may_lack = kind in (_RIGHT_MAY_LACK if output.from_right else _LEFT_MAY_LACK)
    if may_lack and output.type is Type.STRING:
        return Output(alias, f"coalesce({sql}, '')", False)
    return Output(alias, sql)
