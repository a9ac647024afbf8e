"""One SELECT with its clauses as slots, and its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from kqlog.engines.sql.dialect import Native, StoredColumn

_IDENTIFIER = re.compile(r'"(?:[^"]|"")*"')
_COLUMN = re.compile(r'(?:\w+\.)?"((?:[^"]|"")*)"')
_BRACKETS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]""")
_OR = re.compile(r"\bor\b", re.IGNORECASE)
_QUERY = re.compile(r"\(\s*(select|with)\b", re.IGNORECASE)
_LINE = 110


class Output(NamedTuple):
    """A column that a SELECT gives."""

    alias: str
    """Its quoted name. Unlike KQL's, no two in a SELECT are equal when case is ignored."""
    sql: str
    """Its expression over the columns of the source."""
    bare: bool = True
    """True for a column of the source as it is: other expressions may mention it without computing it again."""
    nullable: bool = True
    native: Native | None = None
    """The same value, if there is one, as a list that `sql` makes JSON of."""

    @property
    def text(self) -> str:
        """As it stands in a SELECT."""
        return self.sql if self.sql == self.alias else f"{self.sql} as {self.alias}"


class OrderKey(NamedTuple):
    """One expression to sort by, over the columns of the source."""

    sql: str
    descending: bool = False
    nulls_first: bool = False
    unique: bool = False
    """True for a number that no two rows share."""

    def text(self, sql: str | None = None) -> str:
        """As it stands in an ORDER BY, maybe under another name."""
        direction = "desc" if self.descending else "asc"
        return f"{sql or self.sql} {direction} nulls {'first' if self.nulls_first else 'last'}"


@dataclass(frozen=True, slots=True)
class Select:
    """A SELECT. Its `order` is only written where it matters: with a limit, and in the outermost SELECT."""

    source: str
    """What follows FROM; empty for a row of constants."""
    outputs: dict[str, Output]
    """By KQL name."""
    where: tuple[str, ...] = ()
    order: tuple[OrderKey, ...] = ()
    distinct: str = ""
    """`distinct`, or `distinct on (...)`."""
    groups: int = 0
    """The first so many outputs are what to group by."""
    aggregated: bool = False
    limit: str = ""
    tail: str = ""
    """A last clause: QUALIFY or USING SAMPLE."""
    stored: Mapping[str, StoredColumn] = field(default_factory=dict)
    """Those outputs that are columns of a stored table, which `source` is."""
    aliased: bool = False
    """Whether the source has names of its own already, so that it cannot get another."""
    name: str | None = None
    """What to call it as a step, if that says more than a number."""

    @property
    def complete(self) -> bool:
        """True when the rows it gives are not rows of the source any more: what follows cannot be merged into it."""
        return bool(self.aggregated or self.distinct or self.limit or self.tail)

    @property
    def plain(self) -> bool:
        """True when it only repeats columns of its source."""
        only_columns = all(output.sql == output.alias for output in self.outputs.values())
        return only_columns and not (self.complete or self.where or self.aliased)

    def is_bare(self, names: Iterable[str]) -> bool:
        """Whether all these columns are columns of the source."""
        return all(name not in self.outputs or self.outputs[name].bare for name in names)

    def is_cheap(self, names: Iterable[str]) -> bool:
        """Whether a condition may compute all these columns on its own: stored ones only take a conversion."""
        return all(name in self.stored or self.outputs[name].bare for name in names)

    def hidden_order(self) -> bool:
        """Whether ORDER BY would take one of its expressions for another column: SQL looks for aliases there first."""
        given = {output.sql for output in self.outputs.values()}
        renamed = {output.alias.casefold() for output in self.outputs.values() if output.alias != output.sql}
        unseen = [key.sql for key in self.order if key.sql not in given]
        return any(name.casefold() in renamed for sql in unseen for name in _IDENTIFIER.findall(sql))

    def materialized_order(self) -> Select:
        """The same, with columns for the sort keys that it does not give yet, and ordered by columns it gives."""
        aliases = {output.sql: output.alias for output in self.outputs.values()}
        outputs = dict(self.outputs)
        for key in self.order:
            if key.sql not in aliases:
                column = _COLUMN.fullmatch(key.sql)
                name = column[1].replace('""', '"') if column else "sort key"
                alias = free_alias(name, (output.alias for output in outputs.values()))
                aliases[key.sql] = alias
                outputs[f"\0{alias}"] = Output(alias, key.sql, False)
        return replace(self, outputs=outputs)

    def materialized_natives(self) -> Select:
        """The same, with columns for the lists behind its JSON. Where no one asks for one of the two, it is not computed."""
        outputs = dict(self.outputs)
        used = {output.alias.casefold() for output in outputs.values()}
        for name, output in self.outputs.items():
            if output.native is None or self.distinct:
                outputs[name] = output._replace(native=None)
                continue
            alias = unused_alias(f"{output.alias[1:-1]} list", used)
            used.add(alias.casefold())
            outputs[name] = output._replace(native=output.native._replace(sql=alias))
            outputs[f"\0{alias}"] = Output(alias, output.native.sql, False)
        return replace(self, outputs=outputs)

    def text(self, indent: str = "", *, ordered: bool = False) -> str:
        """The SQL. `ordered`: with its ORDER BY even if there is no limit."""
        start = f"select {self.distinct} " if self.distinct else "select "
        lines = [_listed(start, [output.text for output in self.outputs.values()] or ["1"], indent)]
        if self.source:
            lines.append(f"from {self.source}")
        if self.where:
            lines.append("where " + f"\n{indent}  and ".join(_conditions(self.where)))
        if self.groups:
            lines.append("group by " + ", ".join(str(number + 1) for number in range(self.groups)))
        if self.tail:
            lines.append(self.tail)
        if self.order and (ordered or self.limit):
            aliases = {output.sql: output.alias for output in self.outputs.values()}
            lines.append("order by " + ", ".join([key.text(aliases.get(key.sql)) for key in self.order]))
        if self.limit:
            lines.append(f"limit {self.limit}")
        return "\n".join([indent + line for line in lines])


def quote(name: str) -> str:
    """A name as SQL reads it whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def free_alias(name: str, taken: Iterable[str]) -> str:
    """A quoted name that differs from all the taken ones even where case is ignored."""
    used = {alias.casefold() for alias in taken}
    return unused_alias(name, used)


def aliases(names: Iterable[str]) -> list[str]:
    """Quoted names for columns, different even where case is ignored: 'a', 'A' become "a", "A#2"."""
    used: set[str] = set()
    found = []
    for name in names:
        alias = unused_alias(name, used)
        used.add(alias.casefold())
        found.append(alias)
    return found


def unused_alias(name: str, used: set[str]) -> str:
    """A quoted name that is not among the used ones, which are in lower case."""
    # SQL has no empty names.
    alias, number = quote(name or "column"), 1
    while alias.casefold() in used:
        number += 1
        alias = quote(f"{name}#{number}")
    return alias


def _conditions(where: tuple[str, ...]) -> list[str]:
    """Conditions for a chain of `and`: without parentheses where nothing in them binds less."""
    alone = len(where) == 1
    return [unwrapped(sql) if alone or _OR.search(sql) is None else sql for sql in where]


def unwrapped(sql: str) -> str:
    """An expression without parentheses around the whole of it, for a place where commas or clauses end it."""
    while sql.startswith("(") and sql.endswith(")") and not _QUERY.match(sql):
        depth = 0
        for bracket in _BRACKETS.finditer(sql):
            depth += {"(": 1, ")": -1}.get(bracket[0], 0)
            if depth == 0 and bracket.end() < len(sql):
                return sql
        sql = sql[1:-1]
    return sql


def _listed(start: str, items: list[str], indent: str) -> str:
    """Items on one line, or below each other when that would be long."""
    if sum(map(len, items)) + 2 * len(items) <= _LINE:
        return start + ", ".join(items)
    return f",\n{indent}  ".join([f"{start.rstrip()}\n{indent}  {items[0]}", *items[1:]])
