"""Expressions that depend on what earlier rows left behind, as Python source.

An expression is a list: `["row", n]` is a cell of the row at hand, `["state", step, n]` one of a step's record,
`["literal", value]` a constant, and `["call", function, type, argument types, arguments]` a function of KQL by its name.
Values are as engines store them: ticks for datetime and timespan, None for null; text is never None.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_SIGNS = frozenset({"+", "-", "*", "<", "<=", ">", ">="})
"""What Python says as KQL does, but for nulls."""


@dataclass
class Writer:
    """Writes expressions as source over the variables `cell0`, `cell1` ... of a row and the tuple `state`.

    Only positions and names of its own get into the text: constants and functions are in `names`, by which it is run.
    """

    full: frozenset[int]
    """The cells that are never null."""
    names: dict[str, Any] = field(default_factory=dict)
    cells: set[int] = field(default_factory=set)
    """The cells that are used."""
    slots: dict[tuple[int, int], int] = field(default_factory=dict)
    """Where in `state` each used cell of a step's record is."""

    def value(self, expression: list[Any]) -> str:
        """An expression."""
        match expression:
            case ["row", position]:
                return self.cell(position)
            case ["state", step, position]:
                return f"state[{self.slots.setdefault((step, position), len(self.slots))}]"
            case ["literal", constant]:
                return self.named(constant)
            case ["call", "iff" | "iif" | "case", _, _, arguments]:
                return self._chosen(arguments)
            case ["call", "==" | "!=" as sign, _, types, [left, right]] if types[0] == "string" or not self._both_null(
                left, right
            ):
                return f"({self.value(left)} {sign} {self.value(right)})"
            case ["call", sign, type_, types, arguments] if sign in _SIGNS and not (type_ == "timespan" and "real" in types):
                return self._infix(sign, arguments)
            case ["call", name, type_, types, arguments]:
                function = self.named(_typed(name, type_, types))
                return f"{function}({', '.join(map(self.value, arguments))})"
        raise ValueError(expression)

    def condition(self, expression: list[Any]) -> str:
        """An expression of which only matters whether it is true."""
        match expression:
            case ["call", "and" | "or" as word, *_]:
                return f"({f' {word} '.join(map(self.condition, _terms(expression, word)))})"
        return self.value(expression)

    def cell(self, position: int) -> str:
        """A cell of the row at hand."""
        self.cells.add(position)
        return f"cell{position}"

    def named(self, value: Any) -> str:
        """A constant or a function."""
        name = f"name{len(self.names)}"
        self.names[name] = value
        return name

    def _may_be_null(self, expression: list[Any]) -> bool:
        match expression:
            case ["row", position]:
                return position not in self.full
            case ["literal", constant]:
                return constant is None
        return True

    def _both_null(self, left: list[Any], right: list[Any]) -> bool:
        """Whether both may be, which is the one comparison that Python answers differently."""
        return self._may_be_null(left) and self._may_be_null(right)

    def _chosen(self, arguments: list[Any]) -> str:
        """Condition, value, condition, value ..., and the value where no condition is true."""
        pairs = zip(arguments[:-1:2], arguments[1::2], strict=True)
        choices = [f"{self.value(value)} if {self.condition(condition)} else" for condition, value in pairs]
        return f"({' '.join(choices)} {self.value(arguments[-1])})"

    def _infix(self, sign: str, arguments: list[Any]) -> str:
        """An operator, with null for a null argument."""
        operands, nulls = [], []
        for argument in arguments:
            operand = text = self.value(argument)
            if argument[0] == "call":
                # In parentheses wherever it stands: each variable is assigned just before it is used.
                operand = f"value{len(self.names)}"
                self.names[operand] = None
                text = f"({operand} := {text})"
            operands.append(operand)
            if self._may_be_null(argument):
                nulls.append(f"{text} is None")
        whole = f" {sign} ".join(operands)
        return f"(None if {' or '.join(nulls)} else {whole})" if nulls else f"({whole})"


def _terms(expression: list[Any], word: str) -> list[Any]:
    """The parts of a chain of `and` or `or`, however long it is."""
    pending, terms = [expression], []
    while pending:
        part = pending.pop()
        if part[:2] == ["call", word]:
            pending += reversed(part[4])
        else:
            terms.append(part)
    return terms


def _logical(decisive: bool) -> Callable[[bool | None, bool | None], bool | None]:
    """`or` when true decides, `and` when false does; a null beside anything else is null."""

    def both(left: bool | None, right: bool | None) -> bool | None:
        if left is decisive or right is decisive:
            return decisive
        return None if left is None or right is None else not decisive

    return both


def _first(missing: str | None) -> Callable[..., Any]:
    def first(*values: Any) -> Any:
        return next((value for value in values if value is not None and value != missing), missing)

    return first


def _typed(name: str, type_: str, types: list[str]) -> Callable[..., Any]:
    """A function by name, as it works on these types."""
    real = "real" in types
    match name:
        case "and" | "or":
            return _logical(name == "or")
        case "coalesce":
            return _first("" if type_ == "string" else None)
        case "/" if type_ == "real":
            return _null_in(_divided_real)
        case "/" if real:
            return _null_in(lambda left, right: _ticks(_divided_real(left, right)))
        case "/":
            return _null_in(_divided)
        case "*" if real and type_ == "timespan":
            return _null_in(lambda left, right: _ticks(left * right))
        case "%" if type_ == "real":
            return _null_in(_remainder_real)
        case "between" | "!between":
            return _between(name == "between", from_low=types[0] == "datetime" and types[2] == "timespan")
        case "toint":
            return _null_in(lambda value: value if -(2**31) <= value < 2**31 else None)
    return FUNCTIONS[name]


def _null_in(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with null for a null argument."""

    def checked(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return checked


def _divided(left: int, right: int) -> int | None:
    if right == 0:
        return None
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) is (right < 0) else -quotient


def _divided_real(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)


def _ticks(value: float) -> int | None:
    return round(value) if math.isfinite(value) else None


def _remainder(left: int, right: int) -> int | None:
    return left % abs(right) if right else None


def _remainder_real(left: float, right: float) -> float:
    if right == 0 or math.isinf(left) or math.isnan(left) or math.isnan(right):
        return math.nan
    remainder = math.fmod(left, right)
    return remainder + abs(right) if remainder < 0 else remainder


def _between(inside: bool, *, from_low: bool) -> Callable[..., bool | None]:
    """Whether a value is inside of two ends, or not; the upper one may count from the lower one. One end can rule it out."""

    def between(value: Any, low: Any, high: Any) -> bool | None:
        if from_low:
            high = None if low is None or high is None else low + high
        if value is None:
            return None
        if (low is not None and value < low) or (high is not None and value > high):
            return not inside
        return None if low is None or high is None else (low <= value <= high) is inside

    return between


def _equal(left: Any, right: Any) -> bool | None:
    """Two nulls compare as null, a null and a value as unequal."""
    return None if left is None and right is None else left == right


def _unequal(left: Any, right: Any) -> bool | None:
    return None if left is None and right is None else left != right


def _joined(*arrays: str) -> str | None:
    """Arrays as JSON text, one after the other; null if one of them is no array."""
    if not all(array.startswith("[") for array in arrays):
        return None
    return f"[{','.join(filter(None, (array.strip()[1:-1].strip() for array in arrays)))}]"


_TextTest = Callable[[str, str], bool]
_ON_TEXTS: dict[str, _TextTest] = {
    "contains_cs": operator.contains,
    "startswith_cs": str.startswith,
    "endswith_cs": str.endswith,
    "=~": lambda left, right: left.lower() == right.lower(),
}


def _folding(test: _TextTest) -> _TextTest:
    return lambda left, right: test(left.lower(), right.lower())


def _opposite(test: _TextTest) -> _TextTest:
    return lambda left, right: not test(left, right)


_ON_TEXTS |= {name.removesuffix("_cs"): _folding(test) for name, test in _ON_TEXTS.items() if name.endswith("_cs")}
_ON_TEXTS |= {"!~" if name == "=~" else f"!{name}": _opposite(test) for name, test in _ON_TEXTS.items()}


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def extreme(*values: Any) -> Any:
        return choose([value for value in values if value is not None], default=None)

    return extreme


_OF_VALUES: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "%": _remainder,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "not": operator.not_,
    "unary -": operator.neg,
    "unary +": lambda value: value,
    "abs": abs,
    "toreal": float,
    "todouble": float,
    "tolong": lambda value: value,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: _null_in(function) for name, function in _OF_VALUES.items()},
    "==": _equal,
    "!=": _unequal,
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "notnull": lambda value: value is not None,
    "isempty": lambda value: value is None or value == "",
    "isnotempty": lambda value: value is not None and value != "",
    "notempty": lambda value: value is not None and value != "",
    **_ON_TEXTS,
    "array_concat": _null_in(_joined),
    "strcat": lambda *texts: "".join(texts),
    "min_of": _extreme(min),
    "max_of": _extreme(max),
}
