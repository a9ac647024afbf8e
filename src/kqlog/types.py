"""KQL's ten scalar types, columns of them, and what widens to what."""

from __future__ import annotations

from enum import StrEnum
from enum import property as enum_property
from typing import NamedTuple

TICKS_PER_SECOND = 10_000_000
TICKS_PER_DAY = 86_400 * TICKS_PER_SECOND
UNIX_EPOCH_TICKS = 621_355_968_000_000_000
"""datetime(1970-01-01) in ticks: 100 ns steps since 0001-01-01, as datetime and timespan count."""
MAX_DATETIME_TICKS = 3_155_378_975_999_999_999


class Type(StrEnum):
    """A scalar type, by its KQL name."""

    BOOL = "bool"
    INT = "int"
    LONG = "long"
    REAL = "real"
    DECIMAL = "decimal"
    STRING = "string"
    DATETIME = "datetime"
    TIMESPAN = "timespan"
    GUID = "guid"
    DYNAMIC = "dynamic"

    @enum_property
    def name(self) -> str:
        """The KQL name, as everywhere: `LONG` is only what the code calls it."""
        return str(self.value)

    @property
    def one(self) -> str:
        """The name with its article, for a message."""
        return f"an {self}" if self is Type.INT else f"a {self}"


class Column(NamedTuple):
    """A column of a table or result."""

    name: str
    type: Type


Schema = tuple[Column, ...]

INTEGERS = frozenset({Type.INT, Type.LONG})
NUMBERS = frozenset({Type.INT, Type.LONG, Type.REAL, Type.DECIMAL})
SUMMABLE = NUMBERS | {Type.DATETIME, Type.TIMESPAN}
ORDERABLE = SUMMABLE | {Type.STRING, Type.BOOL}

ALIASES: dict[str, Type] = {
    **{str(type_): type_ for type_ in Type},
    **dict.fromkeys(["boolean"], Type.BOOL),
    **dict.fromkeys(["int32", "uint", "uint32", "int8", "uint8", "int16", "uint16"], Type.INT),
    **dict.fromkeys(["int64", "ulong", "uint64"], Type.LONG),
    **dict.fromkeys(["double", "float"], Type.REAL),
    **dict.fromkeys(["date"], Type.DATETIME),
    **dict.fromkeys(["time"], Type.TIMESPAN),
    **dict.fromkeys(["uuid", "uniqueid"], Type.GUID),
}
"""Every spelling of a type that KQL reads."""

CLR_NAMES: dict[Type, str] = {
    Type.BOOL: "System.SByte",
    Type.INT: "System.Int32",
    Type.LONG: "System.Int64",
    Type.REAL: "System.Double",
    Type.DECIMAL: "System.Data.SqlTypes.SqlDecimal",
    Type.STRING: "System.String",
    Type.DATETIME: "System.DateTime",
    Type.TIMESPAN: "System.TimeSpan",
    Type.GUID: "System.Guid",
    Type.DYNAMIC: "System.Object",
}
"""What `getschema` and the wire protocols call each type."""

_WIDENING = (Type.INT, Type.LONG, Type.REAL, Type.DECIMAL)


def widens(source: Type, target: Type) -> bool:
    """True when a `source` stands for a `target` without being asked: int -> long -> real -> decimal."""
    if source in _WIDENING and target in _WIDENING:
        return _WIDENING.index(source) <= _WIDENING.index(target)
    return source == target


def widest(types: list[Type]) -> Type:
    """The widest of some numeric types, at least long: the type of arithmetic between them."""
    return _WIDENING[max(1, *(_WIDENING.index(type_) for type_ in types))]
