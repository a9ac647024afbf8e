"""What is known of alerts, on disk: SQLite in the workspace's folder.

What a look at a rule changes is one transaction, and what is to be told of it is written in the same one: a process that is
killed at any moment loses nothing and repeats nothing. Moments are microseconds since 1970.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kqlog.alerts.episodes import Episode, Kind, Ledger
from kqlog.alerts.model import Alert, MonitorCondition, Rule, UserState
from kqlog.alerts.wire import from_json, to_json
from kqlog.errors import QueryError

FILE = "alerts.db"
_LOCK = "alerts.lock"
_SECONDS = 30
"""So long a writer waits for another one."""
_SCHEMA = """
create table if not exists rules (
    name text primary key, cursor integer, error_since integer, error text, failures integer not null default 0,
    disabled integer, unfired integer not null default 0, seconds real not null default 0, looked integer, began integer,
    rule text not null);
create table if not exists identity (id text not null);
create table if not exists episodes (
    id text primary key, rule text not null, kind text not null, key text not null, first integer not null,
    since integer not null, until integer, fired integer not null, resolved integer, state text not null, value real,
    reason text not null);
create index if not exists open_episodes on episodes (rule, until);
create table if not exists presence (
    rule text not null, key text not null, absent integer, present integer, primary key (rule, key)) without rowid;
create table if not exists outbox (
    action_id text primary key, alert text not null, made integer not null, groups text not null, suppressed text,
    delivered integer, attempts integer not null default 0, retry integer not null default 0, error text);
create index if not exists undelivered on outbox (retry) where delivered is null;
create index if not exists of_one_alert on outbox (substr(action_id, 1, 36));
create table if not exists history (
    number integer primary key, at integer not null, rule text not null, id text, event text not null, detail text not null,
    stored integer not null default 0);
create index if not exists unstored on history (number) where stored = 0;
"""


@dataclass(frozen=True)
class Progress:
    """How far a rule is."""

    cursor: int | None = None
    """The end of the last window that was looked at."""
    error_since: int | None = None
    error: str | None = None
    failures: int = 0
    """How often in a row it could not be evaluated."""
    disabled: int | None = None
    """When it was disabled for failing."""
    unfired: int = 0
    """How many alerts did not fire at the last look since there were too many."""
    seconds: float = 0.0
    """How long the last look took."""
    looked: int | None = None
    """When the last look was."""
    began: int | None = None
    """The end of the first window that is looked at: those before it came before the rule, or were skipped."""


@dataclass(frozen=True)
class Told:
    """An alert as it is kept."""

    episode: Episode
    fired: int
    resolved: int | None
    state: UserState
    value: float | None
    reason: str

    @property
    def condition(self) -> MonitorCondition:
        """Whether it is over."""
        return MonitorCondition.FIRED if self.resolved is None else MonitorCondition.RESOLVED


@dataclass(frozen=True)
class Notification:
    """What is to be told, to whom. `suppressed` names the processing rule that keeps it back."""

    alert: Alert
    groups: tuple[str, ...]
    suppressed: str | None = None
    attempts: int = 0


@dataclass(frozen=True)
class Event:
    """Something that happened, for the history."""

    number: int
    at: int
    rule: str
    id: str | None
    event: str
    detail: dict[str, Any]


class State:
    """The state of a workspace's alerts. May be used from several threads, and read by several processes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.RLock()
        self._descriptor: int | None = None
        self._connection = sqlite3.connect(root / FILE, timeout=_SECONDS, isolation_level=None, check_same_thread=False)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.executescript(_SCHEMA)
        with self.transaction():
            self._do("insert into identity select ? where not exists (select * from identity)", str(uuid.uuid4()))
        self.id: str = self._rows("select id from identity")[0][0]
        """Tells this state from others that the tables of the workspace may know of."""

    def claim(self) -> None:
        """Be the one process that evaluates the rules of this workspace; a process that ends lets go of it.

        Raises:
            QueryError: ALR002 when another one is.
        """
        descriptor = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            hint = "one kqlog serve or kqlog alerts run on a workspace is enough"
            raise QueryError("ALR002", f"another process evaluates the alerts of '{self.root}'", hint=hint) from None
        self._descriptor = descriptor

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._connection.close()
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written in here is on disk together, or not at all. May be nested."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    # -------------------------------------------------------------------------------------------------------------- rules

    def progress(self) -> dict[str, Progress]:
        """How far each rule is that was ever looked at."""
        columns = "name, cursor, error_since, error, failures, disabled, unfired, seconds, looked, began"
        return {name: Progress(*rest) for name, *rest in self._rows(f"select {columns} from rules")}

    def rules(self) -> dict[str, Rule]:
        """The rules as they were when they were last looked at."""
        return {name: from_json(Rule, json.loads(text)) for name, text in self._rows("select name, rule from rules")}

    def ledger(self, rule: Rule, since: int) -> Ledger:
        """The episodes of a rule that are open, or were at some moment since."""
        columns = "rule, kind, key, first, since, until, id"
        where = "rule = ? and (until is null or until >= ?)"
        rows = self._rows(f"select {columns} from episodes where {where} order by first", rule.name, since)
        ledger = Ledger(rule, [_episode(row) for row in rows])
        for key, absent, present in self._rows("select key, absent, present from presence where rule = ?", rule.name):
            if absent is not None:
                ledger.absent[_key(key)] = absent
            if present is not None:
                ledger.present[_key(key)] = present
        return ledger

    def save(self, ledger: Ledger, progress: Progress) -> None:
        """How far a rule is now."""
        rule = ledger.rule
        with self.transaction():
            self._do(
                "insert or replace into rules values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(rule.name, progress.cursor, progress.error_since, progress.error, progress.failures, progress.disabled),
                *(progress.unfired, progress.seconds, progress.looked, progress.began, json.dumps(to_json(rule))),
            )
            for one in ledger.episodes:
                self._do(
                    "update episodes set first = ?, since = ?, until = ? where id = ?", one.first, one.since, one.until, one.id
                )
            self._do("delete from presence where rule = ?", rule.name)
            keys = (ledger.absent.keys() & {one.key for one in ledger.episodes if one.until is None}) | ledger.present.keys()
            rows = [(rule.name, json.dumps(key), ledger.absent.get(key), ledger.present.get(key)) for key in sorted(keys)]
            self._connection.executemany("insert into presence values (?, ?, ?, ?)", rows)

    def forget(self, rule: str) -> None:
        """Know nothing of a rule that is gone; its alerts stay in the history."""
        with self.transaction():
            self._do("delete from rules where name = ?", rule)
            self._do("delete from presence where rule = ?", rule)

    # -------------------------------------------------------------------------------------------------------------- alerts

    def told(self, episode: Episode, alert: Alert, now: int) -> None:
        """An alert fired or resolved."""
        with self.transaction():
            if alert.condition is MonitorCondition.FIRED:
                self._do(
                    "insert or ignore into episodes values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    *(
                        episode.id,
                        episode.rule,
                        episode.kind,
                        json.dumps(episode.key),
                        episode.first,
                        episode.since,
                        episode.until,
                    ),
                    *(now, None, UserState.NEW, alert.value, alert.reason),
                )
            else:
                self._do("update episodes set until = ?, resolved = ? where id = ?", episode.until, now, episode.id)

    def alerts(self, *, rule: str | None = None, open_only: bool = False, since: int = 0) -> list[Told]:
        """Alerts, the last fired first."""
        columns = "rule, kind, key, first, since, until, id, fired, resolved, state, value, reason"
        where = "(?1 is null or rule = ?1) and (until is null or (not ?2 and fired >= ?3))"
        rows = self._rows(
            f"select {columns} from episodes where {where} order by fired desc, first desc, id", rule, open_only, since
        )
        return [_told(row) for row in rows]

    def alert(self, id_: str) -> Told:
        """An alert by its id, or by a start of it that no other has.

        Raises:
            QueryError: ALR002 when there is none, or more than one.
        """
        columns = "rule, kind, key, first, since, until, id, fired, resolved, state, value, reason"
        rows = self._rows(f"select {columns} from episodes where id = ?", id_)
        # A start is looked for in all of them, which takes long.
        rows = rows or self._rows(f"select {columns} from episodes where substr(id, 1, length(?1)) = ?1 limit 2", id_)
        if len(rows) != 1 or not id_:
            raise QueryError(
                "ALR002", f"there is {'no' if not rows else 'more than one'} alert '{id_}'", hint="see: kqlog alerts list"
            )
        return _told(rows[0])

    def mark(self, id_: str, state: UserState, now: int) -> Told:
        """What people say of an alert; the condition stays as it is.

        Raises:
            QueryError: ALR002 for an alert that is not there.
        """
        with self.transaction():
            found = self.alert(id_)
            self._do("update episodes set state = ? where id = ?", state, found.episode.id)
            detail = {"from": found.state, "to": state}
            self.note(now, found.episode.rule, found.episode.id, state, detail)
        return replace(found, state=state)

    def expire(self, before: int) -> None:
        """Forget alerts that were over, and what happened, before a moment. What is not delivered stays."""
        with self.transaction():
            self._do("delete from episodes where until is not null and coalesce(resolved, fired) < ?", before)
            self._do("delete from outbox where (delivered is not null or suppressed is not null) and made < ?", before)
            self._do("delete from history where stored = 1 and at < ?", before)

    # -------------------------------------------------------------------------------------------------------------- outbox

    def post(self, notification: Notification, now: int) -> None:
        """Put something into the outbox, if it never was. What is suppressed is kept there, and not delivered."""
        alert = notification.alert
        self._do(
            "insert or ignore into outbox (action_id, alert, made, groups, suppressed) values (?, ?, ?, ?, ?)",
            *(alert.action_id, json.dumps(to_json(alert)), now, json.dumps(notification.groups), notification.suppressed),
        )

    def undelivered(self, now: int, most: int = 100) -> list[Notification]:
        """What is to be told by now, the oldest first. Of one alert only the oldest: who hears of its end has heard of it."""
        earlier = "select * from outbox o where substr(o.action_id, 1, 36) = substr(outbox.action_id, 1, 36)"
        waiting = f"{earlier} and o.rowid < outbox.rowid and o.delivered is null and o.suppressed is null"
        where = f"delivered is null and suppressed is null and retry <= ? and not exists ({waiting}) order by rowid limit ?"
        rows = self._rows(f"select alert, groups, suppressed, attempts from outbox where {where}", now, most)
        return [_notification(*row) for row in rows]

    def posted(self) -> list[Notification]:
        """All that is in the outbox, in the order in which it was put there."""
        return [
            _notification(*row) for row in self._rows("select alert, groups, suppressed, attempts from outbox order by rowid")
        ]

    def delivered(self, action_id: str, now: int) -> None:
        """Everybody was told."""
        with self.transaction():
            self._do("update outbox set delivered = ?, error = null where action_id = ?", now, action_id)

    def put_off(self, action_id: str, until: int, error: str) -> None:
        """It could not be told to everybody: try again later."""
        with self.transaction():
            self._do(
                "update outbox set attempts = attempts + 1, retry = ?, error = ? where action_id = ?", until, error, action_id
            )

    # ------------------------------------------------------------------------------------------------------------- history

    def note(self, now: int, rule: str, id_: str | None, event: str, detail: dict[str, Any]) -> None:
        """Write something into the history."""
        with self.transaction():
            text = json.dumps(detail)
            self._do("insert into history (at, rule, id, event, detail) values (?, ?, ?, ?, ?)", now, rule, id_, event, text)

    def history(self, *, rule: str | None = None, since: int = 0, most: int = 1000) -> list[Event]:
        """What happened, the oldest first."""
        columns = "number, at, rule, id, event, detail"
        inner = f"select {columns} from history where (?1 is null or rule = ?1) and at >= ?2 order by number desc limit ?3"
        return _events(self._rows(f"select * from ({inner}) order by number", rule, since, most))

    def unstored(self, most: int = 10_000) -> list[Event]:
        """What happened and is not in the tables of the workspace yet."""
        return _events(
            self._rows("select number, at, rule, id, event, detail from history where stored = 0 order by number limit ?", most)
        )

    def stored(self, numbers: Iterable[int]) -> None:
        """These are in the tables."""
        with self.transaction():
            self._connection.executemany("update history set stored = 1 where number = ?", [(number,) for number in numbers])

    def _do(self, sql: str, *values: object) -> None:
        self._connection.execute(sql, values)

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()


def _key(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _episode(row: tuple[Any, ...]) -> Episode:
    rule, kind, key, first, since, until, id_ = row
    return Episode(rule, Kind(kind), _key(key), first, since, until, id_)


def _told(row: tuple[Any, ...]) -> Told:
    fired, resolved, state, value, reason = row[7:]
    return Told(_episode(row[:7]), fired, resolved, UserState(state), value, reason)


def _notification(alert: str, groups: str, suppressed: str | None, attempts: int) -> Notification:
    return Notification(from_json(Alert, json.loads(alert)), tuple(json.loads(groups)), suppressed, attempts)


def _events(rows: Iterable[tuple[Any, ...]]) -> list[Event]:
    return [Event(number, at, rule, id_, event, json.loads(detail)) for number, at, rule, id_, event, detail in rows]
