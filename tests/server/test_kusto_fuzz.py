"""Whatever a body or a query is, the answer is one that clients can read: frames, or an error with Kusto's envelope."""

from __future__ import annotations

import json
import re

import httpx
import ijson
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kqlog.engines.duckdb.answer import arrow_schema
from kqlog.errors import QueryError
from kqlog.server.errors import RequestError
from kqlog.server.kusto_properties import read_request
from kqlog.server.values import rows_of
from kqlog.text import write_json
from kqlog.types import Column, Type
from kqlog.workspace import query

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        "servertimeout",
        "norequesttimeout",
        "notruncation",
        "truncationmaxrecords",
        "truncationmaxsize",
        "query_now",
        "results_progressive_enabled",
        "deferpartialqueryfailures",
        "query_datetimescope_from",
        "query_datetimescope_to",
        "query_datetimescope_column",
    ]
)
OPTIONS = st.dictionaries(
    NAMES, JSON | st.sampled_from(["0:00:10", "1 day, 0:00:00", "datetime(2024-01-01)", "true", "10"]), max_size=4
)
PROPERTIES = st.fixed_dictionaries(
    {}, optional={"Options": OPTIONS, "Parameters": st.dictionaries(st.text(max_size=5), JSON, max_size=2)}
)
TEXTS = st.sampled_from(
    [
        "print 1",
        "range x from 1 to 5 step 1",
        "Heartbeat | take 1",
        "set notruncation; print 1",
        ".show version",
        ".show tables | take 1",
        "print 1; print 2\n    ",
        "declare query_parameters(x: long = 1); print x",
        "let x = 1;",
        "print [",
        ".show nothing",
        ";",
        "T | |",
    ]
)
BODIES = st.fixed_dictionaries(
    {"csl": TEXTS | st.text(max_size=30)},
    optional={
        "db": st.sampled_from(["NetDefaultDB", "logs", ""]) | JSON,
        "properties": PROPERTIES | PROPERTIES.map(json.dumps) | JSON,
    },
)


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.url, timeout=30) as made:
        yield made


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    BODIES.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=40),
    st.sampled_from(["v1/rest/mgmt", "v1/rest/query", "v2/rest/query"]),
)
def test_any_request_is_answered(client, body, path):
    answer = client.post(f"/{path}", content=body)
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert {"code", "message", "@message", "@type", "@permanent"} <= answer.json()["error"].keys()
    elif path.startswith("v2"):
        assert answer.json()[0]["FrameType"] == "DataSetHeader"
        assert list(ijson.items(answer.content, "item.FrameType"))[-1] == "DataSetCompletion"
    else:
        assert answer.json()["Tables"]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | BODIES.map(lambda body: json.dumps(body).encode()))
def test_any_body_is_a_request_or_refused(content):
    try:
        asked = read_request(content)
        asked.effective()
        _ = asked.seconds, asked.limits, asked.now, asked.timespan, asked.parameters
    except (RequestError, QueryError) as error:
        assert re.fullmatch(r"BadRequest_\w+|SYN\d+|LIM001", error.code)


VALUES = {
    Type.STRING: st.text(max_size=30),
    Type.LONG: st.none() | st.integers(-(2**63), 2**63 - 1),
    Type.REAL: st.none() | st.floats(),
    Type.BOOL: st.none() | st.booleans(),
    Type.DATETIME: st.none() | st.integers(0, 3_155_378_975_999_999_999),
    Type.TIMESPAN: st.none() | st.integers(-(2**63), 2**63 - 1),
    Type.DYNAMIC: st.none() | JSON.map(json.dumps),
    Type.GUID: st.none() | st.uuids().map(str),
}


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(1, 20))
def test_rows_are_what_a_value_at_a_time_would_be(data, count):
    columns = tuple(Column(str(type_), type_) for type_ in VALUES)
    rows = [[data.draw(values) for values in VALUES.values()] for _ in range(count)]
    batch = pyarrow.table(
        [pyarrow.array(column, kind) for column, kind in zip(zip(*rows, strict=True), arrow_schema(columns).types, strict=True)],
        names=[name for name, _ in columns],
    )
    text = b",".join(rows_of(batch, columns))
    expected = [[write_json(value, type_) for value, (_, type_) in zip(row, columns, strict=True)] for row in rows]
    assert json.loads(b"[" + text + b"]", parse_int=str) == [
        [json.loads(value, parse_int=str) for value in row] for row in expected
    ]


def test_dynamic_may_be_a_text():
    answer = query('print y = dynamic({"a": "\\"b\\""})')
    (text,) = rows_of(answer.stored(), tuple(answer.columns), dynamic_as_text=True)
    assert json.loads(json.loads(text)[0]) == {"a": '"b"'}
