"""IPv6 addresses, IPv4 among them, and lists of ranges over Arrow arrays."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable
from functools import lru_cache

import pyarrow as pa

from kqlog.functions.ip import address_with_prefix, whole_address
from kqlog.functions.kernels import json_text

_IPV4_AT_END = re.compile(r"(?:::(?:ffff:)?)?((?:\d{1,3}\.){3}\d{1,3})(?:/(\d{1,2}))?", re.IGNORECASE | re.ASCII)
_SUFFIX = re.compile(r"\d{1,3}", re.ASCII)
_BITS = 128
_IPV4_BITS = 32
_MAPPED = 0xFFFF << _IPV4_BITS

Network = tuple[int, int]
"""An address and its prefix length."""
Pattern = Callable[[str], str | None]
"""Makes a regular expression of a text, or None."""


@lru_cache(maxsize=65536)
def _network(text: str) -> Network | None:
    """An address among those of IPv6; one of IPv4 has 96 bits before its own."""
    try:
        if (found := _IPV4_AT_END.fullmatch(text)) is not None:
            own = int(found[2] or _IPV4_BITS)
            number = int.from_bytes(socket.inet_pton(socket.AF_INET, found[1]))
            return (_MAPPED | number, _BITS - _IPV4_BITS + own) if own <= _IPV4_BITS else None
        address, slash, suffix = text.partition("/")
        if slash and (not _SUFFIX.fullmatch(suffix) or int(suffix) > _BITS):
            return None
        address = address.partition("%")[0]
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, address)), int(suffix or _BITS)
    except (OSError, ValueError):
        return None


def _groups(network: Network | None, prefix: int | None = _BITS) -> str:
    if network is None or prefix is None or not 0 <= prefix <= _BITS:
        return ""
    address, own = network
    shift = _BITS - min(own, prefix)
    digits = f"{address >> shift << shift:032x}"
    return ":".join([digits[place : place + 4] for place in range(0, 32, 4)])


def parse_ipv6(ip: pa.Array) -> pa.Array:
    """The eight groups of each address."""
    return pa.array([_groups(_network(text)) for text in ip.to_pylist()], pa.string())


def parse_ipv6_mask(ip: pa.Array, prefix: pa.Array) -> pa.Array:
    """The eight groups of each address, without the bits after a prefix."""
    pairs = zip(ip.to_pylist(), prefix.to_pylist(), strict=True)
    return pa.array([_groups(_network(text), bits) for text, bits in pairs], pa.string())


def _order(first: Network | None, second: Network | None, prefix: int | None = _BITS) -> int | None:
    """-1, 0 or 1 by the bits that both networks and the prefix leave."""
    if first is None or second is None or prefix is None or not 0 <= prefix <= _BITS:
        return None
    shift = _BITS - min(first[1], second[1], prefix)
    one, other = first[0] >> shift, second[0] >> shift
    return (one > other) - (one < other)


def _orders(ip1: pa.Array, ip2: pa.Array, prefix: pa.Array | None) -> list[int | None]:
    prefixes = [_BITS] * len(ip1) if prefix is None else prefix.to_pylist()
    rows = zip(ip1.to_pylist(), ip2.to_pylist(), prefixes, strict=True)
    return [_order(_network(first), _network(second), bits) for first, second, bits in rows]


def ipv6_compare(ip1: pa.Array, ip2: pa.Array, prefix: pa.Array | None = None) -> pa.Array:
    """The order of each two addresses."""
    return pa.array(_orders(ip1, ip2, prefix), pa.int64())


def ipv6_is_match(ip1: pa.Array, ip2: pa.Array, prefix: pa.Array | None = None) -> pa.Array:
    """Whether each two addresses agree."""
    return pa.array([None if order is None else order == 0 for order in _orders(ip1, ip2, prefix)], pa.bool_())


def _in_any(ip: str, ranges: Iterable[object]) -> bool | None:
    address = _network(ip)
    if address is None:
        return None
    orders = [_order(address, _network(text)) for text in ranges if isinstance(text, str)]
    if 0 in orders:
        return True
    return None if orders and None in orders else False


def ipv6_is_in_any_range(ip: pa.Array, *ranges: pa.Array) -> pa.Array:
    """Whether each address is in one of the ranges in its row."""
    rows = zip(*(column.to_pylist() for column in ranges), strict=True)
    return pa.array([_in_any(text, row) for text, row in zip(ip.to_pylist(), rows, strict=True)], pa.bool_())


def ipv6_is_in_any_array(ip: pa.Array, ranges: pa.Array) -> pa.Array:
    """Whether each address is in one of the ranges of an array."""
    arrays = (value if isinstance(value, list) else [] for value in json_text.read(ranges))
    return pa.array([_in_any(text, array) for text, array in zip(ip.to_pylist(), arrays, strict=True)], pa.bool_())


def has_any_ipv4(source: pa.Array, *ips: pa.Array) -> pa.Array:
    """Whether each text has one of the addresses in its row."""
    return _has_any(source, _rows(ips), whole_address)


def has_any_ipv4_of_array(source: pa.Array, ips: pa.Array) -> pa.Array:
    """Whether each text has one of the addresses of an array."""
    return _has_any(source, _texts(ips), whole_address)


def has_any_ipv4_prefix(source: pa.Array, *prefixes: pa.Array) -> pa.Array:
    """Whether each text has an address that begins with one of the prefixes in its row."""
    return _has_any(source, _rows(prefixes), address_with_prefix)


def has_any_ipv4_prefix_of_array(source: pa.Array, prefixes: pa.Array) -> pa.Array:
    """Whether each text has an address that begins with one of the prefixes of an array."""
    return _has_any(source, _texts(prefixes), address_with_prefix)


def _rows(columns: tuple[pa.Array, ...]) -> Iterable[tuple[str, ...]]:
    return zip(*(column.to_pylist() for column in columns), strict=True)


def _texts(arrays: pa.Array) -> Iterable[tuple[str, ...]]:
    for value in json_text.read(arrays):
        yield tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _has_any(source: pa.Array, wanted: Iterable[tuple[str, ...]], pattern: Pattern) -> pa.Array:
    rows = zip(source.to_pylist(), wanted, strict=True)
    return pa.array([_finder(pattern, texts).search(text) is not None for text, texts in rows], pa.bool_())


@lru_cache(maxsize=1024)
def _finder(pattern: Pattern, texts: tuple[str, ...]) -> re.Pattern[str]:
    """Finds one of some addresses between characters that are no letters or digits; nothing where none is valid."""
    known = "|".join(found for found in map(pattern, texts) if found is not None)
    return re.compile(rf"(?<![^\W_])(?:{known or '(?!)'})(?![^\W_])")


def cidr_list(start_ip: pa.Array, end_ip: pa.Array) -> pa.Array:
    """The fewest networks from one IPv4 address to another; null if one is not valid or the last comes first."""
    return json_text.write(_cidr_list(*pair) for pair in zip(start_ip.to_pylist(), end_ip.to_pylist(), strict=True))


@lru_cache(maxsize=8192)
def _cidr_list(start: str, end: str) -> list[json_text.Json] | None:
    try:
        first, last = (int.from_bytes(socket.inet_pton(socket.AF_INET, text)) for text in (start, end))
    except (OSError, ValueError):
        return None
    networks: list[json_text.Json] = []
    while first <= last:
        # As many addresses as `first` is a multiple of, but not beyond the last.
        bits = min((first & -first or 1 << _IPV4_BITS).bit_length(), (last - first + 1).bit_length()) - 1
        networks.append(f"{socket.inet_ntop(socket.AF_INET, first.to_bytes(4))}/{_IPV4_BITS - bits}")
        first += 1 << bits
    return networks or None
