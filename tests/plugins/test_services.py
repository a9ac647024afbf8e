"""Plugins that call services: known to a check, refused where they would run."""

from __future__ import annotations

import pytest

import kqlog

TABLES = {"Logs": [("Host", "string"), ("Message", "string")]}
LOGS = 'let Logs = datatable(Host: string, Message: string) ["web-01", "started"]; '


@pytest.mark.parametrize(
    ("call", "columns"),
    [
        ("python(typeof(*, Score: real), 'result = df')", "Host:string Message:string Score:real"),
        ("r(typeof(Score: real), 'result <- df')", "Score:real"),
        ("http_request('https://example.com')", "ResponseHeaders:dynamic ResponseBody:dynamic"),
        ("sql_request('Server=x', 'select 1') : (Id: long)", "Id:long"),
        ("infer_storage_schema_with_suggestions(dynamic({}))", "SuggestedTableSchema:string"),
        ("ai_embeddings(Message, 'https://example.com')", "Host:string Message:string Message_embeddings:dynamic"),
        (
            "ai_chat_completion_prompt(Message, 'https://example.com', dynamic({}), true)",
            "Host:string Message:string Message_completion:string Message_completion_error:string",
        ),
    ],
)
def test_columns_are_known_and_running_is_refused(call: str, columns: str) -> None:
    checked = kqlog.check(f"Logs | evaluate {call}", tables=TABLES)
    assert checked.columns is not None
    assert " ".join(f"{column.name}:{column.type}" for column in checked.columns) == columns
    with pytest.raises(kqlog.QueryError, match="calls a service") as refused:
        kqlog.query(f"{LOGS} Logs | evaluate {call}")
    assert refused.value.code == "ENG001"


def test_columns_that_only_the_service_knows_stay_open() -> None:
    checked = kqlog.check("evaluate sql_request('Server=x', 'select 1') | where Id > 3 | project Id", tables=TABLES)
    assert not checked.errors
