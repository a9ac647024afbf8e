"""geo_info_from_ip_address() over a small database in MaxMind's format."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

import kqlog

QUERY = "datatable(ip: string) ['198.51.100.7', '2001:db8::9', '192.0.2.1', 'nonsense'] | project place = geo_info_from_ip_address(ip)"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def names(name: str) -> dict[str, dict[str, str]]:
        return {"names": {"en": name}}

    writer = MMDBWriter(6, "GeoLite2-City", languages=["en"], ipv4_compatible=True, float_type="f64")
    seoul = {
        "country": names("South Korea"),
        "subdivisions": [names("Seoul")],
        "city": names("Seoul"),
        "location": {"latitude": 37.5, "longitude": 127.0},
    }
    writer.insert_network(IPSet(["198.51.100.0/24"]), seoul)
    writer.insert_network(IPSet(["2001:db8::/32"]), {"country": names("Norway")})
    file = tmp_path / "GeoLite2-City.mmdb"
    writer.to_db_file(str(file))
    monkeypatch.setenv("KQLOG_GEOIP_DATABASE", str(file))
    return file


def test_places_of_both_kinds_of_addresses(database: Path) -> None:
    rows = kqlog.connect(None).query(QUERY).rows
    seoul = {"country": "South Korea", "state": "Seoul", "city": "Seoul", "latitude": 37.5, "longitude": 127.0}
    assert rows == [(seoul,), ({"country": "Norway"},), (None,), (None,)]


def test_without_a_database_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KQLOG_GEOIP_DATABASE", raising=False)
    with pytest.raises(kqlog.QueryError, match="KQLOG_GEOIP_DATABASE") as refusal:
        kqlog.connect(None).query(QUERY)
    assert refusal.value.code == "ENG001"


def test_a_file_of_another_kind_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.mmdb").write_bytes(b"no database")
    monkeypatch.setenv("KQLOG_GEOIP_DATABASE", str(tmp_path / "other.mmdb"))
    with pytest.raises(kqlog.QueryError, match=r"other\.mmdb") as refusal:
        kqlog.connect(None).query(QUERY)
    assert refusal.value.code == "ENG003"
