"""What the parameters of an operator say, such as `kind=inner`."""

from __future__ import annotations

from collections.abc import Mapping

from kqlog.plan import nodes as plan
from kqlog.syntax import nodes as syntax


def parameter_word(parameters: tuple[syntax.Parameter, ...], *names: str) -> str | None:
    """The word or name given for a parameter of an operator, which may be written by any of `names`."""
    return next((parameter.word for name in names for parameter in parameters if parameter.name == name), None)


def is_fuzzy(parameters: tuple[syntax.Parameter, ...], options: Mapping[str, plan.Literal]) -> bool:
    """Whether tables that are not there are left out: by a parameter, or by an option of the whole query."""
    effort = options.get("best_effort")
    asked = any(parameter_flag(parameters, name) for name in ("isfuzzy", "best_effort"))
    return asked or (effort is not None and effort.value is True)


def parameter_flag(parameters: tuple[syntax.Parameter, ...], name: str) -> bool:
    """Whether a parameter is given as true."""
    return (parameter_word(parameters, name) or "").lower() == "true"
