"""The command line, as a process of its own."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest


def kqlog(*arguments, stdin=None, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "kqlog.cli", *map(str, arguments)],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=60,
        check=False,
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Users.csv").write_text("name,age\nalice,31\nbob,45\n")
    (tmp_path / "Perf.jsonl").write_text('{"n": 1}\n')
    return tmp_path


def test_a_query_prints_a_table():
    done = kqlog("query", "print answer = 42")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "answer\n------\n    42\n"


def test_a_query_over_a_folder(folder):
    done = kqlog("query", "-d", folder, "Users | where age > 40 | project name", "--format", "csv")
    assert done.stdout == "name\nbob\n"


def test_the_folder_may_stand_before_the_command(folder):
    assert kqlog("-d", folder, "query", "Users | count", "--format", "csv").stdout == "Count\n2\n"


def test_a_query_from_a_file_and_from_standard_input(folder):
    (folder / "q.kql").write_text("\ufeffprint x = 1\n", encoding="utf-8")
    assert kqlog("query", "-f", folder / "q.kql", "--format", "jsonl").stdout == '{"x": 1}\n'
    assert kqlog("query", "-", "--format", "jsonl", stdin="print x = 2").stdout == '{"x": 2}\n'
    assert kqlog("query", "--format", "jsonl", stdin="print x = 3").stdout == '{"x": 3}\n'


@pytest.mark.parametrize("format_", ["table", "csv", "json", "jsonl", "markdown", "parquet"])
def test_every_format_can_be_written_to_a_file(folder, format_):
    done = kqlog("query", "print a = 1, b = 'x'", "--format", format_, "-o", folder / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (folder / "out").stat().st_size > 0


def test_the_ending_of_the_file_names_the_format(folder):
    kqlog("query", "print a = 1", "-o", folder / "out.parquet")
    assert pyarrow.parquet.read_table(folder / "out.parquet").to_pylist() == [{"a": 1}]
    kqlog("query", "print a = 1", "-o", folder / "out.json")
    assert json.loads((folder / "out.json").read_text()) == [{"a": 1}]


def test_parameters_and_timespan(folder):
    query = "declare query_parameters(n: long, who: string = 'nobody'); print n + 1, who"
    assert kqlog("query", query, "--param", "n=41", "--param", "who=a=b", "--format", "csv").stdout.endswith("42,a=b\n")
    (folder / "T.csv").write_text("TimeGenerated\n2024-05-01T10:00:00Z\n2024-05-02T10:00:00Z\n")
    done = kqlog("query", "-d", folder, "T | count", "--timespan", "2024-05-02/P1D", "--format", "csv")
    assert done.stdout == "Count\n1\n"


def test_several_results_follow_each_other_in_a_table_and_are_refused_elsewhere():
    assert kqlog("query", "print a = 1; print b = 2").stdout == "a\n-\n1\n\nb\n-\n2\n"
    done = kqlog("query", "print a = 1; print b = 2", "--format", "json")
    assert done.returncode == 1
    assert "2 results" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["query", "print x ="], "SYN001"),
        (["query", "Nope | count"], "SEM001"),
        (["query", "-d", "/no/such/folder", "print 1"], "ING001"),
        (["query", "-f", "/no/such/file.kql"], "No such file"),
        (["query", "print 1", "-o", "/no/such/folder/out.csv"], "No such file"),
        (["query", "print 1", "-o", "out.xlsx"], "cannot tell a format from 'out.xlsx'"),
        (["query", "print 1", "--param", "novalue"], "NAME=VALUE"),
        (["query", "print 1", "--timespan", "yesterday"], "SYN003"),
        (["schema", "Nope"], "SEM001"),
        (["help", "sumarize"], "did you mean 'summarize'?"),
        ([], "the prompt wants a terminal"),
    ],
)
def test_errors_go_to_standard_error_without_a_traceback(arguments, says):
    done = kqlog(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_query_that_is_not_text_is_refused(folder):
    (folder / "q.kql").write_bytes(b"print '\xff'")
    done = kqlog("query", "-f", folder / "q.kql")
    assert done.returncode == 1
    assert "UTF-8" in done.stderr


def test_check_names_the_place_of_each_error(folder):
    (folder / "good.kql").write_text("Users | where age > 3")
    (folder / "bad.kql").write_text("Users\n| where aeg > 3")
    done = kqlog("check", "-d", ".", "good.kql", "bad.kql", cwd=folder)
    assert done.returncode == 1
    assert done.stdout == "bad.kql:2:9: SEM001 no column named 'aeg'\n"
    assert kqlog("check", "-d", ".", "good.kql", cwd=folder).returncode == 0


def test_tables_and_schema(folder):
    assert kqlog("tables", "-d", folder).stdout == "Perf\nUsers\n"
    assert kqlog("schema", "-d", folder, "Users").stdout == "name: string\nage: long\n"


def test_explain_shows_plan_and_sql(folder):
    text = kqlog("explain", "-d", folder, "Users | count").stdout
    assert "Scan Users" in text
    assert "select" in text.lower()


@pytest.mark.parametrize(
    "name", ["summarize", "strlen", "SEM001", "count", "mv-expand", "let", "set", "declare", "typeof", "string"]
)
def test_help_knows_every_word_of_the_language(name):
    done = kqlog("help", name)
    assert done.returncode == 0
    assert name in done.stdout


@pytest.mark.parametrize("name", ["dcount", "union", "pivot", "like"])
def test_help_says_what_differs_from_kusto(name):
    assert "\nDiffers from Kusto: " in kqlog("help", name).stdout


def test_a_reader_who_leaves_early_is_no_error_message(folder):
    command = f"{sys.executable} -m kqlog.cli query 'range n from 1 to 200000 step 1' --format csv | head -n 2"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "n\n1\n"
    assert done.stderr == ""


def test_control_c_stops_a_query_that_says_how_long_it_runs():
    numbers = "range {0} from 1 to 1000000 step 1 | extend k = 1"
    endless = f"{numbers.format('a')} | join kind=inner ({numbers.format('b')}) on k | count"
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "kqlog.cli", "query", endless],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    seen = ""
    while "Ctrl-C stops it" not in seen:
        seen += os.read(master, 4096).decode()
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert "interrupted" in os.read(master, 4096).decode()
    os.close(master)


def test_output_does_not_depend_on_the_locale():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-m", "kqlog.cli", "query", "print x = 'Grüße 日本'", "--format", "csv"],
        capture_output=True,
        env=environment,
        timeout=60,
        check=True,
    )
    assert done.stdout.decode("utf-8") == "x\nGrüße 日本\n"


def test_the_command_is_installed():
    assert (Path(sys.executable).parent / "kqlog").exists()


@pytest.mark.parametrize(("second", "first"), [("order by", "sort"), ("sort by", "sort"), ("limit", "take")])
def test_help_knows_operators_by_their_second_names(second, first):
    assert kqlog("help", second).stdout == kqlog("help", first).stdout


def test_tables_names_those_that_cannot_be_used(folder):
    (folder / "Users.jsonl").write_text('{"name": "alice"}\n')
    done = kqlog("tables", "-d", folder)
    assert (done.returncode, done.stdout) == (0, "Perf\nUsers\n")
    assert "table 'Users' would be csv and jsonl files at once" in done.stderr


def test_saved_queries_are_listed_run_and_checked(folder):
    (folder / "queries").mkdir()
    query = "// description: Users above an age\ndeclare query_parameters(least: long = 40);\nUsers | where age > least"
    (folder / "queries" / "older.kql").write_text(query)
    assert kqlog("queries", "-d", folder).stdout == "older(least: long = 40)  Users above an age\n"
    assert kqlog("run", "older", "-d", folder, "--param", "least=30", "--format", "csv").stdout == "name,age\nalice,31\nbob,45\n"
    assert kqlog("check", "-d", folder).returncode == 0
    (folder / "queries" / "wrong.kql").write_text("older | where agee > 1")
    done = kqlog("check", "-d", folder)
    assert (done.returncode, done.stdout.endswith("wrong.kql:1:15: SEM001 no column named 'agee'\n")) == (1, True)
    assert kqlog("check", "-d", folder, folder / "queries").stdout == done.stdout


def test_the_formats_of_the_command_line_are_those_of_the_readers():
    from kqlog.commands.ingesting import _LOG_FORMATS
    from kqlog.ingest.readers import FORMATS

    assert sorted(FORMATS) == list(_LOG_FORMATS)
