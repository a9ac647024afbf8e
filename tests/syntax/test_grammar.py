"""The grammar as a whole: unambiguous, found, saved and loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kqlog.syntax import grammar


def test_the_grammar_is_unambiguous() -> None:
    grammar.lark_parser(grammar.grammar_text(), strict=True)


def test_every_operator_class_has_a_rule() -> None:
    rules = {rule.origin for rule in grammar.tables().rules}
    declared = {path.stem for path in (Path(grammar.__file__).parents[1] / "operators").glob("*.py")} - {"__init__"}
    assert declared <= rules


def test_files_are_joined_in_the_order_of_their_names() -> None:
    text = grammar.grammar_text()
    assert text.index("NAME:") < text.index("?expr:") < text.index("summarize:") < text.index("script:")


def test_the_tables_are_saved_for_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built = grammar.load()
    (saved,) = (tmp_path / "kqlog").iterdir()
    before = saved.stat().st_mtime_ns
    assert grammar.load() == built
    assert saved.stat().st_mtime_ns == before


def test_nobody_else_can_write_to_the_saved_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    grammar.load()
    (saved,) = (tmp_path / "kqlog").iterdir()
    assert saved.stat().st_mode & 0o077 == 0
    assert saved.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"", b"no tables", b"\x00" * 5000])
def test_damaged_tables_are_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    grammar.load()
    (saved,) = (tmp_path / "kqlog").iterdir()
    saved.write_bytes(damage)
    assert grammar.load().rules == grammar.tables().rules
    assert len(saved.read_bytes()) > 100_000


def test_a_folder_that_cannot_be_written_to_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kqlog").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert grammar.load().rules == grammar.tables().rules


def test_saved_tables_are_read_without_lark() -> None:
    code = "import sys; from kqlog.syntax.parse import parse; parse('T'); print('lark' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # the first may have to save them
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_one_query_imports_the_operators_it_uses_and_no_others() -> None:
    code = (
        "import sys; from kqlog.syntax.parse import parse; parse('T | take 1');"
        "print(sorted(name for name in sys.modules if name.startswith('kqlog.operators.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['kqlog.operators.take']"
