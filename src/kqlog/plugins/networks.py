"""What ipv4_lookup and ipv6_lookup have in common."""

from __future__ import annotations

from kqlog.lowering.calls import column
from kqlog.lowering.joining import join_pairs, joined_columns
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments
from kqlog.plugins.written import written
from kqlog.types import Column, Type

_ADDRESS = Column("$address", Type.STRING)
_NETWORK = Column("$network", Type.STRING)
# Joined by prefix length, so that no address has to meet every network.
_PAIRS = """
    let Asked = Addresses | extend Bits = Bits(Address), Parsed = Parsed(Address) | where isnotempty(Parsed);
    let Known = Networks | extend Length = Bits(Network), Parsed = Parsed(Network) | where isnotempty(Parsed);
    let Masks = Asked
        | summarize by Bits, All = 1
        | join kind=inner (Known | summarize by Length, All = 1) on All
        | project Bits, Length, Mask = min_of(Bits, Length);
    let Masked = Known
        | join kind=inner (Masks | summarize by Length, Mask) on Length
        | project Network, Length, Mask, First = First(Parsed, Mask);
    Asked
    | join kind=inner Masks on Bits
    | project Address, Length, Mask, First = First(Parsed, Mask)
    | join kind=inner Masked on Length, Mask, First
    | summarize by Address, Network
"""


def looked_up(source: plan.Node, arguments: Arguments, keys: tuple[str, str], functions: str, scope: Scope) -> plan.Node:
    """Each row with each row of LookupTable whose network has its address and that agrees in the extra keys.

    `keys` are the parameters that name the two columns. `functions` declares Bits(ip), the prefix length; Parsed(ip), empty
    for what is no address; First(parsed, mask), the part of it that counts under a mask.
    """
    table = scope.relation(arguments["LookupTable"])
    address = arguments.column(keys[0])
    network = scope.over(table).require_column(arguments[keys[1]])
    extra = arguments.several("ExtraKey")
    on = join_pairs(extra, source, table, scope, arguments.call.span) if extra else []
    unmatched = "return_unmatched" in arguments and arguments.constant("return_unmatched", Type.BOOL).value
    kind = plan.JoinKind.LEFTOUTER if unmatched else plan.JoinKind.INNER
    outputs = joined_columns(source, table, kind, {found.name for found in arguments.columns("ExtraKey")})
    left = _with_text(source, _ADDRESS, address, scope)
    right = _with_text(table, _NETWORK, network, scope)
    names = {"Addresses": _texts(left, _ADDRESS, "Address"), "Networks": _texts(right, _NETWORK, "Network")}
    pairs = written(functions + _PAIRS, names, scope)
    there = tuple(plan.JoinColumn(name, type_, True, name) for name, type_ in table.columns)
    here = plan.JoinColumn(*_ADDRESS, False, "Address")
    matching = (plan.ColumnRef("Network", Type.STRING), column(_NETWORK))
    matched = plan.Join(pairs, right, plan.JoinKind.INNER, (matching,), (here, *there))
    return plan.Join(left, matched, kind, ((column(_ADDRESS), column(_ADDRESS)), *on), outputs)


def _with_text(table: plan.Node, text: Column, key: Column, scope: Scope) -> plan.Node:
    """A table that is used twice, with the text of its key."""
    item = plan.Item(text.name, overloads.convert(column(key), Type.STRING))
    return plan.Named(scope.session.unique(f"{text.name}es"), plan.Extend(table, (item,)))


def _texts(table: plan.Node, text: Column, name: str) -> plan.Node:
    return plan.Aggregate(table, (plan.Item(name, column(text)),), ())
