"""The chart of a mail: the value of an alert over its last windows, and the threshold."""

from __future__ import annotations

from typing import Any

from kqlog.alerts.actions.wording import title
from kqlog.alerts.model import Alert
from kqlog.charts.files import written


def picture(alert: Alert) -> bytes | None:
    """A PNG; None where there are no values over time, or the extra `charts` is not installed."""
    if len(alert.history) < 2:
        return None
    try:
        return written(_chart(alert), ".png")
    except ModuleNotFoundError:
        return None


def _chart(alert: Alert) -> dict[str, Any]:
    """The Vega-Lite specification."""
    values = [{"time": time.isoformat(), "value": value} for time, value in alert.history]
    x = {"field": "time", "type": "temporal", "title": None, "scale": {"type": "utc"}}
    y = {"field": "value", "type": "quantitative", "title": None}
    condition = alert.rule.conditions[0]
    learned = condition.metric is not None and condition.metric.sensitivity
    threshold = (
        []
        if learned
        else [
            {
                "data": {"values": [{"value": condition.threshold}]},
                "mark": {"type": "rule", "color": "#d13438", "strokeDash": [4, 3]},
                "encoding": {"y": y},
            }
        ]
    )
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {"text": title(alert), "anchor": "start"},
        "width": 560,
        "height": 180,
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "line", "point": True, "color": "#0078d4", "interpolate": "step-after"},
                "encoding": {"x": x, "y": y},
            },
            *threshold,
        ],
    }
