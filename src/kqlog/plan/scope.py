"""Where an operator is bound: everything a name or an expression can mean there, values and tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kqlog.errors import NOWHERE, QueryError, Span
from kqlog.functions.declare import FUNCTIONS
from kqlog.plan import nodes as plan
from kqlog.plan import overloads, special
from kqlog.plan.bounds import filtered
from kqlog.plan.expressions import Expressions
from kqlog.plan.graphs import is_graph
from kqlog.plan.lookup import CLUSTER, Database, EntityGroup, Pattern, ReachedError, UserFunction, Variable, fits, is_table
from kqlog.plan.names import ColumnNames, derived_name, part_name
from kqlog.plan.permitted import permitted
from kqlog.plan.statements import pattern_case
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type

MOST_NESTED = 60
MOST_CALLS = 5_000
"""How often functions of the query may be written out, and how many calls a value that has a name may hold."""

STORED_ELSEWHERE = frozenset({"external_table", "materialized_view", "stored_query_result"})
"""Functions of what only Microsoft's service can store."""

TABULAR_FUNCTIONS = STORED_ELSEWHERE.union(
    ("materialize", "table", "totable", "view", "cluster", "database", "workspace", "app", "resource", "graph")
)


class Scope(Expressions):
    """Binds expressions and tables. `source`: for a sub-query without one of its own (mv-apply), the rows it starts from."""

    source: plan.Node | None = None

    # ------------------------------------------------------------------------------------------------------------- rows

    def over(self, relation: plan.Node) -> Scope:
        """A scope inside this one that sees the columns of `relation`, and may hold window functions."""
        inner = Scope(self.session, self)
        inner.schema = relation.columns
        inner.columns = dict(relation.columns)
        inner.windows = []
        return inner

    def grouped(self, relation: plan.Node) -> Scope:
        """As `over`, for expressions that must aggregate."""
        inner = self.over(relation)
        inner.windows = None
        inner.aggregates = True
        return inner

    def joined(self, left: plan.Node, right: plan.Node) -> Scope:
        """A scope for the condition of a join, where $left and $right name the sides."""
        inner = self.over(left)
        inner.windows = None
        for name, side in (("$left", left), ("$right", right)):
            row = self.over(side)
            inner.records[name] = {column.name: row.column(column.name) or plan.ColumnRef(*column) for column in side.columns}
        return inner

    def items(self, exprs: Iterable[syntax.Expr], names: ColumnNames) -> list[plan.Item]:
        """Columns from the expressions of project, extend, distinct ... with the names that KQL gives them."""
        items: list[plan.Item] = []
        for expr in exprs:
            items += self.item(expr, names)
        return items

    def item(self, expr: syntax.Expr, names: ColumnNames) -> list[plan.Item]:
        """The columns of one expression: several for a function of several columns."""
        if isinstance(expr, syntax.Wildcard):
            matching = self.matching(expr)
            return [plan.Item(names.declare(column.name, expr.span), plan.ColumnRef(*column)) for column in matching]
        given, inner = (expr.names, expr.value) if isinstance(expr, syntax.Named) else ((), expr)
        value = self.value(inner)
        if isinstance(value, plan.Call) and value.signature.result_columns:
            return self.columns_of(value, given, inner, names)
        if len(given) > 1:
            raise QueryError("SEM003", f"{len(given)} names for one value", expr.span)
        if given:
            return [plan.Item(names.declare(given[0], expr.span), value)]
        if isinstance(inner, syntax.Name):
            return [plan.Item(names.declare(inner.name, expr.span), value)]
        if isinstance(inner, syntax.Call) and inner.name in special.COLUMN_OR_ELSE:
            found = self.column(str(self.constant(inner.arguments[0]).value))
            return [plan.Item(names.derive(found.name if isinstance(found, plan.ColumnRef) else None), value)]
        return [plan.Item(names.derive(self._derived_name(inner)), value)]

    def _derived_name(self, expr: syntax.Expr) -> str | None:
        """What an expression would like to be called; a function of `record.column` is called after the column alone."""
        if not isinstance(expr, syntax.Call):
            return derived_name(expr)
        if expr.name in self.calls:
            return None
        return derived_name(replace(expr, arguments=tuple(map(self._without_record, expr.arguments))))

    def _without_record(self, expr: syntax.Expr) -> syntax.Expr:
        match expr:
            case syntax.Member(syntax.Name(record), name) if record in self.records:
                return syntax.Name(name, span=expr.span)
            case syntax.Member(target) | syntax.Element(target):
                return replace(expr, target=self._without_record(target))
            case syntax.Call():
                return replace(expr, arguments=tuple(map(self._without_record, expr.arguments)))
            case _:
                return expr

    def columns_of(self, call: plan.Call, given: tuple[str, ...], expr: syntax.Expr, names: ColumnNames) -> list[plan.Item]:
        """The columns of a function of several, the first ones under the names given."""
        arguments = expr.arguments if isinstance(expr, syntax.Call) else ()
        items = []
        for position, (column, _) in enumerate(overloads.result_columns(call)):
            if position < len(given):
                name = names.declare(given[position], expr.span)
            else:
                name = names.derive(part_name(call.function, arguments, position, column))
            items.append(plan.Item(name, overloads.result_column(call, position)))
        return items

    def matching(self, pattern: syntax.Wildcard) -> tuple[Column, ...]:
        """The row's columns whose names fit a pattern with stars."""
        return tuple(column for column in self.schema if fits(column.name, pattern.pattern))

    # ----------------------------------------------------------------------------------------------------------- tables

    def relation(self, expr: syntax.Expr | syntax.Operator) -> plan.Node:
        """The table that an expression stands for.

        Raises:
            QueryError: SEM001 for an unknown table, SEM002 for a value or a graph.
        """
        relation = self.table_or_graph(expr)
        if is_graph(relation):
            hint = "get one with graph-match or graph-to-table"
            raise QueryError("SEM002", "a table is wanted here, and this is a graph", expr.span, hint)
        return relation

    def table_or_graph(self, expr: syntax.Expr | syntax.Operator) -> plan.Node:
        """The table or graph that an expression stands for."""
        match expr:
            case syntax.Pipeline(source, operators):
                scope = self.starting_from(self.source)
                return scope.piped(scope.table_or_graph(source), operators)
            case syntax.Operator():
                return self._bound(expr, None)
            case syntax.ImplicitSource():
                return self._implicit(expr)
            case syntax.Name(name):
                return self._table(name, expr)
            case syntax.Call():
                return self._tabular_call(expr)
            case syntax.Member(target, name):
                return self._qualified(target, name, expr)
            case syntax.MemberCall(target, call):
                return self._tabular_call(call) if self.is_here(target) else self._qualified(target, call.name, expr)
            case syntax.Named(_, value):
                return self.table_or_graph(value)
            case syntax.Wildcard(pattern):
                matching = self.tables_like(pattern)
                raise QueryError(
                    "SEM005", f"'{pattern}' stands for {len(matching)} tables", expr.span, "use union to read several tables"
                )
            case _:
                raise QueryError("SEM002", "a table is wanted here, and this is a value", expr.span)

    def starting_from(self, rows: plan.Node | None) -> Scope:
        """A scope inside this one for a sub-query; without a source of its own it starts from these rows."""
        inner = Scope(self.session, self)
        inner.source = rows
        return inner

    def piped(self, node: plan.Node, operators: Iterable[syntax.Operator]) -> plan.Node:
        """What operators make of a relation, one after the other.

        Raises:
            QueryError: SEM002 for an operator on tables behind a graph, or one on graphs behind a table.
        """
        for operator in operators:
            if is_graph(node) is not operator.takes_graph:
                wanted, given = ("graph", "table") if operator.takes_graph else ("table", "graph")
                hint = "make one with make-graph" if operator.takes_graph else "get one with graph-match or graph-to-table"
                raise QueryError("SEM002", f"a {wanted} is wanted here, and this is a {given}", operator.span, hint)
            try:
                node = self._bound(operator, node)
            except QueryError:
                # Before a cursor much may be wrong: what an operator does with a mistake in it is left out.
                if (cursor := self.environment.cursor) is None:
                    raise
                # The operators of a function that is called are elsewhere, or before.
                if operator.span.end > cursor.position and not self.session.depth:
                    raise ReachedError(self.over(node), "value") from None
        return node

    def _bound(self, operator: syntax.Operator, source: plan.Node | None) -> plan.Node:
        """What an operator makes of a relation; its errors have a place at least as good as the operator's."""
        try:
            operator.check_words(getattr(operator, "parameters", ()))
            return operator.bind(source, self)
        except QueryError as error:
            raise error.at(operator.span) from error.__cause__

    def _implicit(self, expr: syntax.Expr) -> plan.Node:
        if self.source is None:
            raise QueryError("SEM005", "a table is missing before this operator", expr.span)
        return self.source

    def _table(self, name: str, expr: syntax.Expr) -> plan.Node:
        meaning = self.meaning(name)
        if isinstance(meaning, UserFunction):
            meaning = self.invoke(meaning, syntax.Call(name, (), span=expr.span))
        if isinstance(meaning, plan.Node):
            return meaning
        if meaning is not None:
            raise QueryError("SEM002", f"a table is wanted here, and '{name}' is a value", expr.span)
        return self._stored(name, expr)

    def _table_called(self, name: plan.Literal, call: syntax.Call) -> plan.Node:
        """The table of a computed name, which is not known while nothing can be computed."""
        if name.value is None:
            self.session.open = True
            return plan.Refused((), "table() wants the name of a table", None, call.span)
        return self._table(str(name.value), call)

    def _stored(self, name: str, expr: syntax.Expr) -> plan.Node:
        if name in self.tables:
            return self.scan(name)
        error = self.unknown("table", name, expr.span)
        if self.environment.cursor is None:
            raise error
        return plan.Refused((), error.message, None, expr.span)

    def scan(self, name: str) -> plan.Node:
        """What the caller may read of a stored table, within the time span of the query if it has a TimeGenerated."""
        stored = self.environment.snapshot(name) if self.environment.snapshot is not None else None
        scan = permitted(plan.Scan(name, self.tables[name], stored=stored), self)
        time = Column("TimeGenerated", Type.DATETIME)
        if self.environment.timespan is None or time not in scan.columns:
            return scan
        start, end = self.environment.timespan
        node = scan
        for operator, bound in ((">=", start), ("<", end)):
            if bound is not None:
                test = overloads.call(FUNCTIONS[operator], (plan.ColumnRef(*time), plan.Literal(Type.DATETIME, bound)), NOWHERE)
                node = filtered(node, test)
        return node

    def tables_like(self, pattern: str) -> list[str]:
        """Names of tables and tabular variables that fit a pattern with stars, in order of name."""
        names = {*self.tables, *(name for name, meaning in self.visible().items() if is_table(meaning))}
        return sorted(name for name in names if fits(name, pattern))

    def _tabular_call(self, call: syntax.Call) -> plan.Node:
        meaning = self.meaning(call.name)
        if isinstance(meaning, Pattern):
            meaning = pattern_case(meaning, call)
        if isinstance(meaning, UserFunction):
            result = self.invoke(meaning, call)
            if isinstance(result, plan.Node):
                return result
            raise QueryError("SEM002", f"a table is wanted here, and {call.name}() gives a value", call.span)
        match call.name:
            case "materialize" | "totable" | "view" if len(call.arguments) == 1:
                return plan.Named(self.session.unique(f"${call.name}"), self.relation(call.arguments[0]))
            case "table" if call.arguments:
                return self._table_called(self.constant(call.arguments[0], Type.STRING), call)
            case "cluster" | "database" | "workspace" | "app" | "resource":
                raise QueryError("SEM005", f"{call.name}() is no table", call.span, f"write {call.name}(...).Table")
            case "graph":
                raise QueryError("ENG001", "graphs that are stored are not offered", call.span, "make one with make-graph")
            case _ if call.name in STORED_ELSEWHERE:
                hint = "use a table of this workspace, or files of its folder with externaldata"
                raise QueryError("ENG001", f"{call.name}() reads what Microsoft's service keeps", call.span, hint)
        function = FUNCTIONS.get(call.name)
        if function is None:
            raise self.unknown("function", call.name, call.name_span)
        if function.service is not None:
            raise QueryError("ENG001", f"{call.name}() is not offered", call.span, function.service)
        raise QueryError("SEM002", f"a table is wanted here, and {call.name}() gives a value", call.span)

    def _qualified(self, target: syntax.Expr, name: str, expr: syntax.Expr) -> plan.Node:
        """`pattern('x').path`, or `database('x').T`: other places than this workspace are not offered."""
        if isinstance(target, syntax.Call) and isinstance(self.variable(target.name), Pattern):
            path = syntax.Literal(Type.STRING, name, span=expr.span)
            return self._tabular_call(replace(target, arguments=(*target.arguments, path)))
        if self.is_here(target):
            return self._stored(name, expr)
        match target:
            case syntax.MemberCall(syntax.Call("cluster" as place, (_,)), syntax.Call("database", (_,))) | syntax.Call(
                "database" | "workspace" | "app" | "resource" as place, (_,)
            ):
                return self.beyond(f"{place}() reaches", name, expr.span)
            case syntax.Name(place) if isinstance(self.variable(place), Database):
                return self.beyond(f"'{place}' is a database", name, expr.span)
        hint = "write cluster('Name').database('Name').Table"
        raise QueryError("SEM002", "a table is wanted here, and this is a value", expr.span, hint)

    def beyond(self, what: str, table: str, span: Span) -> plan.Node:
        """A table of another place: its columns stay open, and it cannot be read."""
        self.session.open = True
        hint = f"use the table {table} of this workspace"
        return plan.Refused((), f"{what} beyond this workspace, which is not offered", hint, span)

    def is_here(self, expr: syntax.Expr) -> bool:
        """Whether an expression stands for this workspace as a database."""
        match expr:
            case syntax.Name(name):
                meaning = self.variable(name)
                return isinstance(meaning, Database) and meaning.here
            case syntax.Call("database", ()):
                return True
            case syntax.Call("database" | "workspace" as place, (argument,)):
                name = str(self.constant(argument, Type.STRING).value)
                return name in self.session.databases if place == "database" else name.lower() in self.environment.names
            case syntax.MemberCall(syntax.Call("cluster", (argument,)), database):
                return self.constant(argument, Type.STRING).value == CLUSTER and self.is_here(database)
            case _:
                return False

    def is_tabular(self, expr: syntax.Expr | syntax.Operator) -> bool:
        """Whether an expression stands for a table: decided by its form, and for a name by what it means."""
        match expr:
            case syntax.Operator() | syntax.ImplicitSource():
                return True
            case syntax.Pipeline(source, operators):
                return bool(operators) or self.is_tabular(source)
            case syntax.Name(name):
                if self.columns is not None and name in self.columns:
                    return False
                meaning = self.meaning(name)
                if isinstance(meaning, UserFunction):
                    return self._calls_tabular(name)
                return isinstance(meaning, plan.Node) or (meaning is None and name in self.tables)
            case syntax.Call(name):
                return name in TABULAR_FUNCTIONS or self._calls_tabular(name)
            case syntax.Member(syntax.Name() as target, name):
                return not name.startswith("$") and isinstance(self.variable(target.name), Database)
            case syntax.Member(target) | syntax.MemberCall(target):
                return isinstance(target, (syntax.Call, syntax.Member, syntax.MemberCall)) and self.is_tabular(target)
            case _:
                return False

    def _calls_tabular(self, name: str) -> bool:
        function = self.meaning(name)
        if isinstance(function, Pattern):
            return True
        if not isinstance(function, UserFunction) or function.body.result is None:
            return False
        inner = Scope(self.session, function.home)
        for parameter in function.body.parameters:
            if parameter.columns is not None:
                inner.define(parameter.name, plan.Values((), ()))
            elif parameter.type is not None:
                inner.define(parameter.name, plan.Literal(parameter.type, None))
        for statement in function.body.statements:
            if isinstance(statement, syntax.Let):
                tabular = not isinstance(statement.value, syntax.FunctionBody) and inner.is_tabular(statement.value)
                meaning: Variable = plan.Values((), ()) if tabular else plan.Literal(Type.DYNAMIC, None)
                if isinstance(statement.value, syntax.FunctionBody):
                    meaning = UserFunction(statement.value, inner)
                inner.define(statement.name, meaning)
        return inner.is_tabular(function.body.result)

    # -------------------------------------------------------------------------------------------------------- functions

    def let(self, statement: syntax.Let) -> None:
        """Give a name to a function, a table or a value."""
        name, value = statement.name, statement.value
        if name in self.variables:
            raise QueryError("SEM006", f"'{name}' is already declared", statement.name_span, "a name stands for one thing")
        if isinstance(value, syntax.FunctionBody):
            self.define(name, UserFunction(value, self))
            if self.environment.evaluate is None:
                self._rehearse(name, value)
        elif isinstance(value, syntax.EntityGroup):
            self.define(name, EntityGroup(value.entities))
        elif self.is_tabular(value):
            relation = self.table_or_graph(value)
            self.define(name, relation if is_graph(relation) else plan.Named(self.session.unique(name), relation))
        else:
            self.define(name, _limited(self._single(value), value.span))

    def _single(self, expr: syntax.Expr) -> plan.Value:
        """A value that a name can stand for."""
        value = self.value(expr)
        if isinstance(value, plan.Call) and len(overloads.result_columns(value)) > 1:
            hint = "use it in extend or project, where each column gets a name"
            raise QueryError("SEM002", f"{value.name}() gives several columns, and a name stands for one value", expr.span, hint)
        return value

    def _rehearse(self, name: str, body: syntax.FunctionBody) -> None:
        """Bind the body of a function over arguments that nobody knows, to find mistakes in one that is never called."""
        session = self.session
        before = session.open, session.render, session.calls, session.rehearsing
        session.rehearsing = True
        inner = Scope(session, self)
        for parameter in body.parameters:
            if parameter.default is not None:
                self._given(parameter, parameter.default, syntax.Call(name, (), span=body.span))
            columns = tuple(
                Column(found.name, found.type) for found in parameter.columns or () if isinstance(found, syntax.NameAndType)
            )
            tabular = parameter.columns is not None
            inner.define(
                parameter.name, plan.Values(columns, ()) if tabular else plan.Literal(parameter.type or Type.STRING, None)
            )
        self._result(body, inner)
        session.open, session.render, session.calls, session.rehearsing = before

    def _result(self, body: syntax.FunctionBody, inner: Scope) -> plan.Value | plan.Node | None:
        """What the body of a function gives in a scope that knows its parameters; None for a body of declarations only."""
        for statement in body.statements:
            if isinstance(statement, syntax.Let):
                inner.let(statement)
        if body.result is None:
            return None
        return inner.table_or_graph(body.result) if inner.is_tabular(body.result) else inner.value(body.result)

    def invoke(self, function: UserFunction, call: syntax.Call) -> plan.Value | plan.Node:
        """A user's function, written out at its call: parameters are the arguments, and nothing else of the caller is seen."""
        session = self.session
        if session.depth > MOST_NESTED:
            raise QueryError("LIM001", f"{call.name}() calls functions more than {MOST_NESTED} deep", call.span)
        if session.calls >= MOST_CALLS:
            raise QueryError("LIM001", f"functions are called more than {MOST_CALLS:,} times, one by the other", call.span)
        inner = Scope(self.session, function.home)
        body = function.body
        for parameter, argument in self._arguments(body, call):
            inner.define(parameter.name, self._given(parameter, argument, call))
        session.depth += 1
        session.calls += 1
        try:
            result = self._result(body, inner)
        except QueryError as error:
            if function.stored is None:
                raise
            raise error.within(function.stored.text).seen_at(call.span, function.stored.place) from error.__cause__
        finally:
            session.depth -= 1
        if result is None:
            raise QueryError("SEM005", f"{call.name}() has no result", call.span)
        return _limited(result, call.span) if isinstance(result, plan.Value) else result

    def _arguments(self, body: syntax.FunctionBody, call: syntax.Call) -> list[tuple[syntax.FunctionParameter, syntax.Expr]]:
        """Each parameter with its argument, by position and then by name, or its default."""
        by_name = {argument.names[0]: argument.value for argument in call.arguments if isinstance(argument, syntax.Named)}
        by_position = iter([argument for argument in call.arguments if not isinstance(argument, syntax.Named)])
        parameters = body.parameters
        unknown = [name for name in by_name if name not in {parameter.name for parameter in parameters}]
        if unknown or len(call.arguments) > len(parameters):
            wanted = ", ".join(parameter.name for parameter in parameters)
            what = f"has no parameter '{unknown[0]}'" if unknown else f"takes {len(parameters)} arguments"
            raise QueryError("SEM003", f"{call.name}() {what}", call.span, f"usage: {call.name}({wanted})")
        pairs = []
        for parameter in parameters:
            argument = by_name.get(parameter.name) or next(by_position, parameter.default)
            if argument is None:
                raise QueryError("SEM003", f"{call.name}() is called without '{parameter.name}'", call.span)
            pairs.append((parameter, argument))
        return pairs

    def _given(self, parameter: syntax.FunctionParameter, argument: syntax.Expr, call: syntax.Call) -> Variable:
        if parameter.columns is not None:
            relation = self.relation(argument)
            have = dict(relation.columns)
            for column in parameter.columns:
                if isinstance(column, syntax.NameAndType) and have.get(column.name) is not column.type and not self.session.open:
                    raise QueryError("SEM002", f"{call.name}() wants a table with {column.name}: {column.type}", argument.span)
            return relation
        value = self.value(argument)
        if parameter.type is None or value.type is parameter.type:
            return value
        if value.type is not Type.DYNAMIC and overloads.common_type([value.type, parameter.type]) is None:
            raise QueryError(
                "SEM002",
                f"'{parameter.name}' of {call.name}() is {parameter.type.one}, and this is {value.type.one}",
                argument.span,
            )
        return overloads.convert(value, parameter.type)


def _limited(value: plan.Value, span: Span) -> plan.Value:
    """A value that will be written out wherever its name stands.

    Raises:
        QueryError: LIM001 when it holds so many calls that those in which it stands several times would grow without end.
    """
    pending, calls = [value], 0
    while pending:
        match pending.pop():
            case plan.Call(_, _, arguments):
                pending += arguments
                calls += 1
            case plan.Cast(inner) | plan.Path(inner):
                pending.append(inner)
        if calls > MOST_CALLS:
            raise QueryError("LIM001", f"this comes to more than {MOST_CALLS:,} calls when it is written out", span)
    return value
