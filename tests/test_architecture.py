"""The rules of the house: who may import whom, and what the linters say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        [BIN / "lint-imports", "--no-cache"],
        [BIN / "ruff", "check", "--no-cache", "--quiet", "."],
        [BIN / "ruff", "format", "--no-cache", "--check", "--quiet", "."],
        [BIN / "mypy", "--no-error-summary"],
    ],
    ids=["imports", "lint", "format", "types"],
)
def test_the_house_is_in_order(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_is_longer_than_500_lines():
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").glob("*.py")]
    assert [str(file.relative_to(ROOT)) for file in files if len(file.read_text("utf-8").splitlines()) > 500] == []
