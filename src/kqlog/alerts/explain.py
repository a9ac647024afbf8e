"""Why a rule did, or did not, fire at a moment: its window, the rows and the number in it, the threshold, lateness and state."""

from __future__ import annotations

from collections.abc import Iterator

from kqlog.alerts.backtest import backtest, verdicts_at
from kqlog.alerts.episodes import Kind
from kqlog.alerts.evaluation import Verdict, sentence
from kqlog.alerts.model import Outcome, Rule, UserState
from kqlog.alerts.questions import Ask, Key
from kqlog.alerts.rules import BoundRule
from kqlog.alerts.state import Progress, State, Told
from kqlog.alerts.windows import DAY, resolve_after, shown, timing

_SHOWN = 10
_PERIODS = 6


def explain(one: BoundRule, ask: Ask, at: int | None, now: int, state: State | None = None) -> str:
    """Why a rule did or did not fire at a moment, by default the last window that is over. Without a state, by its rows alone.

    Raises:
        QueryError: what goes wrong with a query.
    """
    times, rule = timing(one.rule), one.rule
    end = times.newest(now) if at is None else at // times.frequency * times.frequency
    progress = state.progress().get(one.name) if state is not None else None
    lines = [
        f"rule       {one.name}: {rule.display_name}" if rule.display_name != one.name else f"rule       {one.name}",
        f"window     {shown(end - times.window)} to {shown(end)}, the last that ends by {shown(at or now)}",
        f"looks      every {rule.frequency}, {_delay(rule)}; rows that come up to {rule.lateness} late are looked at",
        *_state_lines(rule, end, progress, now, stateless=state is None),
    ]
    verdicts = verdicts_at(one, ask, end)
    told = state.alerts(rule=one.name) if state is not None else _replayed(one, ask, end)
    open_keys = {alert.episode.key for alert in told if alert.episode.holds(end)}
    ranked = sorted(verdicts.items(), key=lambda item: (not item[1].met, item[0] not in open_keys, item[0]))
    if not verdicts:
        lines.append("rows       none in this window: no combination of dimensions has any, so nothing can fire")
        lines += _last_rows(one, ask, end)
    for key, verdict in ranked[:_SHOWN]:
        own = [alert for alert in told if alert.episode.key == key]
        lines += ["", *_combination(one, key, verdict, own, replayed=state is None)]
    if len(ranked) > _SHOWN:
        lines.append(f"\n... and {len(ranked) - _SHOWN:,} more combinations")
    return "\n".join(lines)


def _replayed(one: BoundRule, ask: Ask, end: int) -> list[Told]:
    """What would have been told in the day before, where one query tells it."""
    if not one.row_wise:
        return []
    episodes = backtest(one, ask, end - DAY, end).episodes
    return [Told(episode, episode.first, episode.until, UserState.NEW, None, "") for episode in episodes]


def _delay(rule: Rule) -> str:
    return f"{rule.delay} after the end of a window" if rule.delay else "as soon as a window is over"


def _state_lines(rule: Rule, end: int, progress: Progress | None, now: int, *, stateless: bool) -> Iterator[str]:
    if not rule.enabled:
        yield "state      the rule is not enabled"
    if stateless:
        yield "state      none is kept here, so the day before is replayed"
        return
    if progress is None or progress.cursor is None:
        yield "state      the rule was never evaluated: kqlog alerts run, or kqlog serve, does that"
        return
    times = timing(rule)
    if progress.disabled is not None:
        yield f"state      disabled since {shown(progress.disabled)}, as it failed for a week: change its file to enable it"
    if progress.error is not None:
        yield f"state      it fails since {shown(progress.error_since or now)}: {progress.error}"
    if end > times.newest(now):
        yield "state      this window is not over yet"
    elif end > progress.cursor:
        yield f"state      not evaluated yet: the last window was that to {shown(progress.cursor)}"
    elif progress.began is not None and end < progress.began:
        first = shown(progress.began)
        yield f"state      not evaluated: the rule, or its evaluation after a pause, began with the one to {first}"
    else:
        until = end + times.delay + times.lateness
        again = f"is looked at again until {shown(until)}" if now <= until else f"was so until {shown(until)}"
        yield f"state      evaluated; it {again} when rows come late"
    if progress.unfired:
        yield f"state      {progress.unfired:,} alerts did not fire at the last look, since there were too many"


def _combination(one: BoundRule, key: Key, verdict: Verdict, told: list[Told], *, replayed: bool) -> Iterator[str]:
    rule = one.rule
    names = [dimension.name for condition in rule.conditions for dimension in condition.dimensions]
    yield ", ".join(f"{name} = {value}" for name, value in zip(names, key, strict=False)) if key else "all rows"
    for periods in verdict.periods:
        for period in periods[:_PERIODS]:
            number = "none" if period.value is None else f"{period.value:g}"
            sign = "violates" if period.violates else "does not violate"
            yield f"  period   {shown(period.start)} to {shown(period.end)[11:]}: {period.rows:,} rows, value {number}, {sign}"
    yield f"  verdict  {sentence(rule, verdict)}"
    own = [alert for alert in told if alert.episode.kind is Kind.CONDITION]
    yield f"  so       {_conclusion(rule, verdict, own)}"
    for alert in told[:3]:
        resolved = "open" if alert.episode.until is None else f"to {shown(alert.episode.until)}"
        whole = f"from {shown(alert.episode.first)} {resolved}"
        if replayed:
            yield f"  alert    {whole}"
        else:
            yield f"  alert    {alert.episode.id[:8]} {whole}, told {shown(alert.fired)}, {alert.state}"


def _conclusion(rule: Rule, verdict: Verdict, told: list[Told]) -> str:
    end = verdict.end
    lying = next((alert for alert in told if alert.episode.holds(end)), None)
    if verdict.met is None:
        return f"no rows to tell from; noData says {rule.no_data.outcome}"
    if verdict.met and lying is not None and lying.episode.first == end:
        return "the alert fired with this window"
    if verdict.met and lying is not None:
        return f"it lies in the alert that fired with the window to {shown(lying.episode.first)}: nothing is told twice"
    if verdict.met and not rule.stateful and any(abs(alert.episode.first - end) < timing(rule).mute for alert in told):
        return f"muted: another alert is less than {rule.mute} away"
    if verdict.met:
        return "the condition is met: this window fires an alert"
    if lying is not None and lying.episode.until == end:
        return "the alert was resolved with this window"
    if lying is not None:
        return f"not met; the alert stays until that was so for {resolve_after(rule)}"
    return "the condition is not met: nothing fires" + (
        ""
        if rule.no_data.outcome is not Outcome.CLEAR or any(period.rows for own in verdict.periods for period in own)
        else " (there are no rows; noData can tell of that)"
    )


def _last_rows(one: BoundRule, ask: Ask, end: int) -> Iterator[str]:
    """When the tables had rows last, in the week before."""
    for table in sorted(one.tables):
        rows = ask(f"{table}\n| summarize Last = max(TimeGenerated)", end - 7 * 86_400_000_000, end).texts()
        last = rows[0][0] if rows else ""
        yield f"table      {table}: {f'its last row before is of {last}' if last else 'no row in the week before'}"
