"""The typed plan: what a query does, with every name resolved and every type known. Engines know this and nothing before it.

Values compute one cell from a row; relations are tables. All are immutable. A relation's `columns` are its schema; column
names in one relation are unique, and case matters. `Sort` is the only node that makes an order; Filter, Project, Extend,
Limit, Window and Unnest keep it, and the engine repeats it in what it finally selects. Columns that follow from a source are
worked out once, which needs a dict: nodes that have such columns have no slots.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from kqlog.errors import Span
from kqlog.functions.declare import Function, Signature
from kqlog.plan.stored import Bound, Stored
from kqlog.types import Column, Schema, Type

Constant = bool | int | float | Decimal | str | None

# ---------------------------------------------------------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column of the row at hand, by name."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class OpenRef(ColumnRef):
    """A column of which only the data knows whether it is there and what it holds: it stands for any type."""


@dataclass(frozen=True, slots=True)
class OuterRef:
    """A column of the row that an enclosing Apply is at."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: ticks for datetime and timespan, JSON text for dynamic, None for null."""

    type: Type
    value: Constant


@dataclass(frozen=True, slots=True)
class Call:
    """A declared function applied to arguments that already have the types its signature wants."""

    function: Function
    signature: Signature
    arguments: tuple[Value, ...]
    type: Type

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.name

    def bound(self) -> dict[str, Value | tuple[Value, ...]]:
        """Arguments by parameter name; a repeated parameter has a tuple of all that is left."""
        named: dict[str, Value | tuple[Value, ...]] = {}
        for position, parameter in enumerate(self.signature.parameters):
            if parameter.repeated:
                named[parameter.name] = self.arguments[position:]
            elif position < len(self.arguments):
                named[parameter.name] = self.arguments[position]
        return named


@dataclass(frozen=True, slots=True)
class Cast:
    """A conversion, as by tolong(), tostring() ...: null where it fails."""

    value: Value
    type: Type


@dataclass(frozen=True, slots=True)
class Path:
    """A part of a dynamic value: each step is a key, a position (negative from the end), or a computed one of either."""

    value: Value
    steps: tuple[str | int | Value, ...]
    type: Type = Type.DYNAMIC


@dataclass(frozen=True, slots=True)
class ScalarQuery:
    """The first column of the first row of a relation (toscalar); null when it has none."""

    relation: Node
    type: Type


@dataclass(frozen=True, slots=True)
class InQuery:
    """Whether a value is among the first column of a relation. `fold_case`: `in~`. Null is never in."""

    value: Value
    relation: Node
    fold_case: bool = False
    type: Type = Type.BOOL


Value = ColumnRef | OuterRef | Literal | Call | Cast | Path | ScalarQuery | InQuery

# ------------------------------------------------------------------------------------------------------------- relations


@dataclass(frozen=True, slots=True)
class Item:
    """A computed column."""

    name: str
    value: Value

    @property
    def column(self) -> Column:
        """Name and type."""
        return Column(self.name, self.value.type)


@dataclass(frozen=True, slots=True)
class Scan:
    """A stored table, of which an engine reads the columns that are mentioned. The filters above say what `bounds` say, too."""

    table: str
    columns: Schema
    bounds: tuple[Bound, ...] = ()
    stored: Stored | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Values:
    """Rows written in the query. Row order is kept."""

    columns: Schema
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True)
class Range:
    """One column that counts from `start` to at most `stop` (inclusive) by `step`, in order."""

    column: Column
    start: Value
    stop: Value
    step: Value

    @cached_property
    def columns(self) -> Schema:
        """The one column."""
        return (self.column,)


@dataclass(frozen=True)
class Filter:
    """The rows for which `predicate` is true (neither false nor null)."""

    source: Node
    predicate: Value

    @cached_property
    def columns(self) -> Schema:
        """Those of the source."""
        return self.source.columns


@dataclass(frozen=True)
class Project:
    """Exactly these columns, each computed from a row of the source."""

    source: Node
    items: tuple[Item, ...]

    @cached_property
    def columns(self) -> Schema:
        """One for each item."""
        return tuple([item.column for item in self.items])


@dataclass(frozen=True)
class Extend:
    """The source's columns and these: an item named as one of them replaces it in place, the others follow."""

    source: Node
    items: tuple[Item, ...]

    @cached_property
    def columns(self) -> Schema:
        """The source's, with the items in place or at the end."""
        merged = {column.name: column for column in self.source.columns}
        merged.update({item.name: item.column for item in self.items})
        return tuple(merged.values())


@dataclass(frozen=True)
class Aggregate:
    """A row for each distinct combination of the keys: the keys, then the aggregates.

    Without keys there is one row, even over no rows. An item's value is an expression whose aggregate Calls stand
    for the group and whose ColumnRefs name keys. No items: distinct.
    """

    source: Node
    keys: tuple[Item, ...]
    items: tuple[Item, ...]

    @cached_property
    def columns(self) -> Schema:
        """Keys, then items."""
        return tuple([item.column for item in self.keys + self.items])


@dataclass(frozen=True)
class ArgExtreme:
    """For each combination of the keys, the row where `by` is largest (or smallest): the keys, `items` of that row.

    Null `by` only wins where there is nothing else.
    """

    source: Node
    keys: tuple[Item, ...]
    by: Value
    largest: bool
    items: tuple[Item, ...]

    @cached_property
    def columns(self) -> Schema:
        """Keys, then items."""
        return tuple([item.column for item in self.keys + self.items])


@dataclass(frozen=True, slots=True)
class SortKey:
    """A value to sort by. KQL's default is descending with nulls last; ascending has them first."""

    value: Value
    descending: bool = True
    nulls_first: bool = False


@dataclass(frozen=True)
class Sort:
    """The rows in an order."""

    source: Node
    keys: tuple[SortKey, ...]

    @cached_property
    def columns(self) -> Schema:
        """Those of the source."""
        return self.source.columns


@dataclass(frozen=True)
class Limit:
    """The first rows in the order at hand, or any where there is none. `rows` is a constant."""

    source: Node
    rows: Value

    @cached_property
    def columns(self) -> Schema:
        """Those of the source."""
        return self.source.columns


class JoinKind(StrEnum):
    """KQL's join kinds."""

    INNER = "inner"
    INNERUNIQUE = "innerunique"
    LEFTOUTER = "leftouter"
    RIGHTOUTER = "rightouter"
    FULLOUTER = "fullouter"
    LEFTSEMI = "leftsemi"
    LEFTANTI = "leftanti"
    RIGHTSEMI = "rightsemi"
    RIGHTANTI = "rightanti"


@dataclass(frozen=True, slots=True)
class JoinColumn:
    """An output column of a join: `source` of the left or right side, under a new name."""

    name: str
    type: Type
    from_right: bool
    source: str


@dataclass(frozen=True)
class Join:
    """Rows that agree on every pair of `on` (left value, right value; null agrees with null), under `outputs`.

    A side without a row gives nulls ('' for strings). innerunique first keeps any one left row for each key.
    With no pairs every row meets every row.
    """

    left: Node
    right: Node
    kind: JoinKind
    on: tuple[tuple[Value, Value], ...]
    outputs: tuple[JoinColumn, ...]

    @cached_property
    def columns(self) -> Schema:
        """One for each output."""
        return tuple([Column(output.name, output.type) for output in self.outputs])


@dataclass(frozen=True, slots=True)
class Union:
    """All rows of sources that each have some of the columns; what a source lacks is null ('' for a string)."""

    sources: tuple[Node, ...]
    columns: Schema


@dataclass(frozen=True, slots=True)
class UnnestItem:
    """A dynamic value to take apart: the column it becomes, of the column's type; null for a number or bool of another type.

    An array gives its elements; a property bag single-entry bags, or `[key, value]` arrays with `pairs`; a scalar
    itself; null one null. Several items go in parallel, the shorter ones padded with null. A value that is not dynamic
    is a list of values of the column's type.
    """

    name: str
    value: Value
    type: Type
    pairs: bool = False


@dataclass(frozen=True, slots=True)
class Unnest:
    """A row for each element (mv-expand), with the source's columns: an item named as one of them replaces it in place.

    Rows whose items are all empty arrays or bags are dropped. `index`: a new long column with the position from 0.
    `limit`: at most so many rows from one.
    """

    source: Node
    items: tuple[UnnestItem, ...]
    index: str | None
    limit: Value | None
    columns: Schema


@dataclass(frozen=True)
class Window:
    """The source's columns, then window functions over its rows in their order.

    Each item's value is a Call of a window function. A source without an order keeps its rows as they come.
    """

    source: Node
    items: tuple[Item, ...]

    @cached_property
    def columns(self) -> Schema:
        """The source's, then one for each item."""
        return self.source.columns + tuple([item.column for item in self.items])


@dataclass(frozen=True)
class Sample:
    """Any `rows` rows, each as likely as the others."""

    source: Node
    rows: Value

    @cached_property
    def columns(self) -> Schema:
        """Those of the source."""
        return self.source.columns


@dataclass(frozen=True)
class Apply:
    """For each row of the source the rows of `body`, which may use OuterRefs to it: the `kept` columns, then the body's."""

    source: Node
    body: Node
    kept: tuple[str, ...]

    @cached_property
    def columns(self) -> Schema:
        """The kept ones, then the body's."""
        kept = {column.name: column for column in self.source.columns}
        return tuple([kept[name] for name in self.kept]) + self.body.columns


@dataclass(frozen=True)
class Named:
    """A relation that is used more than once under one name (let, as, materialize): computed once."""

    name: str
    source: Node

    @cached_property
    def columns(self) -> Schema:
        """Those of the source."""
        return self.source.columns


@dataclass(frozen=True, slots=True)
class External:
    """Files named in the query (externaldata). An engine reads them only inside the connected folder."""

    columns: Schema
    files: tuple[str, ...]
    format: str
    options: tuple[tuple[str, Constant], ...] = ()
    span: Span | None = field(default=None, compare=False)
    """Where the query names them."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What a query may name and no engine here can run, such as the table of another cluster: its columns, and what to say.

    It binds, so that a query with it can be checked; every engine refuses it with ENG001.
    """

    columns: Schema
    message: str
    hint: str | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Custom:
    """What no relational node says: a function "module.function" in `kqlog.plugins.kernels` from Arrow tables to one."""

    function: str
    sources: tuple[Node, ...]
    options: tuple[tuple[str, Constant], ...]
    columns: Schema


Node = (
    Scan
    | Values
    | Range
    | Filter
    | Project
    | Extend
    | Aggregate
    | ArgExtreme
    | Sort
    | Limit
    | Join
    | Union
    | Unnest
    | Window
    | Sample
    | Apply
    | Named
    | External
    | Refused
    | Custom
)


@dataclass(frozen=True, slots=True)
class Render:
    """What `render` asks for: the kind of chart, and its properties as text."""

    kind: str
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """One result of a query. `open`: the columns depend on the data (bag_unpack, pivot) and are known only after it ran."""

    relation: Node
    render: Render | None = None
    name: str | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All results of a text, in order."""

    outputs: tuple[Output, ...]
