"""What operators there are: one file each, loaded when a query first uses it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from kqlog.syntax.nodes import Operator


def operators() -> Mapping[str, type[Operator]]:
    """Every operator that runs, by its KQL name: for help, completion and documentation."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return {kql_name(operator): operator for operator in Operator.registry.values() if operator.syntax}


def kql_name(operator: type[Operator]) -> str:
    """How queries spell an operator: the first word of its `syntax` after the pipe."""
    match = re.match(r"(?:[TG] \| |\[T \|\] )?([\w-]+)", operator.syntax)
    return match[1] if match else operator.rule
