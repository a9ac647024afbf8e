"""IP addresses, alone or with a prefix length (10.0.0.0/8), and addresses inside of text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from kqlog.functions.declare import quoted, scalar, sig
from kqlog.regex import escaped

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_ADDRESS = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_PREFIX = r"/(?:3[0-2]|[12]?\d)"
_START = r"(?:^|[^\pL\pN])"
_END = r"(?:$|[^\pL\pN])"
Ranges = str | tuple[str, ...] | None
"""Constants: the JSON text of an array, or texts one by one."""


def _valid(ip: str) -> str:
    return f"regexp_full_match({ip}, '{_ADDRESS}(?:{_PREFIX})?')"


def _number(ip: str) -> str:
    """SQL of the address as a number, whatever its prefix length."""
    octets = f"try_cast(string_split(split_part({ip}, '/', 1), '.') AS BIGINT[])"
    return f"list_reduce({octets}, lambda high, low: high * 256 + low)"


def _bits(ip: str) -> str:
    """SQL of the prefix length."""
    return f"coalesce(try_cast(split_part({ip}, '/', 2) AS BIGINT), 32)"


def _mask(bits: str) -> str:
    return f"(4294967296 - (1::BIGINT << (32 - {bits})))"


def _network(ip: str) -> str:
    return f"(CASE WHEN {_valid(ip)} THEN {_number(ip)} & {_mask(_bits(ip))} END)"


def _network_of_prefix(ip: str) -> str:
    bits = f"least({_bits(ip)}, {{prefix}})"
    return f"(CASE WHEN {{prefix}} BETWEEN 0 AND 32 AND {_valid(ip)} THEN {_number(ip)} & {_mask(bits)} END)"


def _dotted(number: str, suffix: str = "''") -> str:
    """SQL of the text of an address, '' for null."""
    octets = ", ".join(f"(address >> {shift}) & 255" for shift in (24, 16, 8, 0))
    text = f"CASE WHEN address BETWEEN 0 AND 4294967295 THEN concat_ws('.', {octets}) || {suffix} ELSE '' END"
    return f"list_transform([{number}], lambda address: {text})[1]"


# ------------------------------------------------------------------------------------------------------------ numbers, text

scalar(
    "parse_ipv4",
    "An IPv4 address as a number; with a prefix length the first address of its range. Null for anything else.",
    sig("(ip: string) -> long", duckdb=_network("{ip}")),
    examples={
        "parse_ipv4('10.0.0.1')": 167772161,
        "parse_ipv4('10.0.0.200/24')": 167772160,
        "parse_ipv4('10.0.0.256')": None,
        "parse_ipv4('10.0.0')": None,
    },
)
scalar(
    "parse_ipv4_mask",
    "The first address of an IPv4 range as a number; the range is the larger of that by the prefix and the address's own.",
    sig("(ip: string, prefix: long) -> long", duckdb=_network_of_prefix("{ip}")),
    examples={"parse_ipv4_mask('10.0.0.200', 24)": 167772160, "parse_ipv4_mask('10.0.0.200', 33)": None},
)
scalar(
    "format_ipv4",
    "The text of an IPv4 address that is given as a number or text, without the bits after a prefix length.",
    sig("(ip: string) -> string", duckdb=_dotted(_network("{ip}"))),
    sig("(ip: long) -> string", duckdb=_dotted("{ip}")),
    sig("(ip: string, prefix: long) -> string", duckdb=_dotted(_network_of_prefix("{ip}"))),
    sig(
        "(ip: long, prefix: long) -> string",
        duckdb=_dotted(f"CASE WHEN {{prefix}} BETWEEN 0 AND 32 THEN {{ip}} & {_mask('{prefix}')} END"),
    ),
    examples={
        "format_ipv4('10.1.2.3/16')": "10.1.0.0",
        "format_ipv4(167772161)": "10.0.0.1",
        "format_ipv4(167772161, 8)": "10.0.0.0",
        "format_ipv4('10.1.2.3', -1)": "",
    },
)
scalar(
    "format_ipv4_mask",
    "The text of an IPv4 range: its first address and its prefix length.",
    sig(
        "(ip: string, prefix: long) -> string",
        duckdb=_dotted(_network_of_prefix("{ip}"), f"'/' || least({_bits('{ip}')}, {{prefix}})"),
    ),
    sig(
        "(ip: long, prefix: long) -> string",
        duckdb=_dotted(f"CASE WHEN {{prefix}} BETWEEN 0 AND 32 THEN {{ip}} & {_mask('{prefix}')} END", "'/' || {prefix}"),
    ),
    examples={
        "format_ipv4_mask('10.1.2.3/24', 16)": "10.1.0.0/16",
        "format_ipv4_mask(167772161, 8)": "10.0.0.0/8",
        "format_ipv4_mask('10.1.2', 16)": "",
    },
)
scalar(
    "ipv4_netmask_suffix",
    "The prefix length of an IPv4 address, 32 if it has none.",
    sig("(ip: string) -> long", duckdb=f"(CASE WHEN {_valid('{ip}')} THEN {_bits('{ip}')} END)"),
    examples={"ipv4_netmask_suffix('10.0.0.0/8')": 8, "ipv4_netmask_suffix('10.0.0.1')": 32, "ipv4_netmask_suffix('x/8')": None},
)
scalar(
    "ipv4_range_to_cidr_list",
    "The fewest ranges with a prefix length that make up the addresses from one to another.",
    sig("(start_ip: string, end_ip: string) -> dynamic", python="ip.cidr_list"),
    examples={
        "ipv4_range_to_cidr_list('10.0.0.254', '10.0.1.3')": ["10.0.0.254/31", "10.0.1.0/30"],
        "ipv4_range_to_cidr_list('10.0.0.2', '10.0.0.1')": None,
    },
)

# --------------------------------------------------------------------------------------------------------------- comparison


def _both(then: str) -> str:
    return f"(CASE WHEN {_valid('{ip1}')} AND {_valid('{ip2}')} THEN {then} END)"


def _both_with_prefix(then: str) -> str:
    return f"(CASE WHEN {{prefix}} BETWEEN 0 AND 32 AND {_valid('{ip1}')} AND {_valid('{ip2}')} THEN {then} END)"


def _same_network(ip1: str, ip2: str, bits: str) -> str:
    return f"xor({_number(ip1)}, {_number(ip2)}) >> (32 - {bits}) = 0"


_SHORTER = f"least({_bits('{ip1}')}, {_bits('{ip2}')})"
_SHORTEST = f"least({_bits('{ip1}')}, {_bits('{ip2}')}, {{prefix}})"


def _order(bits: str) -> str:
    return f"sign(({_number('{ip1}')} & {_mask(bits)}) - ({_number('{ip2}')} & {_mask(bits)}))::BIGINT"


scalar(
    "ipv4_compare",
    "Compares two IPv4 addresses by the bits of the shortest prefix length: -1, 0 or 1; null if one is no address.",
    sig("(ip1: string, ip2: string) -> long", duckdb=_both(_order(_SHORTER))),
    sig("(ip1: string, ip2: string, prefix: long) -> long", duckdb=_both_with_prefix(_order(_SHORTEST))),
    examples={
        "ipv4_compare('10.0.0.2', '10.0.0.10')": -1,
        "ipv4_compare('10.0.0.2/24', '10.0.0.10')": 0,
        "ipv4_compare('10.0.1.0', '10.0.0.0', 16)": 0,
        "ipv4_compare('10.0.1.0', '10.0.0.x')": None,
    },
)
scalar(
    "ipv4_is_match",
    "True when two IPv4 addresses agree in the bits of the shortest prefix length; null if one is no address.",
    sig("(ip1: string, ip2: string) -> bool", duckdb=_both(_same_network("{ip1}", "{ip2}", _SHORTER))),
    sig("(ip1: string, ip2: string, prefix: long) -> bool", duckdb=_both_with_prefix(_same_network("{ip1}", "{ip2}", _SHORTEST))),
    examples={
        "ipv4_is_match('10.0.0.2/24', '10.0.0.10')": True,
        "ipv4_is_match('10.0.0.2', '10.0.0.10', 30)": False,
        "ipv4_is_match('10.0.0.2', '')": None,
    },
)
scalar(
    "ipv4_is_private",
    "True when an IPv4 address is in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16; null for what is no address.",
    sig(
        "(ip: string) -> bool",
        duckdb=rf"(CASE WHEN {_valid('{ip}')} THEN regexp_matches({{ip}}, '^(?:10|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.') END)",
    ),
    examples={"ipv4_is_private('172.31.0.1')": True, "ipv4_is_private('172.32.0.1')": False, "ipv4_is_private('')": None},
)

# ------------------------------------------------------------------------------------------------------------------- ranges


def _known_range(range_: str, address: str) -> str:
    """SQL that tells whether the number of an address is in a constant range; null if that is none."""
    if re.fullmatch(rf"{_ADDRESS}(?:{_PREFIX})?", range_, re.ASCII) is None:
        return "NULL::BOOLEAN"
    ip, _, bits = range_.partition("/")
    number = int.from_bytes(map(int, ip.split(".")))
    shift = 32 - int(bits or 32)
    return f"{address} = {number}" if shift == 0 else f"{address} >> {shift} = {number >> shift}"


def _texts(ranges: Ranges) -> list[str] | None:
    """The texts among the constants; None for a dynamic value that is no array."""
    if isinstance(ranges, tuple):
        return list(ranges)
    parsed = json.loads(ranges or "null")
    return [item for item in parsed if isinstance(item, str)] if isinstance(parsed, list) else None


def _in_known_ranges(ranges: Ranges) -> str:
    texts = _texts(ranges)
    if texts is None:
        return "NULL::BOOLEAN"
    tests = " OR ".join(_known_range(text, "address") for text in texts) or "false"
    return f"(CASE WHEN {_valid('{ip}')} THEN list_transform([{_number('{ip}')}], lambda address: {tests})[1] END)"


def _in_known_range(ip_range: str) -> str:
    return f"(CASE WHEN {_valid('{ip}')} THEN {_known_range(ip_range, _number('{ip}'))} END)"


def _in_range(range_: str) -> str:
    match = _same_network("{ip}", range_, _bits(range_))
    return f"(CASE WHEN {_valid('{ip}')} AND {_valid(range_)} THEN {match} END)"


def _in_ranges(count: int) -> str:
    return f"({' OR '.join(_in_range(f'{{ranges.{number}}}') for number in range(count))})"


# As OR does it: one true makes all true, else one null makes all null.
_IN_ARRAY = f"""(CASE WHEN json_type({{ranges}}) = 'ARRAY' AND {_valid("{ip}")} THEN list_transform([list_transform(
    list_filter({{ranges}}::JSON[], lambda item: json_type(item) = 'VARCHAR'), lambda item: {_in_range("(item ->> '$')")})],
    lambda found: CASE WHEN list_contains(found, true) THEN true WHEN len(found) = list_count(found) THEN false END)[1] END)"""

scalar(
    "ipv4_is_in_range",
    "True when an IPv4 address is in a range; null if one of the two is not valid.",
    sig("(ip: string, ip_range: const string) -> bool", duckdb=_in_known_range),
    sig("(ip: string, ip_range: string) -> bool", duckdb=_in_range("{ip_range}")),
    examples={
        "ipv4_is_in_range('10.1.2.3', '10.0.0.0/8')": True,
        "ipv4_is_in_range('11.1.2.3', '10.0.0.0/8')": False,
        "ipv4_is_in_range('11.1.2.3', '10.0.0.0/33')": None,
    },
)
scalar(
    "ipv4_is_in_any_range",
    "True when an IPv4 address is in at least one of some ranges; null for what is no address.",
    sig("(ip: readable, ranges: const string...) -> bool", duckdb=_in_known_ranges),
    sig("(ip: readable, ranges: string...) -> bool", duckdb=_in_ranges),
    sig("(ip: readable, ranges: const array) -> bool", duckdb=_in_known_ranges),
    sig("(ip: readable, ranges: array) -> bool", duckdb=_IN_ARRAY),
    examples={
        "ipv4_is_in_any_range('10.1.2.3', '192.168.0.0/16', '10.0.0.0/8')": True,
        "ipv4_is_in_any_range('10.1.2.3', dynamic(['192.168.0.0/16', '10.1.2.4']))": False,
        "ipv4_is_in_any_range('here', '10.0.0.0/8')": None,
        "ipv4_is_in_any_range('10.1.2.3', dynamic([]))": False,
    },
)

# ----------------------------------------------------------------------------------------------------------- inside of text


def whole_address(ip: str) -> str | None:
    """A pattern for one address; None for what is none."""
    return escaped(ip) if re.fullmatch(_ADDRESS, ip, re.ASCII) else None


def address_with_prefix(prefix: str) -> str | None:
    """A pattern for the addresses that begin with a whole address, or with octets that end in a dot; None if it is neither."""
    if (pattern := whole_address(prefix)) is not None:
        return pattern
    if re.fullmatch(rf"(?:{_OCTET}\.){{1,3}}", prefix, re.ASCII):
        return escaped(prefix) + r"\.".join([_OCTET] * (4 - prefix.count(".")))
    return None


def _found(patterns: Iterable[str | None]) -> str:
    """SQL that is true when one of the patterns matches between what is no letter or digit."""
    known = "|".join(pattern for pattern in patterns if pattern is not None)
    return f"regexp_matches({{source}}, {quoted(f'{_START}(?:{known}){_END}')})" if known else "false"


def _has_any_address(ips: Ranges) -> str:
    return _found(map(whole_address, _texts(ips) or ()))


def _has_any_prefix(ip_prefixes: Ranges) -> str:
    return _found(map(address_with_prefix, _texts(ip_prefixes) or ()))


def _has_address(ip: str) -> str:
    return f"(CASE WHEN contains({{source}}, {{ip}}) THEN {_has_any_address((ip,))} ELSE false END)"


def _has_prefix(ip_prefix: str) -> str:
    return f"(CASE WHEN contains({{source}}, {{ip_prefix}}) THEN {_has_any_prefix((ip_prefix,))} ELSE false END)"


scalar(
    "has_ipv4",
    "True when a text has an IPv4 address in it, between characters that are no letters or digits.",
    sig("(source: readable, ip: const string) -> bool", duckdb=_has_address),
    sig("(source: readable, ip: string) -> bool", kql=f"source has_cs ip and ip matches regex @'^{_ADDRESS}$'"),
    examples={
        "has_ipv4('from 10.0.0.1:22', '10.0.0.1')": True,
        "has_ipv4('from 10.0.0.10', '10.0.0.1')": False,
        "has_ipv4('from 10.0.0.256', '10.0.0.256')": False,
        "has_ipv4('from 10.0.0.1', '')": False,
    },
)
scalar(
    "has_ipv4_prefix",
    "True when a text has an IPv4 address in it that begins with some octets, such as 10.1. (or with a whole address).",
    sig("(source: readable, ip_prefix: const string) -> bool", duckdb=_has_prefix),
    sig("(source: readable, ip_prefix: string) -> bool", python="ip.has_any_ipv4_prefix"),
    examples={
        "has_ipv4_prefix('from 10.1.0.1:22', '10.1.')": True,
        "has_ipv4_prefix('from 10.1.0.1:22', '10.1')": False,
        "has_ipv4_prefix('from 10.1.0.256', '10.1.')": False,
        "has_ipv4_prefix('from 10.1.0.1', '')": False,
    },
)
scalar(
    "has_any_ipv4",
    "True when a text has at least one of some IPv4 addresses in it, as has_ipv4() tells.",
    sig("(source: readable, ips: const string...) -> bool", duckdb=_has_any_address),
    sig("(source: readable, ips: const array) -> bool", duckdb=_has_any_address),
    sig("(source: readable, ips: string...) -> bool", python="ip.has_any_ipv4"),
    sig("(source: readable, ips: array) -> bool", python="ip.has_any_ipv4_of_array"),
    examples={
        "has_any_ipv4('from 10.0.0.1:22', '10.0.0.2', '10.0.0.1')": True,
        "has_any_ipv4('from 10.0.0.1:22', dynamic(['10.0.0.2', '10.0.0']))": False,
        "has_any_ipv4('from 10.0.0.1', dynamic(null))": False,
    },
)
scalar(
    "has_any_ipv4_prefix",
    "True when a text has an IPv4 address in it that begins with one of some prefixes, as has_ipv4_prefix() tells.",
    sig("(source: readable, ip_prefixes: const string...) -> bool", duckdb=_has_any_prefix),
    sig("(source: readable, ip_prefixes: const array) -> bool", duckdb=_has_any_prefix),
    sig("(source: readable, ip_prefixes: string...) -> bool", python="ip.has_any_ipv4_prefix"),
    sig("(source: readable, ip_prefixes: array) -> bool", python="ip.has_any_ipv4_prefix_of_array"),
    examples={
        "has_any_ipv4_prefix('from 10.0.0.1:22', '192.168.', '10.')": True,
        "has_any_ipv4_prefix('from 10.0.0.1:22', dynamic(['192.168.', '10']))": False,
        "has_any_ipv4_prefix('from 10.0.0.1', dynamic([null, 7]))": False,
    },
)

# --------------------------------------------------------------------------------------------------------------------- IPv6

scalar(
    "parse_ipv6",
    "An IPv6 or IPv4 address in eight groups of four hexadecimal digits, without the bits after a prefix length.",
    sig("(ip: string) -> string", python="ip.parse_ipv6"),
    examples={
        "parse_ipv6('fe80::1')": "fe80:0000:0000:0000:0000:0000:0000:0001",
        "parse_ipv6('10.0.0.1/8')": "0000:0000:0000:0000:0000:ffff:0a00:0000",
        "parse_ipv6('fe80::g')": "",
    },
)
scalar(
    "parse_ipv6_mask",
    "The same, also without the bits after a given prefix length, which counts from 0 to 128.",
    sig("(ip: string, prefix: long) -> string", python="ip.parse_ipv6_mask"),
    examples={
        "parse_ipv6_mask('10.0.0.255', 120)": "0000:0000:0000:0000:0000:ffff:0a00:0000",
        "parse_ipv6_mask('fe80::1', 129)": "",
    },
)
scalar(
    "ipv6_compare",
    "Compares two IPv6 or IPv4 addresses by the bits of the shortest prefix length: -1, 0 or 1; null if one is no address.",
    sig("(ip1: string, ip2: string) -> long", python="ip.ipv6_compare"),
    sig("(ip1: string, ip2: string, prefix: long) -> long", python="ip.ipv6_compare"),
    examples={
        "ipv6_compare('fe80::1', 'fe80::2')": -1,
        "ipv6_compare('fe80::1', 'fe80::2', 64)": 0,
        "ipv6_compare('::ffff:10.0.0.1', '10.0.0.1')": 0,
        "ipv6_compare('fe80::1', '?')": None,
    },
)
scalar(
    "ipv6_is_match",
    "True when two IPv6 or IPv4 addresses agree in the bits of the shortest prefix length; null if one is no address.",
    sig("(ip1: string, ip2: string) -> bool", python="ip.ipv6_is_match"),
    sig("(ip1: string, ip2: string, prefix: long) -> bool", python="ip.ipv6_is_match"),
    examples={
        "ipv6_is_match('fe80::1/64', 'fe80::2')": True,
        "ipv6_is_match('fe80::1', 'fe80::2')": False,
        "ipv6_is_match('fe80::1', 'fe80::/129')": None,
    },
)
scalar(
    "ipv6_is_in_range",
    "True when an IPv6 or IPv4 address is in a range; null if one of the two is not valid.",
    sig("(ip: string, ip_range: string) -> bool", python="ip.ipv6_is_match"),
    examples={
        "ipv6_is_in_range('fe80::1', 'fe80::/10')": True,
        "ipv6_is_in_range('fe80::1', '2001:db8::/32')": False,
        "ipv6_is_in_range('fe80::1', '')": None,
    },
)
scalar(
    "ipv6_is_in_any_range",
    "True when an IPv6 or IPv4 address is in at least one of some ranges; null for what is no address.",
    sig("(ip: readable, ranges: string...) -> bool", python="ip.ipv6_is_in_any_range"),
    sig("(ip: readable, ranges: array) -> bool", python="ip.ipv6_is_in_any_array"),
    examples={
        "ipv6_is_in_any_range('fe80::1', '2001:db8::/32', 'fe80::/10')": True,
        "ipv6_is_in_any_range('fe80::1', dynamic(['2001:db8::/32']))": False,
        "ipv6_is_in_any_range('', 'fe80::/10')": None,
    },
)
