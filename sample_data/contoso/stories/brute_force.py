"""Tuesday 22:05: one address tries passwords on everyone, gets in, opens a door, and makes itself an account.

Password spray over the cloud sign-in, at 23:12 a hit on an account with old mail protocols and so without a second factor.
From the same address: storage keys are listed, a role is assigned, a firewall rule lets remote desktop in. Then the jump host:
failed logons, one that passes, privileges, a new administrator, the security log cleared. Linux servers see the same address
at their ssh. In the morning an analyst closes everything.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from ..company import (
    ATTACKER_ADDRESS,
    JUMP_HOST,
    JUMP_RULE,
    KEY_VAULT,
    LINUX_SERVERS,
    NETWORK_RULES,
    PEOPLE,
    SECURITY_ANALYST,
    STORAGE,
    VICTIM,
    City,
    Resource,
    at,
    guid,
)
from ..control_plane import change
from ..log import Log, chances, every
from ..machines import syslog
from ..people import Client, sign_in
from ..windows import account, logon, privileges, process, security_event

SPRAY_STARTED = at(2, "22:05")
PASSWORD_GUESSED = at(2, "23:12:41")
JUMP_HOST_TRIED = at(2, "23:41")
JUMP_HOST_ENTERED = at(2, "23:58:17")
NEW_ADMINISTRATOR = "svc_backup2"

_DATA_CENTRE = City("Reykjavik", "Hofudborgarsvaedid", "IS", "Iceland", 64.14, -21.9)
_ATTACKER = Client(ATTACKER_ADDRESS, _DATA_CENTRE, "", "", "Authenticated SMTP", managed=False)
_ATTACKER_IN_PORTAL = Client(ATTACKER_ADDRESS, _DATA_CENTRE, "Linux", "Firefox 128.0", managed=False)


def _password_spray(log: Log, random: Random) -> None:
    """A password at a time on everybody, so that few accounts lock; some names do not exist."""
    for time in every(timedelta(seconds=7), SPRAY_STARTED, at(2, "23:30")):
        time += timedelta(seconds=random.uniform(0, 6))
        person = random.choice(PEOPLE)
        if person is VICTIM and time >= PASSWORD_GUESSED:
            continue
        result = random.choices(("50126", "50053"), (96, 4))[0]
        sign_in(log, random, time, person, _ATTACKER, result=result, application="Office 365 Exchange Online", risk="medium")
    sign_in(log, random, PASSWORD_GUESSED, VICTIM, _ATTACKER, application="Office 365 Exchange Online", risk="high")
    sign_in(log, random, at(2, "23:16:05"), VICTIM, _ATTACKER_IN_PORTAL, application="Azure Portal", risk="high")


def _cloud(log: Log, random: Random) -> None:
    def attacker(clock: str, operation: str, title: str, target: Resource, *, passed: bool = True, **properties: object) -> None:
        login = VICTIM.principal_name
        change(log, random, at(2, clock), operation, title, target, login, ATTACKER_ADDRESS, passed=passed, properties=properties)

    role = Resource("rg-identity", "Microsoft.Authorization/roleAssignments", guid("intruder's role"))
    attacker("23:19:20", "Microsoft.KeyVault/vaults/accessPolicies/write", "Update Access Policy", KEY_VAULT, passed=False)
    attacker("23:22:48", "Microsoft.Storage/storageAccounts/listKeys/action", "List Storage Account Keys", STORAGE)
    attacker(
        "23:27:03", "Microsoft.Authorization/roleAssignments/write", "Create role assignment", role,
        requestbody={"properties": {"roleDefinition": "Contributor", "principalId": guid("intruder")}},
    )  # fmt: skip
    attacker(
        "23:36:30", "Microsoft.Network/networkSecurityGroups/securityRules/write", "Create or Update Security Rule", JUMP_RULE,
        responseBody={"properties": {"sourceAddressPrefix": "*", "destinationPortRange": "3389", "access": "Allow"}},
    )  # fmt: skip


def _jump_host(log: Log, random: Random) -> None:
    guesses = ("administrator", "admin", "backup", VICTIM.login, "svc_sql", "test")
    for number, time in enumerate(every(timedelta(seconds=4), JUMP_HOST_TRIED, JUMP_HOST_ENTERED)):
        moment = time + timedelta(seconds=random.uniform(0, 3.5))
        logon(log, JUMP_HOST, moment, random.choice(guesses), 10, ATTACKER_ADDRESS, number=0x40_0000 + number, passed=False)
    session = 0x5A_71C3
    entered = JUMP_HOST_ENTERED
    logon(log, JUMP_HOST, entered, VICTIM.login, 10, ATTACKER_ADDRESS, number=session)
    privileges(log, JUMP_HOST, entered + timedelta(milliseconds=4), VICTIM.login, session)
    shell, explorer = r"C:\Windows\System32\cmd.exe", r"C:\Windows\explorer.exe"
    net = r"C:\Windows\System32\net.exe"
    later = entered + timedelta(seconds=74)
    process(log, JUMP_HOST, later, VICTIM.login, shell, explorer, "cmd.exe", session)
    for seconds, what in ((11, f"user {NEW_ADMINISTRATOR} *"), (29, f"localgroup Administrators {NEW_ADMINISTRATOR}")):
        process(log, JUMP_HOST, later + timedelta(seconds=seconds), VICTIM.login, net, shell, f"net {what} /add", session)
    _account_change(log, later + timedelta(seconds=11.2), 4720, VICTIM.login)
    _account_change(log, later + timedelta(seconds=29.3), 4732, VICTIM.login)
    cleared = later + timedelta(seconds=97)
    who = {"SubjectAccount": account(VICTIM.login), "SubjectUserName": VICTIM.login}
    security_event(log, JUMP_HOST, cleared, 1102, VICTIM.login, **who)


def _account_change(log: Log, time: datetime, event: int, login: str) -> None:
    security_event(
        log, JUMP_HOST, time, event, login,
        SubjectAccount=account(login), SubjectUserName=login, TargetAccount=f"JUMP-01\\{NEW_ADMINISTRATOR}",
        TargetUserName=NEW_ADMINISTRATOR, TargetDomainName="JUMP-01", SamAccountName=NEW_ADMINISTRATOR if event == 4720 else "",
        MemberName=NEW_ADMINISTRATOR if event == 4732 else "",
    )  # fmt: skip


def _ssh(log: Log, random: Random) -> None:
    for machine in LINUX_SERVERS:
        for time in every(timedelta(seconds=26), at(2, "22:34"), at(2, "23:40")):
            moment = time + timedelta(seconds=random.uniform(0, 20))
            login = random.choice(("root", "admin", "ubuntu", "deploy", "postgres"))
            number, port = random.randrange(2_000, 400_000), random.randrange(32_768, 61_000)
            name = login if login == "root" else f"invalid user {login}"
            message = f"Failed password for {name} from {ATTACKER_ADDRESS} port {port} ssh2"
            syslog(log, machine, moment, "auth.info", "sshd", number, message)


def _cleanup(log: Log, random: Random) -> None:
    analyst = SECURITY_ANALYST
    role = Resource("rg-identity", "Microsoft.Authorization/roleAssignments", guid("intruder's role"))
    for clock, operation, title, resource in (
        ("07:51:10", "Microsoft.Network/networkSecurityGroups/securityRules/delete", "Delete Security Rule", JUMP_RULE),
        ("07:53:40", "Microsoft.Authorization/roleAssignments/delete", "Delete role assignment", role),
        ("07:58:02", "Microsoft.Storage/storageAccounts/regenerateKey/action", "Regenerate Storage Account Keys", STORAGE),
        ("08:10:30", "Microsoft.Network/networkSecurityGroups/write", "Create or Update Network Security Group", NETWORK_RULES),
    ):
        change(log, random, at(3, clock), operation, title, resource, analyst.principal_name, analyst.address)
    _account_change(log, at(3, "08:02:15"), 4725, analyst.login)
    _account_change(log, at(3, "08:14:51"), 4726, analyst.login)


def tell(log: Log) -> None:
    """Write the night and the morning after."""
    random = chances("brute force")
    for part in (_password_spray, _cloud, _ssh, _jump_host, _cleanup):
        part(log, random)
