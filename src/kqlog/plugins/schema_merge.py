"""The plugin `schema_merge`: one schema from the rows of several."""

from __future__ import annotations

import json

from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.plan.lookup import Variable
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.written import written
from kqlog.syntax import nodes as syntax
from kqlog.types import CLR_NAMES, INTEGERS, Type

USAGE = "[PreserveOrder]"
TAKES = {"ColumnName": {Type.STRING}, "ColumnOrdinal": INTEGERS, "ColumnType": {Type.STRING}}
TEXT = """
    Rows
    | serialize Seen = row_number()
    | summarize Seen = min(Seen), Last = max(tolong(ColumnOrdinal)), Ordinals = count_distinct(ColumnOrdinal),
        Types = make_set(ColumnType) by ColumnName
    | extend Type = case(
        array_length(Types) == 1, tostring(Types[0]),
        array_length(set_difference(Types, dynamic(["int", "long", "real", "decimal"]))) > 0, "",
        set_has_element(Types, "decimal"), "decimal",
        set_has_element(Types, "real"), "real",
        "long")
    | extend Problem = case(
        PreserveOrder and Ordinals > 1, "columns are out of order",
        isempty(Type), strcat("no common type of ", strcat_array(array_sort_asc(Types), ", ")),
        "")
    | extend ColumnType = iff(isempty(Problem), Type, strcat("ERROR(", Problem, ")"))
    | sort by isnotempty(Problem) asc, Last asc, Seen asc
    | extend ColumnOrdinal = iff(isempty(Problem), row_number(0), -1)
    | extend Known = tostring(parse_json(DataTypes)[ColumnType])
    | project ColumnName, ColumnOrdinal,
        DataType = iff(isempty(Known), strcat("ERROR(unknown CSL type:", ColumnType, ")"), Known), ColumnType
"""


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """The columns of schemas, as getschema gives them, with the widest of the types that each has; problems stand in its type.

    A column that is at different places in several schemas is a problem, unless PreserveOrder is false.
    """
    source = required(source, call)
    row = scope.over(source)
    arguments = Arguments(call, row, USAGE)
    have = dict(source.columns)
    for name, types in TAKES.items():
        if have.get(name) not in types and not scope.session.open:
            hint = "pass it what getschema gives: union (A | getschema), (B | getschema) | evaluate schema_merge()"
            raise QueryError("SEM002", f"schema_merge wants a table with the column '{name}'", call.span, hint)
    names: dict[str, Variable] = {"Rows": source}
    given = "PreserveOrder" in arguments
    names["PreserveOrder"] = arguments.constant("PreserveOrder", Type.BOOL) if given else plan.Literal(Type.BOOL, True)
    names["DataTypes"] = plan.Literal(Type.STRING, json.dumps(CLR_NAMES))
    return written(TEXT, names, scope)
