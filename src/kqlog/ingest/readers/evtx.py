"""Event logs of Windows as JSON Lines: what `evtx_dump -o jsonl` writes."""

from __future__ import annotations

from functools import partial
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from kqlog.ingest.readers.format import Format, Row, UnreadableError
from kqlog.ingest.readers.json_lines import JsonLines, first_object

_LEVELS = {0: "LogAlways", 1: "Critical", 2: "Error", 3: "Warning", 4: "Information", 5: "Verbose"}
_LOGONS = {4624, 4625, 4634, 4647}
"""Events whose account is the one that logs on or off, not the one that asks for it."""


def convert(item: Row) -> Row:
    """A row of SecurityEvent or Event.

    Raises:
        UnreadableError: it is not such an event.
    """
    event = _bag(item, "Event")
    system = _bag(event, "System")
    if not system:
        raise UnreadableError("not an event: there is no Event.System")
    data = _data(event)
    row: Row = {
        "TimeGenerated": _attribute(system, "TimeCreated", "SystemTime"),
        "Computer": system.get("Computer"),
        "EventID": _plain(system.get("EventID")),
        "EventData": _xml(data),
    }
    return row | (_security(system, data) if system.get("Channel") == "Security" else _event(system))


def _event(system: Row) -> Row:
    level = _plain(system.get("Level"))
    return {
        "Source": _attribute(system, "Provider", "Name"),
        "EventLog": system.get("Channel"),
        "EventLevel": level,
        "EventLevelName": _level_name(level),
        "EventCategory": _plain(system.get("Task")),
        "UserName": _attribute(system, "Security", "UserID"),
    }


def _security(system: Row, data: Row) -> Row:
    level, event_id = _plain(system.get("Level")), _plain(system.get("EventID"))
    subject, target = _account(data, "Subject"), _account(data, "Target")
    account = target if event_id in _LOGONS else subject or target
    row: Row = {name: _plain(value) for name, value in data.items()}
    return row | {
        "EventSourceName": _attribute(system, "Provider", "Name"),
        "Channel": "Security",
        "Task": _plain(system.get("Task")),
        "Level": _plain(level),
        "EventLevelName": _level_name(level),
        "Version": _plain(system.get("Version")),
        "Opcode": _plain(system.get("Opcode")),
        "Keywords": system.get("Keywords"),
        "EventRecordId": _plain(system.get("EventRecordID")),
        "SystemProcessId": _attribute(system, "Execution", "ProcessID"),
        "SystemThreadId": _attribute(system, "Execution", "ThreadID"),
        "Account": account,
        "AccountType": ("Machine" if account.endswith("$") else "User") if account else "",
        "SubjectAccount": subject,
        "TargetAccount": target,
    }


def _level_name(level: object) -> str:
    return _LEVELS.get(level, "") if isinstance(level, int) else ""


def _account(data: Row, role: str) -> str:
    domain, user = data.get(f"{role}DomainName"), data.get(f"{role}UserName")
    names = [str(name) for name in (domain, user) if name not in {None, "", "-"} and not isinstance(name, dict | list)]
    return "\\".join(names)


def _data(event: Row) -> Row:
    """The values of an event by name, wherever its provider puts them."""
    if data := _bag(event, "EventData"):
        return {name: value for name, value in data.items() if name != "#attributes"}
    return {name: value for part in _bag(event, "UserData").values() if isinstance(part, dict) for name, value in part.items()}


def _xml(data: Row) -> str:
    if not data:
        return ""
    values = "".join(f"<Data Name={quoteattr(name)}>{escape(_text(value))}</Data>" for name, value in data.items())
    return f"<EventData>{values}</EventData>"


def _text(value: object) -> str:
    found = _plain(value)
    return "" if found is None else str(found)


def _bag(parent: Row, name: str) -> dict[str, Any]:
    found = parent.get(name)
    return found if isinstance(found, dict) else {}


def _attribute(parent: Row, name: str, attribute: str) -> object:
    return _bag(_bag(parent, name), "#attributes").get(attribute)


def _plain(value: object) -> object:
    """What stands between tags, also between tags with attributes."""
    return value.get("#text") if isinstance(value, dict) else value


def _recognises(beginning: str) -> bool:
    first = first_object(beginning)
    return first is not None and isinstance(first.get("Event"), dict) and "System" in first["Event"]


FORMAT = Format(
    "evtx",
    "event logs of Windows, JSON Lines of evtx_dump",
    recognises=_recognises,
    parser=partial(JsonLines, convert),
    convert=convert,
    table=lambda row: "SecurityEvent" if row.get("Channel") == "Security" else "Event",
)
