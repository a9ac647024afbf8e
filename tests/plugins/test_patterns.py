"""What the documentation promises of the plugins that look for patterns, on data of all kinds."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

import pyarrow
import pytest

import kqlog

Row = tuple[object, ...]
SEEDS = range(4)
COLUMNS = ("Host", "Code", "Zone")


def requests(seed: int) -> pyarrow.Table:
    """Some rows whose columns depend on each other, with weights."""
    chance = random.Random(seed)
    rows = []
    for _ in range(chance.choice([1, 7, 60, 400])):
        host = chance.choice(["web-01", "web-02", "web-03", ""])
        code = chance.choice([200, 500] if host == "web-01" else [200, 200, 404])
        rows.append({"Host": host, "Code": code, "Zone": host[-1:] + "z", "N": chance.randrange(4)})
    return pyarrow.Table.from_pylist(rows)


def patterns(seed: int, call: str) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The rows, and what a plugin finds in them with wildcards that no row has."""
    table = requests(seed)
    result = kqlog.query(f"T | {call}", tables={"T": table})
    names = [column.name for column in result.columns]
    return table.to_pylist(), [dict(zip(names, row, strict=True)) for row in result.rows]


def fits(pattern: dict[str, object]) -> Callable[[dict[str, object]], bool]:
    """Whether a row has all values of a pattern."""
    values = {name: pattern[name] for name in COLUMNS if pattern[name] not in ("*", -1, None)}
    return lambda row: all(row[name] == value for name, value in values.items())


def weighed(rows: Iterator[dict[str, object]]) -> int:
    return sum(int(str(row["N"])) for row in rows)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("threshold", [0.05, 0.3, 1.0])
def test_basket_has_every_frequent_value_with_exact_counts(seed: int, threshold: float) -> None:
    rows, found = patterns(seed, f'project-away N | evaluate basket({threshold}, "~", "~", "*", -1)')
    assert [row["SegmentId"] for row in found] == list(range(len(found)))
    for pattern in found:
        count = sum(map(fits(pattern), rows))
        assert pattern["Count"] == count >= threshold * len(rows)
        assert pattern["Percent"] == pytest.approx(100 * count / len(rows))
    for name in COLUMNS:
        for value in {row[name] for row in rows}:
            frequent = sum(row[name] == value for row in rows) >= threshold * len(rows)
            assert any(pattern[name] == value for pattern in found) == frequent


@pytest.mark.parametrize("seed", SEEDS)
def test_basket_finds_combinations_that_several_values_make(seed: int) -> None:
    rows, found = patterns(seed, 'project-away N | evaluate basket(0.1, "~", "~", "*", -1)')
    shown = {(pattern["Host"], pattern["Code"]) for pattern in found}
    for pair in {(row["Host"], row["Code"]) for row in rows}:
        frequent = sum((row["Host"], row["Code"]) == pair for row in rows) >= 0.1 * len(rows)
        assert (pair in shown) >= frequent


@pytest.mark.parametrize("seed", SEEDS)
def test_weights_stand_for_rows(seed: int) -> None:
    rows, found = patterns(seed, 'evaluate basket(0.2, N, "~", "*", -1)')
    for pattern in found:
        assert pattern["Count"] == weighed(filter(fits(pattern), iter(rows))) >= 0.2 * weighed(iter(rows))
        assert pattern["N"] == -1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size_weight", [0.0, 0.5, 1.0])
def test_autocluster_counts_are_exact_and_always_the_same(seed: int, size_weight: float) -> None:
    call = f'project-away N | evaluate autocluster({size_weight}, "~", "~", "*", -1)'
    rows, found = patterns(seed, call)
    assert patterns(seed, call)[1] == found != []
    for pattern in found:
        count = sum(map(fits(pattern), rows))
        assert pattern["Count"] == count > 0
        assert pattern["Percent"] == pytest.approx(100 * count / len(rows))


def test_a_larger_weight_of_size_covers_more() -> None:
    means = []
    for size_weight in (0.1, 0.5, 0.9):
        _, found = patterns(3, f'project-away N | evaluate autocluster({size_weight}, "~", "~", "*", -1)')
        means.append(sum(float(str(pattern["Percent"])) for pattern in found) / len(found))
    assert means == sorted(means)


@pytest.mark.parametrize("seed", SEEDS)
def test_diffpatterns_differ_by_the_threshold_with_exact_counts(seed: int) -> None:
    rows, found = patterns(seed, 'project-away N | evaluate diffpatterns(Code, "200", "404", "~", 0.1, "~", "*")')
    sides = [[row for row in rows if row["Code"] == code] for code in (200, 404)]
    differences = [float(str(pattern["PercentDiffAB"])) for pattern in found]
    assert differences == sorted(differences, reverse=True)
    for pattern, difference in zip(found, differences, strict=True):
        counts = [sum(map(fits({**pattern, "Code": None}), side)) for side in sides]
        percents = [100 * count / max(len(side), 1) for count, side in zip(counts, sides, strict=True)]
        assert [pattern["CountA"], pattern["CountB"]] == counts
        assert [pattern["PercentA"], pattern["PercentB"]] == pytest.approx(percents)
        assert difference == pytest.approx(abs(percents[0] - percents[1]))
        assert difference >= 10 - 1e-9


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("least", "most"), [(1, 20), (3, 20), (2, 4)])
def test_text_patterns_fit_as_many_texts_as_they_say(seed: int, least: int, most: int) -> None:
    chance = random.Random(seed)
    words = ["user", "ann", "ben", "failed", "from", "lisbon", "disk"]
    texts = [" ".join(chance.choices(words, k=chance.randrange(7))) for _ in range(80)]
    rows = [{"Text": text, "Good": chance.random() < 0.5} for text in texts]
    call = f"T | evaluate diffpatterns_text(Text, Good, {least}, 0.05, {most})"
    result = kqlog.query(call, tables={"T": pyarrow.Table.from_pylist(rows)})
    totals = [sum(row["Good"] is side for row in rows) for side in (True, False)]
    differences = []
    for *counts, first, second, pattern in result.rows:
        shown = pattern.split(" ")
        regex = re.compile(r" ".join(r"\S+" if word == "*" else re.escape(word) for word in shown) + "( |$)")
        if shown[-1] == "*":
            regex = re.compile(r" ".join(r"\S+" if word == "*" else re.escape(word) for word in shown[:-1]) + "( |$)")
        fit = [sum(bool(regex.match(str(row["Text"]))) for row in rows if row["Good"] is side) for side in (True, False)]
        assert counts == fit
        assert [first, second] == pytest.approx([100 * count / total for count, total in zip(fit, totals, strict=True)])
        assert abs(first - second) >= 5
        assert sum(word != "*" for word in shown) >= least
        assert len(shown) <= most
        differences.append(first - second)
    assert differences == sorted(differences, reverse=True)
