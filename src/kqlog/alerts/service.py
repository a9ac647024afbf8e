"""The alerts of a workspace: what is due at a moment, a look at one rule, and what becomes of it.

`Alerts.tick` does all that is due at once, in the thread that calls it; `kqlog.alerts.schedule` does the same with threads.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from kqlog.alerts.arrivals import Arrivals
from kqlog.alerts.episodes import Change, Ledger, remembered
from kqlog.alerts.evaluation import judge, needs, sees
from kqlog.alerts.model import Alert, MonitorCondition, Rule
from kqlog.alerts.processing import ProcessingRules
from kqlog.alerts.questions import Ask, Cells, Need, Question
from kqlog.alerts.rules import FOLDER, BoundRule, Rules
from kqlog.alerts.state import Notification, Progress, State
from kqlog.alerts.tables import ALERT, HISTORY, store_events
from kqlog.alerts.windows import DAY, HOUR, MINUTE, as_datetime, literal, timing
from kqlog.errors import QueryError
from kqlog.result import Result
from kqlog.store.upkeep import keep_in_order
from kqlog.workspace import Workspace

SECONDS = 30.0
"""So long a look at a rule may take."""
_WINDOWS_AT_ONCE = {True: 1_440, False: 20}
"""So many windows a look catches up with, by whether the rule is row-wise; the rest is for the next look."""
_ATTEMPTS = 3
"""A window that failed so often is passed over."""
_DISABLED_AFTER = 7 * DAY
_FORGOTTEN_AFTER = 7 * DAY
_KEPT = 30 * DAY
"""Azure keeps alerts for 30 days."""
_MESSAGES, _ROWS, _HISTORY = 20, 10, 30
"""So many alerts of a look come with rows, so many rows they have, and so many values of windows before."""

_SHARED = 6 * HOUR
"""Longer times are asked for by each rule alone, so that none reads much more than it needs."""

T = TypeVar("T")
log = logging.getLogger("kqlog.alerts")


@dataclass(frozen=True)
class Evidence:
    """The first rows behind an alert, and the values of its window and those before."""

    rows: Result
    history: tuple[tuple[datetime, float], ...] = ()


@dataclass
class Look:
    """What a look at a rule found, which is not kept yet."""

    one: BoundRule
    now: int
    ledger: Ledger
    progress: Progress
    seen: int | None
    """The look at the tables that it knows of; None when it failed."""
    evidence: dict[str, Evidence] = field(default_factory=dict)
    """What is told with what fired, by the id of the action."""
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    """What else happened, for the history."""


class Shared:
    """Answers of one moment: what several rules ask is asked once, over what the windows of all of them need."""

    def __init__(self, workspace: Workspace, needs: Iterable[tuple[Question, Need]] = ()) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, int, int], Future[Result]] = {}
        self._cells: dict[str, Future[Cells]] = {}
        self._needs: dict[str, Need] = {}
        for question, need in needs:
            if need.end - need.start <= _SHARED:
                subject = question.subject
                self._needs[subject] = need | self._needs.get(subject, need)

    def fetch(self, question: Question, need: Need, ask: Ask) -> tuple[Cells, int]:
        """The cells that a question needs, among those that others need as well."""
        subject = question.subject
        whole = self._needs.get(subject)
        if whole is None or whole | need != whole:
            return question.cells(ask, *need), need.grain
        with self._lock:
            mine = subject not in self._cells
            answer = self._cells.setdefault(subject, Future())
        if mine:
            _settle(answer, lambda: question.cells(ask, *whole))
        return answer.result(), whole.grain

    def ask(self, seconds: float) -> Ask:
        """What asks for one look, which may take so many seconds."""
        until = time.monotonic() + seconds

        def ask(text: str, start: int, end: int) -> Result:
            with self._lock:
                mine = (text, start, end) not in self._answers
                answer = self._answers.setdefault((text, start, end), Future())
            if mine:
                left = max(0.01, until - time.monotonic())
                _settle(answer, lambda: run(self._workspace, text, start, end, left))
            return answer.result()

        return ask


def _settle(answer: Future[T], step: Callable[[], T]) -> None:
    """Work something out for all who wait for it, who hear of what goes wrong as well."""
    try:
        answer.set_result(step())
    except BaseException as error:  # noqa: BLE001
        answer.set_exception(error)


def run(workspace: Workspace, text: str, start: int, end: int, seconds: float | None = None) -> Result:
    """A query over what lies between two moments; the second is its now().

    Raises:
        QueryError: whatever goes wrong, LIM002 when it takes longer.
    """
    span = (as_datetime(start), as_datetime(end))
    return workspace.start(f"set query_now = {literal(end)};\n{text}", span, None, seconds).result()


class Alerts:
    """The rules of a workspace and their state. One process at a time has it."""

    def __init__(self, workspace: Workspace, *, seconds: float = SECONDS, messages: int = _MESSAGES) -> None:
        if workspace.store is None:
            raise QueryError("ALR001", "alerts are kept in a workspace", hint="make one with kqlog init FOLDER")
        self.workspace = workspace
        self.state = State(workspace.store.root)
        self._store = workspace.store
        self._seconds, self._messages = seconds, messages
        try:
            self.state.claim()
        except QueryError:
            self.state.close()
            raise
        # Read by the first `refresh`: a server with very many rules takes in logs meanwhile.
        self.rules = Rules(workspace, workspace.store.root / FOLDER)
        self.processing = ProcessingRules(workspace.store.root)
        self.progress = self.state.progress()
        self._known = self.state.rules()
        self._arrivals = Arrivals(workspace.store)
        self._seen: dict[str, int] = {}
        self._look = 0
        self._fresh = True

    def close(self) -> None:
        """Let another process have it."""
        self.state.close()

    def tick(self, now: int) -> list[Change]:
        """Look at all rules that are due at a moment, and keep what came of it."""
        self.refresh(now)
        due = self.due(now)
        shared = self.shared(due, now)
        looks = [look for one in due if (look := self.look(one, now, shared)) is not None]
        return self.keep(looks, now)

    def refresh(self, now: int) -> None:
        """Read files that changed, resolve the alerts of rules that are gone, and see what came into the tables."""
        changed = self.rules.refresh() or self._fresh
        self.processing.refresh()
        self._look = self._arrivals.look({table for one in self.rules.found.values() for table in one.tables})
        if not changed:
            return
        self._fresh = False
        for file, error in [*self.rules.broken.items(), *self.processing.broken.items()]:
            log.warning("%s cannot be used: %s", file.name, error)
        places = {f"{self.rules.folder.name}/{file.name}" for file in self.rules.broken}
        gone = [rule for name, rule in self._known.items() if name not in self.rules.found and rule.place not in places]
        for rule in gone:
            self._end(rule, now)

    def due(self, now: int) -> list[BoundRule]:
        """The rules with windows to look at, for the first time or again."""
        return [one for one in self.rules.found.values() if one.rule.enabled and self._windows(one, now)[1]]

    def shared(self, due: Iterable[BoundRule], now: int) -> Shared:
        """What looks at these rules have in common."""
        return Shared(self.workspace, (need for one in due for need in needs(one, self._windows(one, now)[1])))

    def look(self, one: BoundRule, now: int, shared: Shared) -> Look | None:
        """Look at the windows of a rule that are due; None where none are."""
        started = time.monotonic()
        seen, before = self._look, self.progress.get(one.name, Progress())
        again, due, skipped = self._windows(one, now)
        if not due:
            return None
        times = timing(one.rule)
        ledger = self.state.ledger(one.rule, due[0] - remembered(times))
        began = before.began if before.began is not None and not skipped else due[len(again)]
        if skipped:
            ledger.skip(due[len(again)] - times.frequency)
        ask = shared.ask(self._seconds)
        try:
            ledger.take(judge(one, due, ask, shared.fetch))
            ledger.recover(now)
            ledger.forget(now - _FORGOTTEN_AFTER)
        except QueryError as error:
            return self._failed(Look(one, now, self.state.ledger(one.rule, now), before, None), error, due[len(again) :])
        try:
            evidence = self._evidence(one, ledger.changes, ask)
        except QueryError as error:
            log.warning("the alerts of %s are told without rows: %s", one.name, error.message)
            evidence = {}
        progress = Progress(
            max(due[-1], before.cursor if before.cursor is not None else due[-1]),
            unfired=ledger.unfired,
            seconds=time.monotonic() - started,
            looked=now,
            began=began,
        )
        return Look(one, now, ledger, progress, seen, evidence, [("Skipped", {"windows": skipped})] if skipped else [])

    def keep(self, looks: Iterable[Look], now: int) -> list[Change]:
        """Write what looks found, and what is to be told of it, in one transaction."""
        looks = list(looks)
        with self.state.transaction():
            for look in looks:
                self._tell(look.ledger, look.one, now, look.evidence)
                for event, detail in look.notes:
                    self.state.note(now, look.one.name, None, event, detail)
                self.state.save(look.ledger, look.progress)
        for look in looks:
            self.progress[look.one.name] = look.progress
            self._known[look.one.name] = look.one.rule
            if look.seen is not None:
                self._seen[look.one.name] = look.seen
        return [change for look in looks for change in look.ledger.changes]

    def publish(self) -> None:
        """Write what happened into the tables Alert and AlertHistory."""
        try:
            store_events(self._store, self.state)
        except QueryError as error:
            # It stays where it is, and is tried again.
            log.warning("what happened to alerts cannot be stored: %s", error.message)

    def tidy(self, now: int) -> None:
        """Forget what is older than 30 days, and keep the tables of alerts in order."""
        self.state.expire(now - _KEPT)
        try:
            for table in (ALERT, HISTORY):
                keep_in_order(self._store, table)
        except QueryError as error:
            log.warning("the tables of alerts are not put in order: %s", error.message)

    # ------------------------------------------------------------------------------------------------------------- windows

    def _windows(self, one: BoundRule, now: int) -> tuple[list[int], list[int], int]:
        """The windows to look at again, those together with the ones that are due, and how many are skipped."""
        rule, times = one.rule, timing(one.rule)
        before = self._enabled(rule)
        if before is None or (before.error is not None and 0 <= now - (before.looked or 0) < MINUTE):
            # What failed is not tried again at once.
            return [], [], 0
        newest = times.newest(now)
        cursor = newest - times.frequency if before.cursor is None else before.cursor
        due = list(times.ends(cursor, newest))
        skipped = 0
        if not rule.catch_up and len(due) > 1:
            skipped, due = len(due) - 1, due[-1:]
        due = due[: 1 if before.failures else _WINDOWS_AT_ONCE[one.row_wise]]
        again: list[int] = []
        late = self._arrivals.earliest(one.tables, self._seen.get(one.name))
        if late is not None and before.began is not None and not skipped and times.lateness:
            first = max(times.first_with(late), times.oldest(now), before.began)
            again = list(times.ends(first - times.frequency, min(cursor, newest)))
        return again, again + due, skipped

    def _enabled(self, rule: Rule) -> Progress | None:
        """How far a rule is; None for one that was disabled and did not change since."""
        before = self.progress.get(rule.name, Progress())
        if before.disabled is None:
            return before
        if rule == self._known.get(rule.name):
            return None
        return replace(before, disabled=None, error_since=None, error=None, failures=0)

    def _failed(self, look: Look, error: QueryError, due: list[int]) -> Look:
        """What becomes of a rule whose query failed: its window is tried again, a few times."""
        before, now, message = look.progress, look.now, f"{error.code}: {error.message}"
        since = before.error_since if before.error_since is not None else now
        failures = before.failures + 1 if due else before.failures
        passed_over = failures >= _ATTEMPTS and bool(due)
        disabled = now if now - since >= _DISABLED_AFTER else None
        if before.error_since is None or disabled:
            look.notes.append(("Disabled" if disabled else "Failed", {"error": message}))
        look.ledger.fail(since, now, message)
        look.progress = replace(
            before,
            cursor=due[0] if passed_over else before.cursor,
            began=before.began if before.began is not None or not passed_over else due[0],
            error_since=since,
            error=message,
            failures=0 if passed_over else failures,
            disabled=disabled,
            looked=now,
        )
        return look

    # ------------------------------------------------------------------------------------------------------------- telling

    def _end(self, rule: Rule, now: int) -> None:
        """Resolve what is open of a rule that is gone."""
        ledger = self.state.ledger(rule, now)
        ledger.end_all(now, "the rule was deleted or has another name now")
        with self.state.transaction():
            self._tell(ledger, BoundRule(rule, ()), now, {})
            self.state.save(ledger, self.progress.get(rule.name, Progress()))
            self.state.forget(rule.name)
        for known in (self._known, self.progress, self._seen):
            known.pop(rule.name, None)

    def _tell(self, ledger: Ledger, one: BoundRule, now: int, evidence: dict[str, Evidence]) -> None:
        for change in ledger.changes:
            alert = alert_of(one.rule, change, now, evidence.get(change.action_id))
            self.state.told(change.episode, alert, now)
            groups, suppressed = self.processing.groups(alert, as_datetime(now))
            self.state.post(Notification(alert, groups, suppressed), now)
            detail = {"actionId": change.action_id, "suppressed": suppressed}
            self.state.note(now, one.name, change.episode.id, change.condition, detail)

    def _evidence(self, one: BoundRule, changes: Iterable[Change], ask: Ask) -> dict[str, Evidence]:
        """What is told with what fired."""
        fired = [(change, change.verdict) for change in changes if change.condition is MonitorCondition.FIRED]
        told = [(change, verdict) for change, verdict in fired if verdict is not None][: self._messages]
        if not told:
            return {}
        times = timing(one.rule)
        first, last = (choose(verdict.end for _, verdict in told) for choose in (min, max))
        before = judge(one, times.ends(first - _HISTORY * times.frequency, last) if one.row_wise else [], ask)
        found = {}
        for change, verdict in told:
            start = verdict.telling.start if one.questions[0].row_wise else verdict.telling.end - sees(one.rule)
            rows = one.questions[0].rows(ask, start, verdict.telling.end, change.episode.key, _ROWS)
            ends = [end for end in before.ends if verdict.end - _HISTORY * times.frequency < end <= verdict.end]
            values = [(as_datetime(end), before.of(end, change.episode.key).periods[0][0].value) for end in ends]
            found[change.action_id] = Evidence(rows, tuple((at, value) for at, value in values if value is not None))
        return found


def alert_of(rule: Rule, change: Change, now: int, evidence: Evidence | None = None) -> Alert:
    """A change as it is told. A resolved alert names the window that resolved it."""
    episode, verdict = change.episode, change.verdict
    names = next((tuple(one.name for one in condition.dimensions) for condition in rule.conditions if condition.dimensions), ())
    fired = change.condition is MonitorCondition.FIRED
    end = verdict.end if verdict is not None else episode.first if fired else (episode.until or now)
    window = (verdict.telling.start, verdict.telling.end) if verdict is not None else (end, end)
    return Alert(
        id=episode.id,
        action_id=change.action_id,
        rule=rule,
        condition=change.condition,
        fired=as_datetime(episode.first),
        window=(as_datetime(window[0]), as_datetime(window[1])),
        resolved=None if fired or episode.until is None else as_datetime(episode.until),
        dimensions=tuple(zip(names, episode.key, strict=False)),
        value=verdict.value if verdict is not None else None,
        columns=tuple(column.name for column in evidence.rows.columns) if evidence is not None else (),
        rows=tuple(map(tuple, evidence.rows.texts())) if evidence is not None else (),
        history=evidence.history if evidence is not None else (),
        reason=change.reason,
    )
