"""Calls that are due at some time."""

from __future__ import annotations

import threading
import time

from kqlog.deadlines import Deadlines


def test_what_is_due_is_called_in_its_order():
    deadlines, called, done = Deadlines(), [], threading.Event()
    deadlines.set(0.2, lambda: (called.append("late"), done.set()))
    deadlines.set(0.1, lambda: called.append("middle"))
    deadlines.set(0.0, lambda: called.append("at once"))
    assert done.wait(10)
    assert called == ["at once", "middle", "late"]


def test_what_is_taken_back_is_not_called():
    deadlines, called, done = Deadlines(), [], threading.Event()
    take_back = deadlines.set(0.05, lambda: called.append("never"))
    deadlines.set(0.1, done.set)
    take_back()
    take_back()
    assert done.wait(10)
    assert called == []


def test_a_deadline_is_not_early():
    deadlines, done, started = Deadlines(), threading.Event(), time.monotonic()
    for _ in range(100):
        deadlines.set(60, lambda: None)()
    deadlines.set(0.1, done.set)
    assert done.wait(10)
    assert time.monotonic() - started >= 0.1
