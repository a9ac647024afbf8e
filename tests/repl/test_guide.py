"""The screens of docs/prompt.md are those of the sessions in docs/generate_prompt.py, as they look today."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from terminal import HAS_TMUX

DOCS = Path(__file__).parents[2] / "docs"
SCREEN = re.compile(r"<!-- screen: ([\w-]+) -->\n```text\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
SHOWN = dict(SCREEN.findall((DOCS / "prompt.md").read_text("utf-8")))


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("generate_prompt", DOCS / "generate_prompt.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def untimed(text):
    return re.sub(r"\d+\.\d{3} s", "some s", text)


def test_every_screen_has_a_session(generator):
    assert set(SHOWN) == set(generator.SESSIONS)


@pytest.mark.skipif(not HAS_TMUX, reason="tmux is not installed")
@pytest.mark.parametrize("name", ["corrected", "timespan", "help"])
def test_a_screen_is_what_the_terminal_shows(generator, name):
    assert untimed(generator.taken(name)) == untimed(SHOWN[name])
