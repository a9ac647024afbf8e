"""The operator `parse-kv`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kqlog.syntax.nodes import Expr, NameAndType, Operator, Parameter


@dataclass(frozen=True)
class ParseKv(Operator):
    """Read columns out of a string of keys and values."""

    rule: ClassVar[str] = "parse_kv"
    syntax: ClassVar[str] = 'T | parse-kv Expression as (Name:Type, ...) [with (pair_delimiter=",", kv_delimiter="=", ...)]'
    examples: ClassVar[tuple[str, ...]] = (
        'print Text = "user=alice host=web-01 tries=3" '
        '| parse-kv Text as (user: string, tries: long) with (pair_delimiter=" ", kv_delimiter="=")',
    )

    value: Expr
    schema: tuple[NameAndType, ...]
    parameters: tuple[Parameter, ...]
