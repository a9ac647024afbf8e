"""What a person does at the prompt, in a real terminal of two sizes."""

from __future__ import annotations

import shutil

import pytest
from terminal import HAS_TMUX, SAMPLE, Screen

pytestmark = pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logs")
    for name in ("AppRequests.parquet", "Heartbeat.parquet", "SigninLogs.parquet"):
        shutil.copy(SAMPLE / name, folder)
    shutil.copytree(SAMPLE / "queries", folder / "queries")
    return folder


@pytest.fixture(params=[(80, 24), (200, 50)], ids=["80x24", "200x50"])
def screen(request, folder, tmp_path):
    screen = Screen(folder, tmp_path, *request.param)
    screen.size = request.param
    yield screen
    screen.close()


def test_a_query_over_several_lines_and_what_it_took(screen):
    screen.enter("AppRequests")
    screen.enter("| summarize requests = count() by AppRoleName")
    screen.enter("| top 1 by requests")
    screen.press("Enter")
    shown = screen.wait_for("contoso-shop     22500", "1 row, ", "in 1 file read")
    assert "requests" in shown


def test_a_time_range_is_set_and_shown(screen):
    screen.enter("#timespan 2026-03-09/2026-03-10")
    screen.wait_for("kql 2026-03-09/2026-03-10>")
    screen.enter("AppRequests | summarize first = min(TimeGenerated), last = max(TimeGenerated);")
    screen.wait_for("2026-03-09T00:00:01", "2026-03-09T23:59")
    screen.enter("#timespan 2026-13-77/x")
    screen.wait_for("SYN003")
    screen.enter("#timespan off")
    screen.wait_for("the time range is all of time")


def test_a_long_answer_is_paged_and_searched(screen):
    screen.enter("range n from 1 to 5000 step 1 | extend text = strcat('line ', n);")
    screen.wait_for("line 7", ":")
    screen.enter("/line 4321$")
    screen.wait_for("4321  line 4321")
    screen.press("q")
    screen.wait_for("(5,000 rows")


def test_a_long_query_is_cancelled_and_the_next_one_runs(screen):
    screen.enter("range x from 1 to 100000000000 step 1 | where x % 7 == 3 | summarize dcount(x);")
    screen.wait_for("Ctrl-C stops it")
    screen.press("C-c")
    screen.wait_for("interrupted")
    screen.enter("print answer = 40 + 2;")
    screen.wait_for("    42")


def test_a_query_is_saved_listed_and_run_again(screen, folder):
    name = f"busiest_{screen.size[0]}"
    screen.enter("declare query_parameters(n: long = 2); AppRequests | summarize count() by AppRoleName | top n by count_;")
    screen.wait_for("contoso-payments")
    screen.enter(f"#save {name} The applications with most requests")
    screen.wait_for(f"saved as queries/{name}.kql")
    screen.press("C-l")
    screen.enter(f"#run {name} n=1")
    screen.wait_for("contoso-shop   22500", "(1 row")
    screen.enter("#queries")
    screen.wait_for(f"{name}(n: long = 2)  The applications with most requests")
    assert (folder / "queries" / f"{name}.kql").read_text().startswith("// description: The applications")


def test_each_value_on_a_line_of_its_own(screen):
    screen.enter("#format vertical")
    screen.enter("Heartbeat | top 1 by TimeGenerated asc | project TimeGenerated, Computer, OSType;")
    screen.wait_for("-- row 1 --", "TimeGenerated  2026-03-09T00:00", "OSType         ")


def test_an_answer_is_exported_and_one_that_cannot_be_is_no_traceback(screen, tmp_path):
    screen.enter("SigninLogs | summarize count() by ResultType | top 2 by count_;")
    screen.wait_for("(2 rows")
    screen.enter(f"#export {tmp_path}/out.csv")
    screen.wait_for("wrote 2 rows")
    assert (tmp_path / "out.csv").read_text().splitlines()[0] == "ResultType,count_"
    screen.enter("#export /no/such/folder/x.csv")
    assert "Traceback" not in screen.wait_for("cannot be written")


def test_what_was_typed_is_found_again_in_the_next_session(screen, folder, tmp_path):
    screen.enter("print remembered = 1;")
    screen.wait_for("remembered\n")
    screen.enter("#quit")
    screen.wait_for("LEFT")
    again = Screen(folder, tmp_path, *screen.size)
    try:
        again.press("C-r")
        again.type("remem")
        again.wait_for("print remembered = 1;")
    finally:
        again.close()


def test_pasted_text_may_hold_tabs_carriage_returns_and_what_has_no_width(screen):
    screen.paste("print\u200b a = 1,\r\n\tb = '\uc548\ub155 \U0001f600'\r\n;")
    screen.press("Enter")
    screen.wait_for("\uc548\ub155 \U0001f600", "1 row")


def test_a_terminal_of_twenty_columns(folder, tmp_path):
    narrow = Screen(folder, tmp_path, 20, 24)
    try:
        narrow.enter("AppRequests | take 2;")
        assert "Traceback" not in narrow.wait_for("(2 rows")
    finally:
        narrow.close()


@pytest.mark.parametrize("broken", ["bytes", "folder"])
def test_a_history_that_cannot_be_used_is_done_without(folder, tmp_path, broken):
    history = tmp_path / "kqlog" / "history"
    if broken == "bytes":
        history.parent.mkdir()
        history.write_bytes(b"\xff\xfe\x00+print 1\n+\n\n# \xff")
    else:
        history.mkdir(parents=True)
    screen = Screen(folder, tmp_path)
    try:
        screen.enter("print answer = 40 + 2;")
        assert "Traceback" not in screen.wait_for("    42", "(1 row")
    finally:
        screen.close()


def test_a_column_that_was_made_two_operators_before_is_completed(screen):
    screen.enter("AppRequests")
    screen.enter("| summarize requests_of_role = count() by AppRoleName")
    screen.enter("| extend twice = 2 * requests_of_role")
    screen.type("| top 1 by requests_")
    screen.wait_for("requests_of_role", "long")
    screen.press("Tab")
    screen.press("Enter")
    screen.press("Enter")
    screen.wait_for("contoso-shop", "45000")


def test_a_mistake_is_told_while_it_is_typed_and_tab_puts_it_right(screen):
    screen.type("AppRequests | where DurationMx > 100000")
    screen.wait_for("no column named 'DurationMx'  Tab: DurationMs")
    screen.press("Tab")
    screen.wait_for("where DurationMs > 100000")
    screen.enter(" | count;")
    screen.wait_for("Count", "    0")


def test_a_chart_is_drawn_and_the_next_answer_is_a_table(screen):
    query = "AppRequests | summarize requests = count() by bin(TimeGenerated, 6h) | render timechart"
    screen.enter(f"{query};")
    shown = screen.wait_for("TimeGenerated (UTC)", "(12 rows", "\u2524")
    assert "Mar 10" in shown
    screen.press("C-l")
    screen.enter("#charts off")
    screen.enter(f"{query};")
    screen.wait_for("2026-03-09T06:00:00", "(12 rows")


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "T.csv").write_text("n\n1\n")
    (tmp_path / "queries").write_text("a file where the folder would be")
    screen = Screen(tmp_path, tmp_path / "state", 200)
    try:
        screen.enter("T | count;")
        screen.wait_for("(1 row")
        screen.enter("#save mine")
        assert "Traceback" not in screen.wait_for("File exists")
        screen.enter("print answer = 40 + 2;")
        screen.wait_for("    42")
    finally:
        screen.close()


def test_how_a_function_is_called_is_told_while_it_is_written(screen):
    screen.type("AppRequests | extend day = bin(")
    screen.wait_for("bin(value: datetime|long|timespan")
    screen.type("TimeGenerated, ")
    screen.wait_for("1h")


def test_directives_are_completed_with_their_arguments(screen):
    screen.type("#sch")
    screen.wait_for("the columns of a table")
    screen.press("Tab")
    screen.type(" Heart")
    screen.wait_for("Heartbeat")
    screen.press("Tab")
    screen.press("Enter")
    screen.wait_for("Computer: string")


def test_the_last_query_becomes_a_rule_of_alerts(screen, folder):
    name = f"slow-{screen.size[0]}"
    screen.enter("AppRequests | where DurationMs > 20000 | count;")
    screen.wait_for("(1 row")
    screen.enter("AppRequests | where DurationMs > 20000 | project TimeGenerated, DurationMs | take 1;")
    screen.wait_for("DurationMs\n")
    screen.enter(f"#alert {name} 10")
    screen.wait_for("wrote /")
    assert "windowSize: PT10M" in (folder / "alerts" / f"{name}.yaml").read_text()
