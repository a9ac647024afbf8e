"""Values of a plan as SQL expressions. Each text stands on its own: it may be put anywhere without parentheses."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, assert_never

from kqlog.engines.sql.dialect import Computed, Kernel, Native, Step, StoredColumn
from kqlog.engines.sql.mentions import repeatable
from kqlog.errors import QueryError
from kqlog.functions.declare import FUNCTIONS, LISTS, Function, Kind, Parameter, Signature
from kqlog.plan.nodes import Call, Cast, ColumnRef, InQuery, Literal, OuterRef, Path, ScalarQuery, Value
from kqlog.plan.overloads import not_offered
from kqlog.types import Type, widens

if TYPE_CHECKING:
    from kqlog.engines.sql.statement import Statement

_PLACEHOLDER = re.compile(r"'(?:[^']|'')*'|\{(\w+)(?:\.(\d+))?\}")
"""What is inside an SQL string is never a placeholder: it may come from the query."""
_LAMBDA = re.compile(r"\blambda\s+(\w+)(?:\s*,\s*(\w+))?(?:\s*,\s*(\w+))?\s*:")
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


@dataclass(frozen=True, slots=True)
class Row:
    """What names mean where an expression stands."""

    columns: Mapping[str, str]
    """SQL by KQL name."""
    stored: Mapping[str, StoredColumn] | None = None
    """The columns that are read from a stored table right here."""
    natives: Mapping[str, Native] = field(default_factory=dict)
    """The dynamic columns that are held as lists, too."""
    group: Row | None = None
    """In an aggregation: the rows of the group."""
    order: str = ""
    over: str = ""


def mentioned(value: Value) -> Iterator[str]:
    """The names of all columns of the row that a value uses."""
    pending = [value]
    while pending:
        value = pending.pop()
        match value:
            case ColumnRef():
                yield value.name
            case Call():
                pending += value.arguments
            case Cast() | InQuery():
                pending.append(value.value)
            case Path():
                pending.append(value.value)
                pending += [step for step in value.steps if not isinstance(step, (str, int))]
            case Literal() | OuterRef() | ScalarQuery():
                pass
            case _:
                assert_never(value)


class Expressions:
    """Writes values over one kind of row."""

    def __init__(self, statement: Statement, row: Row) -> None:
        self._statement = statement
        self._dialect = statement.dialect
        self._row = row

    def value(self, value: Value) -> str:
        """The SQL of a value."""
        match value:
            case ColumnRef():
                return self._row.columns[value.name]
            case OuterRef():
                return self._statement.outer_column(value.name)
            case Literal():
                return self._dialect.literal(value)
            case Call(Function("tostring"), _, (Path() as path,)) if _field(path) is None:
                return self._dialect.path_text(*self._path(path))
            case Call() | Path() if (native := self.native(value)) is not None:
                return self.json(native)
            case Call():
                sql = self._call(value)
                return self._dialect.json(sql, reals=True) if value.signature.record else sql
            case Cast():
                return self._cast(value)
            case Path() if (field := _field(value)) is not None:
                return self._dialect.json(self._part(value, field[0]), reals=field[1] == Type.REAL)
            case Path():
                return self._dialect.path(*self._path(value))
            case ScalarQuery():
                return self._scalar_query(value)
            case InQuery():
                found = self._in_query(value)
                # A string is never null, so that neither is the answer.
                return found if value.value.type is Type.STRING else f"coalesce({found}, false)"
            case _:
                assert_never(value)

    def native(self, value: Value) -> Native | None:
        """A dynamic value as a list, where it is held as one."""
        elements = self._elements(value)
        if elements is None:
            return None
        match value:
            case ColumnRef():
                return self._row.natives[value.name]
            case Literal(_, str() as text):
                return Native(self._dialect.numbers(json.loads(text)), elements)
            case Path():
                return Native(self._part(value, _field(value)[0]), elements)  # type: ignore[index]
            case Call():
                return Native(self._call(value), elements)
        return None

    def _elements(self, value: Value) -> Type | None:
        """What a value is a list of, if it is held as a list. Writes no SQL, so that it costs little to ask at every depth."""
        match value:
            case ColumnRef():
                native = self._row.natives.get(value.name)
                return native.elements if native else None
            case Literal(Type.DYNAMIC, str() as text):
                return _constant_elements(text)
            case Path():
                _, kind = _field(value) or ("", "")
                return LISTS.get(kind)
            case Call() if value.signature.returns == "series":
                return Type.REAL if self._in_lists(value) else None
            case Call():
                return LISTS.get(value.signature.returns)
            case _:
                return None

    def json(self, native: Native) -> str:
        """The JSON of a list."""
        return self._dialect.json(native.sql, reals=native.elements is Type.REAL)

    def conditions(self, value: Value) -> list[str]:
        """The conditions of a filter, all of which must hold; a null counts as false in each."""
        return [self._condition(term) for term in _terms(value, "and")]

    def _condition(self, value: Value) -> str:
        match value:
            case Call() if value.name in {"and", "or"}:
                terms = [self._condition(term) for term in _terms(value, value.name)]
                return f"({f' {value.name} '.join(terms)})"
            case Call():
                native = self._native(value)
                return native or self._call(value, condition=True)
            case InQuery():
                return self._in_query(value)
            case _:
                return self.value(value)

    def _native(self, call: Call) -> str | None:
        """A comparison of a stored column with a constant, on the column as it is stored: the file may skip what cannot match."""
        if self._row.stored is None:
            return None
        match call.name, call.arguments:
            case "between", (ColumnRef() as column, Literal() as low, Literal() as high):
                ends = [self._compared(column, ">=", low), self._compared(column, "<=", high)]
                return f"({' and '.join(end for end in ends if end)})" if all(ends) else None
            case operator, (ColumnRef() as column, Literal() as literal) if operator in _MIRRORED:
                return self._compared(column, operator, literal)
            case operator, (Literal() as literal, ColumnRef() as column) if operator in _MIRRORED:
                return self._compared(column, _MIRRORED[operator], literal)
        return None

    def _compared(self, column: ColumnRef, operator: str, literal: Literal) -> str | None:
        assert self._row.stored is not None
        stored = self._row.stored.get(column.name)
        return self._dialect.native_comparison(stored, operator, literal) if stored else None

    def _call(self, call: Call, *, condition: bool = False) -> str:
        if call.function.kind is Kind.AGGREGATE and self._row.group is not None:
            return Expressions(self._statement, self._row.group)._call(call)
        signature = call.signature
        in_lists = self._in_lists(call)
        if in_lists and signature.lists:
            return self._filled(signature.lists, call, in_lists=True)
        body = signature.where if condition and signature.where else self._dialect.body(signature)
        if signature.python and (body is None or in_lists):
            return self._kernel_call(call, signature.python)
        if body is None:
            raise not_offered(call)
        if not isinstance(body, str):
            body = body(**_constants(body, call))
        return self._filled(body, call)

    def _filled(self, template: str, call: Call, *, in_lists: bool = False) -> str:
        """A body with its arguments. `in_lists`: its series stand for lists of reals."""
        typed = {argument.type for argument in call.arguments if not isinstance(argument, Literal)}
        texts: dict[str, list[str]] = {"order": [self._row.order], "over": [self._row.over]}
        for name, bound in call.bound().items():
            values = bound if isinstance(bound, tuple) else (bound,)
            series = in_lists and any(one.name == name and one.kind == "series" for one in call.signature.parameters)
            texts[name] = [self._held(value)[0] if series else self._argument(value, typed) for value in values]
        if inner := _lambda_names(template):
            template = _renamed(template, inner, "".join(text for group in texts.values() for text in group))
        parts = _parts(template)
        drawn = self._drawn(call, texts, parts)
        written = "".join(
            [
                text if name not in texts else texts[name][index] if index is not None else ", ".join(texts[name])
                for text, name, index in parts
            ]
        )
        for variable, sql in drawn.items():
            written = self._dialect.with_variable(variable, sql, written)
        return written

    def _drawn(self, call: Call, texts: dict[str, list[str]], parts: list[tuple[str, str | None, int | None]]) -> dict[str, str]:
        """Variables for the arguments that a body repeats but that must be drawn once, such as rand(); they replace the texts."""
        drawn: dict[str, str] = {}
        mentioned = [name for _, name, _ in parts]
        for name, bound in call.bound().items():
            if mentioned.count(name) < 2 or isinstance(bound, (Literal, ColumnRef)):
                continue
            for position, value in enumerate(bound if isinstance(bound, tuple) else (bound,)):
                if not repeatable(value):
                    variable = f"__drawn{len(drawn)}"
                    drawn[variable], texts[name][position] = texts[name][position], variable
        return drawn

    def _argument(self, value: Value, typed: set[Type]) -> str:
        if isinstance(value, Literal):
            return self._dialect.literal(value, bare=value.type in typed)
        return self.value(value)

    def _kernel_call(self, call: Call, function: str) -> str:
        listed = call.function.kind is Kind.AGGREGATE
        held = self._kernel_result(call)
        # Of a series that keeps its kind only reals come as a list: whole numbers stay whole in JSON.
        lists = held is not None or call.signature.returns != "series"
        kinds, arguments = [], []
        for value, parameter in zip(call.arguments, _parameters(call), strict=True):
            series = lists and parameter.kind == "series" and self._elements(value) is not None
            sql, kind = self._held(value) if series else self.exchanged(value)
            if listed and not parameter.constant:
                sql, kind = f"coalesce(list({sql}{self._row.order}), [])", f"{kind}[]"
            arguments.append(sql)
            kinds.append(kind)
        result = held or exchange_type(self._dialect.type_name(call.type))
        name = self._statement.kernel(Kernel(function, tuple(kinds), result, call.function.volatile))
        written = f"{name}({', '.join(arguments)})"
        return written if held else self.taken_back(written, call.type)

    def _kernel_result(self, call: Call) -> str | None:
        """The SQL type of what a Python function gives, if that is a list or a struct."""
        signature = call.signature
        elements = LISTS.get(signature.returns, Type.REAL if signature.returns == "series" and self._in_lists(call) else None)
        if elements:
            return self._dialect.list_type(elements)
        fields = {
            name: self._dialect.list_type(LISTS[kind]) if kind in LISTS else self._dialect.type_name(Type(kind))
            for name, kind in signature.record
        }
        return self._dialect.record_type(fields) if fields else None

    def _held(self, value: Value) -> tuple[str, str]:
        """A series that is held as a list, as a list of reals, and its SQL type."""
        native = self.native(value)
        assert native is not None
        return self._dialect.widened_list(native, Type.REAL), self._dialect.list_type(Type.REAL)

    def _in_lists(self, call: Call) -> bool:
        """Whether all series of a call are held as lists, not all of them constants. One that keeps its kind wants reals."""
        series = [value for value, parameter in zip(call.arguments, _parameters(call), strict=True) if parameter.kind == "series"]
        wanted = {Type.REAL} if call.signature.returns == "series" else {Type.REAL, Type.LONG}
        return not all(isinstance(value, Literal) for value in series) and all(self._elements(one) in wanted for one in series)

    def whole_columns(self, call: Call, order: str) -> str:
        """A list of what a Python function makes of all rows, each argument as a list in an order."""
        assert call.signature.python is not None
        exchanged = [self.exchanged(value) for value in call.arguments]
        lists = ", ".join(f"coalesce(list({sql}{order}), [])" for sql, _ in exchanged)
        result = f"{exchange_type(self._dialect.type_name(call.type))}[]"
        kinds = tuple(f"{kind}[]" for _, kind in exchanged)
        return f"{self._statement.kernel(Kernel(call.signature.python, kinds, result, whole=True))}({lists})"

    def exchanged(self, value: Value) -> tuple[str, str]:
        """A value as it is handed to Python, and its SQL type there."""
        sql, kind = self.value(value), self._dialect.type_name(value.type)
        wanted = exchange_type(kind)
        return (sql if kind == wanted else f"({sql})::{wanted}"), wanted

    def taken_back(self, sql: str, type_: Type) -> str:
        """What Python gave as a value of a type."""
        kind = self._dialect.type_name(type_)
        return sql if exchange_type(kind) == kind else f"({sql}::{kind})"

    def _cast(self, cast: Cast) -> str:
        source, target = cast.value.type, cast.type
        if source == target:
            return self.value(cast.value)
        if isinstance(cast.value, Path) and (field := _field(cast.value)) is not None and field[1] == target:
            return self._part(cast.value, field[0])
        # todecimal() knows which reals a decimal can hold.
        if widens(source, target) and source is not Type.REAL:
            return self._dialect.widened(self.value(cast.value), target)
        if target is Type.STRING and isinstance(cast.value, Path) and _field(cast.value) is None:
            return self._dialect.path_text(*self._path(cast.value))
        function, signature = _conversion(source, target)
        return self._call(Call(function, signature, (cast.value,), target))

    def _part(self, path: Path, field: str) -> str:
        """A field of the struct that a function gives."""
        assert isinstance(path.value, Call)
        return self._dialect.field(self._call(path.value), field)

    def _path(self, path: Path) -> tuple[str, tuple[Step, ...]]:
        """The value that a path starts from, and its steps: those of a path within a path in one."""
        steps: list[Step] = []
        value: Value = path
        while isinstance(value, Path):
            if _field(value) is not None:
                break
            steps[:0] = [self._step(step) for step in value.steps]
            value = value.value
        return self.value(value), tuple(steps)

    def _step(self, step: str | int | Value) -> Step:
        return step if isinstance(step, (str, int)) else Computed(self.value(step), step.type)

    def _scalar_query(self, query: ScalarQuery) -> str:
        sql = f"({self._statement.first_value(query.relation)})"
        return f"coalesce({sql}, '')" if query.type is Type.STRING else sql

    def _in_query(self, query: InQuery) -> str:
        value, column, source = self.value(query.value), *self._statement.first_column(query.relation)
        if query.fold_case:
            value, column = f"lower({value})", f"lower({column})"
        return f"({value} in (select {column} from {source}))"


def _parameters(call: Call) -> list[Parameter]:
    """The parameter of each argument."""
    parameters = call.signature.parameters
    return [parameters[min(position, len(parameters) - 1)] for position in range(len(call.arguments))]


@lru_cache(maxsize=512)
def _constant_elements(text: str) -> Type | None:
    """What the constant of a series is a list of."""
    values = json.loads(text)
    kinds = set(map(type, values)) if isinstance(values, list) else set()
    return Type.REAL if kinds == {float} else Type.LONG if kinds == {int} else None


def _field(path: Path) -> tuple[str, str] | None:
    """The name and kind of the field of a struct that a path is: by position for columns, by name for a bag."""
    if not isinstance(path.value, Call) or len(path.steps) != 1:
        return None
    fields = path.value.signature.record
    if path.value.signature.returns.startswith("bag("):
        return next((field for field in fields if field[0] == path.steps[0]), None)
    return fields[path.steps[0]] if fields and isinstance(path.steps[0], int) else None


def exchange_type(sql_type: str) -> str:
    """The SQL type that a value has while it is with Python: JSON goes as its text."""
    return "VARCHAR" if sql_type == "JSON" else sql_type


def _terms(value: Value, operator: str) -> Iterable[Value]:
    """The parts of a chain of one operator from left to right, however long it is."""
    pending, terms = [value], []
    while pending:
        value = pending.pop()
        if isinstance(value, Call) and value.name == operator:
            pending += reversed(value.arguments)
        else:
            terms.append(value)
    return terms


@lru_cache(maxsize=512)
def _conversion(source: Type, target: Type) -> tuple[Function, Signature]:
    # todynamic() reads text as JSON; a text that becomes a dynamic value stays that text.
    function = FUNCTIONS["__dynamic" if target is Type.DYNAMIC else f"to{target}"]
    for signature in function.signatures:
        first, *others = signature.parameters
        if source in first.types and all(parameter.optional for parameter in others):
            return function, signature
    raise QueryError("ENG001", f"a {source} cannot be converted to {target}")


@lru_cache(maxsize=4096)
def _parts(template: str) -> list[tuple[str, str | None, int | None]]:
    """A template as pieces of text, or of text that names an argument (and which of a repeated one)."""
    parts: list[tuple[str, str | None, int | None]] = []
    end = 0
    for found in _PLACEHOLDER.finditer(template):
        if found[1] is not None:
            parts.append((template[end : found.start()], None, None))
            parts.append((found[0], found[1], int(found[2]) if found[2] else None))
            end = found.end()
    parts.append((template[end:], None, None))
    return parts


@lru_cache(maxsize=4096)
def _lambda_names(template: str) -> tuple[str, ...]:
    return tuple({name for found in _LAMBDA.finditer(template) for name in found.groups() if name})


def _renamed(template: str, names: tuple[str, ...], arguments: str) -> str:
    """A template whose lambdas do not capture a column of the same name in an argument."""
    arguments = arguments.casefold()
    for name in names:
        new = name
        while f'"{new}"'.casefold() in arguments:
            new += "_"
        if new != name:
            pattern = rf"'(?:[^']|'')*'|(?<![\w{{.\"]){name}(?![\w\"])"
            template = re.sub(pattern, lambda found, new=new: found[0] if found[0][0] == "'" else new, template)  # type: ignore[misc]
    return template


def _constants(body: Callable[..., str], call: Call) -> dict[str, object]:
    """The constant arguments that a body asks for by name."""
    asked = _parameter_names(body)
    constants: dict[str, object] = {}
    for name, bound in call.bound().items():
        if isinstance(bound, tuple) and "count" in asked:
            constants.setdefault("count", len(bound))
        if name in asked:
            constants[name] = tuple(map(_constant, bound)) if isinstance(bound, tuple) else _constant(bound)
    return constants


def _constant(value: Value) -> object:
    if isinstance(value, Literal):
        return value.value
    raise QueryError("ENG001", "this argument can only be a constant that is known before the query runs")


@lru_cache(maxsize=1024)
def _parameter_names(body: Callable[..., str]) -> frozenset[str]:
    return frozenset(inspect.signature(body).parameters)
