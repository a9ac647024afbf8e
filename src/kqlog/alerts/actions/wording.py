"""An alert in words, as mails and chats have it."""

from __future__ import annotations

from kqlog.alerts.actions.schema import affected, moment, number, targets
from kqlog.alerts.model import Alert, MonitorCondition

_SEVERITIES = ("Critical", "Error", "Warning", "Informational", "Verbose")
_MOST_CHARACTERS = 200


def severity(alert: Alert) -> str:
    """Azure's word for the severity."""
    return _SEVERITIES[alert.rule.severity]


def title(alert: Alert) -> str:
    """The rule by the name that people gave it."""
    return alert.rule.display_name or alert.rule.name


def about(alert: Alert) -> str:
    """What an alert is about, in one line; '' where it is about everything."""
    if alert.dimensions:
        return ", ".join(f"{name}: {value}" for name, value in alert.dimensions)
    return ", ".join(affected(alert))


def headline(alert: Alert) -> str:
    """An alert in one line."""
    subject = about(alert)
    return f"{alert.condition}: Sev{alert.rule.severity} {title(alert)}{f' ({subject})' if subject else ''}"


def facts(alert: Alert) -> list[tuple[str, str]]:
    """What is known of an alert, by name, for people."""
    start, end = map(moment, alert.window)
    found = [
        ("Severity", f"Sev{alert.rule.severity} ({severity(alert)})"),
        ("Affected", about(alert)),
        ("Why", alert.reason),
        ("Value", "" if alert.value is None else number(alert.value)),
        ("Window", f"{start} to {end}"),
        ("Fired", moment(alert.fired)),
        ("Resolved", moment(alert.resolved) if alert.resolved and alert.condition is MonitorCondition.RESOLVED else ""),
        ("Target", ", ".join(targets(alert))),
        ("Description", alert.rule.description),
        *alert.rule.custom_properties.items(),
    ]
    return [(name, value) for name, value in found if value]


def one_line(text: str) -> str:
    """A text that fits into a header or a cell: one line, not too long, with nothing that no one sees."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 1]}…"
