"""From verdicts to alerts: when one fires, when it resolves, and what a window that is looked at again may change.

An episode is an alert from its first window to its last. A window *lies in* an episode when it ends between the two, or after
the first while the episode is open. The rules:

- A violating window that lies in no episode of its combination begins one: the alert fires. One shortly before an episode, so
  that it would not have been resolved in between, belongs to that episode, of which people know already: nothing is told.
- An episode is over at the end of a window that does not violate, when none has violated for the rule's time to resolve.
- A window that was told once stays told: rows that come in late may fire an alert, and never take one back.

So the same verdicts, however often they are given, tell nothing twice.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from enum import StrEnum

from kqlog.alerts.evaluation import Verdict, Verdicts, sentence
from kqlog.alerts.model import MonitorCondition, Outcome, Rule
from kqlog.alerts.questions import Key
from kqlog.alerts.windows import Timing, microseconds, shown, timing

MOST_STATEFUL = 300
MOST_STATELESS = 6_000
"""So many alerts of a rule fire at most by one evaluation, as in Azure; of stateful ones so many are open."""
_SPACE = uuid.UUID("7b3c8a52-94a9-4f0e-9d0b-3c9a1f7c6e11")


class Kind(StrEnum):
    """What an alert says of its rule."""

    CONDITION = "condition"
    NO_DATA = "noData"
    ERROR = "error"


@dataclass
class Episode:
    """An alert of a combination. Moments are microseconds since 1970."""

    rule: str
    kind: Kind
    key: Key
    first: int
    since: int
    """The end of the last violating window: the time to resolve counts from here."""
    until: int | None = None
    """The end of the window that resolved it; None while it is open."""
    id: str = ""

    def __post_init__(self) -> None:
        self.id = self.id or alert_id(self.rule, self.kind, self.key, self.first)

    def holds(self, end: int) -> bool:
        """Whether a window lies in it."""
        return self.first <= end and (self.until is None or end <= self.until)


def alert_id(rule: str, kind: Kind, key: Key, first: int) -> str:
    """The id of an alert: the same whenever it is worked out."""
    return str(uuid.uuid5(_SPACE, json.dumps([rule, kind, key, first])))


@dataclass(frozen=True)
class Change:
    """An episode that began or ended, which is told."""

    episode: Episode
    condition: MonitorCondition
    verdict: Verdict | None
    reason: str

    @property
    def action_id(self) -> str:
        """The id of what is told: the same whenever it is worked out."""
        return f"{self.episode.id}-{self.condition.lower()}"


@dataclass
class Ledger:
    """The episodes of one rule that still matter, and what verdicts make of them."""

    rule: Rule
    episodes: list[Episode]
    absent: dict[Key, int] = field(default_factory=dict)
    """The end of the first window without rows, of combinations that have none now."""
    present: dict[Key, int] = field(default_factory=dict)
    """The end of the first window with rows, of combinations that are watched for having none."""
    changes: list[Change] = field(default_factory=list)
    unfired: int = 0
    """How many would have fired if there were not too many."""
    _fired: int = 0
    _by_key: dict[tuple[Kind, Key], list[Episode]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._times = timing(self.rule)
        self._open = {episode.id: episode for episode in self.episodes if episode.until is None}
        for episode in self.episodes:
            self._by_key.setdefault((episode.kind, episode.key), []).append(episode)

    def watched(self, end: int) -> set[Key]:
        """The combinations that get a verdict on a window though they have no rows: those that were seen before it."""
        own = {one.key for one in self._open.values() if one.kind is not Kind.ERROR and one.first < end}
        return own | {key for key, first in self.present.items() if first < end}

    def take(self, verdicts: Verdicts) -> None:
        """What verdicts change, in the order of their windows."""
        for end in verdicts.ends:
            watched, keys = self.watched(end), verdicts.keys(end)
            if self.rule.no_data.outcome is not Outcome.ALERT:
                # A dimension may have very many values: those that meet the condition, or did, are enough.
                keys = {key for key in keys if key in watched or verdicts.met(end, key)}
            for key in sorted(keys | watched):
                self._take(key, verdicts.of(end, key))

    def fail(self, since: int, now: int, message: str) -> None:
        """The rule's queries have failed since a moment."""
        absence = self.rule.on_error
        if now - since < microseconds(absence.pending):
            return
        if absence.outcome is Outcome.RESOLVE:
            for episode in [one for one in self._open.values() if one.kind is Kind.CONDITION]:
                self._resolve(episode, max(now, episode.first), None, f"the rule cannot be evaluated: {message}")
        elif absence.outcome is Outcome.ALERT and not any(one.until is None for one in self._of(Kind.ERROR, ())):
            self._begin(Kind.ERROR, (), now, None, f"the rule cannot be evaluated since {shown(since)}: {message}")

    def recover(self, now: int) -> None:
        """The rule's queries answer."""
        for episode in [one for one in self._of(Kind.ERROR, ()) if one.until is None]:
            self._resolve(episode, max(now, episode.first), None, "the rule is evaluated again")

    def end_all(self, now: int, reason: str) -> None:
        """Resolve everything, as when the rule is gone."""
        for episode in list(self._open.values()):
            self._resolve(episode, max(now, episode.first), None, reason)

    def forget(self, before: int) -> None:
        """Watch combinations no longer that had no rows for so long; what is open for having none resolves."""
        for key in [key for key, end in self.absent.items() if end < before and key in self.present]:
            del self.present[key]
            for episode in [one for one in self._of(Kind.NO_DATA, key) if one.until is None]:
                self._resolve(episode, episode.since, None, "no data for so long that it is not watched any more")

    def skip(self, until: int) -> None:
        """Windows up to one were not looked at: nobody knows whether they were clear."""
        for episode in self._open.values():
            if episode.kind is Kind.CONDITION:
                episode.since = max(episode.since, until)

    # --------------------------------------------------------------------------------------------------------- one verdict

    def _take(self, key: Key, verdict: Verdict) -> None:
        self._watch(key, verdict)
        if verdict.met:
            self._violates(key, verdict)
        elif verdict.met is None:
            self._unknown(key, verdict)
        else:
            self._clears(key, verdict)

    def _violates(self, key: Key, verdict: Verdict) -> None:
        end, times = verdict.end, self._times
        own = self._of(Kind.CONDITION, key)
        if not self.rule.stateful:
            if not any(abs(end - one.first) < max(times.mute, 1) for one in own):
                self._begin(Kind.CONDITION, key, end, verdict, until=end)
            return
        if (lying := next((one for one in own if one.holds(end)), None)) is not None:
            if lying.until is None:
                lying.since = max(lying.since, end)
            return
        following = min((one for one in own if one.first > end), key=lambda one: one.first, default=None)
        if following is not None and following.first - end <= _connected(times):
            following.first = end
            return
        self._begin(Kind.CONDITION, key, end, verdict)

    def _clears(self, key: Key, verdict: Verdict) -> None:
        times = self._times
        for episode in self._of(Kind.CONDITION, key):
            if episode.until is None and verdict.end > episode.first and verdict.end - episode.since >= times.resolve:
                self._resolve(episode, verdict.end, verdict, sentence(self.rule, verdict))

    def _unknown(self, key: Key, verdict: Verdict) -> None:
        absence, end = self.rule.no_data, verdict.end
        long_enough = end - self.absent.get(key, end) >= microseconds(absence.pending)
        for episode in self._of(Kind.CONDITION, key):
            if episode.until is None and end > episode.first:
                if absence.outcome is Outcome.RESOLVE and long_enough:
                    self._resolve(episode, end, verdict, f"no data since {shown(self.absent.get(key, end))}")
                else:
                    episode.since = max(episode.since, end)
        own = self._of(Kind.NO_DATA, key)
        if absence.outcome is Outcome.ALERT and long_enough and not any(one.holds(end) for one in own):
            self._begin(Kind.NO_DATA, key, end, verdict, f"no data since {shown(self.absent.get(key, end))}")

    def _watch(self, key: Key, verdict: Verdict) -> None:
        """Keep in mind who has rows, and since when there are none."""
        end = verdict.end
        if verdict.met is None:
            self.absent[key] = min(end, self.absent.get(key, end))
            return
        if self.absent.get(key, end + 1) <= end:
            del self.absent[key]
        if self.rule.no_data.outcome is Outcome.ALERT:
            self.present[key] = min(end, self.present.get(key, end))
        for episode in self._of(Kind.NO_DATA, key):
            if episode.until is None and end > episode.first:
                self._resolve(episode, end, verdict, "there are data again")

    # ------------------------------------------------------------------------------------------------------------ changes

    def _begin(
        self, kind: Kind, key: Key, end: int, verdict: Verdict | None, reason: str = "", *, until: int | None = None
    ) -> None:
        full = self.rule.stateful and len(self._open) >= MOST_STATEFUL
        if full or self._fired >= MOST_STATELESS:
            self.unfired += 1
            return
        self._fired += 1
        episode = Episode(self.rule.name, kind, key, end, end, until)
        self.episodes.append(episode)
        if until is None:
            self._open[episode.id] = episode
        self._by_key.setdefault((kind, key), []).append(episode)
        if verdict is not None and kind is Kind.CONDITION:
            reason = sentence(self.rule, verdict)
        self.changes.append(Change(episode, MonitorCondition.FIRED, verdict, reason))

    def _resolve(self, episode: Episode, end: int, verdict: Verdict | None, reason: str) -> None:
        episode.until = end
        del self._open[episode.id]
        self.changes.append(Change(episode, MonitorCondition.RESOLVED, verdict, reason))

    def _of(self, kind: Kind, key: Key) -> list[Episode]:
        return self._by_key.get((kind, key), [])


def remembered(times: Timing) -> int:
    """How long an episode that is over still matters to windows that are looked at again, in microseconds before the oldest."""
    return max(times.mute, _connected(times))


def _connected(times: Timing) -> int:
    """Two violating windows so far apart at most belong to one episode: no window in between could have resolved it."""
    return max(times.resolve, times.frequency)
