"""The security log of the Windows servers: SecurityEvent of three ordinary days."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from .company import DAYS, DOMAIN_CONTROLLER, JUMP_HOST, OPERATIONS_TEAM, PEOPLE, WEB_SERVERS, Machine, Person
from .log import OFFICE, Log, chances, moments

ACTIVITIES = {
    1102: "The audit log was cleared.",
    4624: "An account was successfully logged on.",
    4625: "An account failed to log on.",
    4634: "An account was logged off.",
    4672: "Special privileges assigned to new logon.",
    4688: "A new process has been created.",
    4720: "A user account was created.",
    4725: "A user account was disabled.",
    4726: "A user account was deleted.",
    4732: "A member was added to a security-enabled local group.",
    4768: "A Kerberos authentication ticket (TGT) was requested.",
    4776: "The domain controller attempted to validate the credentials for an account.",
}
LOGON_TYPES = {2: "2 - Interactive", 3: "3 - Network", 5: "5 - Service", 10: "10 - RemoteInteractive"}
_PRIVILEGES = "SeSecurityPrivilege SeBackupPrivilege SeRestorePrivilege SeDebugPrivilege SeImpersonatePrivilege"
_PROCESSES = (
    (r"C:\Windows\System32\svchost.exe", r"C:\Windows\System32\services.exe"),
    (r"C:\Windows\System32\taskhostw.exe", r"C:\Windows\System32\svchost.exe"),
    (r"C:\Windows\System32\wbem\WmiPrvSE.exe", r"C:\Windows\System32\svchost.exe"),
    (r"C:\Program Files\Windows Defender\MpCmdRun.exe", r"C:\Program Files\Windows Defender\MsMpEng.exe"),
    (r"C:\Windows\System32\conhost.exe", r"C:\Windows\System32\cmd.exe"),
)
_WINDOWS_SERVERS = (DOMAIN_CONTROLLER, JUMP_HOST, *WEB_SERVERS)


def account(login: str) -> str:
    """`CONTOSO\\j.okafor` for `j.okafor`."""
    return f"CONTOSO\\{login}"


def security_event(log: Log, machine: Machine, time: datetime, event: int, login: str, **columns: object) -> None:
    """One entry of the security log; `login` is who it is about or who did it, a machine's ends in `$`."""
    log.add(
        "SecurityEvent", time, machine.resource,
        Computer=machine.computer, EventID=event, Activity=f"{event} - {ACTIVITIES[event]}", Account=account(login),
        AccountType="Machine" if login.endswith("$") else "User", Channel="Security", Level="16" if event == 4625 else "8",
        EventSourceName="Microsoft-Windows-Eventlog" if event == 1102 else "Microsoft-Windows-Security-Auditing",
        EventLevelName="LogAlways", ManagementGroupName="AOI-contoso", SourceSystem="OpsManager", **columns,
    )  # fmt: skip


def logon(
    log: Log, machine: Machine, time: datetime, login: str, kind: int, address: str, *, number: int, passed: bool = True
) -> None:
    """A logon that passed (4624) or failed (4625); `number` joins it to what the session does later."""
    columns: dict[str, object] = {
        "TargetAccount": account(login), "TargetUserName": login, "TargetDomainName": "CONTOSO",
        "LogonType": kind, "LogonTypeName": LOGON_TYPES[kind], "IpAddress": address, "IpPort": str(49_152 + number % 16_000),
        "LogonProcessName": "User32" if kind == 10 else "Kerberos", "AuthenticationPackageName": "Negotiate",
        "WorkstationName": machine.name.upper() if kind == 2 else "",
    }  # fmt: skip
    if passed:
        security_event(log, machine, time, 4624, login, TargetLogonId=f"{number:#x}", ElevatedToken="%%1842", **columns)
    else:
        security_event(
            log, machine, time, 4625, login, Status="0xc000006d", SubStatus="0xc000006a", FailureReason="%%2313", **columns
        )


def privileges(log: Log, machine: Machine, time: datetime, login: str, number: int) -> None:
    """The session got an administrator's privileges."""
    security_event(
        log, machine, time, 4672, login,
        SubjectAccount=account(login), SubjectUserName=login, SubjectLogonId=f"{number:#x}", PrivilegeList=_PRIVILEGES,
    )  # fmt: skip


def process(log: Log, machine: Machine, time: datetime, login: str, path: str, parent: str, command: str, number: int) -> None:
    """A process was started."""
    security_event(
        log, machine, time, 4688, login,
        SubjectAccount=account(login), SubjectUserName=login, SubjectLogonId=f"{number:#x}", NewProcessName=path,
        NewProcessId=f"{number * 4 % 65_536:#x}", Process=path.rpartition("\\")[2], ParentProcessName=parent, CommandLine=command,
        TokenElevationType="%%1936", MandatoryLabel="S-1-16-12288",
    )  # fmt: skip


def _sessions(log: Log, random: Random, people: tuple[Person, ...], machine: Machine, count: int, kind: int) -> None:
    administrators = {person.login for person in OPERATIONS_TEAM}
    for time in moments(random, count, OFFICE):
        person, number = random.choice(people), random.randrange(0x10_0000, 0xFF_FFFF)
        if random.random() < 0.015:
            for attempt in range(random.randint(1, 3)):
                mistyped = time + timedelta(seconds=6 * attempt)
                logon(log, machine, mistyped, person.login, kind, person.address, number=number + attempt, passed=False)
            time += timedelta(seconds=25)
        logon(log, machine, time, person.login, kind, person.address, number=number)
        if person.login in administrators:
            privileges(log, machine, time + timedelta(milliseconds=2), person.login, number)
        ended = time + timedelta(seconds=random.expovariate(1 / 90))
        session = {"TargetAccount": account(person.login), "TargetLogonId": f"{number:#x}", "LogonType": kind}
        security_event(log, machine, ended, 4634, person.login, **session)


def _processes(log: Log, random: Random, machine: Machine) -> None:
    for time in moments(random, 330 * DAYS, (10,) * 24):
        path, parent = random.choice(_PROCESSES)
        process(log, machine, time, f"{machine.name.upper()}$", path, parent, path, random.randrange(1_000, 16_000))


def _directory_checks(log: Log, random: Random) -> None:
    for time in moments(random, 420 * DAYS, OFFICE):
        person = random.choice(PEOPLE)
        event = random.choice((4768, 4776))
        columns = (
            {"IpAddress": person.address} if event == 4768 else {"Workstation": f"LT-{person.login.replace('.', '-').upper()}"}
        )
        security_event(
            log, DOMAIN_CONTROLLER, time, event, person.login, TargetAccount=account(person.login), TargetUserName=person.login,
            Status="0x0", **columns,
        )  # fmt: skip


def record(log: Log) -> None:
    """Write the everyday security log of every Windows server."""
    random = chances("windows")
    _sessions(log, random, PEOPLE, DOMAIN_CONTROLLER, 260 * DAYS, kind=3)
    _sessions(log, random, OPERATIONS_TEAM, JUMP_HOST, 14 * DAYS, kind=10)
    for machine in WEB_SERVERS:
        _sessions(log, random, OPERATIONS_TEAM, machine, 22 * DAYS, kind=3)
    for machine in _WINDOWS_SERVERS:
        _processes(log, random, machine)
    _directory_checks(log, random)
