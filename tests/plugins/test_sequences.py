"""Sequences of random events, against what their definition says of every combination."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import groupby, product

import pyarrow
import pytest

import kqlog

START = datetime(2024, 3, 1, tzinfo=UTC)
STATES = ["start", "load", "ready"]


def events(seed: int) -> list[tuple[str, int, str]]:
    """Host, minute and state."""
    chance = random.Random(seed)
    return [(chance.choice("ab"), chance.randrange(200), chance.choice(STATES)) for _ in range(60)]


def asked(rows: list[tuple[str, int, str]], call: str) -> kqlog.Result:
    columns = {
        "Host": [host for host, _, _ in rows],
        "At": [START + timedelta(minutes=minute) for _, minute, _ in rows],
        "State": [state for _, _, state in rows],
    }
    return kqlog.query(f"T | evaluate {call}", tables={"T": pyarrow.table(columns)})


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("step", "span"), [(5, 8), (30, 40), (40, 30), (1, 500), (500, 500)])
def test_sequence_detect_finds_every_way_through_the_steps(seed: int, step: int, span: int) -> None:
    rows = events(seed)
    steps = ", ".join(f'{state} = (State == "{state}")' for state in STATES)
    found = asked(rows, f"sequence_detect(At, {step}m, {span}m, {steps}, Host)").rows
    expected = set()
    for host in "ab":
        times = [{minute for of, minute, state in rows if (of, state) == (host, wanted)} for wanted in STATES]
        for first, second, third in product(*times):
            if 0 < second - first <= step and 0 < third - second <= step and third - first <= span:
                expected.add((host, first, second, third))
    minutes = [(host, *((moment - START) // timedelta(minutes=1) for moment in moments)) for host, *moments, _ in found]
    assert sorted(minutes) == sorted(expected)
    assert all(duration == last - first for _, first, _, last, duration in found)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("window", [5, 60])
def test_funnel_sequence_counts_hosts_by_the_states_around_a_sequence(seed: int, window: int) -> None:
    rows = events(seed)
    end = "datetime(2024-03-02)"
    sequence = 'dynamic(["start", "load"])'
    result = asked(rows, f"funnel_sequence(Host, At, datetime(2024-03-01), {end}, {window}m, 1h, State, {sequence})")
    around: dict[tuple[int, str, str], set[str]] = {}
    for (host, hour), group in groupby(
        sorted(set(rows), key=lambda row: (row[0], row[1:])), key=lambda row: (row[0], row[1] // 60)
    ):
        ordered = [next(same) for _, same in groupby(group, key=lambda row: row[2])]
        states = ["", *(state for _, _, state in ordered), ""]
        for at, (before, first, second, after) in enumerate(zip(states, states[1:], states[2:], [*states[3:], ""], strict=False)):
            if (first, second) == ("start", "load") and ordered[at + 1][1] - ordered[at][1] <= window:
                around.setdefault((hour, before, after), set()).add(host)
    both, by_before, by_after = (
        [((row[0] - START) // timedelta(hours=1), *row[1:-1]) for row in table.rows] for table in result.tables
    )
    assert {row[:3]: row[3] for row in both} == {key: len(hosts) for key, hosts in around.items()}
    for table, place in ((by_before, 1), (by_after, 2)):
        merged: dict[tuple[int, str], set[str]] = {}
        for key, hosts in around.items():
            merged.setdefault((key[0], key[place]), set()).update(hosts)
        assert {row[:2]: row[2] for row in table} == {key: len(hosts) for key, hosts in merged.items()}
