"""The operator `scan`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.scanning import scanned
from kqlog.plan.scope import Scope
from kqlog.plan.uniting import parameter_word
from kqlog.syntax.nodes import Expr, Operator, Parameter, ScanStep, ScanVariable, SortKey


@dataclass(frozen=True)
class Scan(Operator):
    """Find sequences of rows by steps that may look at what earlier steps matched."""

    rule: ClassVar[str] = "scan"
    syntax: ClassVar[str] = (
        "T | scan [with_match_id=Name] [declare (Name: Type [= Default], ...)] "
        "with (step Name [output=all|last|none]: Condition [=> Column = Value, ...]; ...)"
    )
    differs: ClassVar[str] = (
        "The column match_id only comes out with with_match_id=; Microsoft's binder always shows it. Refused are optional "
        "steps, order by and partition by (sort and partition before), a decimal that a step keeps, functions of it other "
        "than the common ones, steps that look at later steps, and an assignment that reads what the same step has just "
        "assigned."
    )
    examples: ClassVar[tuple[str, ...]] = (
        "range x from 1 to 5 step 1 | scan declare (total: long = 0) with (step s: true => total = x + s.total;)",
    )

    parameters: tuple[Parameter, ...]
    order: tuple[SortKey, ...]
    partition: tuple[Expr, ...]
    declared: tuple[ScanVariable, ...]
    steps: tuple[ScanStep, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        if self.order or self.partition:
            hint = "sort before scan, and put it into partition by Column (...)"
            raise QueryError("ENG001", "'order by' and 'partition by' of scan are not offered", self.span, hint)
        match_id = parameter_word(self.parameters, "with_match_id")
        return scanned(self.required(source), self.declared, self.steps, match_id, scope)
