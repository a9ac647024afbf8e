"""What an editor gets from `kqlog lsp`: a real client and a real process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from editor_client import Editor
from lsprotocol import types
from pygls.exceptions import JsonRpcRequestCancelled

import kqlog
from kqlog.assist.layout import format

SAMPLE = Path(__file__).parents[2] / "sample_data"
HOURS = "AppRequests\n| summarize failed = countif(Success == false), rows = count() by bin(TimeGenerated, 1h)\n| where "
EMOJI = 'AppRequests | where Name == "🚀 서울" and '


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logs")
    for name in ("AppRequests.parquet", "Heartbeat.parquet"):
        shutil.copy(SAMPLE / name, folder)
    shutil.copytree(SAMPLE / "queries", folder / "queries")
    return folder


@pytest.fixture(scope="module")
def editor(folder):
    editor = Editor("-d", str(folder))
    yield editor
    assert editor.close() == 0


def at(line, character):
    return types.Position(line, character)


def changed(text, edits):
    """A text of one line each with edits in it, the last one first."""
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character), reverse=True):
        start, end = edit.range.start, edit.range.end
        new = lines[start.line][: start.character] + edit.new_text + lines[end.line][end.character :]
        lines[start.line : end.line + 1] = new.split("\n")
    return "\n".join(lines)


def test_columns_that_an_operator_made_are_proposed_with_their_types(editor):
    items = editor.complete(editor.open(HOURS), 2, 8)
    assert {(item.label, item.detail) for item in items[:3]} == {
        ("failed", "long"),
        ("rows", "long"),
        ("TimeGenerated", "datetime"),
    }
    assert [item.sort_text for item in items[:2]] == ["0000", "0001"]


def test_the_cursor_of_a_function_goes_between_its_brackets(editor):
    (item,) = [item for item in editor.complete(editor.open(f"{HOURS}starto"), 2, 14) if item.label == "startofmonth"]
    assert item.text_edit == types.TextEdit(types.Range(at(2, 8), at(2, 14)), "startofmonth($0)")
    assert item.insert_text_format == types.InsertTextFormat.Snippet


def test_an_editor_without_snippets_gets_an_open_bracket(folder):
    editor = Editor("-d", str(folder), capabilities=types.ClientCapabilities())
    (item,) = [item for item in editor.complete(editor.open(f"{HOURS}starto"), 2, 14) if item.label == "startofmonth"]
    assert item.text_edit.new_text == "startofmonth("
    editor.close()


def test_values_of_a_column_are_proposed(editor):
    document = editor.open('AppRequests | where AppRoleName == "')
    end = time.monotonic() + 20
    while '"contoso-shop"' not in [item.label for item in editor.complete(document, 0, 36)]:
        assert time.monotonic() < end


def test_places_are_counted_in_utf_16(editor):
    # The rocket is two units, a Korean syllable one.
    document = editor.open(f"{EMOJI}Durat")
    (item,) = [item for item in editor.complete(document, 0, len(EMOJI) + 1 + 5) if item.label == "DurationMs"]
    assert item.text_edit.range == types.Range(at(0, len(EMOJI) + 1), at(0, len(EMOJI) + 6))


def test_places_are_counted_in_utf_8_for_an_editor_that_wants_it(folder):
    general = types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf8])
    editor = Editor("-d", str(folder), capabilities=types.ClientCapabilities(general=general))
    assert editor.capabilities.position_encoding == types.PositionEncodingKind.Utf8
    document = editor.open(f"{EMOJI}Durat")
    before = len(EMOJI.encode())
    (item,) = [item for item in editor.complete(document, 0, before + 5) if item.label == "DurationMs"]
    assert item.text_edit.range == types.Range(at(0, before), at(0, before + 5))
    editor.close()


@pytest.mark.parametrize("place", [(0, 29), (0, 30), (0, 10_000), (99, 0), (99, 99), (2**31 - 1, 2**31 - 1)])
def test_places_inside_of_a_character_or_outside_of_the_text_are_answered(editor, place):
    document = editor.open(f"{EMOJI}Durat")
    params = types.HoverParams(document, at(*place))
    editor.wait(editor.client.text_document_hover_async(params))
    editor.complete(document, *place)


@pytest.mark.parametrize("place", ['{"line": 0, "character": -1}', '{"line": 0.5, "character": 4294967296}', '"here"', "null"])
def test_what_is_no_place_is_refused_and_the_next_request_answered(editor, place):
    document = editor.open(HOURS)
    content = f'{{"textDocument": {{"uri": "{document.uri}"}}, "position": {place}}}'
    body = f'{{"jsonrpc": "2.0", "id": "x", "method": "textDocument/hover", "params": {content}}}'
    editor.client._server.stdin.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    assert editor.complete(document, 2, 8)


def test_a_line_separator_inside_of_a_string_ends_no_line(editor):
    document = editor.open('print a = "one\u2028two\x0cthree" | extend Hours = 1\n| where Hou')
    (item,) = [item for item in editor.complete(document, 1, 11) if item.label == "Hours"]
    assert item.text_edit.range.start == at(1, 8)


def test_a_mistake_is_told_and_put_right(editor):
    text = "AppRequests\n| where DurationMx > 3"
    document = editor.open(text)
    (mistake,) = editor.diagnostics(document)
    assert (mistake.code, mistake.range) == ("SEM001", types.Range(at(1, 8), at(1, 18)))
    assert mistake.severity == types.DiagnosticSeverity.Error
    params = types.CodeActionParams(document, mistake.range, types.CodeActionContext([mistake]))
    (action,) = editor.wait(editor.client.text_document_code_action_async(params))
    assert (action.title, action.kind, action.is_preferred) == ("Change to 'DurationMs'", "quickfix", True)
    right = changed(text, action.edit.changes[document.uri])
    assert editor.diagnostics(document, editor.change(document, right)) == []


def test_a_text_that_is_unfinished_is_told_of_only_when_it_is_saved(editor):
    document = editor.open("AppRequests | where")
    assert editor.diagnostics(document) == []
    editor.save(document)
    assert [found.code for found in editor.diagnostics(document)] == ["SYN001"]


def test_of_rapid_changes_the_last_one_is_looked_at(editor):
    document = editor.open("AppRequests")
    text = "AppRequests | where DurationMx > 3 and Success == false"
    for end in range(12, len(text) + 1):
        version = editor.change(document, text[:end])
    assert [found.code for found in editor.diagnostics(document, version)] == ["SEM001"]
    seen = [params.version for params in editor.published if params.uri == document.uri]
    assert len(seen) < 5
    editor.published.clear()


def test_closing_takes_the_mistakes_away(editor):
    document = editor.open("Nothing")
    assert editor.diagnostics(document)
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(document))
    assert editor.diagnostics(document, None) == []


def test_a_name_is_explained(editor):
    document = editor.open(HOURS + "failed > 1")
    column = editor.wait(editor.client.text_document_hover_async(types.HoverParams(document, at(2, 10))))
    assert (column.contents.value, column.range) == ("```text\nfailed: long\n```", types.Range(at(2, 8), at(2, 14)))
    function = editor.wait(editor.client.text_document_hover_async(types.HoverParams(document, at(1, 24))))
    assert "countif(predicate: bool) -> long" in function.contents.value
    assert editor.wait(editor.client.text_document_hover_async(types.HoverParams(document, at(2, 7)))) is None


def test_the_argument_at_hand_is_shown(editor):
    document = editor.open("AppRequests | extend Short = substring(Name, ")
    found = editor.wait(editor.client.text_document_signature_help_async(types.SignatureHelpParams(document, at(0, 45))))
    shown = found.signatures[found.active_signature]
    start, end = shown.parameters[found.active_parameter].label
    assert shown.label[start:end] == "start: long"


def test_a_text_is_laid_out(editor):
    text = 'AppRequests|where Name=="🚀"|count'
    document = editor.open(text)
    params = types.DocumentFormattingParams(document, types.FormattingOptions(4, True))
    assert changed(text.replace("🚀", "##"), editor.wait(editor.client.text_document_formatting_async(params))) == format(text)
    wrong = types.DocumentFormattingParams(editor.open("T | where where ("), types.FormattingOptions(4, True))
    assert not editor.wait(editor.client.text_document_formatting_async(wrong))


def test_a_part_of_a_text_is_laid_out(editor):
    text = "let a=1; // one\n\nlet b=2;\nlet c=3; AppRequests|take a"
    params = types.DocumentRangeFormattingParams(
        editor.open(text), types.Range(at(2, 3), at(2, 5)), types.FormattingOptions(4, True)
    )
    edits = editor.wait(editor.client.text_document_range_formatting_async(params))
    assert changed(text, edits) == "let a=1; // one\n\nlet b = 2;\nlet c=3; AppRequests|take a"


LETS = """declare query_parameters(since: timespan = 1d);
let slow = (T: (DurationMs: real), limit: real) {
    let factor = 2;
    T | where DurationMs > limit * factor
};
let start = ago(since);
AppRequests | where TimeGenerated > start | invoke slow(3.0)"""


def test_the_outline_has_what_is_declared(editor):
    found = editor.wait(editor.client.text_document_document_symbol_async(types.DocumentSymbolParams(editor.open(LETS))))
    assert [(one.name, one.detail) for one in found] == [
        ("since", "timespan = 1d"),
        ("slow", "(T: (DurationMs: real), limit: real)"),
        ("start", None),
    ]
    assert [one.name for one in found[1].children] == ["T", "limit", "factor"]
    assert found[1].range == types.Range(at(1, 0), at(4, 1))
    assert found[1].selection_range == types.Range(at(1, 4), at(1, 8))


@pytest.mark.parametrize(
    ("place", "declared"),
    [((6, 37), (5, 4)), ((6, 54), (1, 4)), ((5, 18), (0, 25)), ((3, 30), (1, 35)), ((3, 37), (2, 8)), ((3, 5), (1, 12))],
)
def test_a_name_leads_to_its_declaration(editor, place, declared):
    document = editor.open(LETS)
    found = editor.wait(editor.client.text_document_definition_async(types.DefinitionParams(document, at(*place))))
    assert (found.uri, found.range.start) == (document.uri, at(*declared))


def test_a_column_of_the_name_of_a_let_is_a_column(editor):
    document = editor.open("let DurationMs = 3;\nAppRequests | where DurationMs > 1")
    assert editor.wait(editor.client.text_document_definition_async(types.DefinitionParams(document, at(1, 22)))) is None


def test_a_stored_function_leads_to_its_file(editor, folder):
    document = editor.open("AppRequests | take 5 | invoke slow()")
    found = editor.wait(editor.client.text_document_definition_async(types.DefinitionParams(document, at(0, 31))))
    assert found.uri == (folder / "queries" / "slow.kql").resolve().as_uri()


def test_colours_are_the_grammars(editor):
    document = editor.open("// 서울\nprint a = ```one\n two``` | count")
    data = editor.wait(editor.client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))).data
    legend = editor.capabilities.semantic_tokens_provider.legend.token_types
    rows = [(*data[number : number + 3], legend[data[number + 3]]) for number in range(0, len(data), 5)]
    assert rows == [
        (0, 0, 5, "comment"),
        (1, 0, 5, "keyword"),
        (0, 6, 1, "variable"),
        (0, 2, 1, "operator"),
        (0, 2, 6, "string"),
        (1, 0, 7, "string"),
        (0, 8, 1, "operator"),
        (0, 2, 5, "keyword"),
    ]


def test_tables_and_functions_that_change_are_seen(tmp_path):
    (tmp_path / "A.csv").write_text("x,y\n1,2\n")
    editor = Editor(root=tmp_path)
    document = editor.open("union A, B | where z == 1 | invoke late()")
    assert {found.code for found in editor.diagnostics(document)} == {"SEM001"}
    (tmp_path / "B.csv").write_text("z\n1\n")
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "late.kql").write_text("let late = (T: (*)) { T | take 1 };")
    end = time.monotonic() + 30
    while editor.diagnostics(document):
        assert time.monotonic() < end
    editor.close()


def test_a_text_of_five_thousand_lines(editor):
    block = "let f{n} = (who: string) {{\n    AppRequests\n    | where AppRoleName == who\n    | count\n}};\n"
    text = "".join(block.format(n=n) for n in range(1000)) + "f7('contoso-shop') | where Coun > 3"
    start = time.monotonic()
    document = editor.open(text)
    items = editor.complete(document, 5000, 31)
    assert items[0].label == "Count"
    (mistake,) = editor.diagnostics(document)
    assert mistake.range == types.Range(at(5000, 27), at(5000, 31))
    found = editor.wait(editor.client.text_document_definition_async(types.DefinitionParams(document, at(5000, 1))))
    assert found.range.start == at(35, 4)
    assert time.monotonic() - start < 60


def test_requests_that_are_taken_back_are_not_worked_on(editor):
    document = editor.open(HOURS)
    params = types.CompletionParams(document, at(2, 8))
    send = editor.client.protocol.send_request
    taken_back = 0
    # How many are done before they are taken back depends on the machine.
    for round_ in range(20):
        names = [f"back-{round_}-{number}" for number in range(100)]
        begun = [send(types.TEXT_DOCUMENT_COMPLETION, params, msg_id=name) for name in names]
        for name in names:
            editor.client.cancel_request(types.CancelParams(name))
        assert editor.complete(document, 2, 8)
        taken_back += sum(isinstance(one.exception(timeout=20), JsonRpcRequestCancelled) for one in begun)
        if taken_back > 50:
            break
    assert taken_back > 50


def test_a_folder_that_is_not_there_ends_the_server(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "kqlog", "lsp", "-d", str(tmp_path / "none")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "no file or folder" in done.stderr


@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")
def test_neovim_shows_mistakes_and_corrects_and_lays_out(folder, tmp_path):
    (tmp_path / "q.kql").write_text("AppRequests\n| where DurationMx > 3\n")
    script = Path(__file__).parent / "neovim.lua"
    given = {"KQLOG_PYTHON": sys.executable, "KQLOG_FOLDER": str(folder), "PYTHONPATH": str(Path(kqlog.__file__).parents[1])}
    done = subprocess.run(
        ["nvim", "--headless", "--clean", "q.kql", "-c", f"luafile {script}"],
        cwd=tmp_path,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split("\n") == [
        "mistake 1 8 18 SEM001 no column named 'DurationMx'",
        "did you mean 'DurationMs'?",
        "proposal DurationMs real",
        "correction Change to 'DurationMs'",
        "corrected | where DurationMs > 3",
        "laid out AppRequests/| count",
        "",
    ]
