"""Alerts by mail: a text, the same in HTML with the first rows as a table, and a chart of the value where one can be drawn."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from enum import StrEnum
from html import escape
from pathlib import Path

from kqlog.alerts.actions.picture import picture
from kqlog.alerts.actions.receiver import LaterError, RefusedError
from kqlog.alerts.actions.resource import parts_of
from kqlog.alerts.actions.schema import affected, targets
from kqlog.alerts.actions.secrets import revealed
from kqlog.alerts.actions.templates import filled
from kqlog.alerts.actions.wording import about, facts, headline, one_line
from kqlog.alerts.model import Alert, MonitorCondition

SUBJECT = "Email.Subject"
"""Azure's action property that replaces the subject; ${data.essentials.alertRule} and the like are filled in."""
_SECONDS = 30.0
_SHOWN_ROWS = 10
_PERMANENT = 500
_COLOURS = ("#a80000", "#d83b01", "#c19c00", "#0078d4", "#605e5c")
_GOOD = "#107c10"
_CELL = "padding:4px 8px;border:1px solid #d2d0ce;text-align:left;font-size:13px"


class Security(StrEnum):
    """How a connection to a mail server is encrypted."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True)
class Server:
    """A mail server that takes our mails. `user` and `password` name their secrets; '' for one that asks for none.

    `authority` is a file of certificates to trust beside the system's.
    """

    host: str
    sender: str
    port: int = 587
    security: Security = Security.STARTTLS
    user: str = ""
    password: str = ""
    authority: Path | None = None
    seconds: float = _SECONDS

    def send(self, message: EmailMessage) -> None:
        """Hand a mail over.

        Raises:
            LaterError: the server cannot be reached, or does not take it now.
            RefusedError: it never takes it, as with an address that does not exist.
        """
        try:
            with self._connected() as connection:
                if self.user:
                    connection.login(revealed(self.user), revealed(self.password))
                connection.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            raise LaterError(f"{self.host} does not let us in: {_said(error)}") from None
        except smtplib.SMTPRecipientsRefused as error:
            (code, said), *_ = error.recipients.values()
            raise _refusal(code, f"{self.host} does not take mail for {', '.join(error.recipients)}: {said!r}") from None
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, f"{self.host} does not take the mail: {_said(error)}") from None
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise LaterError(f"{self.host} cannot be used: {error or type(error).__name__}") from None

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.authority is not None:
            context.load_verify_locations(self.authority)
        if self.security is Security.TLS:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.seconds, context=context)
        connection = smtplib.SMTP(self.host, self.port, timeout=self.seconds)
        if self.security is Security.STARTTLS:
            try:
                connection.starttls(context=context)
            except BaseException:
                connection.close()
                raise
        return connection


@dataclass(frozen=True)
class Mail:
    """Somebody who gets mails."""

    name: str
    address: str
    server: Server

    def send(self, alert: Alert) -> None:
        """Send one mail.

        Raises:
            LaterError, RefusedError: as of the server.
        """
        self.server.send(mail(alert, formataddr((self.name, self.address)), self.server.sender))


def mail(alert: Alert, receiver: str, sender: str) -> EmailMessage:
    """The mail about an alert. Mail servers know a repeat by its Message-ID."""
    message = EmailMessage()
    message["Subject"] = subject(alert)
    message["From"], message["To"] = sender, receiver
    message["Date"] = format_datetime(alert.resolved or alert.fired)
    domain = parseaddr(sender)[1].rpartition("@")[2] or "kqlog"
    message["Message-ID"] = f"<{alert.action_id}@{domain}>"
    # Mails of one alert are one conversation.
    message["References"] = f"<{alert.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(alert))
    drawing = picture(alert)
    message.add_alternative(_html(alert, "chart" if drawing else None), subtype="html")
    if drawing:
        *_, html = message.iter_parts()
        html.add_related(drawing, "image", "png", cid="<chart>", filename="chart.png", disposition="inline")
    return message


def subject(alert: Alert) -> str:
    """Azure's subject, or the one that the rule asks for. Nothing in it ends the line."""
    if wanted := alert.rule.tags.get(SUBJECT):
        return one_line(filled(wanted, alert))
    ids = targets(alert)
    target = parts_of(ids[0]) if ids else None
    on = next(iter(affected(alert)), "") or (target.name if target else "") or about(alert)
    type_ = f" ( {target.type.lower()} )" if target and target.type else ""
    told = alert.resolved if alert.condition is MonitorCondition.RESOLVED and alert.resolved else alert.fired
    where = f" on {on}{type_}" if on else ""
    return one_line(f"{alert.condition}:Sev{alert.rule.severity} Azure Monitor Alert {alert.rule.name}{where} at {_clock(told)}")


def _clock(time: datetime) -> str:
    """A time as Azure's mails have it: 3/22/2019 1:36:31 PM."""
    return f"{time.month}/{time.day}/{time.year} {(time.hour + 11) % 12 + 1}:{time:%M:%S %p}"


def _text(alert: Alert) -> str:
    lines = [headline(alert), "", *(f"{name}: {value}" for name, value in facts(alert))]
    if alert.rows:
        cells = [[one_line(cell) for cell in row] for row in (alert.columns, *alert.rows[:_SHOWN_ROWS])]
        lines += ["", *(" | ".join(row) for row in cells)]
    return "\n".join(line.replace("\r", " ") for line in lines) + "\n"


def _html(alert: Alert, chart: str | None) -> str:
    colour = _GOOD if alert.condition is MonitorCondition.RESOLVED else _COLOURS[alert.rule.severity]
    told = "".join(
        f'<tr><th style="{_CELL};vertical-align:top">{escape(name)}</th><td style="{_CELL}">{escape(value)}</td></tr>'
        for name, value in facts(alert)
    )
    shown = f'<p><img src="cid:{chart}" alt="The value over time" width="600"></p>' if chart else ""
    return (
        '<html><body style="font-family:Segoe UI,Helvetica,Arial,sans-serif">'
        f'<h2 style="border-left:6px solid {colour};padding-left:10px;font-weight:600">{escape(headline(alert))}</h2>'
        f'<table style="border-collapse:collapse">{told}</table>{shown}{_table(alert)}'
        f'<p style="color:#605e5c;font-size:12px">alert {escape(alert.id)}, action {escape(alert.action_id)}</p>'
        "</body></html>"
    )


def _table(alert: Alert) -> str:
    if not alert.rows:
        return ""
    head = "".join(f'<th style="{_CELL};background:#f3f2f1">{escape(name)}</th>' for name in alert.columns)
    rows = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{escape(one_line(cell))}</td>' for cell in row) + "</tr>"
        for row in alert.rows[:_SHOWN_ROWS]
    )
    return f'<h3>The first rows</h3><table style="border-collapse:collapse"><tr>{head}</tr>{rows}</table>'


def _refusal(code: int, reason: str) -> LaterError | RefusedError:
    return RefusedError(reason) if code >= _PERMANENT else LaterError(reason)


def _said(error: smtplib.SMTPResponseException) -> str:
    said = error.smtp_error
    return f"{error.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
