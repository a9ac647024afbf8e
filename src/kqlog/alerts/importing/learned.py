"""Thresholds that are learned: a band around what the same time of the day was like in the last ten days.

Azure's method is not published; this is ours. The values of all windows of the last ten days are taken apart into a daily pattern
and what remains (`series_decompose`). The 5th and the 95th percentile of what remains say how far values stray; the band goes
beyond them by 0.5, 1 or 1.5 times their distance, for a sensitivity that is High, Medium or Low. What Azure documents of its own
is kept: nothing is told before there are three days and 30 values, and `ignoreDataBefore` shortens the past. The windows in
question are not learned from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from kqlog.alerts.importing import kql

_HISTORY, _LEAST_HISTORY, _LEAST_VALUES = timedelta(days=10), timedelta(days=3), 30
_DAY = timedelta(days=1)
_SMALLEST = 0.01
"""The band is this part of the value wide at least: else a value that never changed could not change at all."""


class Sensitivity(StrEnum):
    """How much straying is told."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"


class Side(StrEnum):
    """On which side of the band."""

    GREATER = "GreaterThan"
    LESS = "LessThan"
    EITHER = "GreaterOrLessThan"


_WIDTHS = {Sensitivity.HIGH: 0.5, Sensitivity.MEDIUM: 1.0, Sensitivity.LOW: 1.5}
_OUTSIDE = {Side.GREATER: "Value > Upper", Side.LESS: "Value < Lower", Side.EITHER: "Value > Upper or Value < Lower"}


@dataclass(frozen=True, slots=True)
class Learned:
    """A learned threshold. `ignored` is the moment that nothing is learned from before, as Azure writes it."""

    sensitivity: Sensitivity
    side: Side
    window: timedelta
    periods: int = 1
    ignored: str | None = None

    @staticmethod
    def history(window: timedelta, periods: int) -> timedelta:
        """How far back the query looks."""
        return _HISTORY + periods * window


def learned_query(source: str, value: str, by: str, learned: Learned) -> str:
    """The windows that are outside of the band, each as a row with its Value, Threshold and Operator. Its now() is their end.

    `source` gives values with their TimeGenerated, `value` aggregates those of a window, `by` tells series apart.
    """
    window, looked = kql.length(learned.window), kql.length(learned.periods * learned.window)
    whole = kql.length(Learned.history(learned.window, learned.periods))
    season = int(_DAY / learned.window) if learned.window <= _DAY / 2 else 0
    began = f"now() - {whole}"
    kept = f"\n| where TimeGenerated >= todatetime({kql.text(learned.ignored)})" if learned.ignored else ""
    return f"""\
let Values = materialize({source}{kept}
| summarize {value} by {by}, TimeGenerated = bin_at(TimeGenerated, {window}, now())
| where isfinite(Value));
let Known = Values
| where TimeGenerated < now() - {looked}
| summarize Samples = count(), Since = min(TimeGenerated) by {by}
| where Samples >= {_LEAST_VALUES} and Since <= now() - {kql.length(_LEAST_HISTORY)};
let Points = materialize(Values
| make-series Value = avg(Value) default = double(null) on TimeGenerated from {began} to now() step {window} by {by}
| join kind=inner (Known) on {by}
| extend Filled = series_fill_linear(Value)
| extend (Baseline, Seasonal, Trend, Residual) = series_decompose(Filled, {season}, 'avg', {learned.periods})
| mv-expand TimeGenerated to typeof(datetime), Value to typeof(real), Baseline to typeof(real), Residual to typeof(real)
| where isnotnull(Value)
| project {by}, TimeGenerated, Value, Baseline, Residual);
let Bands = Points
| where TimeGenerated < now() - {looked}
| summarize (Low, High) = percentiles(Residual, 5, 95) by {by};
Points
| where TimeGenerated >= now() - {looked}
| join kind=inner (Bands) on {by}
| extend Width = {_WIDTHS[learned.sensitivity]} * max_of(High - Low, {_SMALLEST} * abs(Baseline))
| extend Upper = Baseline + High + Width, Lower = Baseline + Low - Width
| where {_OUTSIDE[learned.side]}
| extend Operator = iff(Value > Upper, "GreaterThan", "LessThan")
| project TimeGenerated, {by}, Value, Threshold = iff(Value > Upper, Upper, Lower), Operator"""
