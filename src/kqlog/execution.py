"""One query on its way from text to rows: it can be watched and stopped from other threads, and ends when its time is over."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from kqlog.engines.engine import EVERYTHING, Answer, Engine, Limits, Run
from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.progress import scan_line
from kqlog.result import NoAnswer, Result, sum_of_sizes

_FRAMES = 5_000
"""Python frames that reading a query may nest. More would outgrow the stack of the thread where frames are nested in C."""

R = TypeVar("R")


def only_query_errors(text: str, step: Callable[[], R]) -> R:
    """The step's answer, and its errors knowing the query text."""
    if sys.getrecursionlimit() < _FRAMES:
        # Never lowered again: another thread may be deep in a query of its own.
        sys.setrecursionlimit(_FRAMES)
    try:
        return step()
    except QueryError as error:
        raise error.within(text) from error.__cause__
    except RecursionError:
        raise QueryError("LIM001", "the query is nested more deeply than kqlog reads", text=text) from None


Planner = Callable[[Callable[[plan.Node], Answer]], plan.Plan]
"""Makes the plan of a query. What has to be computed for that goes through the function that it is given."""


class Execution:
    """One query of a workspace. `result` runs it, in the thread that calls it; the rest may be called from any thread."""

    def __init__(
        self, engine: Engine, text: str, planner: Planner, seconds: float | None = None, limits: Limits = EVERYTHING
    ) -> None:
        self.text = text
        self._engine = engine
        self._planner = planner
        self._seconds = seconds
        self._limits = limits
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._stopped: str | None = None

    def result(self) -> Result:
        """The last result of the text.

        Raises:
            QueryError: whatever is wrong, among it ENG004 when it was cancelled, LIM002 when it took too long.
        """
        timer = threading.Timer(self._seconds, self._stop, ["LIM002"]) if self._seconds is not None else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            return only_query_errors(self.text, self._result)
        finally:
            if timer is not None:
                timer.cancel()

    def cancel(self) -> None:
        """Stop it: `result` raises ENG004. Nothing happens when it is done already."""
        self._stop("ENG004")

    def progress(self) -> float | None:
        """How much is done, from 0 to 1; None while that is not known."""
        with self._lock:
            run = self._run
        return None if run is None else run.progress()

    def line(self, seconds: float) -> str:
        """How far it is after so many seconds, for a person who waits."""
        with self._lock:
            run = self._run
        return scan_line(self.progress(), 0 if run is None else sum_of_sizes(run.files), seconds)

    def _stop(self, code: str) -> None:
        with self._lock:
            self._stopped = self._stopped or code
            if self._run is not None:
                self._run.cancel()

    def _result(self) -> Result:
        started = time.perf_counter()
        result = Result(NoAnswer())
        files: list[str] = []
        for output in self._planner(self._answer).outputs:
            answer = self._answer(output.relation, self._limits, files)
            seconds = time.perf_counter() - started
            result = Result(answer, output.render, seconds, result.tables if result.columns else (), files)
        return result

    def _answer(self, relation: plan.Node, limits: Limits = EVERYTHING, files: list[str] | None = None) -> Answer:
        run = self._engine.start(relation)
        with self._lock:
            self._run = run
            stopped = self._stopped is not None
        try:
            if stopped:
                run.cancel()
            answer = run.answer(limits=limits)
        except QueryError as error:
            if error.code == "ENG004" and self._stopped == "LIM002":
                hint = "narrow its time range, or allow it more time"
                raise QueryError("LIM002", f"the query ran longer than {self._seconds:g} seconds", hint=hint) from None
            raise
        if files is not None:
            files += [file for file in run.files if file not in files]
        return answer
