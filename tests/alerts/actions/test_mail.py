"""Mails through a real server, over STARTTLS and TLS."""

from __future__ import annotations

import email
import email.policy
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import alert_samples as samples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kqlog.alerts.actions.mail import Mail, Security, Server, mail, subject
from kqlog.alerts.actions.receiver import LaterError, RefusedError


@pytest.fixture
def server(smtp, certificates, monkeypatch):
    monkeypatch.setenv("SMTP_PASSWORD", "sesame")
    sender = "kqlog <kqlog@contoso.example>"
    return Server("localhost", sender, smtp.port, Security.STARTTLS, "ada", "${SMTP_PASSWORD}", certificates[1], 5)


def received(smtp):
    return [email.message_from_bytes(one, policy=email.policy.default) for one in smtp.mails]


def test_a_mail_as_received(server, smtp):
    Mail("On call", "oncall@contoso.example", server).send(samples.LOG)
    (message,) = received(smtp)
    assert message["To"] == "On call <oncall@contoso.example>"
    assert message["From"] == "kqlog <kqlog@contoso.example>"
    assert message["Message-ID"] == "<6f9619ff-8b86-d011-b42d-00cf4fc964ff-fired@contoso.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    on = "web-01.contoso.example ( microsoft.operationalinsights/workspaces )"
    assert message["Subject"] == f"Fired:Sev2 Azure Monitor Alert cpu-high on {on} at 3/10/2026 9:45:04 AM"
    text = message.get_body(("plain",)).get_content()
    assert "Why: average 97.25 > 90 in 09:40 to 09:45" in text
    assert "TimeGenerated | Computer | CounterValue" in text
    html = message.get_body(("html",)).get_content()
    assert "<td" in html and "&lt;98&gt; &amp; more" in html and "<98>" not in html


def test_the_chart_is_a_picture_inside_of_the_mail(server, smtp):
    pytest.importorskip("vl_convert", reason="the extra charts is not installed")
    Mail("On call", "oncall@contoso.example", server).send(samples.LOG)
    (message,) = received(smtp)
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert picture.get_content().startswith(b"\x89PNG")
    assert picture["Content-ID"] == "<chart>"
    assert 'src="cid:chart"' in message.get_body(("html",)).get_content()


def test_a_mail_without_values_over_time_has_no_chart():
    message = mail(replace(samples.LOG, history=()), "a@contoso.example", "b@contoso.example")
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_mails_of_an_alert_are_one_conversation():
    fired, resolved = (mail(alert, "a@contoso.example", "b@contoso.example") for alert in (samples.LOG, samples.RESOLVED))
    assert fired["References"] == resolved["References"] == "<6f9619ff-8b86-d011-b42d-00cf4fc964ff@contoso.example>"
    assert fired["Message-ID"] != resolved["Message-ID"]
    assert resolved["Subject"].startswith("Resolved:Sev2 ") and resolved["Subject"].endswith(" at 3/10/2026 10:00:00 AM")


def test_a_rule_says_its_own_subject():
    rule = replace(
        samples.LOG_RULE,
        tags={"Email.Subject": "${data.essentials.alertRule}: ${data.alertContext.condition.allOf[0].metricValue}"},
    )
    assert subject(replace(samples.LOG, rule=rule)) == "cpu-high: 97.25"


@given(st.text())
def test_no_alert_writes_a_header_of_its_own(text):
    rule = replace(samples.LOG_RULE, name=text, tags={"Email.Subject": text} if text else {}, description=text)
    alert = replace(samples.LOG, rule=rule, dimensions=(("Computer", text),), history=(), rows=((text, text, text),))
    message = email.message_from_bytes(
        mail(alert, "a@contoso.example", "b@contoso.example").as_bytes(), policy=email.policy.default
    )
    names = {"Subject", "From", "To", "Date", "Message-ID", "References", "Auto-Submitted", "MIME-Version", "Content-Type"}
    assert set(message.keys()) == names


def test_a_wrong_password_is_tried_again_later(server, monkeypatch):
    monkeypatch.setenv("SMTP_PASSWORD", "wrong")
    with pytest.raises(LaterError, match="localhost does not let us in: 535") as raised:
        Mail("On call", "oncall@contoso.example", server).send(samples.LOG)
    assert "wrong" not in str(raised.value)


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize(("answer", "error"), [("550 no such user", RefusedError), ("451 come back later", LaterError)])
def test_refusals(server, smtp, command, answer, error):
    smtp.answers[command] = answer
    with pytest.raises(error, match=answer[4:]):
        Mail("On call", "oncall@contoso.example", server).send(samples.LOG)


def test_a_certificate_that_nobody_vouches_for(server):
    with pytest.raises(LaterError, match=r"localhost cannot be used: .*certificate"):
        Mail("On call", "oncall@contoso.example", replace(server, authority=None)).send(samples.LOG)


def test_tls_from_the_start(certificates, mail_server):
    taken: list[bytes] = []

    class Box:
        async def handle_DATA(self, server, session, envelope):
            taken.append(envelope.original_content)
            return "250 OK"

    port = mail_server(Box(), ssl_context=certificates[0])
    server = Server("localhost", "kqlog@contoso.example", port, Security.TLS, authority=certificates[1], seconds=5)
    Mail("On call", "oncall@contoso.example", server).send(samples.RESOLVED)
    assert len(taken) == 1


def test_a_server_that_says_nothing_costs_its_time_limit():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=lambda: (listening.accept(), time.sleep(3)), daemon=True).start()
        server = Server("127.0.0.1", "kqlog@contoso.example", listening.getsockname()[1], Security.NONE, seconds=0.5)
        began = time.monotonic()
        with pytest.raises(LaterError, match=r"127.0.0.1 cannot be used: .*timed out"):
            Mail("On call", "oncall@contoso.example", server).send(samples.LOG)
        assert time.monotonic() - began < 3


def test_an_authority_that_is_no_file(server):
    with pytest.raises(LaterError, match="cannot be used"):
        Mail("On call", "oncall@contoso.example", replace(server, authority=Path("/not/there"))).send(samples.LOG)
