"""The operator `scan`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from kqlog.errors import QueryError, Span
from kqlog.lowering.calls import call, column
from kqlog.lowering.parameters import parameter_word
from kqlog.lowering.rows import kept
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.expressions import references
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Operator, Parameter, ScanStep, ScanVariable, SortKey
from kqlog.types import INTEGERS, Column, Schema, Type

OFFERED = frozenset(
    {
        *("+", "-", "*", "/", "%", "unary -", "unary +", "abs", "<", "<=", ">", ">=", "==", "!=", "between", "!between"),
        *("and", "or", "not", "iff", "iif", "case", "coalesce", "isnull", "isnotnull", "notnull", "isempty", "isnotempty"),
        *("notempty", "strcat", "min_of", "max_of", "=~", "!~", "array_concat"),
        *(f"{sign}{name}{case}" for name in ("contains", "startswith", "endswith") for sign in ("", "!") for case in ("", "_cs")),
    }
)
OUTPUTS = ("all", "last", "none")
ORDER = "$order"
EPOCH = plan.Literal(Type.DATETIME, 0)


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
        source = self.required(source)
        defaults = _defaults(source, self.declared, scope)
        own = (*source.columns, *(item.column for item in defaults))
        rows = plan.Extend(source, defaults) if defaults else source
        row = scope.over(rows)
        states = _named_steps(row, own, self.steps)
        assigned = [{assignment.names[0] for assignment in step.assignments} for step in self.steps]
        program = _Program(row, own, [_empty(found, defaults) for found in own], states, assigned)
        written = [_step(step, position, own, row, program) for position, step in enumerate(self.steps)]
        items = (*(plan.Item(found.name, column(found)) for found in own), *program.computed)
        types = [str(found.type) for found in own]
        text = json.dumps({"types": types, "empty": program.empty, "steps": written})
        names = ColumnNames()
        names.reserve(own)
        match = Column(names.derive(match_id or "match_id"), Type.LONG)
        columns = (*own, match, Column(ORDER, Type.LONG))
        found = plan.Custom("scan.run", (plan.Project(row.lifted(rows), items),), (("program", text),), columns)
        ordered = plan.Sort(found, (plan.SortKey(plan.ColumnRef(ORDER, Type.LONG), descending=False),))
        return kept(ordered, (*own, match) if match_id is not None else own)


@dataclass
class _Program:
    """Steps on their way to the kernel: what depends on no step is computed as a column before.

    `states` says which step and column a name stands for.
    """

    row: Scope
    own: Schema
    """The columns that a step keeps, by place."""
    empty: list[plan.Constant]
    """What a step that no row has matched yet says of each place."""
    states: dict[str, tuple[int, int]]
    assigned: list[set[str]]
    """The columns that each step assigns."""
    step: int = 0
    """The step that is being written: it sees itself and those before."""
    computed: list[plan.Item] = field(default_factory=list)

    def written(self, value: plan.Value, span: Span) -> list[Any]:
        """A value as the kernel reads it."""
        match value:
            case plan.ColumnRef(name, type_) if name in self.states and type_ is not Type.DECIMAL:
                step, place = self.states[name]
                if step > self.step:
                    raise QueryError("ENG001", "a step that looks at a later one is not offered", span)
                return ["state", step, place]
            case plan.Literal(type_, constant) if type_ is not Type.DECIMAL:
                return ["literal", constant]
            case _ if not self._of_state(value):
                return ["row", self._place(value)]
            case plan.Cast(inner, type_) if type_ in (Type.REAL, *INTEGERS) and inner.type in INTEGERS:
                return ["call", f"to{type_}", str(type_), [str(inner.type)], [self.written(inner, span)]]
            case plan.Call() if _is_offered(value):
                types = [str(argument.type) for argument in value.arguments]
                arguments = [self.written(argument, span) for argument in value.arguments]
                return ["call", value.name, str(value.type), types, arguments]
            case plan.Call(_, _, (period, first, second)) if value.name == "datetime_diff" and second != EPOCH:
                # Each from one moment on, so that one may be of the row and the other of a step.
                counts = [call("datetime_diff", period, moment, EPOCH) for moment in (first, second)]
                return self.written(call("-", *counts), span)
            case _ if (known := self._kept(value)) is not None:
                return known
            case plan.Call():
                what = f"{value.name}()"
            case plan.ColumnRef(_, type_):
                what = f"a {type_}"
            case _:
                what = "this conversion"
        raise QueryError("ENG001", f"{what} of what a step keeps is not offered", span)

    def _of_state(self, value: plan.Value) -> bool:
        match value:
            case plan.ColumnRef(name):
                return name in self.states
            case plan.Call(_, _, arguments):
                return any(map(self._of_state, arguments))
            case plan.Cast(inner) | plan.Path(inner) | plan.InQuery(inner):
                return self._of_state(inner) or (isinstance(value, plan.Path) and any(map(self._of_state, _steps(value))))
            case _:
                return False

    def _kept(self, value: plan.Value) -> list[Any] | None:
        """What follows from the unchanged columns of one step alone: its row has that as well, and the step keeps it."""
        names = references(value)
        if not names <= self.states.keys() or value.type is Type.DECIMAL:
            return None
        columns = {name: self.own[self.states[name][1]] for name in names}
        steps = {self.states[name][0] for name in names}
        if len(steps) > 1 or max(steps) > self.step or any(found.name in self.assigned[max(steps)] for found in columns.values()):
            return None
        place = self._place(_with(value, {name: column(found) for name, found in columns.items()}))
        nothing = {name: plan.Literal(found.type, self.empty[self.states[name][1]]) for name, found in columns.items()}
        self.empty[place] = self.row.literal(_with(value, nothing)).value
        return ["state", max(steps), place]

    def _place(self, value: plan.Value) -> int:
        """Where the row has a value that no step has a part in."""
        for place, item in enumerate(self.computed, start=len(self.own)):
            if item.value == value:
                return place
        self.computed.append(plan.Item(f"$scan.{len(self.computed)}", value))
        self.empty.append(None)
        return len(self.empty) - 1


def _with(value: plan.Value, values: Mapping[str, plan.Value]) -> plan.Value:
    """A value with others in the place of its columns."""
    match value:
        case plan.ColumnRef(name):
            return values[name]
        case plan.Call(_, _, arguments):
            return replace(value, arguments=tuple(_with(argument, values) for argument in arguments))
        case plan.Cast(inner) | plan.InQuery(inner):
            return replace(value, value=_with(inner, values))
        case plan.Path(inner, steps):
            written = tuple(step if isinstance(step, (str, int)) else _with(step, values) for step in steps)
            return replace(value, value=_with(inner, values), steps=written)
        case _:
            return value


def _steps(path: plan.Path) -> list[plan.Value]:
    return [step for step in path.steps if not isinstance(step, (str, int))]


def _is_offered(found: plan.Call) -> bool:
    if found.name in ("toint", "tolong", "toreal", "todouble"):
        return found.arguments[0].type in INTEGERS
    values = found.arguments if found.name not in ("iff", "iif", "case", "coalesce") else ()
    exotic = any(argument.type in (Type.DYNAMIC, Type.DECIMAL) for argument in values)
    return found.name in OFFERED and (not exotic or found.name.startswith("is") or found.name == "array_concat")


def _defaults(source: plan.Node, declared: tuple[ScanVariable, ...], scope: Scope) -> tuple[plan.Item, ...]:
    """The declared columns as they are where no step assigns them."""
    items = []
    taken = {found.name for found in source.columns}
    for variable in declared:
        name, type_ = variable.column.name, variable.column.type
        if name in taken:
            raise QueryError("SEM006", f"a column named '{name}' is already there", variable.span)
        taken.add(name)
        default: plan.Literal | None = None
        if variable.default is not None:
            default = scope.constant(variable.default, type_)
        items.append(plan.Item(name, overloads.convert(default or plan.Literal(Type.DYNAMIC, None), type_)))
    return tuple(items)


def _named_steps(row: Scope, own: Schema, steps: tuple[ScanStep, ...]) -> dict[str, tuple[int, int]]:
    """Makes `step.column` known in the scope of a row; which step and column each internal name stands for."""
    states = {}
    for position, step in enumerate(steps):
        if step.name in row.records:
            raise QueryError("SEM006", f"a step named '{step.name}' is already declared", step.span)
        row.records[step.name] = {}
        for place, found in enumerate(own):
            name = f"$step.{step.name}.{found.name}"
            row.records[step.name][found.name] = plan.ColumnRef(name, found.type)
            states[name] = position, place
    return states


def _step(step: ScanStep, position: int, own: Schema, row: Scope, program: _Program) -> dict[str, Any]:
    program.step = position
    if step.optional:
        raise QueryError("ENG001", "an optional step is not offered", step.span)
    output = "all" if step.output is None else step.output.value
    if output not in OUTPUTS or (step.output is not None and step.output.name != "output"):
        raise QueryError("SEM002", "a step's output is all, last or none", step.span)
    places = {found.name: place for place, found in enumerate(own)}
    assignments: list[tuple[int, list[Any]]] = []
    assigned: set[str] = set()
    for assignment in step.assignments:
        name = assignment.names[0]
        if name not in places:
            raise row.unknown("column", name, assignment.span)
        value = overloads.convert(row.value(assignment.value), own[places[name]].type)
        if references(value) & assigned:
            raise QueryError("ENG001", "a step that reads what it has just assigned is not offered", assignment.span)
        assigned.add(name)
        assignments.append((places[name], program.written(value, assignment.span)))
    condition = program.written(row.boolean(step.condition), step.condition.span)
    return {"output": output, "condition": condition, "assignments": assignments}


def _empty(found: Column, defaults: tuple[plan.Item, ...]) -> plan.Constant:
    """What a step that no row has matched yet says of a column."""
    default = next((item.value for item in defaults if item.name == found.name), None)
    if isinstance(default, plan.Literal) and default.type is not Type.DECIMAL:
        return default.value
    return "" if found.type is Type.STRING else None
