"""A whole text to a typed plan: statements in order, and a result for each query among them."""

from __future__ import annotations

from dataclasses import replace

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.graphs import graph_of, is_graph, properties
from kqlog.plan.lookup import Environment, ReachedError, Session
from kqlog.plan.query_parameters import parameter_literal
from kqlog.plan.restricting import restricted
from kqlog.plan.scope import Scope
from kqlog.plan.statements import declared_pattern, limited, set_option
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Type


def bind(script: syntax.Script, environment: Environment, found: list[QueryError] | None = None) -> plan.Plan:
    """The typed plan of a parsed text. One that only declares things has no outputs.

    With a list for what is `found` wrong, errors of statements that no other needs go there, and binding goes on.

    Raises:
        QueryError: SEM codes for names and types, ENG001 for what KQL has and kqlog does not offer.
    """
    _check_parameters(script, environment)
    session = Session(environment, open=environment.cursor is not None)
    scope = Scope(session)
    outputs: list[plan.Output] = []
    for statement in script.statements:
        try:
            scope = _declared(statement, scope, outputs)
        except QueryError as error:
            error.at(statement.span)
            if (cursor := environment.cursor) is not None:
                if statement.span.end > cursor.position:
                    raise ReachedError(scope, "value") from None
                continue
            if found is None or not _stands_alone(statement):
                raise
            found.append(error)
    if not script.statements:
        raise QueryError("SYN001", "there is no query here", script.span)
    return plan.Plan(tuple(outputs))


def _stands_alone(statement: syntax.Statement) -> bool:
    """Whether a mistake in a statement leaves those after it as they are: a query, and a function, whose name is known."""
    match statement:
        case syntax.Query() | syntax.Let(_, syntax.FunctionBody()):
            return True
        case _:
            return False


def _declared(statement: syntax.Statement, scope: Scope, outputs: list[plan.Output]) -> Scope:
    """The scope after a statement, which adds its results to `outputs`."""
    match statement:
        case syntax.Let():
            scope.let(statement)
        case syntax.Query(value):
            before = scope.session.open
            outputs += _outputs(scope, value)
            scope.session.open = before
        case syntax.QueryParameters(parameters):
            _declare_parameters(scope, parameters)
        case syntax.SetOption():
            set_option(statement, scope)
        case syntax.DeclarePattern(name):
            scope.define(name, declared_pattern(statement, scope))
        case syntax.AliasDatabase(name, database):
            if scope.is_here(database):
                scope.session.databases.add(name)
        case syntax.RestrictAccess():
            return restricted(statement, scope)
    return scope


def _check_parameters(script: syntax.Script, environment: Environment) -> None:
    """Raises QueryError SEM001 for a value given to a parameter that the text does not declare."""
    declarations = [statement for statement in script.statements if isinstance(statement, syntax.QueryParameters)]
    names = [parameter.name for declaration in declarations for parameter in declaration.parameters]
    for name in environment.parameters:
        if name not in names:
            hint = f"it declares {', '.join(names)}" if names else f"declare query_parameters({name}: string);"
            raise QueryError("SEM001", f"the query declares no parameter '{name}'", hint=hint)


def _outputs(scope: Scope, value: syntax.Expr) -> tuple[plan.Output, ...]:
    session = scope.session
    session.render = None
    inner = Scope(session, scope)
    if isinstance(value, syntax.Pipeline) and value.operators:
        *before, last = value.operators
        relation = inner.piped(inner.table_or_graph(value.source), before)
        if (several := last.results(relation, inner)) is not None:
            return tuple(replace(output, relation=limited(output.relation, scope)) for output in several)
        relation = inner.piped(relation, [last])
    elif scope.is_tabular(value) or (isinstance(value, syntax.Name) and scope.variable(value.name) is None):
        relation = inner.table_or_graph(value)
    else:
        single = inner.value(value)
        relation = plan.Project(plan.Values((), ((),)), (plan.Item("print_0", single),))
    if is_graph(relation):
        graph = graph_of(relation)
        tables = [plan.Project(rows, shown) for rows in (graph.nodes, graph.edges) if (shown := _properties(rows))]
        return tuple(plan.Output(limited(table, scope), session.render, open=session.open) for table in tables)
    return (plan.Output(limited(relation, scope), session.render, open=session.open),)


def _properties(rows: plan.Node) -> tuple[plan.Item, ...]:
    return tuple(plan.Item(found.name, plan.ColumnRef(*found)) for found in properties(rows))


def _declare_parameters(scope: Scope, parameters: tuple[syntax.FunctionParameter, ...]) -> None:
    """Query parameters: the caller's values, read as the declared types, or the defaults."""
    given = scope.environment.parameters
    for parameter in parameters:
        type_ = parameter.type or Type.STRING
        if parameter.name in given:
            scope.define(parameter.name, parameter_literal(given[parameter.name], type_, parameter.name))
        elif parameter.default is not None:
            scope.define(parameter.name, overloads.convert(scope.constant(parameter.default), type_))
        elif scope.environment.evaluate is None:
            scope.define(parameter.name, plan.Literal(type_, None))
        else:
            raise QueryError(
                "SEM001", f"the query parameter '{parameter.name}' has no value", parameter.span, f"pass {parameter.name}=..."
            )


def result_columns(output: plan.Output) -> tuple[Column, ...]:
    """Names and types of a result, in order."""
    return output.relation.columns
