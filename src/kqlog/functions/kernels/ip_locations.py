"""Where IP addresses are, from a database that the user has: GeoLite2-City by MaxMind, as Kusto itself reads."""

from __future__ import annotations

import json
import os
from functools import cache
from ipaddress import ip_address
from typing import Any

import maxminddb
import pyarrow as pa
import pyarrow.compute as pc

from kqlog.errors import QueryError

DATABASE = "KQLOG_GEOIP_DATABASE"
"""The environment variable that names the database's file."""


def located(addresses: pa.Array) -> pa.Array:
    """A bag of country, state, city, latitude and longitude for each address; null for none and for an unknown one."""
    distinct = pc.dictionary_encode(addresses)
    found = pa.array([_located(address) for address in distinct.dictionary.to_pylist()], pa.string())
    return found.take(distinct.indices)


def _located(address: str) -> str | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    record: Any = _database().get(parsed)
    if not isinstance(record, dict):
        return None
    place = record.get("location", {})
    states = record.get("subdivisions") or [{}]
    bag = {
        "country": _name(record.get("country")),
        "state": _name(states[0]),
        "city": _name(record.get("city")),
        "latitude": place.get("latitude"),
        "longitude": place.get("longitude"),
    }
    return json.dumps({key: value for key, value in bag.items() if value is not None}, ensure_ascii=False)


def _name(part: Any) -> str | None:
    return (part or {}).get("names", {}).get("en")  # type: ignore[no-any-return]


@cache
def _opened(path: str) -> maxminddb.Reader:
    return maxminddb.open_database(path)


def _database() -> maxminddb.Reader:
    path = os.environ.get(DATABASE)
    if not path:
        wanted = f"needs MaxMind's file GeoLite2-City.mmdb: set {DATABASE} to its path"
        raise QueryError("ENG001", f"geo_info_from_ip_address() {wanted}")
    try:
        return _opened(path)
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        raise QueryError("ENG003", f"the database of places cannot be read: {error}") from None
