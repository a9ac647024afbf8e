"""From rows in a table to what a receiver gets, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from kqlog.ingest.shaping import shape
from kqlog.store.store import create

RULE = """
severity: 2
evaluationFrequency: PT1M
windowSize: PT5M
criteria:
  allOf:
    - query: Perf | where CounterName == "% Processor Time"
      timeAggregation: Average
      metricMeasureColumn: CounterValue
      dimensions: [{name: Computer}]
      operator: GreaterThan
      threshold: 90
actions:
  actionGroups: [ops]
  customProperties: {team: web}
"""


def test_a_rule_fires_and_a_webhook_and_a_mail_arrive(tmp_path, http, smtp, certificates):
    store = create(tmp_path / "logs")
    now = datetime.now(UTC)
    rows = [
        {
            "TimeGenerated": now - timedelta(seconds=20 * step),
            "Computer": name,
            "CounterName": "% Processor Time",
            "CounterValue": value,
        }
        for step in range(15)
        for name, value in (("web", 97.0), ("db", 12.0))
    ]
    with store.table("Perf").writing():
        shaped = shape(store, "Perf", rows)
        store.table("Perf").append(shaped.rows, shaped.columns)
    (store.root / "alerts" / "groups").mkdir(parents=True)
    (store.root / "alerts" / "cpu.yaml").write_text(RULE)
    group = {
        "webhookReceivers": [{"name": "hook", "serviceUri": http.url, "bearerToken": "${HOOK_TOKEN}"}],
        "emailReceivers": [{"name": "On call", "emailAddress": "oncall@contoso.example"}],
    }
    (store.root / "alerts" / "groups" / "ops.yaml").write_text(json.dumps(group))
    server = (
        f"host: localhost\nport: {smtp.port}\nfrom: kqlog@contoso.example\nuser: ${{SMTP_USER}}\npassword: ${{SMTP_PASSWORD}}\n"
    )
    (store.root / "smtp.yaml").write_text(f"{server}authority: {certificates[1]}\n")
    secrets = {"HOOK_TOKEN": "t0ken", "SMTP_USER": "ada", "SMTP_PASSWORD": "sesame"}
    command = [sys.executable, "-m", "kqlog", "-d", str(store.root), "alerts", "run", "--once"]
    for _ in range(2):
        done = subprocess.run(command, env={**os.environ, **secrets}, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    ((_, body, headers),) = http.requests
    data = json.loads(body)["data"]
    assert headers["Authorization"] == "Bearer t0ken" and headers["Idempotency-Key"].endswith("-fired")
    assert (data["essentials"]["alertRule"], data["essentials"]["configurationItems"]) == ("cpu", ["web"])
    assert data["alertContext"]["condition"]["allOf"][0]["metricValue"] == 97.0
    (mail,) = smtp.mails
    assert b"Subject: Fired:Sev2 Azure Monitor Alert cpu on web at " in mail
