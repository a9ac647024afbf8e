"""Text to syntax nodes: the grammar's rules, reduced straight to nodes while reading."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import cache
from typing import cast

from lark import Lark
from lark.exceptions import UnexpectedInput

from kqlog.errors import QueryError
from kqlog.syntax import explain, grammar, nodes
from kqlog.syntax.build import Builder


def parse(text: str, operators: Callable[[str], None] | None = None) -> nodes.Script:
    """The statements of a query. `operators` loads the class of an operator's rule; by default, the one in kqlog.operators.

    Raises QueryError SYN001 to SYN003, or LIM001 when the text is too long or too deeply nested.
    """
    explain.check_size(text)
    parser = parser_for(operators or load_operator)
    try:
        script = parser.parse(text)
    except UnexpectedInput as error:
        raise explain.syntax_error(error, text, parser) from None
    except QueryError as error:
        raise error.within(text)
    return cast(nodes.Script, script)


@cache
def parser_for(operators: Callable[[str], None]) -> Lark:
    """The parser, made once."""
    return grammar.load(Builder(operators))


def load_operator(rule: str) -> None:
    """Import the file of an operator, which declares its class; nothing when there is none."""
    module = f"kqlog.operators.{rule}"
    if importlib.util.find_spec(module) is not None:
        importlib.import_module(module)


