"""A plan as text for people: one line a step, sources indented below."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from kqlog.plan import nodes as plan
from kqlog.text import write, write_json
from kqlog.types import Schema, Type

_SPELLED_BETWEEN = re.compile(r"\W+|!?(and|or|in|has|contains|startswith|endswith|matches|like|has\w+|\w+_cs)~?.*")
_LONGEST_LIST = 12


def show(relation: plan.Node) -> str:
    """The steps of a relation, last one first."""
    return "\n".join(_lines(relation, 0))


def show_value(value: plan.Value) -> str:
    """A value much as it would be written in KQL."""
    match value:
        case plan.ColumnRef(name):
            return _name(name)
        case plan.OuterRef(name):
            return f"outer.{_name(name)}"
        case plan.Literal(type_, constant):
            return _literal(type_, constant)
        case plan.Call():
            return _call(value)
        case plan.Cast(inner, type_):
            return f"to{type_}({show_value(inner)})"
        case plan.Path(inner, steps):
            return show_value(inner) + "".join(f"[{_step(step)}]" for step in steps)
        case plan.ScalarQuery(relation):
            return f"toscalar({_on_one_line(relation)})"
        case plan.InQuery(inner, relation, fold_case):
            return f"{show_value(inner)} {'in~' if fold_case else 'in'} ({_on_one_line(relation)})"
        case _:
            assert_never(value)


def _lines(node: plan.Node, depth: int) -> Iterator[str]:
    yield "  " * depth + _line(node)
    for source in _sources(node):
        yield from _lines(source, depth + 1)


def _sources(node: plan.Node) -> tuple[plan.Node, ...]:
    match node:
        case plan.Scan() | plan.Values() | plan.Range() | plan.External() | plan.Refused():
            return ()
        case plan.Join(left, right):
            return (left, right)
        case plan.Apply(source, body):
            return (source, body)
        case plan.Union(sources) | plan.Custom(_, sources):
            return sources
        case _:
            return (node.source,)


def _line(node: plan.Node) -> str:
    kind = type(node).__name__
    match node:
        case plan.Scan(table, columns):
            return f"{kind} {_name(table)}: {_schema(columns)}"
        case plan.Values(columns, rows):
            return f"{kind} {len(rows)} rows: {_schema(columns)}"
        case plan.Range(column, start, stop, step):
            return f"{kind} {_name(column.name)} from {show_value(start)} to {show_value(stop)} step {show_value(step)}"
        case plan.Filter(_, predicate):
            return f"{kind} {show_value(predicate)}"
        case plan.Project(_, items) | plan.Extend(_, items) | plan.Window(_, items):
            return f"{kind} {_items(items)}"
        case plan.Aggregate(_, keys, items):
            return f"{kind} {_items(items)} by {_items(keys)}"
        case plan.ArgExtreme(_, keys, by, largest, items):
            return f"{kind} {'largest' if largest else 'smallest'} {show_value(by)}: {_items(items)} by {_items(keys)}"
        case plan.Sort(_, keys):
            return f"{kind} {_listed(_sort_key(key) for key in keys)}"
        case plan.Limit(_, rows) | plan.Sample(_, rows):
            return f"{kind} {show_value(rows)}"
        case plan.Join(_, _, join_kind, on):
            return f"{kind} {join_kind} on {_listed(f'{show_value(left)} == {show_value(right)}' for left, right in on)}"
        case plan.Union() | plan.External() | plan.Refused():
            return f"{kind} {_schema(node.columns)}"
        case plan.Unnest(_, items):
            return f"{kind} {_listed(f'{_name(item.name)} = {show_value(item.value)}' for item in items)}"
        case plan.Apply(_, _, kept):
            return f"{kind} keeping {_listed(_name(name) for name in kept)}"
        case plan.Named(name):
            return f"{kind} {_name(name)}"
        case plan.Custom(function):
            return f"{kind} {function}"
        case _:
            assert_never(node)


def _call(call: plan.Call) -> str:
    texts = [show_value(argument) for argument in call.arguments]
    match texts:
        case [left, right] if _SPELLED_BETWEEN.fullmatch(call.name):
            return f"({left} {call.name} {right})"
        case [value] if call.name.startswith("unary "):
            return f"{call.name.removeprefix('unary ')}{value}"
        case _:
            return f"{call.name}({_listed(texts)})"


def _on_one_line(relation: plan.Node) -> str:
    return " < ".join(line.strip() for line in _lines(relation, 0))


def _items(items: tuple[plan.Item, ...]) -> str:
    return _listed(_item(item) for item in items) or "nothing"


def _item(item: plan.Item) -> str:
    text = show_value(item.value)
    return text if text == _name(item.name) else f"{_name(item.name)} = {text}"


def _sort_key(key: plan.SortKey) -> str:
    order = "desc" if key.descending else "asc"
    return f"{show_value(key.value)} {order} nulls {'first' if key.nulls_first else 'last'}"


def _schema(columns: Schema) -> str:
    return _listed(f"{_name(column.name)}: {column.type}" for column in columns)


def _listed(texts: Iterable[str]) -> str:
    """Texts with commas between; a long list only begins."""
    texts = list(texts)
    more = len(texts) - _LONGEST_LIST
    return ", ".join(texts[:_LONGEST_LIST]) + (f", ... ({more} more)" if more > 0 else "")


def _step(step: str | int | plan.Value) -> str:
    match step:
        case str():
            return write_json(step, Type.STRING)
        case int():
            return str(step)
        case _:
            return show_value(step)


def _literal(type_: Type, constant: plan.Constant) -> str:
    if constant is None:
        return f"{type_}(null)"
    text = write(constant, type_)
    match type_:
        case Type.STRING:
            return write_json(text, Type.STRING)
        case Type.BOOL | Type.LONG | Type.REAL:
            return text
        case _:
            return f"{type_}({text})"


def _name(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else f"['{name}']"
