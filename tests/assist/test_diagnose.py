"""Mistakes with their places, and what puts them right."""

from __future__ import annotations

import pytest

from kqlog.assist.diagnose import diagnose


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("Perf | where Computr == 'a'", "Perf | where Computer == 'a'"),
        ("Pref | take 1", "Perf | take 1"),
        ("Perf | were true", "Perf | where true"),
        ("Perf | summarize cuont() by Computer", "Perf | summarize count() by Computer"),
        ("Perf | render timchart", "Perf | render timechart"),
        ("Perf | evaluate narow()", "Perf | evaluate narrow()"),
        ("Perf | join kind=iner Heartbeat on Computer", "Perf | join kind=inner Heartbeat on Computer"),
        ("Perf | sumarize count()", "Perf | summarize count()"),
        ("let f = (a: sting) { a }; print f('x')", "let f = (a: string) { a }; print f('x')"),
        ("['odd name'] | project a_column", "['odd name'] | project ['a column']"),
    ],
)
def test_a_fix_puts_it_right(wrong: str, right: str, tables) -> None:
    (found,) = diagnose(wrong, tables)
    assert found.fix is not None and not found.unfinished
    assert wrong[: found.fix.span.start] + found.fix.text + wrong[found.fix.span.end :] == right
    assert diagnose(right, tables) == []


@pytest.mark.parametrize(
    "text",
    ["Perf |", "Perf | where", "Perf | where Computer == ", "Perf | where (true", "Perf | where Computer == 'a", "let x ="],
)
def test_unfinished(text: str, tables) -> None:
    (found,) = diagnose(text, tables)
    assert found.unfinished and found.fix is None


@pytest.mark.parametrize("text", ["Perf | where Nothing == 1", "Perf | take 'a'", "Perf ! take", "Perf | where strlen(1, 2) > 1"])
def test_wrong_however_it_goes_on(text: str, tables) -> None:
    (found,) = diagnose(text, tables)
    assert not found.unfinished
    assert text[found.span.start : found.span.end]


def test_several_in_the_order_of_the_text(tables) -> None:
    text = "Perf | where Nothing == 1; Heartbeat | where Nowhere == 1"
    assert [text[one.span.start : one.span.end] for one in diagnose(text, tables)] == ["Nothing", "Nowhere"]


def test_an_empty_text_is_no_mistake(tables) -> None:
    assert diagnose(" \n", tables) == []
