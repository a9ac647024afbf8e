"""How often proposals are right, over real queries: where those lie beside the checkout, as they do in CI."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = next((folder for base in ROOT.parents[:2] if (folder := base / "shared" / "conformance").is_dir()), None)

pytestmark = pytest.mark.skipif(CASES is None, reason="no real queries beside the checkout")


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("completion", ROOT / "bench" / "completion.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["completion"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("cuts", [150, pytest.param(500, marks=pytest.mark.heavy)])
def test_what_follows_is_among_the_first_ten(bench, cuts: int) -> None:
    tables = bench.load_tables(CASES / "azure_tables.json")
    chosen = bench.cuts(bench.load_queries(CASES / "realworld_dev_bound.jsonl"), cuts, seed=1)
    nothing_typed, one_letter = bench.measure(chosen, tables), bench.measure(chosen, tables, typed=1)
    assert nothing_typed.share("words") >= 80
    assert nothing_typed.share("words", "marks") >= 86
    assert one_letter.share("words") >= 93
    assert sorted(nothing_typed.seconds)[int(0.95 * cuts)] < 0.05
