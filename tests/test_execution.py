"""Queries whose results are handed over in parts."""

from __future__ import annotations

import re
import threading
import time

import pyarrow
import pyarrow.parquet
import pytest

import kqlog
from kqlog.engines.engine import Limits
from kqlog.errors import QueryError

SLOW = "range a from 1 to 300000000 step 1 | extend b = a % 1000 | summarize dcount(strcat(a, b)), count() by b | count"


@pytest.fixture(scope="module")
def workspace():
    return kqlog.connect()


def rows(execution):
    return [
        [row for batch in part.batches for row in zip(*batch.to_pydict().values(), strict=True)] for part in execution.parts()
    ]


def test_every_result_is_a_part(workspace):
    execution = workspace.start("print 1, 'a'; range x from 1 to 3 step 1 | render table; print 5 | where print_0 > 5; let y = 1")
    assert rows(execution) == [[(1, "a")], [(1,), (2,), (3,)], []]
    assert [render and render.kind for render in execution.renders] == [None, "table", None]
    assert (execution.rows, execution.truncated) == (4, False)


def test_parts_are_what_the_result_is(workspace):
    text = "range x from 1 to 40000 step 1 | extend s = strcat('row ', x), g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642), d = decimal(1.5)"
    (part,) = rows(workspace.start(text))
    assert part == list(zip(*workspace.query(text).stored().to_pydict().values(), strict=True))


@pytest.mark.parametrize(("most", "given", "truncated"), [(2, 2, True), (3, 3, False), (16_385, 3, False)])
def test_a_limit_of_rows(workspace, most, given, truncated):
    execution = workspace.start("range x from 1 to 3 step 1", limits=Limits(rows=most))
    assert len(rows(execution)[0]) == given
    assert execution.truncated is truncated


def test_limits_are_those_of_all_parts(workspace):
    execution = workspace.start("range x from 1 to 3 step 1; range x from 1 to 3 step 1; print 1", limits=Limits(rows=4))
    assert [len(part) for part in rows(execution)] == [3, 1]
    assert execution.truncated
    execution = workspace.start("range x from 1 to 100000 step 1; print 1", limits=Limits(bytes=1000))
    assert [len(part) for part in rows(execution)] == [16_384]
    assert execution.truncated


def test_a_query_that_is_stopped(workspace):
    with pytest.raises(QueryError, match=r"longer than 0\.1 seconds") as late:
        rows(workspace.start(SLOW, seconds=0.1))
    assert late.value.code == "LIM002"
    cancelled = workspace.start("print 1")
    cancelled.cancel()
    with pytest.raises(QueryError) as stopped:
        rows(cancelled)
    assert stopped.value.code == "ENG004"


def test_errors_know_their_text(workspace):
    with pytest.raises(QueryError) as wrong:
        rows(workspace.start("print foo"))
    assert (wrong.value.code, wrong.value.column) == ("SEM001", 7)


def test_the_moment_may_be_given(workspace):
    assert rows(workspace.start("print now()", now=637_134_336_000_000_000)) == [[(637_134_336_000_000_000,)]]


def test_what_a_person_who_waits_is_told(tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"n": list(range(60_000))}), tmp_path / "T.parquet")
    execution = kqlog.connect(tmp_path).start(
        "T | extend k = n % 2 | join kind=inner (T | extend k = n % 2) on k | summarize dcount(n * n1)"
    )
    wanted = re.compile(r"\[#* *\] +\d+%  [\d,]+ of 60,000 rows  0 of \d MB  [\d,]+ s left, Ctrl-C stops it")
    lines = []

    def watch():
        end = time.monotonic() + 20
        while not (lines and wanted.fullmatch(lines[-1])) and time.monotonic() < end:
            lines.append(execution.line(1.5))
            time.sleep(0.01)
        execution.cancel()

    thread = threading.Thread(target=watch)
    thread.start()
    with pytest.raises(QueryError, match="cancelled"):
        execution.result()
    thread.join()
    assert wanted.fullmatch(lines[-1]), lines[-1]
