"""The tables that an editor would know of."""

from __future__ import annotations

import pytest

from kqlog.types import Column, Schema, Type


def schema(**columns: str) -> Schema:
    return tuple(Column(name, Type(type_)) for name, type_ in columns.items())


TABLES = {
    "Perf": schema(
        TimeGenerated="datetime",
        Computer="string",
        ObjectName="string",
        CounterName="string",
        CounterValue="real",
        InstanceName="string",
    ),
    "Heartbeat": schema(TimeGenerated="datetime", Computer="string", OSType="string", Version="string", Details="dynamic"),
    "SigninLogs": schema(
        TimeGenerated="datetime", UserPrincipalName="string", IPAddress="string", ResultType="string", RiskScore="int"
    ),
    "odd name": schema(**{"a column": "string", "plain": "long"}),
}


@pytest.fixture
def tables() -> dict[str, Schema]:
    return dict(TABLES)
