"""A prompt in a real terminal: tmux, driven by keys and read as a screen."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

import kqlog

HAS_TMUX = shutil.which("tmux") is not None
SAMPLE = Path(__file__).parents[2] / "sample_data"


class Screen:
    """kqlog's prompt over a folder, in a terminal of some size."""

    def __init__(self, folder: Path, state: Path, width: int = 80, height: int = 24, **environment: str) -> None:
        # A server of its own: nothing of the user's is seen or ended.
        self._tmux = ["tmux", "-L", f"kqlog-{uuid.uuid4().hex[:12]}", "-f", os.devnull]
        given = {
            "XDG_STATE_HOME": str(state),
            "PYTHONPATH": str(Path(kqlog.__file__).parents[1]),
            "LANG": "C.UTF-8",
            **environment,
        }
        words = ["env", *(f"{name}={value}" for name, value in given.items()), sys.executable, "-m", "kqlog", "-d", str(folder)]
        size = ["-x", str(width), "-y", str(height)]
        self._run("-u", "new-session", "-d", *size, f"{shlex.join(words)}; echo LEFT; sleep 60")
        self.wait_for("kql>")

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], capture_output=True, text=True, check=True, timeout=20).stdout

    def type(self, text: str) -> None:
        """Type a text, as keys."""
        # tmux takes a semicolon at the end for its own.
        self._run("send-keys", "-l", "--", f"{text[:-1]}\\;" if text.endswith(";") else text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names, such as Enter, Tab, C-c."""
        self._run("send-keys", *keys)

    def enter(self, text: str) -> None:
        """Type a text, and Enter."""
        self.type(text)
        self.press("Enter")

    def paste(self, text: str) -> None:
        """Paste a text, as terminals do: in brackets."""
        subprocess.run([*self._tmux, "load-buffer", "-"], input=text.encode(), check=True, timeout=20)
        self._run("paste-buffer", "-p", "-r")

    def text(self) -> str:
        """What the screen shows."""
        return self._run("capture-pane", "-p")

    def wait_for(self, *texts: str, seconds: float = 30) -> str:
        """The screen once it shows all of the texts."""
        end = time.monotonic() + seconds
        while not all(text in (screen := self.text()) for text in texts):
            assert time.monotonic() < end, f"no {texts} in\n{screen}"
            time.sleep(0.05)
        return screen

    def close(self) -> None:
        """End the terminal and all in it."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False, timeout=20)
