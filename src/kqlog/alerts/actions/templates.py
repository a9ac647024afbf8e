"""The bodies that webhooks are sent: Azure's common alert schema, those that well-known receivers read, and one's own.

Sources: Slack's Block Kit, Teams' incoming webhooks with an Adaptive Card 1.4, PagerDuty's Events API v2, Alertmanager's API v2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from kqlog.alerts.actions.resource import parts_of
from kqlog.alerts.actions.schema import Json, common_alert, moment, targets
from kqlog.alerts.actions.secrets import revealed
from kqlog.alerts.actions.wording import about, facts, headline, one_line, title
from kqlog.alerts.model import Alert, MonitorCondition

_SHOWN_ROWS = 5
_PLACE = re.compile(r"\$\{([\w ]+(?:\.[\w ]+|\[\d+\])*)\}")
_STEP = re.compile(r"\.?([\w ]+)|\[(\d+)\]")
_LABEL = re.compile(r"[^A-Za-z0-9_]")
_PAGERDUTY_SEVERITIES = ("critical", "error", "warning", "info", "info")
_TEAMS_COLOURS = ("Attention", "Attention", "Warning", "Accent", "Default")
_SLACK_HEADER, _SLACK_TEXT = 150, 2900
_PAGERDUTY_SUMMARY = 1024
_KEPT = timedelta(days=30)
"""Alertmanager takes an alert without an end for resolved after five minutes. Ours ends when we say so, or is forgotten."""


class Template(Protocol):
    """What makes a body of an alert."""

    def body(self, alert: Alert) -> object:
        """A JSON value."""


@dataclass(frozen=True)
class Made:
    """A body that a function makes."""

    make: Callable[[Alert], object]

    def body(self, alert: Alert) -> object:
        """The body."""
        return self.make(alert)


@dataclass(frozen=True)
class PagerDuty:
    """An event of the Events API v2. `routing_key` names the secret of the service's integration."""

    routing_key: str

    def body(self, alert: Alert) -> object:
        """The event. All of an alert have its id as their key: the resolution finds the incident, and a repeat opens no other."""
        resolved = alert.condition is MonitorCondition.RESOLVED
        target = parts_of(next(iter(targets(alert)), ""))
        return {
            "routing_key": revealed(self.routing_key),
            "event_action": "resolve" if resolved else "trigger",
            "dedup_key": alert.id,
            "client": "kqlog",
            "payload": {
                "summary": headline(alert)[:_PAGERDUTY_SUMMARY],
                "source": about(alert) or target.name or alert.rule.name,
                "severity": _PAGERDUTY_SEVERITIES[alert.rule.severity],
                "timestamp": moment(alert.resolved if resolved and alert.resolved else alert.fired),
                "component": target.name,
                "group": target.group,
                "class": str(alert.rule.signal),
                "custom_details": {"actionId": alert.action_id, **dict(facts(alert))},
            },
        }


@dataclass(frozen=True)
class Own:
    """A JSON value whose texts name parts of the common alert schema: ${data.essentials.alertRule}, as in Azure's mail subjects.

    A text that is nothing but such a name becomes the part itself, whatever it is.
    """

    value: object

    def body(self, alert: Alert) -> object:
        """The value with the parts of an alert in it."""
        return _filled(self.value, common_alert(alert))


def filled(text: str, alert: Alert) -> str:
    """A text with the parts of an alert that it names; '' for those that the alert does not have."""
    schema = common_alert(alert)
    return _PLACE.sub(lambda match: _as_text(_part(schema, match[1])), text)


def slack(alert: Alert) -> Json:
    """A message for an incoming webhook of Slack."""
    lines = "\n".join(f"*{_escaped(name)}:* {_escaped(value)}" for name, value in facts(alert))
    blocks: list[Json] = [
        {"type": "header", "text": {"type": "plain_text", "text": one_line(headline(alert))[:_SLACK_HEADER]}},
        {"type": "section", "text": {"type": "mrkdwn", "text": lines[:_SLACK_TEXT]}},
    ]
    if rows := _rows(alert):
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"```{_escaped(rows)[: _SLACK_TEXT - 6]}```"}})
    blocks.append({"type": "context", "elements": [{"type": "plain_text", "text": f"action {alert.action_id}"}]})
    return {"text": _escaped(one_line(headline(alert))), "blocks": blocks}


def teams(alert: Alert) -> Json:
    """A message with an adaptive card for a webhook or a workflow of Teams."""
    resolved = alert.condition is MonitorCondition.RESOLVED
    colour = "Good" if resolved else _TEAMS_COLOURS[alert.rule.severity]
    body: list[Json] = [
        {"type": "TextBlock", "text": headline(alert), "weight": "Bolder", "size": "Medium", "wrap": True, "color": colour},
        {"type": "FactSet", "facts": [{"title": name, "value": value} for name, value in facts(alert)]},
    ]
    if rows := _rows(alert):
        body.append({"type": "TextBlock", "text": rows, "fontType": "Monospace", "wrap": True})
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": body,
                },
            }
        ],
    }


def alertmanager(alert: Alert) -> list[Json]:
    """What Alertmanager's POST /api/v2/alerts takes. An alert is known by its labels: its start and its end have the same."""
    labels = {_label(name): value for name, value in alert.dimensions if value}
    labels |= {"alertname": title(alert), "severity": f"Sev{alert.rule.severity}", "rule": alert.rule.name, "alertId": alert.id}
    resolved = alert.condition is MonitorCondition.RESOLVED
    message: Json = {
        "labels": labels,
        "annotations": {
            "summary": headline(alert),
            "description": alert.rule.description,
            "reason": alert.reason,
            "actionId": alert.action_id,
        },
        "startsAt": moment(alert.fired),
    }
    if resolved:
        message["endsAt"] = moment(alert.resolved or alert.window[1])
    elif alert.rule.stateful:
        message["endsAt"] = moment(alert.fired + _KEPT)
    return [message]


NAMED: dict[str, Template] = {
    "common": Made(common_alert),
    "slack": Made(slack),
    "teams": Made(teams),
    "alertmanager": Made(alertmanager),
}
"""The templates that need nothing else, by name."""


def _filled(value: object, schema: Json) -> object:
    match value:
        case str():
            if (whole := _PLACE.fullmatch(value)) is not None:
                return _part(schema, whole[1])
            return _PLACE.sub(lambda match: _as_text(_part(schema, match[1])), value)
        case dict():
            return {name: _filled(one, schema) for name, one in value.items()}
        case list():
            return [_filled(one, schema) for one in value]
        case _:
            return value


def _part(schema: Any, path: str) -> Any:
    """The part of the schema at a path; None where there is none."""
    for name, at in _STEP.findall(path):
        if name and isinstance(schema, dict):
            schema = schema.get(name)
        elif at and isinstance(schema, list):
            schema = schema[int(at)] if int(at) < len(schema) else None
        else:
            return None
    return schema


def _as_text(value: object) -> str:
    match value:
        case None:
            return ""
        case list():
            return ", ".join(map(_as_text, value))
        case _:
            return str(value)


def _rows(alert: Alert) -> str:
    lines = [" | ".join(one_line(value) for value in row) for row in alert.rows[:_SHOWN_ROWS]]
    return "\n".join([" | ".join(alert.columns), *lines]) if lines else ""


def _escaped(text: str) -> str:
    """Slack's three characters that mean something, so that no row of a log mentions anybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _label(name: str) -> str:
    made = _LABEL.sub("_", name)
    return made if not made[:1].isdigit() else f"_{made}"
