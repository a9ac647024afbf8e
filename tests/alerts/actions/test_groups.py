"""Action groups as files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kqlog.alerts.actions.command import Command
from kqlog.alerts.actions.groups import Groups, read_group, read_server
from kqlog.alerts.actions.mail import Mail, Security
from kqlog.alerts.actions.templates import Own, PagerDuty
from kqlog.alerts.actions.webhook import Webhook
from kqlog.errors import QueryError

SMTP = """\
host: mail.contoso.example
from: kqlog <kqlog@contoso.example>
user: ${SMTP_USER}
password: ${file:/run/secrets/smtp}
"""
OPERATIONS = """\
groupShortName: ops
emailReceivers:
  - name: On call
    emailAddress: oncall@contoso.example
    useCommonAlertSchema: true
webhookReceivers:
  - {name: Azure, serviceUri: "https://hooks.contoso.example/azure", bearerToken: "${TOKEN}", timeout: PT5S}
  - {name: Chat, serviceUri: "${SLACK_URL}", template: slack}
  - {name: Pager, template: pagerduty, routingKey: "${PAGERDUTY_KEY}"}
  - {name: Alertmanager, serviceUri: "http://127.0.0.1:9093/", template: alertmanager}
  - name: Tickets
    serviceUri: https://tickets.contoso.example
    template: {title: "${data.essentials.alertRule}", urgent: true, tags: [kqlog, 7]}
commandReceivers:
  - {name: Page, command: [/usr/local/bin/page, --now]}
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "alerts" / "groups").mkdir(parents=True)
    (tmp_path / "smtp.yaml").write_text(SMTP)
    (tmp_path / "alerts" / "groups" / "Operations.yaml").write_text(OPERATIONS)
    return tmp_path


def test_a_group_of_every_kind(root):
    group = Groups(root).find("Operations")
    mail, azure, chat, pager, alertmanager, tickets, page = group.receivers
    assert (group.short_name, group.enabled) == ("ops", True)
    assert isinstance(mail, Mail) and (mail.address, mail.server.port) == ("oncall@contoso.example", 587)
    assert mail.server.password == "${file:/run/secrets/smtp}"
    assert isinstance(azure, Webhook) and (azure.token, azure.seconds) == ("${TOKEN}", 5.0)
    assert chat.address == "${SLACK_URL}"
    assert pager.address == "https://events.pagerduty.com/v2/enqueue" and isinstance(pager.template, PagerDuty)
    assert alertmanager.address == "http://127.0.0.1:9093/api/v2/alerts"
    assert isinstance(tickets.template, Own)
    assert tickets.template.value == {"title": "${data.essentials.alertRule}", "urgent": True, "tags": ["kqlog", 7]}
    assert isinstance(page, Command) and page.arguments == ("/usr/local/bin/page", "--now")


@pytest.mark.parametrize(
    "name", ["operations", "/subscriptions/s/resourceGroups/g/providers/microsoft.insights/actionGroups/OPERATIONS"]
)
def test_a_group_is_found_by_azures_id_and_in_any_case(root, name):
    assert Groups(root).find(name).name == "Operations"


def test_a_resource_of_azure_is_a_group(root):
    text = """{"type": "Microsoft.Insights/actionGroups", "apiVersion": "2023-01-01", "name": "ops", "location": "Global",
      "properties": {"groupShortName": "ops", "enabled": false, "smsReceivers": [], "armRoleReceivers": [],
        "emailReceivers": [{"name": "a", "emailAddress": "a@contoso.example", "useCommonAlertSchema": true}]}}"""
    group = read_group(text, "ops", root)
    assert not group.enabled and [receiver.name for receiver in group.receivers] == ["a"]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("smsReceivers:\n  - {name: a, phoneNumber: '1'}", "smsReceivers are services of Azure, which kqlog does not reach", 2),
        ("emailReceiver: []", "no field 'emailReceiver' here", 1),
        ("emailReceivers:\n  - {name: a, emailAddress: nobody}", "'nobody' is no mail address", 2),
        ("emailReceivers:\n  - {emailAddress: a@b.example}", "the field 'name' is missing", 2),
        ("webhookReceivers:\n  - {name: a, serviceUri: 'https://x', bearerToken: s3cret}", "'bearerToken' names a secret", 2),
        ("webhookReceivers:\n  - {name: a, serviceUri: 'https://x', template: irc}", "'template' cannot be 'irc'", 2),
        ("webhookReceivers:\n  - {name: a, template: pagerduty}", "the field 'routingKey' is missing", 2),
        ("webhookReceivers:\n  - {name: a, serviceUri: 'https://x', useAadAuth: true}", "no identity in Azure's directory", 2),
        ("webhookReceivers:\n  - {name: a, serviceUri: 'https://x', useCommonAlertSchema: false}", "older bodies", 2),
        ("commandReceivers:\n  - {name: a, command: rm -rf /}", "'command' is a list", 2),
        ("commandReceivers:\n  - {name: a, command: []}", "a program and its arguments", 2),
        ("commandReceivers:\n  - {name: a, command: [x], timeout: P1D}", "at most PT10M", 2),
        ("commandReceivers:\n  - {name: a, command: [x]}\n  - {name: a, command: [y]}", "two receivers are called 'a'", 1),
        ("groupShortName: much-too-long", "at most 12 characters", 1),
        ("enabled: [", "this is no YAML", None),
        ("", "there is nothing in this file", None),
    ],
)
def test_a_group_that_is_wrong_is_told_with_its_place(root, text, message, line):
    with pytest.raises(QueryError) as raised:
        read_group(text, "ops", root)
    assert message in raised.value.message and raised.value.code == "ALR001"
    assert line is None or raised.value.line == line
    assert "s3cret" not in raised.value.message


def test_mail_wants_a_server(root):
    (root / "smtp.yaml").unlink()
    with pytest.raises(QueryError, match="there is no server to send mails by"):
        Groups(root).find("operations")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SMTP.replace("${file:/run/secrets/smtp}", "sesame"), "'password' names a secret, and does not hold it"),
        (SMTP + "security: none\n", "a password is not sent without encryption"),
        ("host: a\nfrom: nobody\n", "'nobody' is no mail address"),
        ("host: a\nfrom: a@b.example\nuser: ada\n", "the field 'password' is missing"),
    ],
)
def test_a_mail_server_that_is_wrong(text, message):
    with pytest.raises(QueryError, match=message):
        read_server(text)


def test_ports_follow_from_the_encryption():
    ports = [read_server(f"host: a\nfrom: a@b.example\nsecurity: {one}\n").port for one in Security]
    assert ports == [587, 465, 25]


def test_groups_that_are_not_there_or_broken(root):
    groups = Groups(root)
    (groups.folder / "half.yaml").write_text("emailReceivers:\n  - {name: a, emailAddr")
    assert groups.names == ["Operations", "half"]
    assert list(groups.broken()) == [groups.folder / "half.yaml"]
    with pytest.raises(QueryError, match="there is no action group 'operation'") as raised:
        groups.find("operation")
    assert raised.value.hint == "did you mean 'Operations'?"


@given(st.text(alphabet="abc:-[]{}\"'\n ${}&*!%@`#|>?,."))
def test_any_text_is_a_group_or_an_error(text):
    from pathlib import Path

    try:
        read_group(text, "ops", Path("/nowhere"))
    except QueryError as error:
        assert error.code == "ALR001"
