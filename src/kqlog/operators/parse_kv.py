"""The operator `parse-kv`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kqlog.errors import QueryError
from kqlog.lowering.calls import call, read_as, text
from kqlog.lowering.rows import declared_columns, kept
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.syntax.nodes import Expr, Literal, NameAndType, Operator, Parameter
from kqlog.types import Type

BAG = "$key values"


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
        schema = declared_columns(self.schema)
        format_ = self._format()
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
            for column in schema
        )
        extended = plan.Extend(bags, columns)
        return kept(extended, [column for column in extended.columns if column.name != BAG])

    def _format(self) -> KeyValueFormat:
        options: dict[str, list[str]] = {}
        for parameter in self.parameters:
            value = parameter.value
            wanted = Type.BOOL if parameter.name == "greedy" else Type.STRING
            if not isinstance(value, Literal) or value.type is not wanted:
                raise QueryError("SEM002", f"'{parameter.name}' of parse-kv is {wanted.one}", parameter.span)
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


@dataclass(frozen=True)
class KeyValueFormat:
    """How keys and values are written: with delimiters, quotes and escapes, or by a regular expression of two groups."""

    keys: tuple[str, ...]
    pair_delimiter: str | None = None
    kv_delimiter: str | None = None
    quotes: tuple[str, ...] = ()
    escapes: tuple[str, ...] = ()
    greedy: bool = False
    regex: str | None = None

    def pattern(self) -> str:
        """A regular expression with groups named key_... and value_..., or with two; all but quoted ones are to be trimmed.

        Raises:
            ValueError: for options that say nothing, and for a regular expression without exactly two groups.
        """
        self._check()
        if self.regex is not None:
            return _of_two_groups(self.regex)
        # Letters and digits are those of ASCII, and a value may have several lines.
        return f"(?as){self._undelimited() if self.pair_delimiter is None else self._delimited()}"

    def _check(self) -> None:
        """Raises ValueError for options that say nothing."""
        if (self.pair_delimiter is None) != (self.kv_delimiter is None):
            raise ValueError("pair_delimiter and kv_delimiter are given together")
        if self.pair_delimiter == "" or self.kv_delimiter == "":
            raise ValueError("a delimiter is not empty")
        if not all(1 <= len(quote) <= 2 for quote in self.quotes):
            raise ValueError("quote is the one character around a value, or the two before and after it")
        if not all(len(escape) == 1 for escape in self.escapes):
            raise ValueError("escape is one character")

    def _delimited(self) -> str:
        """Pairs and their two parts between delimiters."""
        assert self.pair_delimiter is not None
        assert self.kv_delimiter is not None
        pair, between = re.escape(self.pair_delimiter), re.escape(self.kv_delimiter)
        plain_key, plain_value = f"(?:(?!{pair}|{between}).)+?", ".*?"
        some_key = f"(?:{'|'.join(map(re.escape, self._longest_first()))})"
        end = rf"(?=\s*{pair}\s*{some_key}\s*{between}|$)" if self.greedy else f"(?={pair}|$)"
        if len(self.pair_delimiter) == len(self.kv_delimiter) == 1 and not self.greedy:
            # The same, but faster.
            plain_key, plain_value, end = f"[^{pair}{between}]++", f"[^{pair}]*+", ""
        key = f"(?:{self._quoted('key')}(?P<key_plain>{plain_key}))"
        value = f"(?:{self._quoted('value')}(?P<value_plain>{plain_value}){end})"
        # Only where a pair begins: within a delimiter such as " ; " its second half would be part of the key.
        return rf"(?:\A|{pair})\s*{key}\s*{between}\s*{value}"

    def _undelimited(self) -> str:
        """Any characters but letters and digits separate."""
        key = f"(?P<key_plain>{'|'.join(map(re.escape, self._longest_first()))})"
        quoted = self._quoted("value", close="(?!)")
        return rf"(?<![A-Za-z0-9]){key}(?:[^A-Za-z0-9]*?{quoted}|[^A-Za-z0-9]+(?P<value_plain>[A-Za-z0-9]+))"

    def _longest_first(self) -> list[str]:
        return sorted(self.keys, key=len, reverse=True)

    def _quoted(self, part: str, close: str = "") -> str:
        """Alternatives for a quoted key or value, each followed by `|`; `close` when there are no quotes."""
        alternatives = []
        escapes = f"[{re.escape(''.join(self.escapes))}]" if self.escapes else "(?!)"
        for number, quote in enumerate(self.quotes):
            opening, closing = re.escape(quote[0]), re.escape(quote[-1])
            alternatives.append(f"{opening}(?P<{part}_quoted{number}>(?:{escapes}.|(?!{closing}).)*){closing}")
        if close:
            return "|".join(alternatives) or close
        return "".join(f"{alternative}|" for alternative in alternatives)


def _of_two_groups(regex: str) -> str:
    """A user's regular expression, if it has two groups."""
    try:
        compiled = re.compile(regex)
    except re.error as error:
        raise ValueError(f"the regular expression cannot be read: {error}") from None
    if compiled.groups != 2:
        raise ValueError(f"the regular expression has {compiled.groups} groups, and two are wanted: the key and the value")
    return regex
