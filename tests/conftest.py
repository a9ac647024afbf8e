"""Options that all tests know, and what several test modules start from."""

from __future__ import annotations

from typing import Any

import pytest

import kqlog


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite the expectation of failing cases with what came out")


@pytest.fixture(scope="module")
def workspace() -> kqlog.Workspace:
    """A workspace without tables."""
    return kqlog.connect(None)


@pytest.fixture(scope="module")
def value(workspace: kqlog.Workspace) -> Any:
    """What `print` answers for one expression."""
    return lambda expression: workspace.query(f"print x = {expression}").rows[0][0]
