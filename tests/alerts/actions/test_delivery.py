"""What fires is told at least once, in order, whatever receivers do, and nobody waits for those that hang."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field, replace

import alert_samples as samples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kqlog.alerts.actions.groups import Groups
from kqlog.alerts.delivery import Deliveries, next_try
from kqlog.alerts.model import Alert
from kqlog.alerts.state import Notification, State

SECOND = 1_000_000


@dataclass
class Clock:
    now: int = 1_773_136_000 * SECOND

    def __call__(self) -> int:
        return self.now


@dataclass
class Setting:
    """A workspace's folder, its outbox, and who delivers from it."""

    root: object
    state: State
    clock: Clock = field(default_factory=Clock)
    warnings: list[str] = field(default_factory=list)

    def group(self, name: str, text: str) -> None:
        folder = self.root / "alerts" / "groups"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(text)

    def post(self, alert: Alert, *groups: str) -> None:
        self.state.post(Notification(alert, groups), self.clock.now)

    def deliveries(self) -> Deliveries:
        return Deliveries(self.state, Groups(self.root), self.warnings.append, self.clock)

    def deliver(self, deliveries: Deliveries) -> None:
        """All that is due now."""
        for future in deliveries.start():
            future.result(20)

    @property
    def waiting(self) -> list[str]:
        return [one.alert.action_id for one in self.state.undelivered(1 << 62, 1000)]


@pytest.fixture
def setting(tmp_path):
    state = State(tmp_path)
    yield Setting(tmp_path, state)
    state.close()


def webhook(http, name="hook", **more) -> str:
    return "webhookReceivers: " + json.dumps([{"name": name, "serviceUri": http.url, "timeout": "PT1S", **more}])


def test_who_is_in_the_groups_is_told_and_then_nobody(setting, http):
    setting.group("ops", webhook(http, "one"))
    setting.group("web", webhook(http, "two"))
    setting.post(samples.LOG, "ops", "web")
    deliveries = setting.deliveries()
    setting.deliver(deliveries)
    setting.deliver(deliveries)
    assert [headers["Idempotency-Key"] for _, _, headers in http.requests] == ["6f9619ff-8b86-d011-b42d-00cf4fc964ff-fired"] * 2
    assert setting.waiting == []


def test_a_receiver_that_fails_is_told_again_and_the_others_are_not(setting, http, tmp_path):
    told = tmp_path / "told"
    command = ["sh", "-c", f"echo $KQLOG_ACTION_ID >> {told}"]
    setting.group("ops", webhook(http) + "\ncommandReceivers: " + json.dumps([{"name": "page", "command": command}]))
    moods = iter([500, "close", 200])
    http.mood = lambda: next(moods)
    setting.post(samples.LOG, "ops")
    deliveries = setting.deliveries()
    for _ in range(3):
        setting.deliver(deliveries)
        setting.deliver(deliveries)
        setting.clock.now += 60 * SECOND
    assert len(http.requests) == 3
    assert told.read_text().split() == ["6f9619ff-8b86-d011-b42d-00cf4fc964ff-fired"]
    assert setting.waiting == []


def test_who_asks_for_time_gets_it(setting, http):
    setting.group("ops", webhook(http))
    http.mood, http.again = lambda: 429, "120"
    setting.post(samples.LOG, "ops")
    deliveries = setting.deliveries()
    setting.deliver(deliveries)
    setting.clock.now += 119 * SECOND
    setting.deliver(deliveries)
    assert len(http.requests) == 1
    setting.clock.now += 2 * SECOND
    setting.deliver(deliveries)
    assert len(http.requests) == 2


def test_the_end_is_not_told_before_the_start(setting, http):
    setting.group("ops", webhook(http))
    http.mood = lambda: 500
    setting.post(samples.LOG, "ops")
    setting.deliver(setting.deliveries())
    setting.post(samples.RESOLVED, "ops")
    http.mood = lambda: 200
    deliveries = setting.deliveries()  # as after a restart
    setting.deliver(deliveries)
    assert len(http.requests) == 1
    for _ in range(2):
        setting.clock.now += 60 * SECOND
        setting.deliver(deliveries)
    assert [headers["Idempotency-Key"].rpartition("-")[2] for _, _, headers in http.requests] == ["fired", "fired", "resolved"]


def test_what_is_refused_is_written_down_and_given_up(setting, http):
    setting.group("ops", webhook(http))
    http.mood, http.answer = lambda: 400, b"no such channel"
    setting.post(samples.LOG, "ops")
    setting.deliver(setting.deliveries())
    assert setting.waiting == []
    (event,) = setting.state.history()
    assert (event.event, event.detail["reason"]) == ("NotDelivered", "ops: hook answers 400: no such channel")
    assert setting.warnings == ["the alert cpu-high (Fired) is not told: ops: hook answers 400: no such channel"]


def test_a_group_that_is_not_there_yet_is_waited_for(setting, http):
    setting.post(samples.LOG, "ops")
    deliveries = setting.deliveries()
    setting.deliver(deliveries)
    assert setting.waiting == ["6f9619ff-8b86-d011-b42d-00cf4fc964ff-fired"]
    setting.group("ops", webhook(http))
    setting.clock.now += 60 * SECOND
    setting.deliver(deliveries)
    assert setting.waiting == [] and len(http.requests) == 1


def test_a_group_that_is_switched_off_hears_nothing(setting, http):
    setting.group("ops", "enabled: false\n" + webhook(http))
    setting.post(samples.LOG, "ops")
    setting.deliver(setting.deliveries())
    assert setting.waiting == [] and http.requests == []


def test_after_a_day_nobody_is_told_any_more(setting, http):
    setting.group("ops", webhook(http))
    http.mood = lambda: 500
    setting.post(samples.LOG, "ops")
    began, deliveries = setting.clock.now, setting.deliveries()
    while setting.waiting:
        setting.deliver(deliveries)
        setting.clock.now += 1800 * SECOND
    assert 20 * 3600 < (setting.clock.now - began) / SECOND < 30 * 3600
    assert setting.state.history()[-1].event == "NotDelivered"


def test_receivers_that_hang_do_not_hold_up_the_others(setting, http):
    fine = type(http)()
    try:
        setting.group("slow", webhook(http))
        setting.group("fast", webhook(fine))
        http.mood = lambda: "hang"
        for at in range(20):
            setting.post(replace(samples.LOG, id=f"s{at}", action_id=f"{at:036}-fired"), "slow")
        setting.post(replace(samples.LOG, id="f", action_id="fast"), "fast")
        deliveries, ended = setting.deliveries(), threading.Event()
        began = time.monotonic()
        running = threading.Thread(target=deliveries.run, args=(ended,))
        running.start()
        while not fine.requests and time.monotonic() - began < 10:
            time.sleep(0.01)
        took = time.monotonic() - began
        ended.set()
        running.join(20)
        assert len(fine.requests) == 1 and took < 5
        assert len(http.requests) <= 4
    finally:
        fine.close()


def test_what_waits_for_a_receiver_that_fails_is_not_in_the_way(setting, http):
    """A thousand are looked at together; those of a receiver that just failed are put off without asking it again."""
    setting.group("slow", webhook(http))
    http.mood = lambda: 500
    with setting.state.transaction():
        for at in range(30):
            setting.post(replace(samples.LOG, id=f"s{at}", action_id=f"{at:036}-fired"), "slow")
    deliveries = setting.deliveries()
    for _ in range(15):
        setting.deliver(deliveries)
    assert setting.state.undelivered(setting.clock.now, 1000) == []
    assert len(http.requests) <= 2
    http.mood = lambda: 200
    for _ in range(40):
        setting.clock.now += 60 * SECOND
        setting.deliver(deliveries)
    assert setting.waiting == [] and len({headers["Idempotency-Key"] for _, _, headers in http.requests}) == 30


def test_another_process_takes_over_what_was_not_delivered(setting, http):
    setting.group("ops", webhook(http))
    setting.post(samples.LOG, "ops")
    setting.state.close()
    setting.state = State(setting.root)
    setting.deliver(setting.deliveries())
    assert [headers["Idempotency-Key"] for _, _, headers in http.requests] == ["6f9619ff-8b86-d011-b42d-00cf4fc964ff-fired"]


@given(st.integers(1, 100), st.integers(0, 2**50), st.text())
def test_waits_grow_and_end(attempt, now, key):
    again = next_try(attempt, now, key)
    assert again == next_try(attempt, now, key)
    if attempt >= 54:
        assert again is None
    else:
        whole = min(1800, 15 * 2 ** (attempt - 1)) * SECOND
        assert whole / 2 <= again - now <= whole


def test_what_failed_together_is_not_tried_again_together():
    assert len({next_try(3, 0, str(key)) for key in range(100)}) > 90


def test_many_are_told_one_after_the_other_without_pauses(setting, http):
    setting.group("ops", webhook(http))
    with setting.state.transaction():
        for at in range(300):
            setting.post(replace(samples.LOG, id=f"{at:036}", action_id=f"{at:036}-fired"), "ops")
    deliveries, began = setting.deliveries(), time.monotonic()
    setting.deliver(deliveries)
    assert len(http.requests) == 300 and setting.waiting == []
    assert time.monotonic() - began < 15


KILLED = """
import sys, threading
from pathlib import Path
from kqlog.alerts.actions.groups import Groups
from kqlog.alerts.delivery import Deliveries
from kqlog.alerts.state import State
root = Path(sys.argv[1])
Deliveries(State(root), Groups(root), print).run(threading.Event())
"""


def test_a_process_that_is_killed_while_it_tells_loses_nothing(setting, http):
    """What the receiver has had before it answered comes once more, under the same id."""
    setting.group("ops", webhook(http))
    http.mood = lambda: "hang"
    setting.post(samples.LOG, "ops")
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(setting.root)])
    deadline = time.monotonic() + 30
    while not http.requests and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    http.mood = lambda: 200
    setting.deliver(setting.deliveries())
    assert [headers["Idempotency-Key"] for _, _, headers in http.requests] == [samples.LOG.action_id] * 2
    assert setting.waiting == []
