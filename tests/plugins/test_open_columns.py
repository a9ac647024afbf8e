"""Plugins behind columns that only the data know: a check assumes that they suit."""

from __future__ import annotations

import pytest

import kqlog

TABLES = {"T": [("Details", "dynamic")], "Networks": [("Network", "string")]}
RANGE = "datetime(2024-03-01), datetime(2024-03-02)"


@pytest.mark.parametrize(
    ("call", "columns"),
    [
        (f"session_count(Id, At, {RANGE}, 1h, 1h, Site)", "At:datetime Site:string count_sessions:long"),
        (
            "activity_engagement(Id, At, 1d, 7d)",
            "At:datetime dcount_activities_inner:long dcount_activities_outer:long activity_ratio:real",
        ),
        ("rolling_percentile(Took, 50, At, 1h, 3)", "At:datetime rolling_3_percentile_Took_50:datetime"),
        ("sequence_detect(At, 1h, 1h, a = Code == 1, Host)", "Host:string a_At:datetime Duration:timespan"),
        ("basket(0.1, Times)", "SegmentId:long Count:long Percent:real"),
        ("ipv4_lookup(Networks, Address, Network, true)", "Network:string"),
        ("schema_merge()", "ColumnName:string ColumnOrdinal:long DataType:string ColumnType:string"),
    ],
)
def test_a_check_assumes_columns_that_suit(call: str, columns: str) -> None:
    checked = kqlog.check(f"T | evaluate bag_unpack(Details) | evaluate {call}", tables=TABLES)
    assert not checked.errors
    assert " ".join(f"{column.name}:{column.type}" for column in checked.columns or ()) == columns
