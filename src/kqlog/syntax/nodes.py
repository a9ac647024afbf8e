"""What the parser makes of a text: expressions, pipelines and statements, every one with its span.

Operators (`where`, `summarize` ...) are declared in `kqlog.operators`, one file each, on the base class `Operator` here.
Literals carry Python values: bool, int, float, Decimal, str; datetime and timespan as int ticks (100 ns),
guid as lower-case text, dynamic as JSON text; None is the null of the type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from kqlog.errors import NOWHERE, QueryError, Span
from kqlog.syntax.hints import most_like
from kqlog.types import Type

if TYPE_CHECKING:
    from decimal import Decimal

    from kqlog.plan import nodes as plan
    from kqlog.plan.scope import Scope

LiteralValue = "bool | int | float | Decimal | str | None"


@dataclass(frozen=True, slots=True)
class Node:
    """Anything with a place in the text; the place does not count when two nodes are compared."""

    span: Span = field(default=NOWHERE, compare=False, kw_only=True)


class Word(str):
    """A word of the text that is its own meaning, such as a kind of chart, with its place."""

    __slots__ = ("span",)
    span: Span

    def __new__(cls, text: str, span: Span = NOWHERE) -> Word:
        """The word that a text is."""
        word = super().__new__(cls, text)
        word.span = span
        return word


class Expr(Node):
    """Anything that can stand where a value can."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Name(Expr):
    """A column, variable, table or function. `quoted`: written as ['...'], so never a keyword."""

    name: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Wildcard(Expr):
    """`*`, or a name with stars in it such as `Time*`."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Literal(Expr):
    """A constant of a known type."""

    type: Type
    value: bool | int | float | Decimal | str | None


@dataclass(frozen=True, slots=True)
class TypeLiteral(Expr):
    """`typeof(long)` as an argument; `columns` when it lists columns as in `typeof(a:long, *)`."""

    type: Type | None
    columns: tuple[NameAndType | Wildcard, ...] = ()


@dataclass(frozen=True, slots=True)
class Member(Expr):
    """`target.name`."""

    target: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Element(Expr):
    """`target[index]`."""

    target: Expr
    index: Expr


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """`name(arguments)`; an argument may be a Named (`f(x=1)`), a Wildcard, or a Subquery."""

    name: str
    arguments: tuple[Expr, ...]
    name_span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class MemberCall(Expr):
    """`target.name(arguments)`, such as `cluster('x').database('y')`."""

    target: Expr
    call: Call


@dataclass(frozen=True, slots=True)
class Unary(Expr):
    """`-value` or `+value`."""

    operator: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Binary(Expr):
    """Two values and an operator by its KQL spelling: `+`, `==`, `and`, `has`, `!contains_cs`, `matches regex` ..."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class InList(Expr):
    """`value in (items)`: in, !in, in~, !in~, has_any, has_all. An item may be a Subquery or an array."""

    operator: str
    value: Expr
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Between(Expr):
    """`value between (low .. high)`, or `!between`."""

    operator: str
    value: Expr
    low: Expr
    high: Expr


@dataclass(frozen=True, slots=True)
class Named(Expr):
    """`name = value`, or `(a, b) = value` for a value of several columns."""

    names: tuple[str, ...]
    value: Expr
    tupled: bool = False


@dataclass(frozen=True, slots=True)
class NameAndType(Expr):
    """`name: type`, in schemas and parameters."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class ImplicitSource(Expr):
    """The rows that an inner query starts from without saying so, as in `mv-apply x on (top 1 by x)`."""


@dataclass(frozen=True, slots=True)
class Pipeline(Expr):
    """`source | operator | operator`. The source is a Name, Call, Member, a leading Operator, or another Pipeline."""

    source: Expr | Operator
    operators: tuple[Operator, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """One operator parameter: `kind=leftouter`, `hint.strategy=shuffle`, `withsource=T`.

    `value` is a word, an expression, or the names of a list such as `ycolumns=a, b`.
    """

    name: str
    value: str | Expr | tuple[str, ...]

    @property
    def word(self) -> str:
        """The value as a word, whether it is one, a name or a literal."""
        value = self.value
        return value.name if isinstance(value, Name) else str(value.value if isinstance(value, Literal) else value)


@dataclass(frozen=True, slots=True)
class SortKey(Node):
    """A sort expression. `order` is 'asc', 'desc' or None; `nulls` is 'first', 'last' or None."""

    value: Expr
    order: str | None = None
    nulls: str | None = None


@dataclass(frozen=True, slots=True)
class MvItem(Node):
    """One expression of `mv-expand` or `mv-apply`; `type` is that of `to typeof(...)`."""

    value: Expr
    type: Type | None = None


@dataclass(frozen=True, slots=True)
class SeriesItem(Node):
    """One aggregate of `make-series`; `default` fills the steps that have no rows."""

    value: Expr
    default: Expr | None = None


@dataclass(frozen=True, slots=True)
class TopNestedLevel(Node):
    """One level of `top-nested`. `rows` None keeps all values; `others` names the row of all that are left out."""

    rows: Expr | None
    of: Expr
    others: Expr | None
    by: Expr
    order: str | None = None
    nulls: str | None = None


@dataclass(frozen=True, slots=True)
class ScanVariable(Node):
    """A column that `scan` declares; a record has `default` in it, or null, where no step assigns it."""

    column: NameAndType
    default: Expr | None = None


@dataclass(frozen=True, slots=True)
class ScanStep(Node):
    """One step of `scan`. `output` is 'all', 'last', 'none' or None."""

    name: str
    optional: bool
    output: Parameter | None
    condition: Expr
    assignments: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class GraphNode(Node):
    """`(name)` in a graph pattern; None for `()`."""

    name: str | None


@dataclass(frozen=True, slots=True)
class GraphEdge(Node):
    """An edge in a graph pattern. `direction` is '->', '<-' or '-'; `hops` is (least, most) of `*1..3`."""

    name: str | None
    direction: str
    hops: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class GraphOutput(Node):
    """One table of `graph-to-table`: `kind` is 'nodes' or 'edges'."""

    kind: str
    name: str | None
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class FindProjection(Node):
    """The columns that `find` gives: `kind` is 'project', 'project-smart' or 'project-away'."""

    kind: str
    items: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionParameter(Node):
    """A parameter of a `let` function: a scalar type with a default, or a table's columns.

    `columns` is None for a scalar, the listed columns for `T: (a: long)`, and `(Wildcard('*'),)` for `T: (*)`.
    """

    name: str
    type: Type | None
    columns: tuple[NameAndType | Wildcard, ...] | None = None
    default: Expr | None = None


@dataclass(frozen=True, slots=True)
class FunctionBody(Expr):
    """`(parameters) { statements; expression }`, the value of a `let` that declares a function."""

    parameters: tuple[FunctionParameter, ...]
    statements: tuple[Statement, ...]
    result: Expr | None
    view: bool = False


@dataclass(frozen=True, slots=True)
class EntityGroup(Expr):
    """`entity_group [entity, ...]`: tables or databases, for macro-expand."""

    entities: tuple[Expr, ...]


class Statement(Node):
    """One of the `;`-separated parts of a query."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Let(Statement):
    """`let name = value`."""

    name: str
    value: Expr
    name_span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class SetOption(Statement):
    """`set option` or `set option = value`."""

    name: str
    value: Expr | None = None


@dataclass(frozen=True, slots=True)
class QueryParameters(Statement):
    """`declare query_parameters(name: type = default, ...)`."""

    parameters: tuple[FunctionParameter, ...]


@dataclass(frozen=True, slots=True)
class PatternCase(Node):
    """`('value', ...).path = { body }`; the path is the last of `values`."""

    values: tuple[Expr, ...]
    body: FunctionBody


@dataclass(frozen=True, slots=True)
class DeclarePattern(Statement):
    """`declare pattern name = (parameter: string)[path: string] { cases }`; the path is the last of `parameters`."""

    name: str
    parameters: tuple[FunctionParameter, ...] = ()
    cases: tuple[PatternCase, ...] = ()


@dataclass(frozen=True, slots=True)
class AliasDatabase(Statement):
    """`alias database name = cluster('...').database('...')`."""

    name: str
    database: Expr


@dataclass(frozen=True, slots=True)
class RestrictAccess(Statement):
    """`restrict access to (entity, ...)`: what the statements after it can see."""

    entities: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Query(Statement):
    """A statement that gives a result."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Script(Node):
    """A whole text."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Operator:
    """Base of every tabular operator. A subclass registers itself under the name of its grammar rule.

    The rule's children, in the order of the text, are the fields in order of declaration. The docstring is what
    help shows; `syntax` is its usage line; `examples` are queries that stand alone.
    """

    rule: ClassVar[str]
    syntax: ClassVar[str]
    examples: ClassVar[tuple[str, ...]] = ()
    differs: ClassVar[str] = ""
    """What differs from Kusto on purpose, and why."""
    service: ClassVar[str | None] = None
    """For what only Microsoft's service can do: what to use instead."""
    takes_graph: ClassVar[bool] = False
    """Whether it works on what make-graph gives, not on a table."""
    words: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
    """Its parameters, and the words that each may be (none: any value). Without any, they are not looked at here."""
    registry: ClassVar[dict[str, type[Operator]]] = {}

    span: Span = field(default=NOWHERE, compare=False, kw_only=True)

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if cls.rule in Operator.registry:
            raise TypeError(f"two operators for the rule {cls.rule!r}")
        Operator.registry[cls.rule] = cls

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        """The plan of this operator over `source` (None when it leads a query)."""
        raise NotImplementedError

    def results(self, source: plan.Node | None, scope: Scope) -> tuple[plan.Output, ...] | None:
        """All results, for an operator that ends a query with several; None for all others."""
        return None

    def check_words(self, parameters: tuple[Parameter, ...]) -> None:
        """Look at the names of the parameters and at the words that they are; hints to the service may be any.

        Raises:
            QueryError: SEM003 for a parameter that the operator does not have, SEM002 for another word.
        """
        for parameter in parameters:
            if not self.words or parameter.name.startswith("hint."):
                continue
            allowed = self.words.get(parameter.name)
            if allowed is None:
                hint = f"it has {', '.join(self.words)}"
                raise QueryError("SEM003", f"{self.spelling} has no parameter '{parameter.name}'", parameter.span, hint)
            if allowed and parameter.word not in allowed:
                message = f"'{parameter.name}' of {self.spelling} is one of {', '.join(allowed)}"
                if isinstance(parameter.value, Word):
                    raise QueryError("SEM002", message, parameter.value.span, meant=most_like(parameter.value, allowed))
                raise QueryError("SEM002", message, parameter.span)

    @property
    def spelling(self) -> str:
        """The operator's name in a query."""
        return self.rule.replace("_", "-")

    def required(self, source: plan.Node | None) -> plan.Node:
        """`source`, for an operator that cannot lead a query.

        Raises:
            QueryError: SEM005 when there is none.
        """
        if source is None:
            raise QueryError("SEM005", f"'{self.spelling}' needs a table before it", self.span)
        return source


@dataclass(frozen=True)
class NotOffered(Operator):
    """An operator that is read and not executed."""

    rule: ClassVar[str] = "not_offered"
    syntax: ClassVar[str] = ""
    construct: str = ""

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        """Refuse, by the name of the construct."""
        raise QueryError("ENG001", f"'{self.construct}' is not offered yet", self.span)
