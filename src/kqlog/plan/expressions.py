"""Expressions to typed values."""

from __future__ import annotations

from kqlog.errors import QueryError, Span
from kqlog.functions.declare import FUNCTIONS, Function, Kind, called
from kqlog.plan import nodes as plan
from kqlog.plan import overloads, special
from kqlog.plan.fold import fold
from kqlog.plan.lookup import Database, Lookup, Session, UserFunction
from kqlog.syntax import nodes as syntax
from kqlog.types import INTEGERS, Column, Type

OPERATOR_SPELLINGS = {"<>": "!=", "!": "not", ":": "has"}
WORD_OPERATORS = frozenset(
    [
        "and",
        "or",
        "in",
        "between",
        "has",
        "has_cs",
        "has_any",
        "has_all",
        "hasprefix",
        "hasprefix_cs",
        "hassuffix",
        "hassuffix_cs",
        "contains",
        "contains_cs",
        "containscs",
        "notcontains",
        "notcontainscs",
        "startswith",
        "startswith_cs",
        "endswith",
        "endswith_cs",
        "like",
        "likecs",
        "notlike",
        "notlikecs",
    ]
)
"""Operators that are words: none of them is called as a function."""
QUERY_LISTS = {"in": False, "!in": False, "in~": True, "!in~": True}


class Expressions(Lookup):
    """Binds expressions in a scope. `aggregates`: whether aggregate functions may stand here."""

    def __init__(self, session: Session, parent: Lookup | None = None) -> None:
        super().__init__(session, parent)
        self.aggregates = False
        self.windows: list[list[plan.Item]] | None = None

    # The scope of tables (kqlog.plan.scope) completes these.
    def relation(self, expr: syntax.Expr | syntax.Operator) -> plan.Node:
        """The relation that an expression stands for."""
        raise NotImplementedError

    def invoke(self, function: UserFunction, call: syntax.Call) -> plan.Value | plan.Node:
        """The result of a user's function."""
        raise NotImplementedError

    def is_tabular(self, expr: syntax.Expr | syntax.Operator) -> bool:
        """Whether an expression stands for a relation rather than a value."""
        raise NotImplementedError

    def value(self, expr: syntax.Expr) -> plan.Value:
        """The typed value of an expression.

        Raises:
            QueryError: SEM codes, with the place in the text.
        """
        match expr:
            case syntax.Name(name, _):
                return self._named(name, expr.span)
            case syntax.Literal(type_, value):
                return plan.Literal(type_, value)
            case syntax.Call():
                return self._call(expr)
            case syntax.Binary(operator, left, right):
                return self._binary(operator, left, right, expr.span)
            case syntax.Unary(operator, inner):
                return self.applied(FUNCTIONS[f"unary {operator}"], (self.value(inner),), expr.span)
            case syntax.InList():
                return self._in_list(expr)
            case syntax.Between(operator, value, low, high):
                return self._function(FUNCTIONS[operator], (value, low, high), expr.span)
            case syntax.Member() | syntax.Element():
                return self._path(expr)
            case syntax.Named(_, value):
                return self.value(value)
            case syntax.Pipeline(source, ()) if isinstance(source, syntax.Expr):
                return self.value(source)
            case syntax.Wildcard():
                hint = "name a column; count() takes nothing"
                raise QueryError("SEM005", "'*' cannot stand for one value here", expr.span, hint)
            case syntax.TypeLiteral():
                raise QueryError("SEM005", "typeof() cannot stand for a value here", expr.span)
            case _:
                raise QueryError(
                    "SEM002", "a value is wanted here, and this is a table", expr.span, "take one value of it with toscalar()"
                )

    def boolean(self, expr: syntax.Expr) -> plan.Value:
        """A condition.

        Raises:
            QueryError: SEM002 when it is of another type.
        """
        value = self.value(expr)
        if value.type is not Type.BOOL and not overloads.is_open(value):
            hint = "convert it with tobool()" if value.type is Type.DYNAMIC else None
            if isinstance(expr, syntax.Named):
                hint = "= gives a name; values are compared with =="
            raise QueryError("SEM002", f"a condition is wanted here, and this is {value.type.one}", expr.span, hint)
        return value

    def constant(self, expr: syntax.Expr, type_: Type | None = None) -> plan.Literal:
        """The literal that an expression without row values comes to, as a `type_` if one is given.

        Raises:
            QueryError: SEM004 when it depends on a row, SEM002 when it is of another type.
        """
        value = self.value(expr)
        if not overloads.is_constant(value):
            raise QueryError("SEM004", "a constant is wanted here, and this depends on the row", expr.span)
        if type_ is not None and value.type is not type_:
            if (type_ is Type.LONG and value.type is not Type.INT) or overloads.common_type([value.type, type_]) is None:
                raise QueryError("SEM002", f"{type_.one} is wanted here, and this is {value.type.one}", expr.span)
            value = overloads.convert(value, type_)
        return self.literal(value)

    def literal(self, value: plan.Value) -> plan.Literal:
        """A constant value, computed; without an engine what cannot be folded is null."""
        value = fold(value)
        if isinstance(value, plan.Literal):
            return value
        if self.environment.evaluate is None:
            return plan.Literal(value.type, None)
        return plan.Literal(value.type, self.environment.evaluate(value))

    # ------------------------------------------------------------------------------------------------------------ names

    def _named(self, name: str, span: Span) -> plan.Value:
        if (column := self.column(name)) is not None:
            return column
        meaning = self.meaning(name)
        if isinstance(meaning, plan.Value):
            return meaning
        if isinstance(meaning, UserFunction) and not meaning.body.parameters:
            return self._call(syntax.Call(name, (), span=span, name_span=span))
        if isinstance(meaning, plan.Node) or (self.columns is None and name in self.tables):
            raise QueryError(
                "SEM002", f"a value is wanted here, and '{name}' is a table", span, "take one value of it with toscalar()"
            )
        if name in self.records:
            raise QueryError("SEM005", f"'{name}' cannot stand alone here", span, f"write {name}.Column")
        if self.session.open and self.columns is not None:
            return plan.OpenRef(name, Type.DYNAMIC)
        raise self.unknown("column" if self.columns is not None else "variable", name, span)

    def _path(self, expr: syntax.Member | syntax.Element) -> plan.Value:
        if isinstance(expr.target, syntax.Name) and isinstance(self.variable(expr.target.name), Database):
            return special.of_database(expr)
        steps: list[str | int | plan.Value] = []
        target: syntax.Expr = expr
        while isinstance(target, (syntax.Member, syntax.Element)):
            if (
                isinstance(target, syntax.Member)
                and isinstance(target.target, syntax.Name)
                and target.target.name in self.records
            ):
                break
            steps.insert(0, target.name if isinstance(target, syntax.Member) else self._step(target.index))
            target = target.target
        value = self._of_record(target) if isinstance(target, syntax.Member) else self.value(target)
        if isinstance(value, plan.Call) and steps and value.signature.result_columns:
            value = self._part(value, steps.pop(0), target.span)
        if not steps:
            return value
        if value.type is not Type.DYNAMIC:
            raise QueryError(
                "SEM002", f"only a dynamic value has parts, and this is {value.type.one}", target.span, _part_hint(value.type)
            )
        if isinstance(value, plan.Path) and not isinstance(value.value, plan.Call):
            return plan.Path(value.value, value.steps + tuple(steps))
        return plan.Path(value, tuple(steps))

    def _part(self, call: plan.Call, step: str | int | plan.Value, span: Span) -> plan.Value:
        """One column of a function of several, which is found by its number."""
        columns = overloads.result_columns(call)
        if not isinstance(step, int) or not 0 <= step < len(columns):
            raise QueryError("SEM002", f"the columns of {call.name}() are numbered from 0 to {len(columns) - 1}", span)
        return overloads.result_column(call, step)

    def _step(self, index: syntax.Expr) -> str | int | plan.Value:
        value = self.value(index)
        if (
            isinstance(value, plan.Literal)
            and isinstance(value.value, (str, int))
            and value.type in (Type.STRING, Type.LONG, Type.INT)
        ):
            return value.value
        if value.type not in (Type.STRING, Type.LONG, Type.INT, Type.DYNAMIC):
            raise QueryError("SEM002", f"a part is found by a string or a long, and this is {value.type.one}", index.span)
        return overloads.convert(value, Type.LONG) if value.type is Type.INT else value

    def _of_record(self, member: syntax.Member) -> plan.Value:
        """`$left.name`, or a column of another record that has a name."""
        record = member.target.name if isinstance(member.target, syntax.Name) else ""
        if member.name not in self.records[record]:
            self.look_for_cursor(member.name, record)
            if self.session.open:
                return plan.OpenRef(member.name, Type.DYNAMIC)
            raise QueryError("SEM001", f"'{record}' has no column named '{member.name}'", member.span)
        return self.records[record][member.name]

    # ------------------------------------------------------------------------------------------------------------ calls

    def _call(self, call: syntax.Call) -> plan.Value:
        if call.name in self.calls:
            return self.calls[call.name](call)
        meaning = self.meaning(call.name)
        if isinstance(meaning, UserFunction):
            result = self.invoke(meaning, call)
            if isinstance(result, plan.Value):
                return result
            raise QueryError("SEM002", f"a value is wanted here, and {call.name}() gives a table", call.span)
        if (binder := special.VALUES.get(call.name)) is not None:
            return binder(self, call)
        function = called(call.name, len(call.arguments))
        if call.name in WORD_OPERATORS:
            hint = f"'{call.name}' stands between two values"
            raise QueryError("SEM001", f"no function named '{call.name}'", call.name_span, hint)
        if function is None:
            raise self.unknown("function", call.name, call.name_span)
        match function.kind:
            case Kind.AGGREGATE:
                return self._aggregate(function, call)
            case Kind.WINDOW:
                return self._window(function, call)
            case Kind.SCALAR:
                return self._function(function, call.arguments, call.span, shapes=True)

    def _function(
        self, function: Function, arguments: tuple[syntax.Expr, ...], span: Span, *, shapes: bool = False
    ) -> plan.Value:
        return self.applied(function, tuple([self._argument(argument) for argument in arguments]), span, shapes=shapes)

    def applied(
        self, function: Function, arguments: tuple[overloads.Argument, ...], span: Span, *, shapes: bool = False
    ) -> plan.Value:
        """What a function or operator makes of bound arguments; written out if it is declared in KQL."""
        bound = overloads.call(function, arguments, span, shapes=shapes)
        if any(map(overloads.is_open, arguments)) and overloads.depends(function):
            return plan.OpenRef("", Type.DYNAMIC)
        if bound.signature.kql is not None:
            return self.expanded(bound, span)
        return fold(self._checked(self._with_constants(bound), span))

    def _argument(self, expr: syntax.Expr) -> overloads.Argument:
        if isinstance(expr, syntax.TypeLiteral):
            if expr.type is None:
                raise QueryError("SEM002", "one type is wanted here", expr.span)
            return expr.type
        if isinstance(expr, syntax.Pipeline) and self.is_tabular(expr):
            return self.relation(expr)
        return self.value(expr)

    def _with_constants(self, call: plan.Call) -> plan.Call:
        """The call with its constant parameters computed to literals."""
        parameters = call.signature.parameters
        if not any(parameter.constant for parameter in parameters):
            return call
        spread = overloads.spread(call.signature, len(call.arguments)) or []
        arguments = tuple(
            self.literal(argument) if parameter.constant else argument
            for parameter, argument in zip(spread, call.arguments, strict=False)
        )
        return plan.Call(call.function, call.signature, arguments, call.type)

    def _checked(self, call: plan.Call, span: Span) -> plan.Call:
        """The call, once it has a body that accepts the constants (a regular expression, a format ...).

        Without an engine, only its type is asked for.
        """
        if not call.signature.has_body and self.environment.evaluate is not None:
            raise overloads.not_offered(call, span)
        body = call.signature.duckdb or call.signature.sql
        if callable(body) and not (call.name == "assert" and self.environment.evaluate is None):
            special.check_constants(call, body, span, rehearsing=self.session.rehearsing)
        return call

    def expanded(self, call: plan.Call, span: Span) -> plan.Value:
        """The value of a function that is declared in the language itself."""
        from kqlog.syntax.parse import parse_expression

        inner = type(self)(self.session, None)
        inner.aggregates = call.function.kind is Kind.AGGREGATE
        bound = call.bound()
        for parameter in call.signature.parameters:
            argument = bound.get(parameter.name)
            if argument is not None and not isinstance(argument, tuple):
                inner.define(parameter.name, argument)
        value = inner.value(parse_expression(str(call.signature.kql)))
        return fold(overloads.convert(value, call.type))

    def _aggregate(self, function: Function, call: syntax.Call) -> plan.Value:
        if not self.aggregates:
            raise QueryError(
                "SEM005",
                f"the aggregate {call.name}() cannot stand here",
                call.name_span,
                "aggregates belong into summarize, make-series, top-nested",
            )
        self.aggregates = False
        try:
            arguments = tuple([self._argument(argument) for argument in call.arguments])
            bound = overloads.call(function, arguments, call.span, shapes=True)
            bound = self._with_constants(bound)
            return self._checked(bound, call.span) if bound.signature.kql is None else self.expanded(bound, call.span)
        finally:
            self.aggregates = True

    def _window(self, function: Function, call: syntax.Call) -> plan.Value:
        if self.windows is None:
            raise QueryError(
                "SEM005",
                f"{call.name}() cannot stand here",
                call.name_span,
                "it needs rows in order: use it in extend, project, where or serialize",
            )
        bound = self._with_constants(overloads.call(function, tuple([self._argument(a) for a in call.arguments]), call.span))
        bound = self._checked(bound, call.span)
        level = 1 + max((int(name.split(".")[1]) for name in references(bound) if name.startswith("$window.")), default=-1)
        while len(self.windows) <= level:
            self.windows.append([])
        item = plan.Item(f"$window.{level}.{len(self.windows[level])}", bound)
        self.windows[level].append(item)
        return plan.ColumnRef(item.name, bound.type)

    def lifted(self, source: plan.Node) -> plan.Node:
        """`source` with the columns of the window functions met since this scope began."""
        for items in self.windows or ():
            source = plan.Window(source, tuple(items))
        return source

    # -------------------------------------------------------------------------------------------------------- operators

    def _binary(self, operator: str, left: syntax.Expr, right: syntax.Expr, span: Span) -> plan.Value:
        if isinstance(left, syntax.Wildcard):
            return self._any_column(operator, right, span)
        function = self._operator(operator, span)
        first, second = self.value(left), self.value(right)
        if operator in ("and", "or"):
            first, second = _as_condition(first), _as_condition(second)
        return self.applied(function, (first, second), span)

    def _operator(self, operator: str, span: Span) -> Function:
        """The function that an operator's spelling is declared as."""
        function = FUNCTIONS.get(OPERATOR_SPELLINGS.get(operator, operator))
        if function is None:
            raise QueryError("ENG001", f"the operator '{operator}' is not offered", span)
        return function

    def _any_column(self, operator: str, right: syntax.Expr, span: Span) -> plan.Value:
        """`* has 'x'`: whether any column of text says so."""
        texts = [column for column in self.schema if column.type in (Type.STRING, Type.DYNAMIC) or operator == "=="]
        return special.in_any(texts, self._operator(operator, span), self.value(right), self, span)

    def _in_list(self, expr: syntax.InList) -> plan.Value:
        value = self.value(expr.value)
        if expr.operator not in ("in", "!in") and value.type not in (Type.STRING, Type.DYNAMIC):
            hint = "convert it with tostring()"
            raise QueryError("SEM002", f"'{expr.operator}' looks into text, and this is {value.type.one}", expr.value.span, hint)
        if len(expr.items) == 1 and self.is_tabular(expr.items[0]):
            return self._in_query(expr, value, self.relation(expr.items[0]))
        items = [self.value(item) for item in expr.items]
        function = FUNCTIONS[expr.operator]
        arrays = [item for item in items if item.type is Type.DYNAMIC]
        if expr.operator not in ("in", "!in"):
            value = overloads.convert(value, Type.STRING)
        listed: dict[tuple[Type, Type | None], list[plan.Value]] = {}
        for item in items:
            if item.type is not Type.DYNAMIC:
                left, right = self._compared(expr, value, item)
                listed.setdefault((left.type, overloads.common_type([left.type, right.type])), [left]).append(right)
        calls = [
            overloads.call(function, tuple(arguments), expr.span)
            for arguments in [*listed.values(), *([value, array] for array in arrays)]
        ]
        tests = [self._checked(self._with_constants(test), expr.span) for test in calls]
        if not tests:
            return plan.Literal(Type.BOOL, expr.operator.startswith("!"))
        both = FUNCTIONS["and" if expr.operator.startswith("!") or expr.operator == "has_all" else "or"]
        combined: plan.Value = tests[0]
        for test in tests[1:]:
            combined = overloads.call(both, (combined, test), expr.span)
        return combined

    def _compared(self, expr: syntax.InList, value: plan.Value, item: plan.Value) -> tuple[plan.Value, plan.Value]:
        """The two sides that decide whether a value is an item: those of ==, or texts."""
        if expr.operator in ("in", "!in"):
            return overloads.comparable(value, item)
        return overloads.convert(value, Type.STRING), overloads.convert(item, Type.STRING)

    def _in_query(self, expr: syntax.InList, value: plan.Value, relation: plan.Node) -> plan.Value:
        first = self.first_column(relation, expr.items[0])
        if expr.operator in QUERY_LISTS:
            if value.type is Type.DYNAMIC:
                # Among longs, 5.5 must not be found as 6, nor a large id as its neighbour: a decimal holds both.
                value = overloads.convert(value, Type.DECIMAL if first.type in INTEGERS else first.type)
            value, column = self._compared(expr, value, plan.ColumnRef(*first))
            self._checked(overloads.call(FUNCTIONS["=="], (value, column), expr.span), expr.span)
            if not isinstance(column, plan.ColumnRef):
                relation = plan.Project(relation, (plan.Item(first.name, column),))
            found = plan.InQuery(value, relation, QUERY_LISTS[expr.operator])
            if not expr.operator.startswith("!"):
                return found
            return overloads.call(FUNCTIONS["not"], (found,), expr.span)
        texts = overloads.call(FUNCTIONS["make_set"], (overloads.convert(plan.ColumnRef(*first), Type.STRING),), expr.span)
        array = plan.ScalarQuery(plan.Aggregate(relation, (), (plan.Item("texts", texts),)), Type.DYNAMIC)
        arguments = overloads.convert(value, Type.STRING), array
        return self._with_constants(overloads.call(FUNCTIONS[expr.operator], arguments, expr.span))

    def first_column(self, relation: plan.Node, expr: syntax.Expr) -> Column:
        """The column that stands for a table where one value or a list is wanted.

        Raises:
            QueryError: SEM002 when there is none.
        """
        if relation.columns:
            return relation.columns[0]
        if self.session.open:
            return Column("", Type.DYNAMIC)
        raise QueryError("SEM002", "this table has no columns", expr.span)


def references(value: plan.Value) -> set[str]:
    """The names of the columns that a value reads."""
    match value:
        case plan.ColumnRef(name):
            return {name}
        case plan.Cast(inner):
            return references(inner)
        case plan.Call(_, _, arguments):
            return set().union(*map(references, arguments))
        case plan.Path(inner, steps):
            return references(inner).union(*(references(step) for step in steps if not isinstance(step, (str, int))))
        case plan.InQuery(inner):
            return references(inner)
        case _:
            return set()


def _as_condition(value: plan.Value) -> plan.Value:
    return overloads.convert(value, Type.BOOL) if value.type is Type.DYNAMIC else value


def _part_hint(type_: Type) -> str | None:
    return "read it with parse_json() first" if type_ is Type.STRING else None
