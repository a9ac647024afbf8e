"""The plugin `ipv6_lookup`: the columns of a table of networks, by IPv6 address."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments, required
from kqlog.plugins.networks import looked_up
from kqlog.syntax import nodes as syntax

USAGE = "LookupTable, SourceIPv6Key, IPv6LookupKey, [return_unmatched]"
# An address of IPv4 is one of IPv6 with 96 bits before its own.
FUNCTIONS = """
    let Bits = (ip: string) {
        let Suffix = tolong(split(ip, "/")[1]);
        iff(ip has ".", 96 + coalesce(Suffix, 32), coalesce(Suffix, 128))
    };
    let Parsed = (ip: string) { parse_ipv6(ip) };
    let First = (parsed: string, mask: long) { parse_ipv6_mask(parsed, mask) };
"""


def bind(source: plan.Node | None, call: syntax.Call, schema: syntax.TypeLiteral | None, scope: Scope) -> plan.Node:
    """Each row with the rows of a lookup table whose network has its address; with return_unmatched also rows without one."""
    source = required(source, call)
    arguments = Arguments(call, scope.over(source), USAGE)
    return looked_up(source, arguments, ("SourceIPv6Key", "IPv6LookupKey"), FUNCTIONS, scope)
