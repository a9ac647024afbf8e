"""What a rule would have told of the past: nothing is kept, and nobody is told."""

from __future__ import annotations

from dataclasses import dataclass

from kqlog.alerts.episodes import Episode, Kind, Ledger
from kqlog.alerts.evaluation import Verdict, judge
from kqlog.alerts.model import MonitorCondition
from kqlog.alerts.questions import Ask, Key
from kqlog.alerts.rules import BoundRule
from kqlog.alerts.windows import shown, timing

_WIDTH = 60
_SHOWN_KEYS, _SHOWN_ALERTS = 20, 50
_QUIET, _FIRED = "·", "█"


@dataclass(frozen=True)
class Backtest:
    """The alerts that would have fired in windows from one end to another."""

    one: BoundRule
    start: int
    end: int
    windows: int
    ledger: Ledger

    @property
    def episodes(self) -> list[Episode]:
        """In the order in which they would have fired."""
        return [change.episode for change in self.ledger.changes if change.condition is MonitorCondition.FIRED]

    def text(self) -> str:
        """A timeline for each combination that would have fired, and its alerts."""
        episodes = self.episodes
        fired = len(episodes)
        lines = [
            f"{self.one.name}: {self.windows:,} windows from {shown(self.start)} to {shown(self.end)},"
            f" {'no alert' if not fired else '1 alert' if fired == 1 else f'{fired:,} alerts'}"
        ]
        keys = sorted({episode.key for episode in episodes})
        width = max((len(_label(key)) for key in keys[:_SHOWN_KEYS]), default=0)
        if keys:
            lines += ["", f"{'':{width}}  {shown(self.start):<{_WIDTH - 16}}{shown(self.end)}"]
        lines += [
            f"{_label(key):{width}}  {self._line([one for one in episodes if one.key == key])}" for key in keys[:_SHOWN_KEYS]
        ]
        if len(keys) > _SHOWN_KEYS:
            lines.append(f"... and {len(keys) - _SHOWN_KEYS:,} more combinations")
        return "\n".join([*lines, *self._alerts()])

    def _line(self, episodes: list[Episode]) -> str:
        span = max(1, self.end - self.start)
        cells = [_QUIET] * _WIDTH
        for episode in episodes:
            last = self.end if episode.until is None else episode.until
            first, last = ((at - self.start) * (_WIDTH - 1) // span for at in (episode.first, last))
            cells[first : last + 1] = [_FIRED] * (last - first + 1)
        return "".join(cells)

    def _alerts(self) -> list[str]:
        changes = [change for change in self.ledger.changes if change.condition is MonitorCondition.FIRED]
        lines = [""] if changes else []
        for change in changes[:_SHOWN_ALERTS]:
            episode = change.episode
            what = "" if episode.kind is Kind.CONDITION else f" ({episode.kind})"
            until = (
                " (stateless)"
                if not self.one.rule.stateful
                else " still open"
                if episode.until is None
                else f" to {shown(episode.until)}"
            )
            lines.append(f"{shown(episode.first)}{until}  {_label(episode.key)}{what}: {change.reason}".replace(" : ", ": "))
        if len(changes) > _SHOWN_ALERTS:
            lines.append(f"... and {len(changes) - _SHOWN_ALERTS:,} more alerts")
        if self.ledger.unfired:
            lines.append(f"{self.ledger.unfired:,} more would not have fired: there are limits, see docs/alerts.md")
        return lines


def backtest(one: BoundRule, ask: Ask, start: int, end: int) -> Backtest:
    """Replay the windows that end after one moment, and at another at the latest, as if all rows had come in time.

    A row-wise rule takes one query; any other takes one for each window.

    Raises:
        QueryError: what goes wrong with a query.
    """
    times = timing(one.rule)
    ends = times.ends(start // times.frequency * times.frequency, end)
    ledger = Ledger(one.rule, [])
    ledger.take(judge(one, ends, ask))
    return Backtest(one, start, end, len(ends), ledger)


def verdicts_at(one: BoundRule, ask: Ask, end: int) -> dict[Key, Verdict]:
    """The verdicts on one window."""
    verdicts = judge(one, [end], ask)
    return {key: verdicts.of(end, key) for key in sorted(verdicts.keys(end))}


def _label(key: Key) -> str:
    return ", ".join(key) if key else "all"
