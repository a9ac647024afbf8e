"""The operator `parse-kv`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.calls import call, read_as, text
from kqlog.plan.keyvalues import KeyValueFormat
from kqlog.plan.names import ColumnNames
from kqlog.plan.rows import kept
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Literal, NameAndType, Operator, Parameter
from kqlog.types import Type

BAG = "$key values"
OPTIONS = ("pair_delimiter", "kv_delimiter", "quote", "escape", "greedy", "regex")


@dataclass(frozen=True)
class ParseKv(Operator):
    """Read columns out of a string of keys and values."""

    rule: ClassVar[str] = "parse_kv"
    syntax: ClassVar[str] = 'T | parse-kv Expression as (Name:Type, ...) [with (pair_delimiter=",", kv_delimiter="=", ...)]'
    examples: ClassVar[tuple[str, ...]] = (
        'print Text = "user=alice host=web-01 tries=3" '
        '| parse-kv Text as (user: string, tries: long) with (pair_delimiter=" ", kv_delimiter="=")',
    )
    words: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(
        ("pair_delimiter", "kv_delimiter", "regex", "quote", "escape", "greedy"), ()
    )

    value: Expr
    schema: tuple[NameAndType, ...]
    parameters: tuple[Parameter, ...]

    def bind(self, source: plan.Node | None, scope: Scope) -> plan.Node:
        source = self.required(source)
        row = scope.over(source)
        row.windows = None
        names = ColumnNames()
        for column in self.schema:
            names.declare(column.name, column.span)
        format_ = self._format(scope)
        try:
            pattern = format_.pattern()
        except ValueError as error:
            raise QueryError("SEM002", str(error), self.span) from None
        found = call(
            "__key_values", overloads.convert(row.value(self.value), Type.STRING), text(pattern), text("".join(format_.escapes))
        )
        bags = plan.Extend(source, (plan.Item(BAG, found),))
        bag = plan.ColumnRef(BAG, Type.DYNAMIC)
        columns = tuple(
            plan.Item(column.name, read_as(overloads.convert(plan.Path(bag, (column.name,)), Type.STRING), column.type))
            for column in self.schema
        )
        extended = plan.Extend(bags, columns)
        return kept(extended, [column for column in extended.columns if column.name != BAG])

    def _format(self, scope: Scope) -> KeyValueFormat:
        options: dict[str, list[str]] = {}
        for parameter in self.parameters:
            if parameter.name not in OPTIONS:
                hint = f"it has {', '.join(OPTIONS)}"
                raise QueryError("SEM003", f"parse-kv has no option '{parameter.name}'", parameter.span, hint)
            value = parameter.value
            wanted = Type.BOOL if parameter.name == "greedy" else Type.STRING
            if not isinstance(value, Literal) or value.type is not wanted:
                raise QueryError("SEM002", f"'{parameter.name}' of parse-kv is a {wanted}", parameter.span)
            options.setdefault(parameter.name, []).append(str(value.value))

        def one(name: str) -> str | None:
            return options.get(name, [None])[0]

        return KeyValueFormat(
            tuple(column.name for column in self.schema),
            one("pair_delimiter"),
            one("kv_delimiter"),
            tuple(options.get("quote", ())),
            tuple(options.get("escape", ())),
            (one("greedy") or "").lower() == "true",
            one("regex"),
        )
