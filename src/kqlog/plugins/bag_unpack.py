"""The plugin `bag_unpack`: a column for each property of a bag."""

from __future__ import annotations

import json

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.calls import call, column
from kqlog.plan.rows import kept
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Column, Schema, Type

_TYPES = {
    "bool": Type.BOOL,
    "int": Type.LONG,
    "long": Type.LONG,
    "double": Type.REAL,
    "real": Type.REAL,
    "string": Type.STRING,
    "datetime": Type.DATETIME,
    "timespan": Type.TIMESPAN,
    "guid": Type.GUID,
}
USAGE = "Column, [OutputColumnPrefix], [columnsConflict], [ignoredProperties]"
OPTIONS = ("OutputColumnPrefix", "columnsConflict", "ignoredProperties")
CONFLICTS = ("error", "replace_source", "keep_source")


def bind(source: plan.Node | None, arguments: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The other columns, then one for each property of a bag, by name.

    Raises:
        QueryError: SEM006 for a property named as a column, unless columnsConflict says what to do.
    """
    if source is None or not arguments.arguments:
        raise QueryError("SEM003", "bag_unpack wants a table and its dynamic column", arguments.span)
    row = scope.over(source)
    bag = row.require_column(arguments.arguments[0])
    if bag.type is not Type.DYNAMIC:
        raise QueryError("SEM002", f"bag_unpack wants a dynamic column, and this is a {bag.type}", arguments.arguments[0].span)
    prefix, conflict, ignored = _options(arguments, scope)
    rest = tuple(found for found in source.columns if found != bag)
    if schema is not None:
        return _declared(source, bag, rest, schema, prefix)
    if scope.environment.fetch is None:
        scope.session.open = True
        return kept(source, rest)
    items = []
    taken = {found.name for found in rest}
    for key, type_ in _properties(source, bag, scope):
        name = prefix + key
        if key in ignored or (name in taken and conflict == "keep_source"):
            continue
        if name in taken and conflict == "error":
            hint = "pass a prefix, or columnsConflict 'replace_source' or 'keep_source'"
            raise QueryError("SEM006", f"the property '{name}' is also a column", arguments.span, hint)
        items.append(plan.Item(name, overloads.convert(plan.Path(column(bag), (key,)), type_)))
    replaced = {item.name for item in items}
    others = [plan.Item(found.name, column(found)) for found in rest if found.name not in replaced]
    return plan.Project(source, (*others, *items))


def _options(arguments: syntax.Call, scope: Scope) -> tuple[str, str, set[str]]:
    """Prefix, what to do about a property named as a column, and properties to leave out: by position or by name."""
    values: dict[str, plan.Constant] = {}
    for name, argument in zip(OPTIONS, arguments.arguments[1:], strict=False):
        key, value = (argument.names[0], argument.value) if isinstance(argument, syntax.Named) else (name, argument)
        if key not in OPTIONS:
            raise QueryError(
                "SEM003", f"bag_unpack has no option '{key}'", argument.span, f"its options are {', '.join(OPTIONS)}"
            )
        values[key] = scope.constant(value, Type.DYNAMIC if key == "ignoredProperties" else Type.STRING).value
    conflict = str(values.get("columnsConflict") or "error")
    if conflict not in CONFLICTS:
        raise QueryError(
            "SEM002", f"'{conflict}' is no way to solve a conflict", arguments.span, f"it is one of {', '.join(CONFLICTS)}"
        )
    ignored = json.loads(str(values.get("ignoredProperties") or "[]"))
    return str(values.get("OutputColumnPrefix") or ""), conflict, set(ignored)


def _declared(source: plan.Node, bag: Column, rest: Schema, schema: syntax.TypeLiteral, prefix: str) -> plan.Node:
    """The result columns as the query gives them: of the table where it has them, else of the bag."""
    have = dict(rest)
    items: list[plan.Item] = []
    for wanted in schema.columns:
        if isinstance(wanted, syntax.Wildcard):
            named = {found.name for found in schema.columns if isinstance(found, syntax.NameAndType)}
            items += [plan.Item(found.name, column(found)) for found in rest if found.name not in named]
        elif wanted.name in have:
            items.append(plan.Item(wanted.name, overloads.convert(plan.ColumnRef(wanted.name, have[wanted.name]), wanted.type)))
        else:
            part = plan.Path(column(bag), (wanted.name.removeprefix(prefix),))
            items.append(plan.Item(wanted.name, overloads.convert(part, wanted.type)))
    return plan.Project(source, tuple(items))


def _properties(source: plan.Node, bag: Column, scope: Scope) -> list[tuple[str, Type]]:
    """Every property of any row by name, with the one type all its values have, else dynamic."""
    key = Column("$key", Type.STRING)
    keys = plan.UnnestItem(key.name, call("bag_keys", column(bag)), Type.STRING)
    rows = plan.Unnest(source, (keys,), None, None, (*source.columns, key))
    kind = plan.Item("$type", call("gettype", plan.Path(column(bag), (column(key),))))
    found = plan.Aggregate(rows, (plan.Item(key.name, column(key)), kind), ())
    types: dict[str, set[Type]] = {}
    assert scope.environment.fetch is not None
    for name, type_name in scope.environment.fetch(found):
        kinds = types.setdefault(str(name), set())
        if type_name not in ("null", ""):
            kinds.add(_TYPES.get(str(type_name), Type.DYNAMIC))
    return [(name, _one(kinds)) for name, kinds in sorted(types.items()) if name]


def _one(kinds: set[Type]) -> Type:
    if len(kinds) == 1:
        return next(iter(kinds))
    return Type.REAL if kinds == {Type.LONG, Type.REAL} else Type.DYNAMIC
