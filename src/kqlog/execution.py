"""One query on its way from text to rows: it can be watched and stopped from other threads, and ends when its time is over."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from kqlog.deadlines import DEADLINES
from kqlog.engines.engine import EVERYTHING, Answer, Engine, Limits, Run
from kqlog.errors import QueryError
from kqlog.plan import nodes as plan
from kqlog.progress import scan_line
from kqlog.result import NoAnswer, Part, Result, sum_of_sizes

if TYPE_CHECKING:
    import pyarrow

    from kqlog.plan.nodes import Render

_FRAMES = 5_000
"""Python frames that reading a query may nest. More would outgrow the stack of the thread where frames are nested in C."""
_ROWS = 16_384
"""So many rows of a part are in memory at once: rows of logs are wide, and many queries run."""

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
    """One query of a workspace. `result` or `parts` runs it, in the thread that calls it; all else may be called from any."""

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
        self.rows = 0
        """How many rows `parts` has handed over."""
        self.part_rows = 0
        """How many of them are of the last part."""
        self.bytes = 0
        """How many bytes they have in memory."""
        self.files: list[str] = []
        """The files that were opened for them."""
        self.truncated = False
        """Whether there are more rows, which the limits left out."""
        self.renders: tuple[Render | None, ...] = ()
        """The charts that the results ask for, in order; known when `parts` hands over the first."""

    def result(self) -> Result:
        """The last result of the text.

        Raises:
            QueryError: whatever is wrong, among it ENG004 when it was cancelled, LIM002 when it took too long.
        """
        with self._timed():
            return only_query_errors(self.text, self._result)

    def parts(self) -> Generator[Part, None, None]:
        """The results of the text, in order, without keeping their rows: each is to be read before the next is asked for.

        The limits are those of all rows together. A result is handed over when its first rows are there.

        Raises:
            QueryError: as `result` does, also while the rows of a part are read.
        """
        with self._timed():
            outputs = only_query_errors(self.text, lambda: self._planner(self._answer).outputs)
            self.renders = tuple(output.render for output in outputs)
            for output in outputs:
                with closing(self._batches(output.relation)) as batches:
                    first = next(batches, None)
                    rows = iter(()) if first is None else chain((first,), batches)
                    yield Part(output.relation.columns, output.render, rows)
                if self.truncated:
                    return

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
        share = self.progress()
        if run is None or not share:
            return scan_line(None, 0, None, seconds)
        return scan_line(share, sum_of_sizes(run.files), run.scanned(), seconds)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """While this lasts, the query ends when its time is over."""
        if self._seconds is None:
            yield
            return
        take_back = DEADLINES.set(self._seconds, lambda: self._stop("LIM002"))
        try:
            yield
        finally:
            take_back()

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
        run = self._started(relation)
        try:
            answer = run.answer(limits=limits)
        except QueryError as error:
            raise self._meant(error) from error.__cause__
        if files is not None:
            files += [file for file in run.files if file not in files]
        return answer

    def _batches(self, relation: plan.Node) -> Generator[pyarrow.Table, None, None]:
        """The rows of a relation as they come, as far as the limits go."""
        self.part_rows = 0
        run = only_query_errors(self.text, lambda: self._started(relation))
        if not relation.columns:
            return
        self.files += [file for file in run.files if file not in self.files]
        with closing(run.batches(_ROWS)) as batches:
            while (batch := only_query_errors(self.text, lambda: self._next(batches))) is not None:
                if self._limits.rows is not None and self.rows + batch.num_rows > self._limits.rows:
                    batch = batch.slice(0, self._limits.rows - self.rows)
                    self.truncated = True
                self.rows += batch.num_rows
                self.part_rows += batch.num_rows
                self.bytes += batch.nbytes
                if batch.num_rows:
                    yield batch
                if self.truncated:
                    return
                if self._limits.bytes is not None and self.bytes > self._limits.bytes:
                    self.truncated = only_query_errors(self.text, lambda: self._next(batches)) is not None
                    return

    def _next(self, batches: Iterator[pyarrow.Table]) -> pyarrow.Table | None:
        try:
            return next(batches, None)
        except QueryError as error:
            raise self._meant(error) from error.__cause__

    def _started(self, relation: plan.Node) -> Run:
        run = self._engine.start(relation)
        with self._lock:
            self._run = run
            stopped = self._stopped is not None
        if stopped:
            run.cancel()
        return run

    def _meant(self, error: QueryError) -> QueryError:
        """What an error of a run is to whoever asked: one that was stopped may have run out of time."""
        if error.code == "ENG004" and self._stopped == "LIM002":
            hint = "narrow its time range, or allow it more time"
            return QueryError("LIM002", f"the query ran longer than {self._seconds:g} seconds", hint=hint)
        return error
