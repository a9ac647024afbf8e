"""What receives alerts, and how it says that it could not."""

from __future__ import annotations

from typing import Protocol

from kqlog.alerts.model import Alert


class LaterError(Exception):
    """Why an alert was not taken now, and after how many seconds to try again, if that was said. It may have been taken."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class RefusedError(Exception):
    """Why an alert will never be taken, however often it is sent."""


class Receiver(Protocol):
    """Someone, or something, that is told."""

    @property
    def name(self) -> str:
        """What it is called in its group."""

    def send(self, alert: Alert) -> None:
        """Tell it. The alert's `action_id` goes along, by which a repeat is known.

        Raises:
            LaterError: it may work later.
            RefusedError: it never will.
        """
