"""Webhooks to a receiver that takes, hangs, fails and closes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace

import alert_samples as samples
import pytest

from kqlog.alerts.actions.receiver import LaterError, RefusedError
from kqlog.alerts.actions.templates import NAMED, PagerDuty
from kqlog.alerts.actions.webhook import Webhook


@pytest.fixture
def hook(http):
    return Webhook("on call", http.url, NAMED["common"], seconds=2)


def test_an_alert_arrives_with_its_id(hook, http):
    hook.send(samples.LOG)
    ((path, body, headers),) = http.requests
    assert path == "/hook"
    assert headers["Idempotency-Key"] == "6f9619ff-8b86-d011-b42d-00cf4fc964ff-fired"
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert json.loads(body)["schemaId"] == "azureMonitorCommonAlertSchema"
    assert "Authorization" not in headers and "webhook-signature" not in headers


def test_secrets_come_from_the_environment_and_from_files(hook, http, monkeypatch, tmp_path):
    monkeypatch.setenv("HOOK_TOKEN", "t0ken")
    (tmp_path / "tenant").write_text("contoso\n")
    hook = replace(hook, token="${HOOK_TOKEN}", headers={"X-Tenant": f"${{file:{tmp_path / 'tenant'}}}"})
    hook.send(samples.LOG)
    headers = http.requests[0][2]
    assert (headers["Authorization"], headers["X-Tenant"]) == ("Bearer t0ken", "contoso")


@pytest.mark.parametrize(
    ("secret", "key"), [("sesame", b"sesame"), ("whsec_" + base64.b64encode(b"raw\0key").decode(), b"raw\0key")]
)
def test_a_signed_request_can_be_verified(hook, http, monkeypatch, secret, key):
    monkeypatch.setenv("HOOK_SECRET", secret)
    replace(hook, secret="${HOOK_SECRET}").send(samples.LOG)
    ((_, body, headers),) = http.requests
    id_, seconds = headers["webhook-id"], headers["webhook-timestamp"]
    signed = f"{id_}.{seconds}.".encode() + body
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert id_ == "6f9619ff-8b86-d011-b42d-00cf4fc964ff-fired" and abs(time.time() - int(seconds)) < 60


@pytest.mark.parametrize("status", [400, 410, 413, 422])
def test_what_is_never_taken_is_given_up(hook, http, status):
    http.mood, http.answer = lambda: status, b"no such field\nand more"
    with pytest.raises(RefusedError, match=f"on call answers {status}: no such field$"):
        hook.send(samples.LOG)


@pytest.mark.parametrize("status", [302, 401, 404, 429, 500, 503])
def test_what_may_be_taken_later_is_tried_again(hook, http, status):
    http.mood, http.again = lambda: status, "7"
    with pytest.raises(LaterError, match=f"on call answers {status}") as raised:
        hook.send(samples.LOG)
    assert raised.value.seconds == 7
    assert len(http.requests) == 1


@pytest.mark.parametrize("mood", ["hang", "close"])
def test_a_receiver_that_hangs_or_closes_costs_its_time_limit_at_most(hook, http, mood):
    http.mood = lambda: mood
    began = time.monotonic()
    with pytest.raises(LaterError, match="on call cannot be reached"):
        replace(hook, seconds=0.5).send(samples.LOG)
    assert time.monotonic() - began < 5


def test_nobody_listens(hook):
    with pytest.raises(LaterError, match="cannot be reached"):
        replace(hook, address="http://127.0.0.1:9/secret-path").send(samples.LOG)


def test_an_error_does_not_tell_the_address(hook, monkeypatch):
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/services/T000/s3cret")
    with pytest.raises(LaterError) as raised:
        replace(hook, address="${HOOK}").send(samples.LOG)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("${NOT_THERE}", "no variable 'NOT_THERE'"),
        ("${file:/not/there}", "'/not/there' cannot be read"),
        ("ftp://somewhere", "the address of a webhook is none"),
        ("http://[", "the address of a webhook is none"),
        ("http://hooks.contoso.example/", "a token is not sent to 'hooks.contoso.example' without encryption"),
    ],
)
def test_addresses_that_are_none(hook, monkeypatch, address, message):
    monkeypatch.setenv("HOOK_TOKEN", "t0ken")
    with pytest.raises(LaterError, match=message.replace("(", r"\(")):
        replace(hook, address=address, token="${HOOK_TOKEN}").send(samples.LOG)


def test_a_header_cannot_begin_another_one(hook, monkeypatch):
    monkeypatch.setenv("HOOK_TOKEN", "t0ken\r\nX-Evil: yes")
    with pytest.raises(LaterError, match="is not one line of ASCII") as raised:
        replace(hook, token="${HOOK_TOKEN}").send(samples.LOG)
    assert "t0ken" not in str(raised.value)


def test_pagerdutys_events_of_an_alert_have_one_key(http, monkeypatch):
    monkeypatch.setenv("PD", "R0UTING")
    hook = Webhook("pager", http.url, PagerDuty("${PD}"), seconds=2)
    for alert in (samples.LOG, samples.LOG, samples.RESOLVED):
        hook.send(alert)
    bodies = [json.loads(body) for _, body, _ in http.requests]
    assert [body["event_action"] for body in bodies] == ["trigger", "trigger", "resolve"]
    assert {body["dedup_key"] for body in bodies} == {"6f9619ff-8b86-d011-b42d-00cf4fc964ff"}
