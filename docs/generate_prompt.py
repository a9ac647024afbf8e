"""Writes the screens of docs/prompt.md anew: `python docs/generate_prompt.py`. They are those of a real terminal (tmux).

A block of text that follows `<!-- screen: NAME -->` is what that session leaves on the screen.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests" / "repl"))

from terminal import SAMPLE, Screen  # noqa: E402

PLACE = re.compile(r"(<!-- screen: (?P<name>[\w-]+) -->\n```text\n).*?(^```\n)", re.MULTILINE | re.DOTALL)
SESSIONS: dict[str, Callable[[Screen], str]] = {}


def session(name: str) -> Callable[[Callable[[Screen], str]], None]:
    """Declare what is done for a screen. The function gives the screen."""

    def declare(does: Callable[[Screen], str]) -> None:
        SESSIONS[name] = does

    return declare


@session("answer")
def _answer(screen: Screen) -> str:
    screen.enter("AppRequests")
    screen.enter("| summarize requests = count(), failed = countif(Success == false) by AppRoleName")
    screen.enter("| where failed > 50")
    screen.press("Enter")
    return screen.wait_for("in 1 file read)")


@session("completion")
def _completion(screen: Screen) -> str:
    screen.enter("AppRequests")
    screen.enter("| summarize failed = countif(Success == false) by AppRoleName")
    screen.type("| where fail")
    return screen.wait_for("failed_requests", "long", "Tab: failed")


@session("mistake")
def _mistake(screen: Screen) -> str:
    screen.type("AppRequests | where DurationMx > 5000 ")
    return screen.wait_for("Tab: DurationMs")


@session("corrected")
def _corrected(screen: Screen) -> str:
    screen.type("AppRequests | where DurationMx > 5000 ")
    screen.wait_for("Tab: DurationMs")
    screen.press("Tab")
    screen.wait_for("DurationMs > 5000")
    screen.enter("| count;")
    return screen.wait_for("in 1 file read)")


@session("chart")
def _chart(screen: Screen) -> str:
    screen.enter('AppRequests | where AppRoleName == "contoso-shop"')
    screen.enter("| summarize failed = countif(Success == false) by bin(TimeGenerated, 2h)")
    screen.enter("| render timechart;")
    return screen.wait_for("in 1 file read)")


@session("timespan")
def _timespan(screen: Screen) -> str:
    screen.enter("#timespan 2026-03-10/2026-03-11")
    screen.wait_for("kql 2026-03-10/2026-03-11>")
    screen.enter("SigninLogs | summarize tries = count() by ResultType | top 2 by tries;")
    return screen.wait_for("in 1 file read)")


@session("vertical")
def _vertical(screen: Screen) -> str:
    screen.enter("#format vertical")
    screen.wait_for("shown as vertical")
    screen.enter("SigninLogs | top 1 by TimeGenerated asc | project TimeGenerated, UserPrincipalName, IPAddress;")
    return screen.wait_for("in 1 file read)")


@session("saved")
def _saved(screen: Screen) -> str:
    screen.enter("#run slow limit=10000")
    return screen.wait_for("in 1 file read)")


@session("help")
def _help(screen: Screen) -> str:
    screen.enter("#help")
    return screen.wait_for("#quit   ")


def shown(text: str) -> str:
    """A screen without the line that greets, the next prompt, and the empty lines before what stands at its bottom."""
    lines = [line.rstrip() for line in text.rstrip().split("\n") if not line.startswith("kqlog 0")]
    if re.fullmatch(r"kql[^>]*>", lines[-1]):
        del lines[-1]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def taken(name: str) -> str:
    """The screen of a session."""
    with tempfile.TemporaryDirectory() as state:
        screen = Screen(SAMPLE, Path(state), 100, 34)
        try:
            return shown(SESSIONS[name](screen))
        finally:
            screen.close()


def main() -> None:
    """Write all screens."""
    page = DOCS / "prompt.md"
    text = PLACE.sub(lambda found: f"{found[1]}{taken(found['name'])}{found[3]}", page.read_text("utf-8"))
    page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
