"""Files of syslog lines, as /var/log/syslog and /var/log/messages are."""

from __future__ import annotations

from datetime import UTC, datetime

from kqlog.ingest import syslog
from kqlog.ingest.readers.format import Format, Parser, Row


class SyslogLines(Parser):
    """One message a line. Most files do not have the priority, and so neither facility nor severity."""

    def feed(self, line: str) -> list[Row]:
        """The row of a message; none of an empty line."""
        found = syslog.parse(syslog.Message(line.encode("utf-8", "replace"), "", datetime.now(UTC)))
        if found is None:
            return []
        said = line.startswith("<")
        time = found.EventTime
        return [
            {
                "TimeGenerated": (time or found.TimeGenerated).isoformat(),
                "EventTime": time and time.isoformat(),
                "SourceSystem": "Linux",
                "Computer": found.Computer,
                "HostName": found.HostName,
                "Facility": found.Facility if said else "",
                "SeverityLevel": found.SeverityLevel if said else "",
                "ProcessName": found.ProcessName,
                "ProcessID": found.ProcessID,
                "SyslogMessage": found.SyslogMessage,
            }
        ]


FORMAT = Format(
    "syslog",
    "syslog lines, as in /var/log/syslog",
    # Any line of text could be one.
    recognises=lambda beginning: False,
    parser=SyslogLines,
    table=lambda row: syslog.TABLE,
)
