"""Alerts to a program of this machine: the common alert schema as JSON on its standard input."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from typing import IO

from kqlog.alerts.actions.receiver import LaterError
from kqlog.alerts.actions.schema import as_bytes, common_alert
from kqlog.alerts.model import Alert

ID = "KQLOG_ACTION_ID"
"""The variable of the program's environment that says which notification it is."""
_SECONDS = 30.0
_SAID = 200


@dataclass(frozen=True)
class Command:
    """A program and its arguments. No shell reads them, and nothing of an alert is among them."""

    name: str
    arguments: tuple[str, ...]
    seconds: float = _SECONDS

    def send(self, alert: Alert) -> None:
        """Run it once, to its end.

        Raises:
            LaterError: it cannot be started, ends with another status than 0, or not in time: then it is killed, and all that it
                started.
        """
        # A file rather than a pipe: what the program leaves running would hold that open.
        with tempfile.TemporaryFile() as said:
            self._run(alert, said)

    def _run(self, alert: Alert, said: IO[bytes]) -> None:
        try:
            process = subprocess.Popen(
                self.arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env={**os.environ, ID: alert.action_id},
                start_new_session=True,
            )
        except OSError as error:
            raise LaterError(f"{self.name} cannot be run: {error.strerror or error}") from None
        try:
            process.communicate(as_bytes(common_alert(alert)), timeout=self.seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise LaterError(f"{self.name} did not end within {self.seconds:g} seconds") from None
        if process.returncode:
            said.seek(0)
            text = said.read(_SAID).decode("utf-8", "replace").strip()
            raise LaterError(f"{self.name} ends with status {process.returncode}{f': {text}' if text else ''}")
