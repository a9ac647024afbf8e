"""The grammar's rules to syntax nodes: one method for each rule."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from kqlog.errors import NOWHERE, QueryError, Span
from kqlog.syntax import literals, nodes
from kqlog.syntax.hints import most_like
from kqlog.syntax.tables import Token
from kqlog.types import ALIASES, Type

MAX_OPERATORS = 400
"""Operators in one pipeline."""
MAX_CHAIN = 400
"""Operands in one expression such as `a + b + c`; more would be too deep for the steps that follow."""


def span_of(children: Any) -> Span:
    """From the first to the last thing that has a place."""
    start = next((span for child in children if (span := _place(child)) is not None), NOWHERE)
    end = next((span for child in reversed(children) if (span := _place(child)) is not None), NOWHERE)
    return Span(start.start, end.end)


def _place(child: Any) -> Span | None:
    if isinstance(child, Token):
        return Span(child.start, child.end)
    if isinstance(child, (nodes.Node, nodes.Operator, nodes.Word)):
        return child.span
    if isinstance(child, tuple) and child:
        return span_of(child)
    return None


def values_of(children: list[Any]) -> list[Any]:
    """The children that are no keywords or punctuation."""
    return [child for child in children if child.__class__ is not Token]


class Builder:
    """One method for each rule or alias of the grammar; a rule without a method is an operator.

    Every method gets all children, tokens as well, so that spans reach over keywords and brackets.
    """

    def __init__(self, load: Callable[[str], None]) -> None:
        self._load = load

    def __getattr__(self, rule: str) -> Callable[[list[Any]], Any]:
        return partial(self.build_operator, rule)

    def build_operator(self, rule: str, children: list[Any]) -> nodes.Operator:
        """The operator's class over the rule's values; NotOffered when it has no class."""
        if rule not in nodes.Operator.registry:
            self._load(rule)
        declared = nodes.Operator.registry.get(rule)
        if declared is None:
            return nodes.NotOffered(rule.strip("_").replace("_", "-"), span=span_of(children))
        return declared(*values_of(children), span=span_of(children))

    # Parts of any rule

    def listed(self, children: list[Any]) -> tuple[Any, ...]:
        return tuple(values_of(children))

    def only(self, children: list[Any]) -> Any:
        (value,) = values_of(children)
        return value

    def nothing(self, children: list[Any]) -> None:
        return None

    def text(self, children: list[Token]) -> nodes.Word:
        return nodes.Word(children[0], span_of(children))

    def tokens(self, children: list[Any]) -> tuple[Any, ...]:
        """Everything, where the words and marks themselves are the meaning."""
        return tuple(str(child) if isinstance(child, Token) else child for child in children)

    # Names and literals

    def name(self, children: list[Token]) -> nodes.Name:
        token = children[0]
        if token.type == "QUOTED_NAME":
            return nodes.Name(unquote_name(token), quoted=True, span=span_of(children))
        return nodes.Name(str(token), span=span_of(children))

    def name_text(self, children: list[Any]) -> str:
        (name,) = values_of(children)
        return name.name  # type: ignore[no-any-return]

    def wildcard(self, children: list[Token]) -> nodes.Wildcard:
        return nodes.Wildcard(str(children[0]), span=span_of(children))

    def number(self, children: list[Token]) -> nodes.Literal:
        return self._literal(children, lambda: literals.parse_number(children[0]))

    def boolean(self, children: list[Token]) -> nodes.Literal:
        return nodes.Literal(Type.BOOL, children[0].lower() == "true", span=span_of(children))

    def string(self, children: list[Token]) -> nodes.Literal:
        return self._literal(children, lambda: (Type.STRING, "".join(map(literals.parse_string, children))))

    def typed_literal(self, children: list[Token]) -> nodes.Expr:
        if literals.is_now(children[0]):
            return nodes.Call("now", (), span=span_of(children), name_span=span_of(children))
        return self._literal(children, lambda: literals.parse_typed(children[0]))

    def dynamic(self, children: list[Token]) -> nodes.Literal:
        body = children[0][children[0].index("(") + 1 : -1]
        return self._literal(children, lambda: (Type.DYNAMIC, literals.parse_dynamic(body)))

    def _literal(self, children: list[Token], read: Callable[[], tuple[Type, Any]]) -> nodes.Literal:
        span = span_of(children)
        try:
            type_, value = read()
        except literals.LiteralError as error:
            shown = children[0] if len(children[0]) <= 60 else f"{children[0][:57]}..."
            raise QueryError("SYN003", f"{shown} cannot be read: {error}", span) from None
        return nodes.Literal(type_, value, span=span)

    def value(self, children: list[Token]) -> str | nodes.Expr:
        """The value of an operator's parameter: a word, or a literal."""
        if children[0] == "-":
            return self.unary([children[0], self.number(children[1:])])
        match children[0].type:
            case "NAME" | "QUOTED_NAME":
                return nodes.Word(unquote_name(children[0]), span_of(children))
            case "NUMBER":
                return self.number(children)
            case "BOOL":
                return self.boolean(children)
            case "STRING":
                return self.string(children)
            case "DYNAMIC":
                return self.dynamic(children)
        return self.typed_literal(children)

    # Expressions

    def binary(self, children: list[Any]) -> nodes.Binary:
        left, token, right = children
        return nodes.Binary(" ".join(token.split()), left, right, span=left.span.to(right.span))

    def chain(self, children: list[Any]) -> nodes.Expr:
        """`a + b - c`, from the left."""
        self._check_depth(len(children) // 2, children)
        value: nodes.Expr = children[0]
        for token, right in zip(children[1::2], children[2::2], strict=True):
            value = nodes.Binary(str(token), value, right, span=value.span.to(right.span))
        return value

    def conjunction(self, children: list[Any]) -> nodes.Expr:
        return _balanced("and", children[::2])

    def disjunction(self, children: list[Any]) -> nodes.Expr:
        return _balanced("or", children[::2])

    def in_list(self, children: list[Any]) -> nodes.InList:
        value, token, _, items, _ = children
        return nodes.InList(str(token), value, items, span=span_of(children))

    def between(self, children: list[Any]) -> nodes.Between:
        value, token, _, low, _, high, _ = children
        return nodes.Between(str(token), value, low, high, span=span_of(children))

    def unary(self, children: list[Any]) -> nodes.Expr:
        """A sign. On a bare number it is part of the literal, as in the values of a datatable."""
        sign, value = children
        span = span_of(children)
        if isinstance(value, nodes.Literal) and value.span.start == sign.end and value.type in _SIGNED:
            number = value.value
            return nodes.Literal(value.type, -number if sign == "-" else number, span=span)  # type: ignore[operator]
        return nodes.Unary(str(sign), value, span=span)

    def path(self, children: list[Any]) -> nodes.Expr:
        self._check_depth(len(children), children)
        value: nodes.Expr = children[0]
        for suffix in children[1:]:
            value = suffix(value)
        return value

    def member(self, children: list[Any]) -> Callable[[nodes.Expr], nodes.Expr]:
        name = children[1]
        return lambda target: nodes.Member(target, name.name, span=target.span.to(name.span))

    def member_call(self, children: list[Any]) -> Callable[[nodes.Expr], nodes.Expr]:
        """`database('x').f(y)`: the function of another database, called with its own arguments."""
        call = children[1]
        return lambda target: nodes.MemberCall(target, call, span=target.span.to(call.span))

    def element(self, children: list[Any]) -> Callable[[nodes.Expr], nodes.Expr]:
        index, end = children[-2], children[-1]
        return lambda target: nodes.Element(target, index, span=Span(target.span.start, end.end))

    def _check_length(self, operators: list[Any], span: Span) -> None:
        if len(operators) > MAX_OPERATORS:
            raise QueryError("LIM001", f"more than {MAX_OPERATORS} operators in one pipeline", span)

    def _check_depth(self, depth: int, children: list[Any]) -> None:
        if depth > MAX_CHAIN:
            raise QueryError("LIM001", f"more than {MAX_CHAIN} operands in one expression", span_of(children))

    def parens(self, children: list[Any]) -> nodes.Expr:
        return children[1]  # type: ignore[no-any-return]

    def call(self, children: list[Any]) -> nodes.Call:
        name, _, arguments, _ = children
        return nodes.Call(name.name, arguments, span=span_of(children), name_span=name.span)

    def subquery_call(self, children: list[Any]) -> nodes.Call:
        name, _, query, _ = children
        return nodes.Call(str(name), (query,), span=span_of(children), name_span=span_of([name]))

    def assignment(self, children: list[Any]) -> nodes.Named:
        name, _, value = children
        return nodes.Named((name.name,), value, span=span_of(children))

    def tuple_assignment(self, children: list[Any]) -> nodes.Named:
        *targets, value = values_of(children)
        names = [target for target in targets if isinstance(target, nodes.Name)]
        if len(names) < len(targets):
            raise QueryError("SYN001", "only a name can stand left of =", span_of(targets))
        return nodes.Named(tuple(name.name for name in names), value, tupled=True, span=span_of(children))

    def type_literal(self, children: list[Token]) -> nodes.TypeLiteral:
        return nodes.TypeLiteral(type_of(children[2]), span=span_of(children))

    def table_type(self, children: list[Any]) -> nodes.TypeLiteral:
        columns = children[2] if isinstance(children[2], tuple) else ()
        return nodes.TypeLiteral(None, columns, span=span_of(children))

    def type_columns(self, children: list[Any]) -> tuple[nodes.NameAndType | nodes.Wildcard, ...]:
        return tuple(values_of(children))

    def column(self, children: list[Any]) -> nodes.NameAndType:
        name, _, type_ = children
        return nodes.NameAndType(name.name, type_of(type_), span=span_of(children))

    # Queries and parts of operators

    def query(self, children: list[Any]) -> nodes.Expr:
        source, *operators = values_of(children)
        if isinstance(source, nodes.Expr) and not operators:
            return source
        self._check_length(operators, span_of(children))
        return nodes.Pipeline(source, tuple(operators), span=span_of(children))

    def inner_query(self, children: list[Any]) -> nodes.Pipeline:
        span = span_of(children)
        self._check_length(children, span)
        return nodes.Pipeline(nodes.ImplicitSource(span=Span(span.start, span.start)), tuple(values_of(children)), span=span)

    def parameter(self, children: list[Any]) -> nodes.Parameter:
        name, value = children
        return nodes.Parameter(name[:-1].rstrip(), value, span=span_of(children))

    def sort_key(self, children: list[Any]) -> nodes.SortKey:
        order, nulls = _ordering(children[1:])
        return nodes.SortKey(children[0], order, nulls, span=span_of(children))

    reorder_item = sort_key

    def nulls(self, children: list[Token]) -> str:
        return str(children[1])

    def top_nested_level(self, children: list[Any]) -> nodes.TopNestedLevel:
        rows, of, others, (by, order, nulls) = values_of(children)
        return nodes.TopNestedLevel(rows, of, others, by, order, nulls, span=span_of(children))

    def top_nested_by(self, children: list[Any]) -> Any:
        return children[0], *_ordering(children[1:])

    def table_member(self, children: list[Any]) -> nodes.Expr:
        target, _, member = children
        span = span_of(children)
        match member:
            case nodes.Name():
                return nodes.Member(target, member.name, span=span)
            case nodes.Wildcard():
                return nodes.Member(target, member.pattern, span=span)
            case nodes.Call():
                return nodes.MemberCall(target, member, span=span)
        raise QueryError("SYN001", "a name should stand after the dot", member.span)

    def mv_item(self, children: list[Any]) -> nodes.MvItem:
        type_ = type_of(children[4]) if len(children) > 1 else None
        return nodes.MvItem(children[0], type_, span=span_of(children))

    def series_item(self, children: list[Any]) -> nodes.SeriesItem:
        return nodes.SeriesItem(*values_of(children), span=span_of(children))

    def series_range(self, children: list[Any]) -> tuple[Any, ...]:
        return *values_of(children), isinstance(children[0], Token)

    def make_series(self, children: list[Any]) -> nodes.Operator:
        *before, limits, by = children
        return self.build_operator("make_series", [*before, *limits, by])

    def scan_variable(self, children: list[Any]) -> nodes.ScanVariable:
        return nodes.ScanVariable(*values_of(children), span=span_of(children))

    def scan_step(self, children: list[Any]) -> nodes.ScanStep:
        name, output, condition, assignments = values_of(children)
        optional = "optional" in children[2:3]
        return nodes.ScanStep(name.name, optional, output, condition, assignments, span=span_of(children))

    def graph_node(self, children: list[Token]) -> nodes.GraphNode:
        name = str(children[1]) if len(children) > 2 else None
        return nodes.GraphNode(name, span=span_of(children))

    def graph_edge(self, children: list[Any]) -> nodes.GraphEdge:
        first, last = children[0], children[-1]
        direction = "<-" if first.startswith("<") else "->" if last.endswith(">") else "-"
        name = str(children[1]) if len(children) > 3 else None
        hops = children[-2] if len(children) > 1 else None
        return nodes.GraphEdge(name, direction, hops, span=span_of(children))

    def graph_hops(self, children: list[Token]) -> tuple[int, int] | None:
        if not children:
            return None
        least, most = (self.number([child]).value for child in (children[1], children[3]))
        if not isinstance(least, int) or not isinstance(most, int):
            raise QueryError("SYN001", "the lengths of a path are whole numbers", span_of(children))
        return least, most

    def graph_output(self, children: list[Any]) -> nodes.GraphOutput:
        return nodes.GraphOutput(str(children[0]), *values_of(children), span=span_of(children))

    def find_projection(self, children: list[Any]) -> nodes.FindProjection:
        return nodes.FindProjection(str(children[0]), *values_of(children), span=span_of(children))

    def render_properties(self, children: list[Any]) -> tuple[nodes.Parameter, ...]:
        """Properties, where the names after `ycolumns = a` belong to its list."""
        properties: list[nodes.Parameter] = []
        for child in children:
            if isinstance(child, nodes.Parameter):
                properties.append(child)
            elif isinstance(child, Token) and child.type != "NAME":
                continue
            elif not properties:
                raise QueryError("SYN001", f"'{child}' is no property; a property is name = value", span_of(children))
            else:
                last = properties[-1]
                listed = last.value if isinstance(last.value, tuple) else (last.value,)
                properties[-1] = nodes.Parameter(last.name, (*listed, str(child)), span=last.span)
        return tuple(properties)

    def by_property(self, children: list[Token]) -> nodes.Parameter:
        return nodes.Parameter("by", (str(children[1]),), span=span_of(children))

    # Statements

    def script(self, children: list[Any]) -> nodes.Script:
        return nodes.Script(children[0], span=span_of(children))

    def query_statement(self, children: list[Any]) -> nodes.Query:
        return nodes.Query(children[0], span=span_of(children))

    def let(self, children: list[Any]) -> nodes.Let:
        _, name, _, value = children
        return nodes.Let(name.name, value, span=span_of(children), name_span=name.span)

    def set_option(self, children: list[Any]) -> nodes.SetOption:
        name, *value = values_of(children)
        return nodes.SetOption(name.name, *value, span=span_of(children))

    def query_parameters(self, children: list[Any]) -> nodes.QueryParameters:
        (parameters,) = values_of(children)
        return nodes.QueryParameters(parameters, span=span_of(children))

    def alias_statement(self, children: list[Any]) -> nodes.AliasDatabase:
        name, database = values_of(children)
        return nodes.AliasDatabase(name.name, database, span=span_of(children))

    def pattern_statement(self, children: list[Any]) -> nodes.DeclarePattern:
        name, *definition = values_of(children)
        return nodes.DeclarePattern(name.name, *(definition[0] if definition else ()), span=span_of(children))

    def pattern_definition(self, children: list[Any]) -> tuple[Any, ...]:
        parameters, *rest = values_of(children)
        paths = [part for part in rest if isinstance(part, nodes.FunctionParameter)]
        return (*parameters, *paths), tuple(rest[len(paths) :])

    def pattern_path(self, children: list[Any]) -> nodes.FunctionParameter:
        _, name, _, type_, _ = children
        return nodes.FunctionParameter(name.name, type_of(type_), span=span_of(children))

    def pattern_case(self, children: list[Any]) -> nodes.PatternCase:
        values, *path, body = values_of(children)
        paths = [nodes.Literal(Type.STRING, name.name, span=name.span) for name in path]
        return nodes.PatternCase((*values, *paths), body, span=span_of(children))

    def restrict_statement(self, children: list[Any]) -> nodes.RestrictAccess:
        entities, _ = values_of(children)
        return nodes.RestrictAccess(entities, span=span_of(children))

    def entity_group(self, children: list[Any]) -> nodes.EntityGroup:
        (entities,) = values_of(children)
        return nodes.EntityGroup(entities, span=span_of(children))

    def body(self, children: list[Any]) -> nodes.FunctionBody:
        (statements,) = children
        *before, last = statements or (None,)
        result = last.value if isinstance(last, nodes.Query) else None
        if last is not None and result is None:
            before.append(last)
        return nodes.FunctionBody((), tuple(before), result, span=span_of(children))

    def function(self, children: list[Any], view: bool = False) -> nodes.FunctionBody:
        parameters, body = values_of(children)
        return nodes.FunctionBody(parameters, body.statements, body.result, view, span=span_of(children))

    def view(self, children: list[Any]) -> nodes.FunctionBody:
        return self.function(children, view=True)

    def function_parameter(self, children: list[Any]) -> nodes.FunctionParameter:
        name, type_ = children[0], children[2]
        default = children[4] if len(children) > 3 else None
        return nodes.FunctionParameter(unquote_name(name), type_of(type_), None, default, span=span_of(children))

    def table_parameter(self, children: list[Any]) -> nodes.FunctionParameter:
        columns = children[3] if isinstance(children[3], tuple) else ()
        return nodes.FunctionParameter(unquote_name(children[0]), None, columns, span=span_of(children))


_SIGNED = frozenset({Type.LONG, Type.REAL, Type.TIMESPAN})


def _ordering(children: list[Any]) -> tuple[str | None, str | None]:
    """The order and place of nulls: the order is a token, the nulls are already text."""
    order = next((str(child) for child in children if isinstance(child, Token)), None)
    nulls = next((child for child in children if not isinstance(child, Token)), None)
    return order, nulls


def _balanced(operator: str, operands: list[nodes.Expr]) -> nodes.Expr:
    """`a and b and c` as a tree of little depth: thousands of conditions in a row are not unusual."""
    if len(operands) == 1:
        return operands[0]
    middle = (len(operands) + 1) // 2
    left, right = _balanced(operator, operands[:middle]), _balanced(operator, operands[middle:])
    return nodes.Binary(operator, left, right, span=left.span.to(right.span))


def unquote_name(token: Token) -> str:
    """The name in `['a name']`, or the bare name itself."""
    return literals.parse_string(token[1:-1].strip()) if token[0] == "[" else str(token)


def type_of(token: Token) -> Type:
    """The type that a word names. Raises QueryError SYN001 for any other word."""
    if (type_ := ALIASES.get(token)) is None:
        meant = most_like(token, [str(known) for known in Type])
        raise QueryError("SYN001", f"no type named '{token}'", span_of([token]), meant=meant)
    return type_
