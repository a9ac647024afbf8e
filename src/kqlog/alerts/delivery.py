"""What fires and resolves is told: out of an outbox, to everybody in the groups, again and again until they have it.

A notification that could not be delivered is tried again later and later, for a day. Who has it is not told again by the same
process; after a restart it may be, under the same action id, by which receivers drop repeats.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

from kqlog.alerts.actions.groups import Group, Groups
from kqlog.alerts.actions.receiver import LaterError, Receiver, RefusedError
from kqlog.alerts.model import Alert
from kqlog.errors import QueryError

_SECOND = 1_000_000
_FIRST_WAIT, _LONGEST_WAIT = 15 * _SECOND, 1800 * _SECOND
_MOST_TRIES = 54
"""About a day of them. An alert that is older tells nobody anything."""
_AT_ONCE, _AT_ONCE_OF_A_GROUP = 16, 2
"""A group whose receivers hang holds few of the threads."""
_MOST_DUE = 1_000
_REST = 7 * _SECOND
"""So long a receiver that failed is left alone: what waits for it as well must not be in the way of others."""
_LOOK = 0.5
"""Seconds between two looks into the outbox."""


class Notification(Protocol):
    """What is to be told, to the groups of these names, and how often that was tried."""

    @property
    def alert(self) -> Alert:
        """What fired or resolved."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups."""

    @property
    def attempts(self) -> int:
        """How often it could not be delivered."""


class Outbox(Protocol):
    """What has to be told, on disk. Moments are microseconds since 1970; a notification is known by its `action_id`."""

    def undelivered(self, now: int, most: int) -> Sequence[Notification]:
        """What is due, the oldest first. Of one alert only the oldest: who hears of its end has heard of it."""

    def delivered(self, action_id: str, now: int) -> None:
        """It is over and done with."""

    def put_off(self, action_id: str, until: int, error: str) -> None:
        """It could not be told to everybody: it is due again then."""

    def note(self, now: int, rule: str, id_: str | None, event: str, detail: dict[str, Any]) -> None:
        """Write something into the history."""


def next_try(attempt: int, now: int, key: str = "") -> int | None:
    """When to try again what failed so often (from 1 on) at a moment, both in microseconds since 1970; None for never.

    Waits double, from 15 seconds to half an hour. Each is shorter by up to a half, which follows from the key, so that what
    failed together is not tried again together.
    """
    if attempt >= _MOST_TRIES:
        return None
    wait = min(_LONGEST_WAIT, _FIRST_WAIT << min(attempt - 1, 16))
    drawn = int.from_bytes(hashlib.blake2b(f"{key} {attempt}".encode(), digest_size=4).digest()) / 2**32
    return now + wait - int(wait / 2 * drawn)


def deliver(alert: Alert, group: Group, told: Collection[str] = ()) -> dict[str, LaterError | RefusedError]:
    """Tell everybody in a group at once, but for those of these names. What went wrong, by the name of the receiver."""
    waiting = [receiver for receiver in group.receivers if group.enabled and receiver.name not in told]
    if not waiting:
        return {}
    with ThreadPoolExecutor(min(len(waiting), _AT_ONCE), "kqlog receiver") as pool:
        outcomes = pool.map(lambda receiver: _sent(alert, receiver), waiting)
        return {receiver.name: error for receiver, error in zip(waiting, outcomes, strict=True) if error is not None}


def _sent(alert: Alert, receiver: Receiver) -> LaterError | RefusedError | None:
    try:
        receiver.send(alert)
    except (LaterError, RefusedError) as error:
        return error
    except Exception as error:  # noqa: BLE001  one that cannot be told must not keep the others from it
        return LaterError(f"{receiver.name} cannot be told: {type(error).__name__}: {error}")
    return None


class Deliveries:
    """Delivers what is in an outbox. `warn` hears of what is given up, `clock` gives the moment."""

    def __init__(
        self,
        outbox: Outbox,
        groups: Groups,
        warn: Callable[[str], None],
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._outbox, self._groups, self._warn, self._clock = outbox, groups, warn, clock
        self._pool = ThreadPoolExecutor(_AT_ONCE, "kqlog delivery")
        self._lock = threading.Lock()
        self._taken: set[str] = set()
        """The action ids of what waits here or is under way."""
        self._waiting: dict[tuple[str, ...], deque[Notification]] = {}
        self._busy: Counter[tuple[str, ...]] = Counter()
        """How many threads deliver to the same groups."""
        self._begun: list[Future[None]] = []
        self._closed = False
        self._told: dict[str, set[tuple[str, str]]] = {}
        """Who has a notification that others do not have yet: names of groups and receivers by its action id."""
        self._resting: dict[tuple[str, str], int] = {}
        """Until when receivers are left alone."""

    def run(self, ended: threading.Event) -> None:
        """Deliver until it has ended; what is under way is waited for."""
        while not ended.wait(_LOOK):
            try:
                self.start()
            except sqlite3.Error as error:
                self._warn(f"what is to be told cannot be read, it is tried again: {error}")
        self.close()

    def wait(self) -> None:
        """Wait for what was begun."""
        wait(self._begun)

    def close(self) -> None:
        """Wait for what is under way, and end."""
        self._closed = True
        self._pool.shutdown()

    def start(self) -> list[Future[None]]:
        """Begin with what is due: the futures are done when it is told, or put off."""
        for one in self._outbox.undelivered(self._clock(), _MOST_DUE):
            with self._lock:
                if one.alert.action_id not in self._taken:
                    self._taken.add(one.alert.action_id)
                    self._waiting.setdefault(one.groups, deque()).append(one)
        with self._lock:
            self._begun = [future for future in self._begun if not future.done()]
            begun = [future for groups in list(self._waiting) for future in self._begin(groups)]
            self._begun += begun
        return begun

    def _begin(self, groups: tuple[str, ...]) -> list[Future[None]]:
        """Give what waits for the same groups some threads, as far as there are any."""
        threads = min(_AT_ONCE_OF_A_GROUP - self._busy[groups], len(self._waiting[groups]), _AT_ONCE - self._busy.total())
        self._busy[groups] += max(0, threads)
        return [self._pool.submit(self._deliver, groups) for _ in range(threads)]

    def _deliver(self, groups: tuple[str, ...]) -> None:
        """Deliver all that waits for the same groups."""
        while True:
            with self._lock:
                if self._closed or not self._waiting[groups]:
                    self._busy[groups] -= 1
                    return
                one = self._waiting[groups].popleft()
            try:
                self._try(one)
            except sqlite3.Error as error:
                # It stays in the outbox, and is due still.
                self._warn(f"what was told cannot be written down, it is told again: {error}")
            finally:
                with self._lock:
                    self._taken.discard(one.alert.action_id)

    def _try(self, one: Notification) -> None:
        id_ = one.alert.action_id
        told = self._told.setdefault(id_, set())
        later: list[LaterError] = []
        for name in one.groups:
            later += self._tell_group(one.alert, name, told)
        now = self._clock()
        if not later:
            self._outbox.delivered(id_, now)
            self._told.pop(id_, None)
            return
        reasons = "; ".join(map(str, later))
        if (again := next_try(one.attempts + 1, now, id_)) is None:
            self._give_up(one.alert, reasons)
            self._outbox.delivered(id_, now)
            self._told.pop(id_, None)
            return
        asked = max((error.seconds or 0.0 for error in later), default=0.0)
        self._outbox.put_off(id_, max(again, now + min(_LONGEST_WAIT, int(asked * _SECOND))), reasons)

    def _tell_group(self, alert: Alert, name: str, told: set[tuple[str, str]]) -> list[LaterError]:
        """Tell those of a group who were not told: why some have to be told later."""
        try:
            group = self._groups.find(name)
        except QueryError as error:
            # Its file may be half written, or come back.
            return [LaterError(f"{name}: {error.message}")]
        now, told_here = self._clock(), {receiver for of, receiver in told if of == name}
        resting = {one for (of, one), until in list(self._resting.items()) if of == name and until > now} - told_here
        failed = deliver(alert, group, told_here | resting)
        later = [LaterError(f"{name}: {receiver} failed just before") for receiver in sorted(resting)]
        for receiver, problem in failed.items():
            if isinstance(problem, RefusedError):
                self._give_up(alert, f"{name}: {problem}")
                told.add((name, receiver))
            else:
                self._resting[name, receiver] = self._clock() + _REST
                later.append(LaterError(f"{name}: {problem}", problem.seconds))
        told |= {(name, one.name) for one in group.receivers if one.name not in failed and one.name not in resting}
        return later

    def _give_up(self, alert: Alert, reason: str) -> None:
        self._outbox.note(
            self._clock(), alert.rule.name, alert.id, "NotDelivered", {"actionId": alert.action_id, "reason": reason}
        )
        self._warn(f"the alert {alert.rule.name} ({alert.condition}) is not told: {reason}")
