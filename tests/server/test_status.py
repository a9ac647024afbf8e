"""What a server tells of itself, and its OpenAPI document held against what it does."""

from __future__ import annotations

import re
import time

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate
from starlette.routing import Route

from kqlog.server.access import Access
from kqlog.server.app import application
from kqlog.server.openapi import document
from kqlog.store.store import create


@schemathesis.serializer("application/x-protobuf")
def protobuf(context, value):
    return value if isinstance(value, bytes) else str(value).encode()


schema = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return application(create(tmp_path_factory.mktemp("status") / "logs"), Access(open=True))


def test_every_address_is_described(app):
    routes = [route for route in app.routes if isinstance(route, Route)]
    served = {re.sub(r":path\}", "}", route.path): route.methods - {"HEAD"} for route in routes}
    described = {path: {method.upper() for method in operations} for path, operations in document()["paths"].items()}
    assert served == described


def test_the_document_is_openapi():
    validate(document())


def test_the_page_needs_nothing_from_elsewhere(server):
    answer = httpx.get(f"{server.url}/docs")
    assert "script" not in answer.text
    assert not re.findall(r'(?:src|href)="(?!/)', answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert all(path in answer.text for path in document()["paths"])
    assert httpx.get(f"{server.url}/openapi.json").json() == document()


def number(server, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", httpx.get(f"{server.url}/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_metrics_count_what_happens(server):
    names = ("kqlog_ingested_rows_total", "kqlog_returned_rows_total", 'kqlog_queries_total{state="Completed"}', "kqlog_query_seconds_count",
             'kqlog_http_requests_total{method="POST",route="/v2/rest/query",status="200"}', 'kqlog_http_requests_total{method="other",route="other",status="404"}')  # fmt: skip
    before = [number(server, name) for name in names]
    stream = "/dataCollectionRules/dcr-default/streams/Custom-Counted_CL?api-version=2023-01-01"
    assert httpx.post(server.url + stream, json=[{"a": 1}, {"a": 2}], timeout=60).status_code == 204
    assert httpx.post(f"{server.url}/v2/rest/query", json={"csl": "range x from 1 to 5 step 1"}, timeout=60).status_code == 200
    assert httpx.request("PROPFIND", f"{server.url}/coffee").status_code == 404
    time.sleep(0.1)
    assert [now - then for now, then in zip([number(server, name) for name in names], before, strict=True)] == [2, 5, 1, 1, 1, 1]


def test_ready_as_long_as_rows_can_be_stored(server):
    assert httpx.get(f"{server.url}/readyz").json() == {"status": "ready"}
    tables = server.folder / "tables"
    tables.rename(away := server.folder / "away")
    try:
        assert httpx.get(f"{server.url}/readyz").status_code == 503
    finally:
        away.rename(tables)


@schema.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_makes_the_server_fail(server, case):
    """The short form of what `schemathesis run` does for as long as one likes."""
    answer = case.call(base_url=server.url)
    assert answer.status_code < 500 or answer.status_code in (503, 504), answer.text
    case.validate_response(answer, checks=[schemathesis.checks.not_a_server_error])


@pytest.mark.heavy
@schema.parametrize()
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_makes_the_server_fail_for_long(server, case):
    answer = case.call(base_url=server.url)
    assert answer.status_code < 500 or answer.status_code in (503, 504), answer.text
