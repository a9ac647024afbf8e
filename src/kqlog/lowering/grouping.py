"""Aggregate expressions to result columns, for every operator that groups rows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kqlog.errors import QueryError
from kqlog.functions.declare import FUNCTIONS, Kind
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.names import ColumnNames, derived_name
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax

ARG_EXTREMES = {"arg_max": True, "arg_min": False, "argmax": True, "argmin": False}
PERCENTILES = {"percentiles": "percentile", "percentilesw": "percentilew"}
ANY = frozenset({"take_any", "any"})


@dataclass
class Grouping:
    """The aggregate expressions of one operator: `row` binds them, `keys` are what is grouped by."""

    row: Scope
    keys: tuple[plan.Item, ...]
    names: ColumnNames

    def items(self, expr: syntax.Expr) -> list[plan.Item]:
        """The columns of one aggregate expression.

        Raises:
            QueryError: SEM005 when it does not aggregate.
        """
        given, inner = (expr.names, expr.value) if isinstance(expr, syntax.Named) else ((), expr)
        if isinstance(inner, syntax.Call) and self.row.variable(inner.name) is None:
            if inner.name in ARG_EXTREMES:
                return self._several(self.arg_extreme(inner)[1], given, expr)
            if inner.name in PERCENTILES:
                return self._several(self._percentiles(inner), given, expr)
            if inner.name in ANY:
                return self._several(self._any(inner), given, expr)
        value = self._aggregated(inner)
        if isinstance(value, plan.Call) and value.signature.result_columns:
            return self.row.columns_of(value, given, inner, self.names)
        if len(given) > 1:
            raise QueryError("SEM003", f"{len(given)} names for one value", expr.span)
        name = self.names.declare(given[0], expr.span) if given else self.names.derive(self._aggregate_name(inner))
        return [plan.Item(name, value)]

    def _several(self, found: list[tuple[str, plan.Value]], given: tuple[str, ...], expr: syntax.Expr) -> list[plan.Item]:
        if len(given) > len(found):
            raise QueryError("SEM003", f"{len(given)} names for {len(found)} values", expr.span)
        items = []
        for position, (wanted, value) in enumerate(found):
            name = self.names.declare(given[position], expr.span) if position < len(given) else self.names.derive(wanted)
            items.append(plan.Item(name, value))
        return items

    def _aggregated(self, expr: syntax.Expr) -> plan.Value:
        value = self.row.value(expr)
        if loose := _outside(value):
            raise QueryError(
                "SEM005",
                f"'{loose}' stands outside of an aggregate",
                expr.span,
                f"group by it (by {loose}), or take any value with take_any({loose})",
            )
        return value

    # ------------------------------------------------------------------------------- aggregates of several columns

    def arg_extreme(self, call: syntax.Call) -> tuple[plan.Value, list[tuple[str, plan.Value]]]:
        """What arg_max or arg_min compares, and its columns: the extreme itself, then those returned with it."""
        if not call.arguments:
            raise QueryError("SEM003", f"{call.name}() wants an expression to compare", call.span)
        compared = self._plain(call.arguments[0])
        extreme = "max" if ARG_EXTREMES[call.name] else "min"
        first = overloads.call(FUNCTIONS[extreme], (compared,), call.span)
        name = derived_name(call.arguments[0])
        # The old spellings say in every column's name what is extreme.
        described = f"{extreme}_{name or ''}"
        legacy = FUNCTIONS[call.name].deprecated is not None
        columns: list[tuple[str, plan.Value]] = [(described if legacy or name is None else name, first)]
        for returned, value in self._returned(call, 1, f"{described}_" if legacy else "", f"{described}_"):
            columns.append((returned, overloads.call(FUNCTIONS[call.name], (compared, value), call.span)))
        return compared, columns

    def _returned(self, call: syntax.Call, first: int, prefix: str, unnamed: str) -> list[tuple[str, plan.Value]]:
        """The arguments from `first` on; for `*` every column that is neither an argument nor grouped by.

        `prefix` stands before their names, `unnamed` before the place of those that have none.
        """
        found: list[tuple[str, plan.Value]] = []
        named = {argument.name for argument in call.arguments if isinstance(argument, syntax.Name)}
        grouped = {item.value.name for item in self.keys if isinstance(item.value, plan.ColumnRef)}
        for position, argument in enumerate(call.arguments[first:], start=first):
            if isinstance(argument, syntax.Wildcard):
                columns = [column for column in self.row.schema if column.name not in named | grouped]
                found += [(prefix + column.name, plan.ColumnRef(*column)) for column in columns]
            else:
                name = derived_name(argument)
                found.append((f"{unnamed}arg{position}" if name is None else prefix + name, self._plain(argument)))
        return found

    def _percentiles(self, call: syntax.Call) -> list[tuple[str, plan.Value]]:
        """One column for each percentile."""
        single = FUNCTIONS[PERCENTILES[call.name]]
        fixed = 2 if call.name == "percentilesw" else 1
        values = [self._plain(argument) for argument in call.arguments[:fixed]]
        if len(call.arguments) <= fixed:
            raise QueryError("SEM003", f"{call.name}() wants at least one percentile", call.span)
        found: list[tuple[str, plan.Value]] = []
        for argument in call.arguments[fixed:]:
            bound = overloads.call(single, (*values, self.row.constant(argument)), call.span)
            found.append((self._percentile_name(call.arguments[0], argument), bound))
        return found

    def _any(self, call: syntax.Call) -> list[tuple[str, plan.Value]]:
        if not call.arguments:
            raise QueryError(
                "SEM003", f"{call.name}() wants a value", call.span, f"usage: {call.name}(Value, ...) or {call.name}(*)"
            )
        if call.name == "any" and len(call.arguments) > 1 and any(isinstance(one, syntax.Wildcard) for one in call.arguments):
            raise QueryError("SEM005", "'*' stands alone in any()", call.span, "take_any() takes it beside others")
        columns = self._returned(call, 0, "any_" if call.name == "any" else "", "any_")
        if call.name == "any" and len(columns) == 1 and derived_name(call.arguments[0]) is None:
            columns = [("any_", value) for _, value in columns]
        function = FUNCTIONS["take_any"]
        # With the others after it, so that the overload is taken that tells of one row, the same for all.
        values = [value for _, value in columns]
        return [
            (name, overloads.call(function, (value, *values[:place], *values[place + 1 :]), call.span))
            for place, (name, value) in enumerate(columns)
        ]

    def _aggregate_name(self, expr: syntax.Expr) -> str | None:
        if isinstance(expr, syntax.Call) and expr.name in ("percentile", "percentilew") and len(expr.arguments) > 1:
            return self._percentile_name(expr.arguments[0], expr.arguments[-1])
        return derived_name(expr)

    def _percentile_name(self, value: syntax.Expr, percentile: syntax.Expr) -> str:
        shown = ""
        if isinstance(percentile, (syntax.Literal, syntax.Name)):
            constant = self.row.constant(percentile).value
            if isinstance(constant, (int, float, Decimal)) and constant >= 0:
                shown = f"{constant:g}" if isinstance(constant, float) else str(constant)
        return f"percentile_{derived_name(value) or ''}_{shown.replace('.', '_')}"

    def _plain(self, expr: syntax.Expr) -> plan.Value:
        """An argument of an aggregate, where no aggregate may stand."""
        self.row.aggregates = False
        try:
            return self.row.value(expr)
        finally:
            self.row.aggregates = True


def _outside(value: plan.Value) -> str | None:
    """A column that is read outside of every aggregate, if there is one."""
    match value:
        case plan.ColumnRef(name):
            return name
        case plan.Call(function, _, arguments):
            if function.kind is Kind.AGGREGATE:
                return None
            return next(filter(None, map(_outside, arguments)), None)
        case plan.Cast(inner) | plan.Path(inner) | plan.InQuery(inner):
            return _outside(inner)
        case _:
            return None
