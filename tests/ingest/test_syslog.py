"""Syslog messages become rows: those of syslog.txt, any bytes, and what the test wrote itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from casefiles import Case, read_cases
from hypothesis import given
from hypothesis import strategies as st

import kqlog
from kqlog.ingest.syslog import FACILITIES, SEVERITIES, Message, Row, parse, shaped
from kqlog.store.store import create

CASES = Path(__file__).with_name("syslog.txt")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENDER = "192.0.2.7"


def read(content: str | bytes) -> Row | None:
    """A message that came at noon, to a machine that is an hour ahead of UTC."""
    bytes_ = content if isinstance(content, bytes) else content.encode()
    return parse(Message(bytes_, SENDER, NOON), timezone(timedelta(hours=1)))


def shown(row: Row) -> str:
    """The columns that hold something, without those that repeat another or are the sender's address."""
    columns = row._asdict() | {"Computer": "", "HostIP": ""}
    if row.TimeGenerated == row.EventTime:
        del columns["TimeGenerated"]
    elif row.TimeGenerated == NOON:
        columns["TimeGenerated"] = "as received"
    assert (row.Computer, row.HostIP) == (row.HostName, SENDER)
    return "\n".join(f"{name}: {value}" for name, value in columns.items() if value not in (None, ""))


@pytest.mark.parametrize("case", read_cases(CASES), ids=lambda case: case.name)
def test_a_message_has_its_columns(case: Case, request: pytest.FixtureRequest) -> None:
    row = read(case.query)
    assert row is not None
    if request.config.getoption("--accept") and shown(row) != case.expected:
        text, block = CASES.read_text("utf-8"), f"=== {case.name}\n{case.query}\n--- columns\n"
        CASES.write_text(text.replace(f"{block}{case.expected}", f"{block}{shown(row)}"), "utf-8")
        return
    assert shown(row) == case.expected


@pytest.mark.parametrize("content", [b"", b"\n", b"\0", b"<13>", b"<13>  \r\n", b"\xef\xbb\xbf"])
def test_there_is_nothing_in_it(content: bytes) -> None:
    assert read(content) is None


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    row = read(b"<13>Mar  1 11:15:30 web-01 app: caf\xe9\n")
    assert row is not None
    assert (row.SyslogMessage, row.HostName) == ("caf\ufffd", "web-01")


@given(
    st.binary(max_size=300)
    | st.builds(bytes.__add__, st.sampled_from([b"<13>", b"<13>1 - - - - - [", b"<13>Feb 29 "]), st.binary())
)
def test_any_bytes_are_a_row_or_nothing(content: bytes) -> None:
    row = read(content)
    if row is not None:
        row.SyslogMessage.encode()
        assert row.Facility in FACILITIES
        assert row.SeverityLevel in SEVERITIES


words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20).filter(lambda word: word != "-")
names = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='=]"'), min_size=1, max_size=10)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n\ufeff"), max_size=50)
times = st.datetimes(datetime(2026, 2, 28), datetime(2026, 3, 2), timezones=st.just(UTC))


@given(
    st.integers(0, 191),
    times,
    words,
    words,
    st.integers(0, 2**31 - 1),
    words,
    st.dictionaries(names, st.dictionaries(names, texts)),
    texts,
)
def test_rfc_5424_comes_back_field_by_field(priority, time, host, name, pid, id_, data, text) -> None:
    escaped = {ord(c): f"\\{c}" for c in '\\"]'}
    bags = [(element, [f' {key}="{value.translate(escaped)}"' for key, value in bag.items()]) for element, bag in data.items()]
    elements = [f"[{element}{''.join(parameters)}]" for element, parameters in bags]
    row = read(f"<{priority}>1 {time:%Y-%m-%dT%H:%M:%S.%fZ} {host} {name} {pid} {id_} {''.join(elements) or '-'} {text}")
    assert row is not None
    assert (FACILITIES.index(row.Facility), SEVERITIES.index(row.SeverityLevel)) == divmod(priority, 8)
    assert (row.EventTime, row.TimeGenerated) == (time, time)
    assert (row.HostName, row.ProcessName, row.ProcessID, row.MessageID_CF) == (host, name, pid, id_)
    assert json.loads(row.StructuredData_CF or "{}") == data
    assert row.SyslogMessage == text.removeprefix(" ")


tags = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="[]:"), min_size=1, max_size=20)


@given(
    st.integers(0, 191),
    times,
    st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True),
    tags,
    st.none() | st.integers(0, 2**31 - 1),
    texts,
)
def test_rfc_3164_comes_back_field_by_field(priority, time, host, tag, pid, text) -> None:
    time = time.replace(microsecond=0)
    local = time.astimezone(timezone(timedelta(hours=1)))
    number = "" if pid is None else f"[{pid}]"
    row = read(f"<{priority}>{local:%b} {local.day:2} {local:%H:%M:%S} {host} {tag}{number}: {text}")
    assert row is not None
    assert (FACILITIES.index(row.Facility), SEVERITIES.index(row.SeverityLevel)) == divmod(priority, 8)
    assert (row.EventTime, row.HostName, row.ProcessName, row.ProcessID, row.SyslogMessage) == (time, host, tag, pid, text)


def test_rows_of_the_table_are_as_azure_monitor_has_them(tmp_path: Path) -> None:
    store = create(tmp_path / "logs")
    contents = [b'<165>1 - web-01 shop 7 PAID [order@1 number="81"] paid', b"", b"<13>nul \0 within"]
    rows = shaped(store, [Message(content, SENDER, NOON) for content in contents])
    store.table(rows.table).append(rows.rows, rows.columns)
    query = "Syslog | project Type, SourceSystem, ProcessID, HostIP, MessageID_CF, tostring(StructuredData_CF['order@1'].number), SyslogMessage"
    found = kqlog.connect(store.root).query(query).rows
    assert found == [
        ("Syslog", "Linux", 7, SENDER, "PAID", "81", "paid"),
        ("Syslog", "Linux", None, SENDER, "", "", "nul \0 within"),
    ]


def test_a_batch_without_a_message_is_no_rows(tmp_path: Path) -> None:
    assert shaped(create(tmp_path / "logs"), [Message(b"\n", SENDER, NOON)]).rows.num_rows == 0
