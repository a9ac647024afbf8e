"""Text to syntax nodes: the grammar's rules, reduced straight to nodes while reading."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import cache
from typing import cast

from kqlog.errors import QueryError
from kqlog.syntax import explain, grammar, nodes
from kqlog.syntax.build import Builder
from kqlog.syntax.tables import Methods, StumbleError

BYTE_ORDER_MARK = "\ufeff"
"""What some editors write before a text."""


def parse(text: str, operators: Callable[[str], None] | None = None) -> nodes.Script:
    """The statements of a query. `operators` loads the class of an operator's rule; by default, the one in kqlog.operators.

    Raises QueryError SYN001 to SYN003, or LIM001 when the text is too long or too deeply nested.
    """
    explain.check_size(text)
    tables = grammar.tables()
    try:
        # A space in its place keeps all positions.
        read = " " + text[1:] if text.startswith(BYTE_ORDER_MARK) else text
        script = tables.parse(read, methods_of(operators))
    except StumbleError as stumble:
        raise explain.syntax_error(stumble, text, tables) from None
    except QueryError as error:
        raise error.within(text) from None
    return cast(nodes.Script, script)


@cache
def parse_expression(text: str) -> nodes.Expr:
    """The expression that a text is: how declarations of functions are written in the language itself."""
    statement = parse(text).statements[0]
    if not isinstance(statement, nodes.Query):
        raise ValueError(f"not an expression: {text!r}")
    return statement.value


@cache
def methods_of(operators: Callable[[str], None] | None = None) -> Methods:
    """What makes nodes of the grammar's rules; `operators` as in `parse`."""
    return grammar.tables().methods(Builder(operators or load_operator))


def load_operator(rule: str) -> None:
    """Import the file of an operator, which declares its class; nothing when there is none."""
    module = f"kqlog.operators.{rule}"
    if importlib.util.find_spec(module) is not None:
        importlib.import_module(module)
