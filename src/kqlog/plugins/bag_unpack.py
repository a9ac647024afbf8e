"""The plugin `bag_unpack`: a column for each property of a bag."""

from __future__ import annotations

from dataclasses import dataclass

from kqlog.errors import QueryError
from kqlog.lowering.calls import call, column
from kqlog.lowering.rows import kept
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
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
CONFLICTS = ("error", "replace_source", "keep_source")


@dataclass(frozen=True)
class _Options:
    """What is put before the names of properties, what to do about one named as a column, and which to leave out."""

    prefix: str
    conflict: str
    ignored: frozenset[str]


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The other columns, then one for each property of a bag, by name.

    A property has the type that all its values have, else it is dynamic. A schema, which may begin with a star for the other
    columns, says which come out.

    Raises:
        QueryError: SEM006 for a property named as a column, unless columnsConflict says what to do.
    """
    source = required(source, call)
    arguments = Arguments(call, scope.over(source), USAGE)
    bag = arguments.column("Column")
    if bag.type is not Type.DYNAMIC and not scope.session.open:
        raise QueryError("SEM002", f"bag_unpack wants a dynamic column, and this is {bag.type.one}", arguments["Column"].span)
    options = _options(arguments)
    rest = tuple(found for found in source.columns if found != bag)
    if schema is not None:
        return _declared(source, bag, rest, schema, options)
    if scope.environment.fetch is None:
        scope.session.open = True
        return kept(source, rest)
    items = {found.name: plan.Item(found.name, column(found)) for found in rest}
    for key, type_ in _properties(source, bag, scope):
        name = options.prefix + key
        if key in options.ignored or (name in dict(rest) and options.conflict == "keep_source"):
            continue
        if name in dict(rest) and options.conflict == "error":
            hint = "pass a prefix, or columnsConflict 'replace_source' or 'keep_source'"
            raise QueryError("SEM006", f"the property '{name}' is also a column", call.span, hint)
        items[name] = plan.Item(name, overloads.convert(plan.Path(column(bag), (key,)), type_))
    return plan.Project(source, tuple(items.values()))


def _options(arguments: Arguments) -> _Options:
    prefix, conflict = (
        str(arguments.constant(name, Type.STRING).value) if name in arguments else default
        for name, default in (("OutputColumnPrefix", ""), ("columnsConflict", "error"))
    )
    if conflict not in CONFLICTS:
        hint = f"it is one of {', '.join(CONFLICTS)}"
        raise QueryError("SEM002", f"'{conflict}' is no way to solve a conflict", arguments["columnsConflict"].span, hint)
    ignored = arguments.json("ignoredProperties") if "ignoredProperties" in arguments else None
    if not isinstance(ignored, list | None):
        span = arguments["ignoredProperties"].span
        raise QueryError("SEM002", "'ignoredProperties' is an array of names", span, 'write: dynamic(["a", "b"])')
    return _Options(prefix, conflict, frozenset(map(str, ignored or ())))


def _declared(source: plan.Node, bag: Column, rest: Schema, schema: syntax.TypeLiteral, options: _Options) -> plan.Node:
    """The result columns as the query gives them: of the table where it has them, else of the bag."""
    named = {found.name: found.type for found in schema.columns if isinstance(found, syntax.NameAndType)}
    if any(isinstance(found, syntax.Wildcard) for found in schema.columns[1:]):
        raise QueryError("SYN001", "the star of a schema comes first", schema.span, "write: (*, x: long)")
    items = []
    if len(named) < len(schema.columns):
        items += [plan.Item(found.name, column(found)) for found in rest if found.name not in named]
    have = dict(rest) if options.conflict != "replace_source" else {}
    for name, type_ in named.items():
        key = name.removeprefix(options.prefix)
        value: plan.Value = plan.Path(column(bag), (key,))
        if name in have:
            value = plan.ColumnRef(name, have[name])
        elif key in options.ignored or not name.startswith(options.prefix):
            value = plan.Literal(Type.DYNAMIC, None)
        items.append(plan.Item(name, overloads.convert(value, type_)))
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
    return next(iter(kinds)) if len(kinds) == 1 else Type.DYNAMIC
