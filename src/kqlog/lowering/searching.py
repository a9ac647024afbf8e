"""Conditions over whole rows, as search and find have them: a bare text means "somewhere in this row"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from kqlog.functions.declare import FUNCTIONS
from kqlog.lowering.calls import missing
from kqlog.lowering.uniting import NO_TABLE, Leg, leg_name
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.plan.special import in_any
from kqlog.syntax import nodes as syntax
from kqlog.types import Type

_INSENSITIVE = ("has", "hasprefix", "hassuffix", "contains", "startswith", "endswith")
CASE_SENSITIVE = {"=~": "==", "!~": "!="} | {name: f"{name}_cs" for plain in _INSENSITIVE for name in (plain, f"!{plain}")}
"""What operators on strings become where case counts."""


def searched(tables: tuple[syntax.Expr, ...], scope: Scope) -> list[Leg]:
    """The tables that search and find look in: those named, or all of the workspace."""
    legs: list[Leg] = []
    for position, expr in enumerate(tables or (syntax.Wildcard("*"),)):
        if isinstance(expr, syntax.Wildcard):
            legs += [Leg(name, scope.relation(syntax.Name(name, span=expr.span))) for name in scope.tables_like(expr.pattern)]
        else:
            relation = scope.relation(expr)
            legs.append(Leg(expr.name if isinstance(expr, syntax.Name) else leg_name(relation, position), relation))
    return legs or [NO_TABLE]


@dataclass(frozen=True)
class SearchTerms:
    """How the texts of a search are compared."""

    case_sensitive: bool = False

    def filtered(self, relation: plan.Node, predicate: syntax.Expr, types: Mapping[str, Type], scope: Scope) -> plan.Node:
        """The rows of `relation` for which the condition is true.

        `types` says how the condition reads columns: one that the relation lacks has no value, others are converted.
        """
        have = dict(relation.columns)
        read = [name for name in sorted(names_in(predicate)) if name in types and have.get(name) is not types[name]]
        items = [plan.Item(name, _converted(name, have.get(name), types[name])) for name in read]
        completed = plan.Extend(relation, tuple(items)) if items else relation
        row = scope.over(completed)
        row.schema = relation.columns
        row.windows = None
        return plan.Filter(completed, self._condition(predicate, row))

    def fitting(self, predicate: syntax.Expr, legs: list[Leg]) -> list[Leg]:
        """The tables that the condition can be true of: with all columns that it compares outside of `or`."""
        wanted = columns_of(predicate)
        if not wanted:
            return legs
        names = {leg.name: {column.name for column in leg.relation.columns} for leg in legs}
        required = wanted & set().union(*names.values())
        return [leg for leg in legs if required <= names[leg.name]]

    def _condition(self, expr: syntax.Expr, row: Scope) -> plan.Value:
        match expr:
            case syntax.Literal(Type.STRING, text):
                return self._anywhere(str(text), row, expr)
            case syntax.Wildcard("*"):
                return plan.Literal(Type.BOOL, True)
            case syntax.Binary("and" | "or" as operator, left, right):
                pair = (self._condition(left, row), self._condition(right, row))
                return overloads.call(FUNCTIONS[operator], pair, expr.span)
            case syntax.Call("not", (inner,)):
                return overloads.call(FUNCTIONS["not"], (self._condition(inner, row),), expr.span)
            case syntax.Binary(":", left, right):
                return self._term(left, right, row)
            case syntax.Binary(operator) if self.case_sensitive and operator in CASE_SENSITIVE:
                return row.boolean(replace(expr, operator=CASE_SENSITIVE[operator]))
            case syntax.Pipeline(source, ()) if isinstance(source, syntax.Expr):
                return self._condition(source, row)
            case syntax.Name(name) if name not in (row.columns or {}) and row.variable(name) is None:
                return row.boolean(expr)
            case _:
                value = row.value(expr)
                if value.type is Type.STRING and isinstance(value, plan.Literal):
                    return self._anywhere(str(value.value), row, expr)
                return row.boolean(expr)

    def _term(self, left: syntax.Expr, right: syntax.Expr, row: Scope) -> plan.Value:
        """`column : "text"`."""
        wanted = row.value(right)
        if isinstance(left, syntax.Wildcard) and isinstance(wanted, plan.Literal):
            return self._anywhere(str(wanted.value), row, right)
        value = row.value(left)
        if not isinstance(wanted, plan.Literal) or wanted.type is not Type.STRING:
            return row.applied(FUNCTIONS["=="], (value, wanted), left.span)
        operator, text = self._operator(str(wanted.value))
        return overloads.call(
            FUNCTIONS[operator], (overloads.convert(value, Type.STRING), plan.Literal(Type.STRING, text)), left.span
        )

    def _anywhere(self, text: str, row: Scope, expr: syntax.Expr) -> plan.Value:
        """Whether some column has the term."""
        operator, plain = self._operator(text)
        if not plain:
            return plan.Literal(Type.BOOL, True)
        texts = [column for column in row.schema if column.type in (Type.STRING, Type.DYNAMIC, Type.GUID)]
        return in_any(texts, FUNCTIONS[operator], plan.Literal(Type.STRING, plain), row, expr.span)

    def _operator(self, text: str) -> tuple[str, str]:
        """The comparison that the stars around a text ask for: 'x' has, 'x*' hasprefix, '*x' hassuffix, '*x*' contains."""
        stars = (text.startswith("*"), text.endswith("*") and len(text) > 1)
        plain = text.strip("*")
        if "*" in plain:
            before, after = ("" if star else r"\b" for star in stars)
            inner = ".*".join(map(re.escape, plain.split("*")))
            return "matches regex", f"{'' if self.case_sensitive else '(?i)'}{before}{inner}{after}"
        operator = {(False, False): "has", (False, True): "hasprefix", (True, False): "hassuffix", (True, True): "contains"}
        return operator[stars] + ("_cs" if self.case_sensitive else ""), plain


def _converted(name: str, have: Type | None, type_: Type) -> plan.Value:
    return missing(type_) if have is None else overloads.convert(plan.ColumnRef(name, have), type_)


def names_in(node: syntax.Node) -> set[str]:
    """Every name that a condition mentions, be it a column or not."""
    if isinstance(node, syntax.Name):
        return {node.name}
    found: set[str] = set()
    for field in fields(node):
        part = getattr(node, field.name)
        for child in part if isinstance(part, tuple) else (part,):
            if isinstance(child, syntax.Node):
                found |= names_in(child)
    return found


def columns_of(expr: syntax.Expr) -> set[str]:
    """Names compared in a condition in such a way that a table without them cannot fit."""
    match expr:
        case syntax.Binary("or"):
            return set()
        case syntax.Binary(_, left, right):
            return columns_of(left) | columns_of(right)
        case syntax.InList(_, value) | syntax.Between(_, value):
            return columns_of(value)
        case syntax.Name(name):
            return {name}
        case syntax.Member(target) | syntax.Element(target):
            return columns_of(target)
        case _:
            return set()
