"""The operator `reduce`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.calls import call, column
from kqlog.lowering.parameters import parameter_word
from kqlog.plan import nodes as plan
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Literal, Operator, Parameter
from kqlog.types import NUMBERS, Column, Type

DEFAULT_THRESHOLD = 0.1
FOUND = (Column("Pattern", Type.STRING), Column("Count", Type.LONG), Column("Representative", Type.STRING))
TEXT = "$text"


@dataclass(frozen=True)
class Reduce(Operator):
    """Group similar texts: words that more than a share `threshold` of the rows have at a place stay, all else is a star.

    Words end at any of `characters`, by default at everything but letters and digits. Numbers always become stars. What fits
    no pattern with more than that share of the rows is under `others`.
    """

    rule: ClassVar[str] = "reduce"
    syntax: ClassVar[str] = "T | reduce [kind=source] by Expression [with threshold=0.1 [, characters='-_']]"
    differs: ClassVar[str] = "Kusto's own grouping is not documented in full and may differ."
    examples: ClassVar[tuple[str, ...]] = (
        'datatable(Message: string) ["user alice logged in", "user bob logged in", "disk full", "user carol logged in"] '
        "| reduce by Message with threshold=0.3",
        'datatable(Message: string) ["job 17 done", "job 18 done"] | reduce kind=source by Message',
    )
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {"kind": ("source",), "threshold": (), "characters": ()}

    parameters: tuple[Parameter, ...]
    by: Expr
    properties: tuple[Parameter, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        self.check_words(self.properties)
        keep = parameter_word(self.parameters, "kind")
        row = scope.over(source)
        row.windows = None
        value = row.value(self.by)
        if value.type is not Type.STRING:
            raise QueryError("SEM002", f"a string is wanted here, and this is {value.type.one}", self.by.span)
        options = (("threshold", self._threshold()), ("characters", self._characters()))
        if keep is None:
            return plan.Custom("clusters.groups", (_counted(source, value),), options, FOUND)
        named = plan.Named(scope.session.unique("$reduced"), plan.Extend(source, (plan.Item(TEXT, value),)))
        text = Column(TEXT, Type.STRING)
        found = plan.Custom("clusters.of_each", (_counted(named, column(text)),), options, (text, *FOUND))
        names = ColumnNames()
        names.reserve(source.columns)
        outputs = [plan.JoinColumn(*each, False, each.name) for each in source.columns]
        outputs += [plan.JoinColumn(names.derive(each.name), each.type, True, each.name) for each in FOUND]
        return plan.Join(named, found, plan.JoinKind.INNER, ((column(text), column(text)),), tuple(outputs))

    def _threshold(self) -> float:
        value = self._property("threshold")
        if value is None:
            return DEFAULT_THRESHOLD
        if value.type not in NUMBERS or not isinstance(value.value, (int, float)) or not 0 <= value.value <= 1:
            raise QueryError("SEM002", "threshold is a share of the rows, from 0 to 1", value.span)
        return float(value.value)

    def _characters(self) -> str | None:
        value = self._property("characters")
        if value is not None and value.type is not Type.STRING:
            raise QueryError("SEM002", "characters are a string", value.span)
        return None if value is None else str(value.value)

    def _property(self, name: str) -> Literal | None:
        for given in self.properties:
            if given.name == name:
                if not isinstance(given.value, Literal):
                    raise QueryError("SEM004", f"{name} is a constant", given.span)
                return given.value
        return None


def _counted(rows: plan.Node, value: plan.Value) -> plan.Node:
    return plan.Aggregate(rows, (plan.Item(TEXT, value),), (plan.Item("$rows", call("count")),))
