"""The verdict of a rule on its windows: for each combination of dimensions whether the condition is met, and by what number.

Nothing here remembers anything: the same windows over the same rows get the same verdicts.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kqlog.alerts.model import Aggregation, Comparison, Outcome, Rule
from kqlog.alerts.questions import Ask, Cell, Cells, Key, Need, Question
from kqlog.alerts.rules import BoundRule
from kqlog.alerts.windows import Timing, microseconds, shown, timing

SYMBOLS = {
    Comparison.EQUALS: "==",
    Comparison.GREATER: ">",
    Comparison.GREATER_OR_EQUAL: ">=",
    Comparison.LESS: "<",
    Comparison.LESS_OR_EQUAL: "<=",
}
_COMPARE = {
    Comparison.EQUALS: operator.eq,
    Comparison.GREATER: operator.gt,
    Comparison.GREATER_OR_EQUAL: operator.ge,
    Comparison.LESS: operator.lt,
    Comparison.LESS_OR_EQUAL: operator.le,
}
_VERBS = {
    Aggregation.COUNT: "count",
    Aggregation.AVERAGE: "average",
    Aggregation.MINIMUM: "minimum",
    Aggregation.MAXIMUM: "maximum",
    Aggregation.TOTAL: "total",
}


@dataclass(frozen=True, slots=True)
class Period:
    """One of the periods of a condition: where it is, its rows, its number, and whether it violates the threshold."""

    start: int
    end: int
    rows: int
    value: float | None
    violates: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the condition of a rule is met at the end of a window; None where there are no rows to tell from.

    `periods` are those of each condition, the latest first.
    """

    end: int
    met: bool | None
    periods: tuple[tuple[Period, ...], ...] = ()

    @property
    def value(self) -> float | None:
        """The number of the latest violating period of the first condition, or of its latest."""
        return self.telling.value

    @property
    def telling(self) -> Period:
        """The period that the verdict is told by."""
        first = self.periods[0]
        return next((period for period in first if period.violates), first[0])


Fetch = Callable[[Question, Need, Ask], tuple[Cells, int]]
"""Gets the cells that a row-wise question needs, or more and shorter ones, and how long they are."""


def alone(question: Question, need: Need, ask: Ask) -> tuple[Cells, int]:
    """Get them with a query of their own."""
    return question.cells(ask, *need), need.grain


def judge(one: BoundRule, ends: Sequence[int], ask: Ask, fetch: Fetch = alone) -> Verdicts:
    """The verdicts on windows that end at these moments, which are in order.

    Raises:
        QueryError: what goes wrong with a query.
    """
    return Verdicts(one.rule, ends, tuple(_answer(question, one.rule, ends, ask, fetch) for question in one.questions))


def needs(one: BoundRule, ends: Sequence[int]) -> list[tuple[Question, Need]]:
    """What the verdicts on windows will be made of, as far as that is shared."""
    times = timing(one.rule)
    return [(question, _need(question, times, ends)) for question in one.questions if question.row_wise]


def _need(question: Question, times: Timing, ends: Sequence[int]) -> Need:
    return Need(ends[0] - question.condition.periods * times.window, ends[-1], times.grain)


def sees(rule: Rule) -> int:
    """How far back from the end of a window its query sees, in microseconds."""
    own = max(condition.periods for condition in rule.conditions) * microseconds(rule.window)
    return own if rule.query_range is None else max(own, microseconds(rule.query_range))


def sentence(rule: Rule, verdict: Verdict) -> str:
    """A verdict for people: 'count 17 > 10 in 2026-03-10 12:05 to 12:10'."""
    parts = []
    for condition, periods in zip(rule.conditions, verdict.periods, strict=True):
        telling = next((period for period in periods if period.violates), periods[0])
        what = _VERBS[condition.aggregation] + (f" of {condition.measure}" if condition.measure is not None else "")
        number = "none" if telling.value is None else f"{telling.value:g}"
        sign = SYMBOLS[condition.operator] if telling.violates else f"not {SYMBOLS[condition.operator]}"
        text = f"{what} {number} {sign} {condition.threshold:g} in {shown(telling.start)} to {shown(telling.end)[11:]}"
        if condition.periods > 1:
            bad = sum(period.violates for period in periods)
            text += f", {bad} of {condition.periods} periods violate ({condition.failing} needed)"
        parts.append(text)
    return "; ".join(parts)


@dataclass(frozen=True)
class _Answer:
    """The cells that a condition's periods are made of."""

    question: Question
    times: Timing
    cells: Cells
    """Of a row-wise question, for all windows."""
    grain: int
    """How long those are."""
    by_end: dict[int, Cells]
    """Of any other, for each window on its own."""
    at: dict[int, set[Key]]
    """The combinations that have rows, by the ends of windows."""

    def keys(self, end: int) -> set[Key]:
        """The combinations that have rows in what is looked at for a window; a condition without dimensions speaks of no one."""
        return self.at.get(end, set()) if self.question.condition.dimensions else set()

    def periods(self, end: int, key: Key) -> tuple[Period, ...]:
        """The periods of a window for a combination."""
        cells = self._cells(end, key)
        return tuple(self._period(end - at * self.times.window, cells) for at in range(self.question.condition.periods))

    def failing(self, end: int, key: Key) -> int:
        """In how many periods the threshold is violated."""
        cells, found = self._cells(end, key), 0
        for at in range(self.question.condition.periods):
            found += self._violates(self.question.value(self._within(end - at * self.times.window, cells)))
        return found

    def _cells(self, end: int, key: Key) -> dict[int, Cell]:
        own: Key = key if self.question.condition.dimensions else ()
        return (self.cells if self.question.row_wise else self.by_end[end]).get(own, {})

    def _period(self, end: int, cells: dict[int, Cell]) -> Period:
        within = self._within(end, cells)
        value = self.question.value(within)
        return Period(end - self.times.window, end, sum(cell.rows for cell in within), value, self._violates(value))

    def _violates(self, value: float | None) -> bool:
        condition = self.question.condition
        return value is not None and bool(_COMPARE[condition.operator](value, condition.threshold))

    def _within(self, end: int, cells: dict[int, Cell]) -> list[Cell]:
        """The cells of the period that ends at a moment."""
        start = end - self.times.window
        if self.question.row_wise:
            starts = range(start, end, self.grain)
            few = starts if len(starts) < len(cells) else sorted(cells.keys() & set(starts))
            return [cells[at] for at in few if at in cells]
        if self.question.condition.periods > 1:
            return [cells[start]] if start in cells else []
        return list(cells.values())


@dataclass(frozen=True)
class Verdicts:
    """Verdicts on windows in their order."""

    rule: Rule
    ends: Sequence[int]
    _answers: tuple[_Answer, ...]

    def keys(self, end: int) -> set[Key]:
        """The combinations that have rows in what is looked at for a window; of a rule without dimensions the one there is."""
        whole: set[Key] = set() if any(condition.dimensions for condition in self.rule.conditions) else {()}
        return whole.union(*(answer.keys(end) for answer in self._answers))

    def met(self, end: int, key: Key) -> bool:
        """Whether the condition is met, told in as short a time as can be."""
        return all(answer.failing(end, key) >= answer.question.condition.failing for answer in self._answers)

    def of(self, end: int, key: Key) -> Verdict:
        """The verdict on a window for a combination, whether it has rows or not."""
        rule, periods = self.rule, tuple(answer.periods(end, key) for answer in self._answers)
        if rule.no_data.outcome is not Outcome.CLEAR and not any(period.rows for own in periods for period in own):
            return Verdict(end, None, periods)
        met = all(
            sum(period.violates for period in own) >= condition.failing
            for condition, own in zip(rule.conditions, periods, strict=True)
        )
        return Verdict(end, met, periods)


def _answer(question: Question, rule: Rule, ends: Sequence[int], ask: Ask, fetch: Fetch) -> _Answer:
    condition, times = question.condition, timing(rule)
    if not question.row_wise or not ends:
        grain = times.window if condition.periods > 1 else 0
        by_end = {end: question.cells(ask, end - sees(rule), end, grain) for end in ends}
        return _Answer(question, times, {}, grain, by_end, {end: set(cells) for end, cells in by_end.items()})
    cells, grain = fetch(question, _need(question, times, ends), ask)
    wanted, at = set(ends), dict[int, set[Key]]()
    for key, found in cells.items():
        for start in found:
            for end in range(times.first_with(start), start + condition.periods * times.window + 1, times.frequency):
                if end in wanted:
                    at.setdefault(end, set()).add(key)
    return _Answer(question, times, cells, grain, {}, at)
