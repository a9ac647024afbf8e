"""What is typed or pasted, as text: when it is complete, and what of it is KQL."""

from __future__ import annotations

import re

PLAIN_WORDS = frozenset({"help", "quit", "exit", "?"})
"""Directives that are understood without # when they stand alone."""
_UNSEEN = re.compile(r"(\"[^\"\n]*\"|'[^'\n]*')|[\u200b-\u200f\u2060\ufeff]")
_COMMENT = re.compile(r"^([ \t]*)--", re.MULTILINE)


def is_complete(text: str) -> bool:
    """True when Enter at the end of this input asks for the answer rather than for another line."""
    lines = text.rstrip(" \t").split("\n")
    if text.startswith("#") or text.strip() in PLAIN_WORDS or text.rstrip().endswith(";"):
        return True
    return not lines[-1].strip() and len(lines) > 1


def cleaned(text: str) -> str:
    """Pasted text without carriage returns, and without characters that have no width, outside of strings."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return _UNSEEN.sub(lambda match: match[1] or "", text)


def query_text(text: str) -> str:
    """What is typed as KQL: lines that begin with -- are comments as well. All positions stay."""
    parts = text.split("```")
    parts[::2] = [_COMMENT.sub(r"\1//", part) for part in parts[::2]]
    return "```".join(parts)
