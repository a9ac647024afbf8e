"""What statements leave behind for those after them: options, patterns, a limited view of the tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.lookup import Pattern, UserFunction
from kqlog.syntax import nodes as syntax
from kqlog.types import NUMBERS, SUMMABLE, Type

if TYPE_CHECKING:
    from kqlog.plan.scope import Scope

OPTIONS: dict[str, frozenset[Type]] = {
    "query_now": frozenset({Type.DATETIME}),
    "query_bin_auto_size": NUMBERS | {Type.TIMESPAN},
    "query_bin_auto_at": SUMMABLE,
    "query_take_max_records": frozenset({Type.INT, Type.LONG}),
    "best_effort": frozenset({Type.BOOL}),
}
"""The options that kqlog honours, and the types that they take. All but these and the next steer Kusto's service."""

NOT_OFFERED: dict[str, str] = {
    **dict.fromkeys(
        ("query_datetimescope_column", "query_datetimescope_from", "query_datetimescope_to"),
        "write where Column between (From .. To)",
    ),
    **dict.fromkeys(
        ("query_cursor_after_default", "query_cursor_before_or_at_default", "query_cursor_current", "query_cursor_scoped_tables"),
        "write a condition on a time column",
    ),
    "query_results_apply_getschema": "end the query with getschema",
}
"""Options that would change an answer in a way that is not offered, and what to write instead."""


def set_option(statement: syntax.SetOption, scope: Scope) -> None:
    """Remember an option that changes an answer; all others are read and have no effect.

    Raises:
        QueryError: SEM002 for a value of another type, ENG001 for what is not offered.
    """
    name, session = statement.name, scope.session
    if name in NOT_OFFERED:
        raise QueryError("ENG001", f"the option '{name}' is not offered", statement.span, NOT_OFFERED[name])
    if name not in OPTIONS:
        return
    if statement.value is None and Type.BOOL not in OPTIONS[name]:
        raise QueryError("SEM003", f"'{name}' needs a value", statement.span, f"set {name} = ...")
    value = plan.Literal(Type.BOOL, True) if statement.value is None else scope.constant(statement.value)
    if value.type not in OPTIONS[name]:
        wanted = " or ".join(sorted(OPTIONS[name]))
        raise QueryError("SEM002", f"'{name}' is a {wanted}, and this is {value.type.one}", statement.span)
    if name == "query_now" and isinstance(value.value, int):
        session.environment = replace(session.environment, now=value.value)
    session.options[name] = value


def limited(relation: plan.Node, scope: Scope) -> plan.Node:
    """As many rows of a result as query_take_max_records lets through."""
    most = scope.session.options.get("query_take_max_records")
    return relation if most is None else plan.Limit(relation, most)


def declared_pattern(statement: syntax.DeclarePattern, scope: Scope) -> Pattern:
    """The meaning of `declare pattern`.

    Raises:
        QueryError: SEM002 for a parameter or a value that is no string, SEM003 for the wrong number of values.
    """
    for parameter in statement.parameters:
        if parameter.type is not Type.STRING:
            raise QueryError("SEM002", "the parameters of a pattern are strings", parameter.span)
    cases = {}
    for case in statement.cases:
        if len(case.values) != len(statement.parameters):
            raise QueryError("SEM003", f"this pattern has {len(statement.parameters)} parameters", case.span)
        cases[_texts(case.values)] = replace(case.body, parameters=statement.parameters)
    return Pattern(cases, scope)


def pattern_case(pattern: Pattern, call: syntax.Call) -> UserFunction:
    """The body of the case that a call of a pattern means; its path is the last argument.

    Raises:
        QueryError: SEM001 when no case fits, SEM004 for an argument that is no text in quotes.
    """
    body = pattern.cases.get(_texts(call.arguments))
    if body is None:
        known = ", ".join(str(case) for case in list(pattern.cases)[:5])
        hint = f"its cases are {known}" if known else "it has no cases"
        raise QueryError("SEM001", f"the pattern '{call.name}' has no such case", call.span, hint)
    return UserFunction(body, pattern.home)


def _texts(values: tuple[syntax.Expr, ...]) -> tuple[str, ...]:
    for value in values:
        if not isinstance(value, syntax.Literal) or value.type is not Type.STRING:
            raise QueryError("SEM004", "a text in quotes is wanted here", value.span)
    return tuple(str(value.value) for value in values if isinstance(value, syntax.Literal))
