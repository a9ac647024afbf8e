"""What a caller may read: which tables, and which of their rows.

Rights hold where names become tables and tables become scans, so that no way of asking leads around them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache

from kqlog.errors import QueryError
from kqlog.syntax import nodes as syntax
from kqlog.syntax.parse import parse
from kqlog.types import Schema

EVERYTHING = ("*",)
_WHERE = "where"


@dataclass(frozen=True)
class Rights:
    """Tables by patterns with stars: those that fit one of `allowed` and none of `denied`, and have the columns that it `needs`.

    Of a table that fits a pattern of `rows`, only the rows are there that its operators keep.
    """

    allowed: tuple[str, ...] = EVERYTHING
    denied: tuple[str, ...] = ()
    rows: tuple[tuple[str, tuple[syntax.Operator, ...]], ...] = ()
    needs: frozenset[str] = field(default_factory=frozenset)

    def sees(self, table: str) -> bool:
        """Whether a table of this name may be read."""
        return any(_fits(table, one) for one in self.allowed) and not any(_fits(table, one) for one in self.denied)

    def conditions(self, table: str) -> list[syntax.Operator]:
        """What keeps the rows of a table that may be read."""
        return [operator for pattern, operators in self.rows if _fits(table, pattern) for operator in operators]


class Readable(Mapping[str, Schema]):
    """The tables among some that all of some rights let a caller see: no others are there."""

    def __init__(self, tables: Mapping[str, Schema], rights: tuple[Rights, ...]) -> None:
        self._tables, self._rights = tables, rights

    def __getitem__(self, name: str) -> Schema:
        if name not in self:
            raise KeyError(name)
        return self._tables[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._tables and all(self._sees(one, name) for one in self._rights)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._tables if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _sees(self, rights: Rights, name: str) -> bool:
        return rights.sees(name) and rights.needs <= ({column.name for column in self._tables[name]} if rights.needs else set())


@lru_cache(256)
def condition(text: str) -> tuple[syntax.Operator, ...]:
    """The operators of a text such as `where Computer startswith 'web'`: `where`s, which may stand behind each other.

    Raises:
        QueryError: SYN codes for a text that cannot be read, SEM005 for another operator.
    """
    script = parse(f"source\n| {text}")
    match script.statements:
        case (syntax.Query(syntax.Pipeline(syntax.Name(), operators)),) if all(one.rule == _WHERE for one in operators):
            return operators
    raise QueryError("SEM005", "rows are kept by `where`, and by nothing else", hint="such as: where Computer startswith 'web'")


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern.replace("[", "[[]"))
