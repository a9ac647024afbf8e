from __future__ import annotations

import ipaddress

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kqlog

ADDRESSES = st.integers(0, 2**32 - 1).map(lambda number: str(ipaddress.IPv4Address(number)))


@settings(max_examples=25, deadline=None)
@given(st.lists(ADDRESSES, min_size=1, max_size=5), ADDRESSES, st.integers(0, 32))
def test_ranges_agree_with_the_standard_library(addresses, base, bits):
    network = ipaddress.IPv4Network(f"{base}/{bits}", strict=False)
    table = pa.table({"ip": addresses, "range": [f"{base}/{bits}"] * len(addresses)})
    query = f"""T | project parse_ipv4(ip), parse_ipv4(range), ipv4_is_in_range(ip, range), ipv4_is_in_range(ip, '{base}/{bits}'),
        ipv4_is_in_any_range(ip, '1.2.3.4', '{base}/{bits}'), ipv6_is_in_range(ip, range), format_ipv4(parse_ipv4(ip))"""
    expected = [
        (int(ipaddress.IPv4Address(ip)), int(network.network_address), inside, inside, inside or ip == "1.2.3.4", inside, ip)
        for ip in addresses
        for inside in [ipaddress.IPv4Address(ip) in network]
    ]
    assert kqlog.query(query, tables={"T": table}).rows == expected


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4/33", "1.2.3.4/", " 1.2.3.4", "01.2.3.4", "1.2.3.x", "::1"]
)
def test_what_is_no_ipv4_address_gives_null_or_nothing(text):
    query = f"print parse_ipv4('{text}'), ipv4_is_private('{text}'), ipv4_is_match('{text}', '1.2.3.4'), format_ipv4('{text}')"
    assert kqlog.query(query).rows == [(None, None, None, "")]


@pytest.mark.parametrize("text", ["", ":::", "fe80::1/129", "fe80::1/", "1.2.3.256", "1.2.3.4/33", "fe80::1%eth0/64x"])
def test_what_is_no_ipv6_address_gives_null_or_nothing(text):
    assert kqlog.query(f"print parse_ipv6('{text}'), ipv6_is_match('{text}', '::1')").rows == [("", None)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**20), st.integers(0, 2**128 - 1))
def test_lists_of_ranges_and_groups_agree_with_the_standard_library(first, count, six):
    start, end = ipaddress.IPv4Address(first), ipaddress.IPv4Address(min(first + count, 2**32 - 1))
    networks = [str(network) for network in ipaddress.summarize_address_range(start, end)]
    address = ipaddress.IPv6Address(six)
    table = pa.table({"start": [str(start)], "end": [str(end)], "six": [str(address)]})
    rows = kqlog.query("T | project ipv4_range_to_cidr_list(start, end), parse_ipv6(six)", tables={"T": table}).rows
    assert rows == [(networks, address.exploded)]


@pytest.mark.parametrize("prefixes", ["ip_prefix", "ip_prefix, '172.'", "pack_array(ip_prefix, '172.')"])
def test_prefixes_of_a_row_find_what_constants_find(prefixes):
    texts = ["from 10.1.0.7:22", "10.10.10.7", "10.1.0.256", "x10.1.0.7", "1.10.1.0.7", "172.1.1.1", "", "로그인 10.1.0.7"]
    wanted = ["10.1.", "10.", "10.1", "10.1.0.7", "", "999."]
    table = pa.table({"text": [text for text in texts for _ in wanted], "ip_prefix": wanted * len(texts)})
    constant = " or ".join(
        f"ip_prefix == '{one}' and has_any_ipv4_prefix(text, {prefixes.replace('ip_prefix', repr(one))})" for one in wanted
    )
    query = f"T | project has_any_ipv4_prefix(text, {prefixes}) == ({constant})"
    assert kqlog.query(query, tables={"T": table}).rows == [(True,)] * len(texts) * len(wanted)


def test_ranges_may_be_columns():
    table = pa.table({"ip": ["10.0.0.1"], "first": ["11.0.0.0/8"], "second": ["10.0.0.0/8"]})
    query = "T | project ipv4_is_in_any_range(ip, first, second), ipv4_is_in_any_range(ip, pack_array(first, second))"
    assert kqlog.query(query, tables={"T": table}).rows == [(True, True)]
