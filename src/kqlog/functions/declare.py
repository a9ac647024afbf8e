"""How a function is declared, once, for the binder, the engines, help, the docs and the tests alike.

    scalar("substring", "Part of a string. The first character is number 0.",
        sig("(source: string, start: long) -> string", duckdb="substring({source}, {start} + 1)"),
        examples={"substring('abcdef', 1)": "bcdef"})

A signature's text is `(name: kind, ...) -> result`.

kind    a type (`long`), some types (`string|dynamic`), or a class of types: `scalar` (any), `number`, `integer`,
        `summable`, `orderable`, `notdynamic`, `array` and `bag` (dynamic values), `text` (any, handed over as its tostring()),
        `readable` (a string, or any dynamic value, handed over as a string),
        `packed` (any, handed over as a dynamic value), `series` (an array: a list of reals where it is held as one),
        `common` (all arguments of this kind are widened to one type), `type` (a typeof() argument), `table`, `star` (`*`).
        `const` before it wants a constant, `column` a plain column; `?` after the name makes it optional, `...` after the
        kind repeats it one or more times.
result  a type, the name of a parameter (its type), `common` (the type of the common arguments), `array`;
        `reals`, `longs`, `flags`: an array that the body gives as a list of such values, which becomes JSON where that is wanted;
        `series`: a list of reals when the first series came as one, else JSON;
        `columns(name: type, ...)` for a function of several columns, of which the body gives a dynamic array, or
        `record(name: type, ...)`, of which a Python body gives a struct, whose arrays are lists;
        `bag(name: type, ...)`: such a struct as one property bag.

A signature has one body, tried in this order: `kql` (an expression of the language over the parameters), `sql` (the same
text on every SQL engine), `duckdb` (that engine's text), `python` ("module.function" in `kqlog.functions.kernels`: Arrow
arrays in, an Arrow array out). No body: the function binds, and an engine refuses to run it. For series that are held as lists
there may be another SQL text, `lists`, or `python` beside the SQL text over JSON.

In SQL text `{name}` stands for an argument; a repeated one for all its arguments, comma-separated; an absent optional one
is an error in the declaration (write another signature). In aggregates `{order}` stands for the ORDER BY that makes the
input's order hold (or nothing), in window functions `{over}` for the OVER clause. A body may also be a Python function that
returns such text from the constant parameters it names, and from `count`, the number of repeated arguments, which stand
one by one as `{name.0}`, `{name.1}` ...

A `python` body of an aggregate gets each argument that is no constant as a list array, a list of its values for every group
(nulls included, in `{order}`), and gives a value for every group. One of a window function gets whole columns in order, and
gives a column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from kqlog.types import INTEGERS, NUMBERS, ORDERABLE, SUMMABLE, Type

Body = str | Callable[..., str]

ALL = frozenset(Type)
CLASSES: dict[str, frozenset[Type]] = {
    **{str(type_): frozenset({type_}) for type_ in Type},
    "scalar": ALL,
    "common": ALL,
    "text": ALL,
    "readable": frozenset({Type.STRING}),
    "packed": ALL,
    "number": NUMBERS,
    "integer": INTEGERS,
    "summable": SUMMABLE,
    "orderable": ORDERABLE,
    "notdynamic": ALL - {Type.DYNAMIC},
    "array": frozenset({Type.DYNAMIC}),
    "series": frozenset({Type.DYNAMIC}),
    "bag": frozenset({Type.DYNAMIC}),
    "type": frozenset(),
    "table": frozenset(),
    "star": frozenset(),
}

LISTS: dict[str, Type] = {"reals": Type.REAL, "longs": Type.LONG, "flags": Type.BOOL}
"""Results that are lists, by the type of their values."""
ARRAYS = frozenset({"array", "bag", "series", *LISTS})
"""Results that are dynamic values."""


class Kind(StrEnum):
    """Where a function may stand: in any expression, in summarize, or over serialized rows."""

    SCALAR = "scalar"
    AGGREGATE = "aggregate"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a signature; `types` is empty for the classes that are no values (type, table, star)."""

    name: str
    kind: str
    types: frozenset[Type]
    constant: bool = False
    column: bool = False
    optional: bool = False
    repeated: bool = False


@dataclass
class Signature:
    """One overload: its text and its body for each engine."""

    text: str
    kql: str | None = None
    sql: Body | None = None
    duckdb: Body | None = None
    python: str | None = None
    where: str | None = None
    """A shorter SQL text for a condition of a filter, where null counts as false."""
    lists: str | None = None
    """The SQL text over series that are held as lists of reals."""

    @cached_property
    def _parts(self) -> tuple[tuple[Parameter, ...], str]:
        match = re.fullmatch(r"\((.*)\)\s*->\s*(.+)", self.text, re.DOTALL)
        if match is None:
            raise ValueError(f"not a signature: {self.text!r}")
        texts = [part.strip() for part in match[1].split(",")]
        return tuple(_parameter(part) for part in texts if part), match[2].strip()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters in order."""
        return self._parts[0]

    @property
    def returns(self) -> str:
        """The result part of the text."""
        return self._parts[1]

    @property
    def has_body(self) -> bool:
        """Whether something answers it."""
        return any((self.kql, self.sql, self.duckdb, self.python))

    @cached_property
    def result_columns(self) -> tuple[tuple[str, Type], ...]:
        """Names and types for a `columns(...)` or `record(...)` result, else nothing."""
        if self.returns.startswith("bag("):
            return ()
        return tuple((name, Type.DYNAMIC if kind in LISTS else Type(kind)) for name, kind in self._fields)

    @property
    def record(self) -> tuple[tuple[str, str], ...]:
        """Names and kinds for a result that is a struct, else nothing."""
        return self._fields if self.returns.startswith(("record(", "bag(")) else ()

    @cached_property
    def _fields(self) -> tuple[tuple[str, str], ...]:
        match = re.fullmatch(r"(?:columns|record|bag)\((.*)\)", self.returns, re.DOTALL)
        if match is None:
            return ()
        pairs = (part.split(":") for part in match[1].split(","))
        return tuple((name.strip(), kind.strip()) for name, kind in pairs)


@dataclass
class Function:
    """A declared function: everything that anyone asks about it."""

    name: str
    summary: str
    signatures: tuple[Signature, ...]
    kind: Kind = Kind.SCALAR
    result: str | None = None
    """How a result column is named: '{first}' the first argument's name, 'sum_{first}', 'count_', None ColumnN.

    For a function of several columns '{column}' is the column's name; '{each}' makes one column for each array given, after
    the array's own name.
    """
    examples: Mapping[str, object] = field(default_factory=dict)
    volatile: bool = False
    """True when two calls with the same arguments may differ."""
    deprecated: str | None = None
    """The name to use instead."""
    service: str | None = None
    """For what only Microsoft's service can do: what to use instead."""
    of_values: Function | None = None
    """The scalar function that shares an aggregate's name (hll_merge, merge_tdigest): the one with several arguments."""

    @property
    def of_columns(self) -> bool:
        """Whether it gives several columns, at least for some arguments."""
        return bool(self.signatures) and bool(self.signatures[-1].result_columns)


FUNCTIONS: dict[str, Function] = {}
"""Every declared function by name."""


def called(name: str, arguments: int) -> Function | None:
    """The function that a call with so many arguments means."""
    function = FUNCTIONS.get(name)
    return function.of_values if function is not None and function.of_values is not None and arguments > 1 else function


def sig(
    text: str,
    *,
    kql: str | None = None,
    sql: Body | None = None,
    duckdb: Body | None = None,
    python: str | None = None,
    where: str | None = None,
    lists: str | None = None,
) -> Signature:
    """One overload of a function."""
    return Signature(text, kql, sql, duckdb, python, where, lists)


def quoted(text: str) -> str:
    """A text as an SQL string constant."""
    return "'" + text.replace("'", "''") + "'"


def _declare(function: Function) -> None:
    known = FUNCTIONS.get(function.name)
    if known is not None and known.kind is Kind.AGGREGATE and function.kind is Kind.SCALAR and known.of_values is None:
        known.of_values = function
        return
    if known is not None:
        raise ValueError(f"function {function.name!r} is declared twice")
    FUNCTIONS[function.name] = function


def scalar(
    name: str,
    summary: str,
    *signatures: Signature,
    result: str | None = None,
    examples: Mapping[str, object] | None = None,
    volatile: bool = False,
    service: str | None = None,
) -> None:
    """Declare a function of values. `examples` maps a KQL expression to its answer."""
    _declare(Function(name, summary, signatures, Kind.SCALAR, result, examples or {}, volatile, None, service))


def aggregate(
    name: str, summary: str, *signatures: Signature, result: str | None = None, examples: Mapping[str, object] | None = None
) -> None:
    """Declare a function of a group. `examples` maps a whole query to its one answer."""
    _declare(Function(name, summary, signatures, Kind.AGGREGATE, result, examples or {}))


def window(
    name: str, summary: str, *signatures: Signature, result: str | None = None, examples: Mapping[str, object] | None = None
) -> None:
    """Declare a function of serialized rows. `examples` maps a whole query to the list its last column holds."""
    _declare(Function(name, summary, signatures, Kind.WINDOW, result, examples or {}))


def alias(name: str, target: str, *signatures: Signature, result: str | None = None, deprecated: bool = True) -> None:
    """Declare another name of a function, with `signatures` and a `result` name of its own where they differ.

    `deprecated`: help and the docs point to the target.
    """
    known = FUNCTIONS[target]
    _declare(
        Function(
            name,
            known.summary,
            signatures or known.signatures,
            known.kind,
            result or known.result,
            volatile=known.volatile,
            deprecated=target if deprecated else None,
            service=known.service,
        )
    )


def _parameter(text: str) -> Parameter:
    """`name?: const kind...` as a Parameter."""
    match = re.fullmatch(r"(\w+)(\?)?\s*:\s*(const\s+|column\s+)?([\w|]+)(\.\.\.)?", text)
    if match is None:
        raise ValueError(f"not a parameter: {text!r}")
    name, optional, wanted, kind, repeated = match.groups()
    types = frozenset[Type]().union(*(CLASSES[part] for part in kind.split("|")))
    wanted = (wanted or "").strip()
    return Parameter(name, kind, types, wanted == "const", wanted == "column", optional is not None, repeated is not None)
