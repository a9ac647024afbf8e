"""What the plugins have in common that follow ids along a timeline."""

from __future__ import annotations

from typing import Any

from kqlog.errors import QueryError
from kqlog.lowering.calls import call, column
from kqlog.plan import nodes as plan
from kqlog.plan import overloads
from kqlog.plan.lookup import Variable
from kqlog.plan.names import ColumnNames
from kqlog.plan.scope import Scope
from kqlog.plugins.arguments import Arguments
from kqlog.plugins.written import written
from kqlog.types import INTEGERS, SUMMABLE, TICKS_PER_DAY, Type

CALENDAR = {"week": 7, "month": 30, "year": 365}
"""Periods of the calendar, and how many days each has where a window is measured in them."""
MOST_BINS = 100_000
"""A window can have so many bins, each of which sees all rows of the window."""
MOST_PERIODS = 3_000
"""There can be so many periods where each is compared with each."""
_IDS = frozenset(Type) - {Type.DYNAMIC}


class Activity:
    """The table of such a plugin under names of ours, for queries of ours: Rows(Id, Timeline, Dimension1, Dimension2 ...).

    `names` are its constants. `by` lists the dimensions, each after a comma. `dimension` is the parameter that gives them.
    """

    def __init__(
        self, source: plan.Node, arguments: Arguments, scope: Scope, dimension: str = "Dimension", ids: frozenset[Type] = _IDS
    ) -> None:
        self._scope = scope
        self._arguments = arguments
        self.id = arguments.column("IdColumn", ids)
        self.timeline = arguments.column("TimelineColumn", SUMMABLE)
        self.dimensions = arguments.columns(dimension)
        self._own = tuple(f"Dimension{number + 1}" for number in range(len(self.dimensions)))
        self.by = "".join(f", {name}" for name in self._own)
        self._calendar: str | None = None
        id_: plan.Value = column(self.id)
        if self.id.type is Type.DYNAMIC:
            source = plan.Filter(source, call("isnotnull", id_))
            id_ = overloads.convert(id_, Type.STRING)
        columns = zip(("Timeline", *self._own), (self.timeline, *self.dimensions), strict=True)
        rows = plan.Project(source, (plan.Item("Id", id_), *(plan.Item(name, column(found)) for name, found in columns)))
        self.names: dict[str, Variable] = {"Rows": plan.Named(scope.session.unique("$activity"), rows)}

    def moment(self, name: str) -> None:
        """Take a constant of the timeline's type."""
        self.names[name] = self._constant(name, self.timeline.type)

    def span(self, name: str, own: str | None = None) -> None:
        """Take a constant that is a length of the timeline: a timespan for a datetime. `own`: our name for it.

        Raises:
            QueryError: SEM002 when it is not positive.
        """
        type_ = Type.TIMESPAN if self.timeline.type is Type.DATETIME else self.timeline.type
        span = self._constant(name, type_)
        if span.value is not None and not span.value > 0:  # type: ignore[operator]
            raise QueryError("SEM002", f"'{name}' must be positive", self._arguments[name].span)
        self.names[own or name] = span

    def look_back(self, window: str) -> None:
        """Make known as From where a window that ends with Start begins."""
        start, length = self._given("Start"), self._given(window)
        begin = None if start is None or length is None else start - length
        if begin is not None and self.timeline.type is Type.DATETIME:
            begin = max(begin, 0)
        self.names["From"] = plan.Literal(self.timeline.type, begin)

    def step(self, name: str) -> None:
        """Take the length of a period, our Step: a span, or 'week', 'month' or 'year'.

        Raises:
            QueryError: SEM002 for anything else.
        """
        given = self._arguments.constant(name)
        if given.type is not Type.STRING:
            self.span(name, "Step")
        elif given.value in CALENDAR and self.timeline.type is Type.DATETIME:
            self._calendar = str(given.value)
        else:
            hint = f"it is a length, or one of {', '.join(CALENDAR)} on a timeline of datetimes"
            raise QueryError("SEM002", f"'{given.value}' is no period", self._arguments[name].span, hint)

    def _constant(self, name: str, type_: Type) -> plan.Literal:
        given = self._arguments.constant(name, type_ if type_ not in INTEGERS else None)
        if given.type not in INTEGERS and type_ in INTEGERS:
            raise QueryError("SEM002", f"'{name}' must be {type_.one}, as {self.timeline.name} is", self._arguments[name].span)
        converted = overloads.convert(given, type_)
        assert isinstance(converted, plan.Literal)
        return converted

    def period(self, moment: str, offset: int = 0) -> str:
        """The start of the period that a moment is in, or of the one so many later."""
        if self._calendar is not None:
            return f"startof{self._calendar}({moment}, {offset})"
        start = f"bin_at({moment}, Step, Start)" if "Start" in self.names else f"bin({moment}, Step)"
        return f"{start} + {offset} * Step" if offset else start

    def following(self, window: str) -> str:
        """Operators that repeat the rows of a period, First, for each one, Bin, whose window has them: itself and some later.

        Raises:
            QueryError: LIM003 when it has too many.
        """
        self._limit(self._given(window), MOST_BINS)
        length, later = "Step", "First + Later * Step"
        if self._calendar is not None:
            length, later = f"{CALENDAR[self._calendar]}d", f"startof{self._calendar}(First, Later)"
        return f"mv-expand Later = range(0, tolong({window} / {length}) - 1, 1) to typeof(long) | extend Bin = {later}"

    def _given(self, name: str) -> Any:
        given = self.names[name]
        return given.value if isinstance(given, plan.Literal) else None

    def _limit(self, length: Any, most: int) -> None:
        """Refuse a length that too many periods fit into."""
        step = self._given("Step") if self._calendar is None else CALENDAR[self._calendar] * TICKS_PER_DAY
        if length is not None and step is not None and length > most * step:
            message = f"{self._arguments.call.name} compares at most {most:,} periods, and there are more here"
            raise QueryError("LIM003", message, self._arguments.call.span, "make the time range shorter or the periods longer")

    def periods(self) -> str:
        """A query of the starts of all periods, as Bin.

        Raises:
            QueryError: LIM003 when there are too many.
        """
        start, end = self._given("Start"), self._given("End")
        self._limit(None if start is None or end is None else end - start, MOST_PERIODS)
        if self._calendar is not None:
            last, start = f"datetime_diff('{self._calendar}', End, Start)", f"startof{self._calendar}(Start, Number)"
        else:
            last, start = "tolong((End - Start) / Step)", "Start + Number * Step"
        return f"range Number from 0 to {last} step 1 | project Bin = {start}"

    def same(self, *others: str) -> str:
        """The dimensions and other columns, to join on or sort by."""
        return ", ".join((*self._own, *others))

    def changed(self, moment: str, *others: str) -> str:
        """Whether a sorted row is the first one of its dimensions and other columns; `moment` and these are without nulls."""
        # Dimensions as text, since two nulls are neither equal nor different.
        tests = [f"tostring({name}) != tostring(prev({name}))" for name in self._own]
        tests += [f"{name} != prev({name})" for name in others]
        return f"({' or '.join((f'isnull(prev({moment}))', *tests))})"

    def answer(self, text: str, results: tuple[str, ...], starts: tuple[str, ...] = (), order: tuple[str, ...] = ()) -> plan.Node:
        """The result of a query of ours: its Bin (and To) under the names `starts`, its dimensions, its results; in order."""
        node = written(text, self.names, self._scope)
        own = ("Bin", "To")[: len(starts) or 1] + self._own
        shown = (starts or (self.timeline.name,)) + tuple(found.name for found in self.dimensions)
        keys = tuple(plan.SortKey(self._value(node, name), False, True) for name in order or own)
        names = ColumnNames()
        items = [plan.Item(names.derive(name), self._value(node, key)) for key, name in zip(own, shown, strict=True)]
        items += [plan.Item(names.derive(name), self._value(node, name)) for name in results]
        return plan.Project(plan.Sort(node, keys), tuple(items))

    def _value(self, node: plan.Node, name: str) -> plan.Value:
        """A column of a result; periods as the timeline counts them."""
        value = plan.ColumnRef(name, dict(node.columns)[name])
        return overloads.convert(value, self.timeline.type) if name in ("Bin", "To") else value
