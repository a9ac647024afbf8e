"""Monday noon: someone leaves debug logging on, and by Wednesday 03:10 the disk of app-lin-02 is full.

`/var` fills steadily for 39 hours. When it is full, services fail, and at 03:34 the agent itself falls silent. At 05:40 someone
on call removes the old logs; the agent returns and the disk is at 41 %.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from ..company import LINUX_SERVERS, OPERATIONS_TEAM, Machine, at
from ..control_plane import alert
from ..log import Log, chances, every
from ..machines import Silence, syslog

MACHINE = LINUX_SERVERS[1]
DEBUG_LEFT_ON = at(1, "12:00")
FULL = at(3, "03:10")
CLEANED_UP = at(3, "05:40")
SILENCE = Silence(MACHINE, at(3, "03:34"), CLEANED_UP)


def disk_use(machine: Machine, time: datetime) -> float | None:
    """Percent in use of the machine's disk, for the one machine that is in trouble."""
    if machine is not MACHINE:
        return None
    if time < DEBUG_LEFT_ON:
        return 58.2
    if time >= CLEANED_UP:
        return 41.0 + (time - CLEANED_UP) / timedelta(hours=24) * 0.6
    return min(100.0, 58.2 + 41.8 * ((time - DEBUG_LEFT_ON) / (FULL - DEBUG_LEFT_ON)))


_COMPLAINTS = (
    ("daemon.err", "rsyslogd", "action 'action-1-builtin:omfile' suspended: write error: No space left on device"),
    ("local0.err", "timesheets", "java.io.IOException: No space left on device at sun.nio.ch.FileDispatcherImpl.write0"),
    ("daemon.err", "systemd-journald", "Failed to write entry to /var/log/journal/system.journal: No space left on device"),
    ("cron.err", "CRON", "(root) MAIL (mailed output could not be stored: No space left on device)"),
    ("daemon.err", "mdsd", "Failed to write local cache file: No space left on device"),
)


def _repair(log: Log) -> None:
    person = OPERATIONS_TEAM[1]
    sudo = f"{person.login} : TTY=pts/0 ; PWD=/var/log ; USER=root ; COMMAND="
    lines = (
        (20, "authpriv.notice", "sudo", f"{sudo}/usr/bin/find /var/log/timesheets -name *.debug.log -delete"),
        (95, "authpriv.notice", "sudo", f"{sudo}/usr/bin/systemctl restart rsyslog timesheets azuremonitoragent"),
        (97, "daemon.info", "systemd", "Started azuremonitoragent.service - Azure Monitor Agent daemon."),
        (99, "daemon.info", "systemd", "Started timesheets.service - Timesheets."),
        (140, "local0.notice", "timesheets", "log level changed from DEBUG to INFO"),
    )
    for seconds, source, process, message in lines:
        number = 1 if process == "systemd" else 51_220
        syslog(log, MACHINE, CLEANED_UP + timedelta(seconds=seconds), source, process, number, message)


def _complaints(log: Log, random: Random) -> None:
    for time in every(timedelta(seconds=11), FULL, SILENCE.start):
        source, process, message = random.choice(_COMPLAINTS)
        time += timedelta(seconds=random.uniform(0, 10))
        syslog(log, MACHINE, time, source, process, random.randrange(600, 52_000), message)


def tell(log: Log) -> None:
    """Write what the full disk left in Syslog and the activity log."""
    random = chances("full disk")
    syslog(log, MACHINE, DEBUG_LEFT_ON, "local0.notice", "timesheets", 51_220, "log level changed from INFO to DEBUG")
    _complaints(log, random)
    _repair(log)
    alert(log, random, at(3, "05:05"), MACHINE.resource, "no heartbeat", "No heartbeat for 90 minutes")
    alert(log, random, at(3, "05:45"), MACHINE.resource, "no heartbeat", "No heartbeat for 90 minutes", fired=False)
