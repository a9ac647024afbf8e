"""The plugin `geo_line_lookup`: the columns of a table of lines, by place."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.shapes import found_in
from kqlog.syntax import nodes as syntax

USAGE = (
    "LookupTable, LookupLineKey, SourceLongitude, SourceLatitude, radius, [return_unmatched], [lookup_area_radius], "
    "[return_lookup_key]"
)


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """Each row with the rows of a table of lines that its place is at most `radius` metres from."""
    source = required(source, call)
    arguments = Arguments(call, scope.over(source), USAGE)
    return found_in(source, arguments, "LookupLineKey", "near_lines", scope)
