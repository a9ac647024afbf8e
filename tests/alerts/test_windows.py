"""Windows are the same whoever works them out, and every moment is in as many as it should be."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as some

from kqlog.alerts.model import Condition, Rule
from kqlog.alerts.windows import MINUTE, resolve_after, timing

MINUTES = some.integers(1, 1440)
MOMENTS = some.integers(0, 1 << 52)


def rule(frequency: int, window: int, delay: int = 0, lateness: int = 0) -> Rule:
    return Rule(
        "x",
        (Condition("T"),),
        frequency=timedelta(minutes=frequency),
        window=timedelta(minutes=window),
        delay=timedelta(minutes=delay),
        lateness=timedelta(minutes=lateness),
    )


@given(frequency=MINUTES, window=MINUTES, at=MOMENTS)
def test_the_first_window_that_holds_a_moment(frequency: int, window: int, at: int) -> None:
    times = timing(rule(frequency, window))
    end = times.first_with(at)
    assert end % times.frequency == 0
    assert end - times.frequency <= at < end


@given(frequency=MINUTES, window=MINUTES, at=MOMENTS)
def test_cells_lie_in_one_window_as_a_whole_or_not_at_all(frequency: int, window: int, at: int) -> None:
    times = timing(rule(frequency, window))
    cell = at // times.grain * times.grain
    for end in range(times.first_with(at) - times.frequency, at + times.window + times.frequency, times.frequency):
        start = end - times.window
        assert (start <= at < end) == (start <= cell and cell + times.grain <= end)


@given(frequency=MINUTES, delay=some.integers(0, 100), lateness=some.integers(0, 500), now=MOMENTS)
def test_what_may_be_looked_at(frequency: int, delay: int, lateness: int, now: int) -> None:
    times = timing(rule(frequency, frequency, delay, lateness))
    newest, oldest = times.newest(now), times.oldest(now)
    assert newest + times.delay <= now < newest + times.frequency + times.delay
    assert now <= oldest + times.delay + times.lateness < now + times.frequency


@given(frequency=MINUTES, at=MOMENTS, pauses=some.lists(some.integers(0, 3000), max_size=20))
def test_every_window_comes_once_however_often_one_looks(frequency: int, at: int, pauses: list[int]) -> None:
    times = timing(rule(frequency, frequency))
    first = cursor = times.newest(at)
    seen: list[int] = []
    for pause in pauses:
        at += pause * MINUTE
        ends = times.ends(cursor, times.newest(at))
        seen += ends
        cursor = max(cursor, times.newest(at))
    assert seen == list(range(first + times.frequency, cursor + 1, times.frequency))


def test_azure_s_times_to_resolve() -> None:
    table = {1: 10, 4: 10, 5: 15, 10: 30, 15: 30, 60: 120, 660: 660, 720: 720}
    assert {minutes: resolve_after(rule(minutes, 5)) // timedelta(minutes=1) for minutes in table} == table
