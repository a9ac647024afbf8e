"""What the grammar lets stand at a place, and what is open around it."""

from __future__ import annotations

import pytest

from kqlog.assist.place import place
from kqlog.syntax import grammar


def next_words(text: str) -> set[str]:
    """The words and marks that may stand at the end of a text, and the terminals that are no words."""
    return {word for terminal in place(text, len(text)).accepted for word in grammar.tables().words[terminal] or (terminal,)}


@pytest.mark.parametrize(
    ("text", "offered", "not_offered"),
    [
        ("", {"let", "print", "NAME", "union"}, {"where", "by"}),
        ("T | ", {"where", "summarize", "project-away", "mv-expand"}, {"let", "by", "NAME"}),
        ("T | summ", {"summarize"}, {"NAME"}),
        ("T | project-a", {"project-away"}, set()),
        ("T | sort ", {"by"}, {"asc", "NAME"}),
        ("T | sort by a ", {"asc", "desc", "nulls", "|"}, {"by"}),
        ("T | where a ", {"has", "==", "!contains", "in~", "matches regex", "and"}, {"by", "asc"}),
        ("T | where a !con", {"!contains"}, set()),
        ("T | join (U) ", {"on", "|"}, {"by"}),
        ("T | where a == ", {"NAME", "STRING", "NUMBER"}, {"|"}),
        ("T | nonsense | where a ", {"has"}, {"by"}),
    ],
)
def test_what_may_stand(text: str, offered: set[str], not_offered: set[str]) -> None:
    words = next_words(text)
    assert offered <= words
    assert not not_offered & words


@pytest.mark.parametrize(
    ("text", "begun", "operator", "clause", "call"),
    [
        ("T | where ", "", "where", "WHERE", None),
        ("T | where a.b", "b", "where", "WHERE", None),
        ("T | project-aw", "project-aw", "", "", None),
        ("T | extend x = a-b", "b", "extend", "EXTEND", None),
        ("T | summarize n = sum(a) by b, ", "", "summarize", "BY", None),
        ("T | summarize make_set(a, 1 + ", "", "summarize", "", ("make_set", 1)),
        ("T | extend x = f(a, g(b, c), ", "", "extend", "", ("f", 2)),
        ("T | where a in (1, ", "", "where", "", None),
        ("T | where (ago(", "", "where", "", ("ago", 0)),
        ("T | join kind=inner (U | where strlen(", "", "where", "", ("strlen", 0)),
        ("T | where a !con", "!con", "where", "WHERE", None),
    ],
)
def test_what_is_open(text: str, begun: str, operator: str, clause: str, call: tuple[str, int] | None) -> None:
    found = place(text, len(text))
    assert (found.begun, found.operator, found.clause) == (begun, operator, clause)
    assert (found.call and (found.call.name, found.call.active)) == call


@pytest.mark.parametrize(
    ("text", "compared"),
    [
        ("T | where a == ", ("a", "==")),
        ("T | where a has ", ("a", "has")),
        ("T | where a in (1, ", ("a", "in")),
        ("T | where a between (1 .. ", ("a", "between")),
        ("T | where a == 1 and ", None),
        ("T | where f(", None),
        ("T | where a == b + ", None),
    ],
)
def test_what_is_compared(text: str, compared: tuple[str, str] | None) -> None:
    found = place(text, len(text)).compared
    assert (found and (found[0].name, found[1])) == compared


@pytest.mark.parametrize("text", ["T // a", "T | where a == 'b", "T | where a == @'b", "print ```a\nb"])
def test_comments_and_strings_are_no_places(text: str) -> None:
    assert place(text, len(text)) is None
