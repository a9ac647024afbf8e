"""Whether a space stands between two tokens of a line."""

from __future__ import annotations

from dataclasses import dataclass, field

from kqlog.assist.place import operator_terminals
from kqlog.assist.printing import Remark
from kqlog.syntax.tables import Token
from kqlog.types import ALIASES


@dataclass
class Bracket:
    """What stands between two brackets; `before` is the token before them."""

    open: Token
    items: list[Item] = field(default_factory=list)
    close: Token | None = None
    before: Token | None = None


Item = Token | Bracket | Remark

_OPERANDS = frozenset({"NAME", "QUOTED_NAME", "NUMBER", "STRING", "BOOL", "TYPED_LITERAL", "DYNAMIC", "RPAR", "RSQB", "WILDCARD"})
TABLES = frozenset({"DATATABLE", "EXTERNAL_DATA", "INLINE_EXTERNAL_TABLE"})
"""Words that begin a table with its columns and rows."""
_CALLED = frozenset({"NAME", "SUBQUERY_CALL", "TYPEOF", "DATATABLE", "EXTERNAL_DATA", "INLINE_EXTERNAL_TABLE", "QUOTED_NAME"})
ASSIGNING = frozenset({"KIND", "PARAMETER", "HINT"})
EDGES = frozenset({"EDGE", "EDGE_RIGHT", "EDGE_LEFT", "EDGE_OPEN", "EDGE_OPEN_LEFT", "EDGE_CLOSE", "EDGE_CLOSE_RIGHT"})
"""Marks of a graph's edges."""
_INDEXED = frozenset({"NAME", "QUOTED_NAME", "RPAR", "RSQB", "DOT", "STRING"})


def apart(left: Token, item: Token | Bracket) -> bool:
    """Whether a space stands before a token or a bracket, behind the token `left`."""
    right = item if isinstance(item, Token) else item.open
    touching = left.end == right.start
    if right.type in {"COMMA", "SEMICOLON"} or left.type in ASSIGNING:
        return False
    if "DOT" in (left.type, right.type):
        return False
    if right.type == "COLON":
        return left.type == "RPAR"
    if left.type == "COLON":
        return right in ALIASES or right.type in {"LPAR", "STAR"} or not touching
    if {left.type, right.type} & EDGES:
        return not touching
    if not isinstance(item, Token):
        return _before_bracket(left, item)
    return True


def _before_bracket(left: Token, bracket: Bracket) -> bool:
    match bracket.open.type:
        case "LPAR":
            return left.type not in _CALLED or (left.type == "NAME" and is_query(bracket))
        case "LSQB":
            return left.type not in _INDEXED
    return True


def is_query(bracket: Bracket) -> bool:
    """Whether a bracket holds operators without a source, as in partition by Host (top 1 by Time)."""
    first = next((item for item in bracket.items if not isinstance(item, Remark)), None)
    return isinstance(first, Token) and first.type in operator_terminals() and first.type not in {"RANGE", "DATATABLE", "PRINT"}


def is_sign(left: Token | None, item: Item) -> bool:
    """Whether a plus or minus behind `left` is a sign."""
    return isinstance(item, Token) and item.type in {"PLUS", "MINUS"} and (left is None or left.type not in _OPERANDS)
