"""What the agents on the servers send: Perf, Heartbeat, Event and Syslog of three ordinary days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sin
from random import Random

from .company import DAYS, DOMAIN, MACHINES, OPERATIONS_TEAM, WEB_SERVERS, Machine, at, guid
from .log import OFFICE, SHOPPERS, Log, busyness, chances, every, moments

PERF_STEP = timedelta(minutes=5)


@dataclass(frozen=True)
class Silence:
    """A time in which nothing came from a machine."""

    machine: Machine
    start: datetime
    end: datetime

    def covers(self, machine: Machine, time: datetime) -> bool:
        """Whether the machine was silent then."""
        return machine is self.machine and self.start <= time < self.end


PATCH_REBOOT = Silence(WEB_SERVERS[1], at(2, "03:02"), at(2, "03:08"))

# Percent of the machine's data disk in use, or None where nothing out of the ordinary happened.
DiskUse = Callable[[Machine, datetime], float | None]


def source_system(machine: Machine) -> str:
    """What the agent of this kind of machine calls itself."""
    return "OpsManager" if machine.system == "Windows" else "Linux"


def syslog(log: Log, machine: Machine, time: datetime, source: str, process: str, number: int, message: str) -> None:
    """One line of syslog; `source` is facility and severity, as in `auth.info`."""
    facility, _, severity = source.partition(".")
    log.add(
        "Syslog", time, machine.resource,
        Computer=machine.computer, HostName=machine.name, HostIP=machine.address, CollectorHostName=machine.name,
        EventTime=time.replace(microsecond=0), Facility=facility, SeverityLevel=severity, ProcessName=process, ProcessID=number,
        SyslogMessage=message, SourceSystem="Linux",
    )  # fmt: skip


def windows_event(log: Log, machine: Machine, time: datetime, origin: str, number: int, level: str, text: str) -> None:
    """One entry of a Windows event log; `origin` is log and source, as in `System/User32`."""
    journal, _, source = origin.partition("/")
    log.add(
        "Event", time, machine.resource,
        Computer=machine.computer, EventLog=journal, Source=source, EventID=number, EventLevelName=level,
        EventLevel={"Error": 2, "Warning": 3, "Information": 4}[level], RenderedDescription=text, EventCategory=0,
        UserName="N/A", ManagementGroupName="AOI-contoso", SourceSystem="OpsManager",
    )  # fmt: skip


def _counters(machine: Machine, random: Random, load: float, used_percent: float) -> dict[tuple[str, str, str], float]:
    """Object, instance and counter names differ between Windows and Linux, as the agents have them."""
    processor = min(99.0, max(0.4, 2 + 2.1 * load + random.gauss(0, 2.5)))
    memory_percent = min(96.0, max(10.0, 38 + 0.8 * load + random.gauss(0, 1.2)))
    free_megabytes = float(round(machine.disk_megabytes * (100 - used_percent) / 100))
    network = max(900.0, 60_000 * load * random.uniform(0.6, 1.4))
    available = round(machine.memory_megabytes * (100 - memory_percent) / 100)
    if machine.system == "Windows":
        return {
            ("Processor", "_Total", "% Processor Time"): processor,
            ("Memory", "", "Available MBytes"): available,
            ("Memory", "", "% Committed Bytes In Use"): memory_percent,
            ("LogicalDisk", machine.disk, "% Free Space"): 100 - used_percent,
            ("LogicalDisk", machine.disk, "Free Megabytes"): free_megabytes,
            ("Network Interface", "Microsoft Hyper-V Network Adapter", "Bytes Total/sec"): network,
        }
    return {
        ("Processor", "_Total", "% Processor Time"): processor,
        ("Memory", "Memory", "Available MBytes Memory"): available,
        ("Memory", "Memory", "% Used Memory"): memory_percent,
        ("Logical Disk", machine.disk, "% Used Space"): used_percent,
        ("Logical Disk", machine.disk, "Free Megabytes"): free_megabytes,
        ("Network", "eth0", "Total Bytes Received/sec"): network,
        ("System", "System", "Load1"): max(0.01, processor / 100 * machine.cores * random.uniform(0.8, 1.2)),
    }


def _record_perf(log: Log, machine: Machine, random: Random, times: Sequence[datetime], disk_use: DiskUse) -> None:
    hours = SHOPPERS if machine in WEB_SERVERS else OFFICE
    everyday_use, offset = random.uniform(38, 66), random.uniform(0, 20)
    for step, time in enumerate(times):
        used = disk_use(machine, time)
        if used is None:
            used = everyday_use + step * 0.0008 + 0.15 * sin(step / 40 + offset)
        used = min(100.0, used + abs(random.gauss(0, 0.04)))
        for (kind, instance, counter), value in _counters(machine, random, busyness(hours, time), used).items():
            place = f"{kind}({instance})" if instance else kind
            log.add(
                "Perf", time, machine.resource,
                Computer=machine.computer, ObjectName=kind, InstanceName=instance, CounterName=counter,
                CounterValue=round(value, 2), CounterPath=f"\\\\{machine.computer}\\{place}\\{counter}",
                SourceSystem=source_system(machine),
            )  # fmt: skip


def _record_heartbeats(log: Log, machine: Machine, random: Random, silences: Sequence[Silence]) -> None:
    name, major, minor = ("Windows Server 2022 Datacenter", "10", "0") if machine.system == "Windows" else ("Ubuntu", "24", "04")
    near = machine.resource.region == "westeurope"
    second = timedelta(seconds=random.uniform(0, 59))
    number = MACHINES.index(machine)
    version = "1.34.2" if machine.system == "Linux" else "1.32.0"
    for minute in every(timedelta(minutes=1)):
        time = minute + second + timedelta(milliseconds=random.randrange(250))
        if any(silence.covers(machine, time) for silence in silences):
            continue
        log.add(
            "Heartbeat", time, machine.resource,
            Computer=machine.computer, Category="Azure Monitor Agent", Version=version,
            OSType=machine.system, OSName=name, OSMajorVersion=major, OSMinorVersion=minor, SCAgentChannel="Direct",
            IsGatewayInstalled=False, ComputerIP=f"192.0.2.{200 + number}", ComputerPrivateIPs=[machine.address],
            RemoteIPCountry="Netherlands" if near else "Ireland", RemoteIPLatitude=52.37 if near else 53.34,
            RemoteIPLongitude=4.9 if near else -6.27, ComputerEnvironment="Azure", Solutions="security, changeTracking",
            ManagementGroupName="AOI-contoso", VMUUID=guid(machine.name), SourceSystem=source_system(machine),
        )  # fmt: skip


# How often, which log and source, number, level, text.
_WINDOWS_EVENTS = (
    (46, "System/Service Control Manager", 7036, "Information", "The {service} service entered the {state} state."),
    (
        14,
        "System/Microsoft-Windows-DistributedCOM",
        10016,
        "Warning",
        "No permission to activate the COM Server application locally.",
    ),
    (9, "System/Microsoft-Windows-DNS-Client", 1014, "Warning", "Name resolution for the name telemetry.{domain} timed out."),
    (6, "System/Microsoft-Windows-Time-Service", 35, "Information", "The time service is synchronizing with dc-01.{domain}."),
    (
        12,
        "Application/Microsoft-Windows-Security-SPP",
        16384,
        "Information",
        "Software Protection service scheduled for re-start.",
    ),
    (7, "Application/ESENT", 326, "Information", "svchost (1244) The database engine attached a database."),
    (3, "Application/Windows Error Reporting", 1001, "Information", "Fault bucket , type 0. Event Name: APPCRASH."),
    (2, "Application/Application Error", 1000, "Error", "Faulting application name: ReportHost.exe, code: 0xc0000005"),
)
_SERVICES = ("Windows Update", "Background Intelligent Transfer Service", "WMI Performance Adapter", "Remote Registry")


def _record_windows_events(log: Log, machine: Machine, random: Random) -> None:
    weights = [weight for weight, *_ in _WINDOWS_EVENTS]
    for time in moments(random, 180 * DAYS, OFFICE):
        _, origin, number, level, text = random.choices(_WINDOWS_EVENTS, weights)[0]
        state = random.choice(("running", "stopped"))
        text = text.format(service=random.choice(_SERVICES), state=state, domain=DOMAIN)
        windows_event(log, machine, time, origin, number, level, text)


def _record_patch_reboot(log: Log) -> None:
    start, end = PATCH_REBOOT.start, PATCH_REBOOT.end
    for time, origin, number, text in (
        (
            start - timedelta(minutes=4),
            "System/Microsoft-Windows-WindowsUpdateClient",
            19,
            "Installation Successful: 2026-03 Cumulative Update",
        ),
        (
            start - timedelta(seconds=25),
            "System/User32",
            1074,
            "MoUsoCoreWorker.exe has initiated the restart of computer WEB-WIN-02: planned",
        ),
        (start - timedelta(seconds=2), "System/EventLog", 6006, "The Event log service was stopped."),
        (end + timedelta(seconds=4), "System/EventLog", 6005, "The Event log service was started."),
    ):
        windows_event(log, PATCH_REBOOT.machine, time, origin, number, "Information", text)


def _cron(log: Log, machine: Machine, random: Random) -> None:
    for time in every(timedelta(minutes=10)):
        time += timedelta(seconds=1, microseconds=random.randrange(400_000))
        number = random.randrange(2_000, 400_000)
        opened = "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)"
        syslog(log, machine, time, "authpriv.info", "CRON", number, opened)
        syslog(
            log,
            machine,
            time + timedelta(milliseconds=3),
            "cron.info",
            "CRON",
            number + 1,
            "(root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)",
        )
        closed = time + timedelta(milliseconds=40)
        syslog(log, machine, closed, "authpriv.info", "CRON", number, "pam_unix(cron:session): session closed for user root")


_UNITS = (
    "logrotate.service",
    "apt-daily.service",
    "fstrim.service",
    "sysstat-collect.service",
    "man-db.service",
    "motd-news.service",
)


def _services(log: Log, machine: Machine, random: Random) -> None:
    for time in moments(random, 110 * DAYS, OFFICE):
        unit = random.choice(_UNITS)
        syslog(log, machine, time, "daemon.info", "systemd", 1, f"Starting {unit} - scheduled task...")
        done = time + timedelta(seconds=random.uniform(0.2, 9))
        syslog(log, machine, done, "daemon.info", "systemd", 1, f"Finished {unit} - scheduled task.")
    if machine.name.startswith("db-"):
        for time in moments(random, 290 * DAYS, OFFICE):
            buffers, seconds = random.randrange(40, 9_000), random.uniform(0.5, 28)
            message = f"LOG:  checkpoint complete: wrote {buffers} buffers; write={seconds:.3f} s, sync=0.012 s"
            syslog(log, machine, time, "local0.info", "postgres", 871, message)


def _visits(log: Log, machine: Machine, random: Random) -> None:
    """The operations team logs in with keys; the internet rattles at the edge server's door."""
    for time in moments(random, 9 * DAYS, OFFICE):
        person = random.choice(OPERATIONS_TEAM)
        number, port = random.randrange(2_000, 400_000), random.randrange(32_768, 61_000)
        message = f"Accepted publickey for {person.login} from 10.20.0.{15 + OPERATIONS_TEAM.index(person)} port {port} ssh2"
        syslog(log, machine, time, "auth.info", "sshd", number, message)
        if random.random() < 0.5:
            command = random.choice(
                ("/usr/bin/systemctl status nginx", "/usr/bin/journalctl -u app", "/usr/bin/apt list --upgradable")
            )
            message = f"{person.login} : TTY=pts/0 ; PWD=/home/{person.login} ; USER=root ; COMMAND={command}"
            syslog(log, machine, time + timedelta(seconds=random.uniform(5, 200)), "authpriv.notice", "sudo", number + 9, message)
    if machine.name.startswith("edge-"):
        for time in moments(random, 420 * DAYS, (10,) * 24):
            message = (
                f"[UFW BLOCK] IN=eth0 OUT= SRC=198.51.100.{random.randrange(30, 250)} DST={machine.address} LEN=44 TTL=241 "
                f"PROTO=TCP SPT={random.randrange(32_768, 61_000)} DPT={random.choice((22, 23, 445, 3389, 6379, 8080))} SYN"
            )
            syslog(log, machine, time, "kern.warning", "kernel", 0, message)
        for time in moments(random, 14 * DAYS, (10,) * 24):
            name, address = random.choice(("admin", "test", "oracle")), f"198.51.100.{random.randrange(30, 250)}"
            message = f"Invalid user {name} from {address} port {random.randrange(32_768, 61_000)}"
            syslog(log, machine, time, "auth.info", "sshd", random.randrange(2_000, 400_000), message)


def record(log: Log, silences: Sequence[Silence], disk_use: DiskUse) -> None:
    """Write what every machine's agent sends on three days in which the silences and disks are as given."""
    silences = (*silences, PATCH_REBOOT)
    for machine in MACHINES:
        random = chances(machine.name)
        heard = [time for time in every(PERF_STEP) if not any(silence.covers(machine, time) for silence in silences)]
        _record_perf(log, machine, random, heard, disk_use)
        _record_heartbeats(log, machine, random, silences)
        if machine.system == "Windows":
            _record_windows_events(log, machine, random)
        else:
            for tell in (_cron, _services, _visits):
                tell(log, machine, random)
    for silence in silences:
        for table in ("Event", "Syslog"):
            log.forget(table, silence.machine.computer, silence.start, silence.end)
    _record_patch_reboot(log)
