"""The plugin `ipv4_lookup`: the columns of a table of networks, by IPv4 address."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.networks import looked_up
from kqlog.syntax import nodes as syntax

USAGE = "LookupTable, SourceIPv4Key, IPv4LookupKey, ExtraKey..., [return_unmatched]"
FUNCTIONS = """
    let Bits = (ip: string) { ipv4_netmask_suffix(ip) };
    let Parsed = (ip: string) { parse_ipv4(ip) };
    let First = (parsed: long, mask: long) { binary_shift_right(parsed, 32 - mask) };
"""


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """Each row with the rows of a lookup table whose network has its address; with return_unmatched also rows without one."""
    source = required(source, call)
    arguments = Arguments(call, scope.over(source), USAGE)
    return looked_up(source, arguments, ("SourceIPv4Key", "IPv4LookupKey"), FUNCTIONS, scope)
