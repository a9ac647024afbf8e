"""Action groups as files: `alerts/groups/*.yaml` (or .json) of a workspace's folder, with the names of Azure's actionGroups.

A group has the name of its file. The server that takes mails is said once, in `smtp.yaml` of the folder. Secrets are never in a
file of these: each is named, as ${NAME} of the environment or ${file:PATH}.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from typing import Any

from kqlog.alerts.actions.command import Command
from kqlog.alerts.actions.mail import Mail, Security, Server
from kqlog.alerts.actions.receiver import Receiver
from kqlog.alerts.actions.secrets import is_named
from kqlog.alerts.actions.templates import NAMED, Own, PagerDuty, Template
from kqlog.alerts.actions.webhook import Webhook
from kqlog.alerts.fields import Field, Fields, read_yaml, whole_number, word
from kqlog.errors import QueryError
from kqlog.plan.lookup import closest

FOLDER = "alerts/groups"
SMTP = "smtp.yaml"
ENDINGS = (".yaml", ".yml", ".json")
_GROUP = ("groupShortName", "enabled", "emailReceivers", "webhookReceivers", "commandReceivers")
_AZURES_OWN = (
    *("smsReceivers", "voiceReceivers", "azureAppPushReceivers", "automationRunbookReceivers", "azureFunctionReceivers"),
    *("logicAppReceivers", "itsmReceivers", "armRoleReceivers", "eventHubReceivers", "incidentReceivers"),
)
"""Receivers that only Azure's services are."""
_WRAPPING = ("id", "name", "type", "apiVersion", "location", "tags", "dependsOn", "properties")
"""What a resource of Azure has around the properties of a group."""
_LONGEST_SHORT_NAME = 12
_LONGEST_WAIT = timedelta(minutes=10)
_PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
_ALERTMANAGER = "/api/v2/alerts"
_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


class _Form(StrEnum):
    COMMON = "common"
    SLACK = "slack"
    TEAMS = "teams"
    PAGERDUTY = "pagerduty"
    ALERTMANAGER = "alertmanager"


@dataclass(frozen=True)
class Group:
    """Those who are told together."""

    name: str
    receivers: tuple[Receiver, ...] = ()
    short_name: str = ""
    enabled: bool = True


class Groups:
    """The groups of a folder, as they are now."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.folder = root / FOLDER
        """Where their files are, or would be."""

    @property
    def names(self) -> list[str]:
        """The names of all that have a file."""
        return sorted({file.stem for ending in ENDINGS for file in self.folder.glob(f"*{ending}")})

    def __contains__(self, name: str) -> bool:
        return name.rpartition("/")[2].lower() in map(str.lower, self.names)

    def find(self, name: str) -> Group:
        """A group by its name, in whatever case, or by a resource id of Azure that ends in it.

        Raises:
            QueryError: ALR001 when there is none, or what is wrong with its file, with its place.
        """
        wanted = name.rpartition("/")[2]
        names = {one.lower(): one for one in self.names}
        if (found := names.get(wanted.lower())) is None:
            close = closest(wanted, list(names.values()))
            hint = f"did you mean '{close}'?" if close else f"action groups are files {FOLDER}/NAME.yaml of the folder"
            raise QueryError("ALR001", f"there is no action group '{wanted}'", hint=hint)
        return read_group(_text(self._file(found)), found, self._root)

    def broken(self) -> dict[Path, QueryError]:
        """The files that are no groups, with the reason."""
        found = {}
        for name in self.names:
            try:
                self.find(name)
            except QueryError as error:
                found[self._file(name)] = error
        return found

    def _file(self, name: str) -> Path:
        files = [self.folder / f"{name}{ending}" for ending in ENDINGS]
        return next((file for file in files if file.exists()), files[0])


def read_group(text: str, name: str, root: Path) -> Group:
    """The group of a text. `root` is the folder with the settings for mail.

    Raises:
        QueryError: ALR001 with the place of what is wrong.
    """
    whole = read_yaml(text)
    wrapped = whole.fields((*_WRAPPING, *_GROUP, *_AZURES_OWN))
    fields = wrapped["properties"].fields((*_GROUP, *_AZURES_OWN)) if "properties" in wrapped else wrapped
    for kind in _AZURES_OWN:
        if kind in fields and fields[kind].items():
            hint = "what they do, a webhook or a command can do: webhookReceivers, commandReceivers"
            raise fields[kind].wrong(f"{kind} are services of Azure, which kqlog does not reach", hint)
    receivers: list[Receiver] = [
        *(_mail(one, root) for one in _each(fields, "emailReceivers")),
        *(_webhook(one) for one in _each(fields, "webhookReceivers")),
        *(_command(one) for one in _each(fields, "commandReceivers")),
    ]
    _check_names(fields, receivers)
    short_name = fields.get("groupShortName", Field.string, "")
    if len(short_name) > _LONGEST_SHORT_NAME:
        raise fields["groupShortName"].wrong(f"a short name has at most {_LONGEST_SHORT_NAME} characters")
    return Group(name, tuple(receivers), short_name, fields.get("enabled", Field.flag, True))


def read_server(text: str) -> Server:
    """The mail server of a text.

    Raises:
        QueryError: ALR001 with the place of what is wrong.
    """
    fields = read_yaml(text).fields(("host", "port", "security", "from", "user", "password", "authority", "timeout"))
    security = fields.get("security", word(Security), Security.STARTTLS)
    user = fields.get("user", Field.string, "")
    if user and security is Security.NONE:
        raise fields["user"].wrong("a password is not sent without encryption", "use security: starttls or tls")
    return Server(
        fields["host"].string(),
        _address(fields["from"], whole=True),
        fields.get("port", whole_number(1, 65_535), _PORTS[security]),
        security,
        user,
        fields.get("password", _secret, "") if not user else _secret(fields["password"]),
        fields.get("authority", lambda field: Path(field.string()), None),
        fields.get("timeout", _seconds, Server.seconds),
    )


def _each(fields: Fields, name: str) -> list[Field]:
    return fields.get(name, Field.items, [])


def _mail(field: Field, root: Path) -> Mail:
    fields = field.fields(("name", "emailAddress", "useCommonAlertSchema", "status"))
    file = root / SMTP
    if not file.exists():
        raise field.wrong("there is no server to send mails by", f"say which in {SMTP} of the folder: host, from, user, password")
    return Mail(fields["name"].string(), _address(fields["emailAddress"]), read_server(_text(file)))


def _webhook(field: Field) -> Webhook:
    fields = field.fields(
        (
            *(
                "name",
                "serviceUri",
                "useCommonAlertSchema",
                "template",
                "routingKey",
                "bearerToken",
                "secret",
                "headers",
                "timeout",
            ),
            *("useAadAuth", "objectId", "identifierUri", "tenantId"),
        )
    )
    if fields.get("useAadAuth", Field.flag, False):
        raise fields["useAadAuth"].wrong("kqlog has no identity in Azure's directory", "use bearerToken or secret")
    form = fields["template"].string() if "template" in fields and _is_text(fields["template"]) else ""
    return Webhook(
        fields["name"].string(),
        _where(fields, form),
        _template(fields),
        fields.get("bearerToken", _secret, ""),
        fields.get("secret", _secret, ""),
        fields.get("headers", lambda field: {name: value.string() for name, value in field.pairs()}, {}),
        fields.get("timeout", _seconds, Webhook.seconds),
    )


def _where(fields: Fields, form: str) -> str:
    if form == _Form.PAGERDUTY:
        return fields.get("serviceUri", Field.string, _PAGERDUTY)
    address = fields["serviceUri"].string()
    if form == _Form.ALERTMANAGER and not address.endswith(_ALERTMANAGER):
        return f"{address.rstrip('/')}{_ALERTMANAGER}"
    return address


def _template(fields: Fields) -> Template:
    if "template" not in fields:
        if not fields.get("useCommonAlertSchema", Field.flag, True):
            hint = "leave useCommonAlertSchema out, or give a template"
            raise fields["useCommonAlertSchema"].wrong("the older bodies of Azure's webhooks are not offered", hint)
        return NAMED[_Form.COMMON]
    if not _is_text(fields["template"]):
        return Own(_json(fields["template"]))
    form = fields["template"].one_of(_Form)
    return PagerDuty(_secret(fields["routingKey"])) if form is _Form.PAGERDUTY else NAMED[form]


def _command(field: Field) -> Command:
    fields = field.fields(("name", "command", "timeout"))
    arguments = fields["command"].strings()
    if not arguments:
        raise fields["command"].wrong("a command is a list: a program and its arguments")
    return Command(fields["name"].string(), arguments, fields.get("timeout", _seconds, Command.seconds))


def _check_names(fields: Fields, receivers: list[Receiver]) -> None:
    names = [receiver.name for receiver in receivers]
    for name in names:
        if names.count(name) > 1:
            raise fields.whole.wrong(f"two receivers are called '{name}'", "each has a name of its own")


def _address(field: Field, whole: bool = False) -> str:
    text = field.string()
    name, address = parseaddr(text)
    if "@" not in address or not text.isprintable() or (name and not whole):
        raise field.wrong(f"'{text}' is no mail address", "such as oncall@example.org")
    return text


def _secret(field: Field) -> str:
    if not is_named(field.string()):
        # Not said: what it is. It may be the secret itself.
        raise field.wrong(f"'{field.name}' names a secret, and does not hold it", "${NAME} of the environment, or ${file:PATH}")
    return field.string()


def _seconds(field: Field) -> float:
    length = field.length()
    if not timedelta(0) < length <= _LONGEST_WAIT:
        raise field.wrong("a time limit is more than nothing and at most PT10M")
    return length.total_seconds()


def _is_text(field: Field) -> bool:
    import yaml

    return isinstance(field.node, yaml.ScalarNode)


def _json(field: Field) -> Any:
    """A value of YAML as one of JSON."""
    import yaml

    match field.node:
        case yaml.MappingNode():
            return {name: _json(value) for name, value in field.pairs()}
        case yaml.SequenceNode():
            return [_json(one) for one in field.items()]
        case _:
            value = yaml.safe_load(yaml.serialize(field.node))
            finite = not isinstance(value, float) or math.isfinite(value)
            return value if isinstance(value, bool | int | float | None) and finite else field.string()


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError("ALR001", f"'{file.name}' cannot be read: {error}") from None
