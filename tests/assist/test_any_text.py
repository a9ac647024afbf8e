"""Whatever is typed, an editor gets an answer, and soon."""

from __future__ import annotations

import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from kqlog.assist.complete import complete
from kqlog.assist.diagnose import diagnose
from kqlog.assist.hover import hover
from kqlog.assist.signature import signature
from kqlog.syntax.words import tokens
from kqlog.types import Column, Type

NAMES = ["TimeGenerated", "Computer", "Category", "Level", "Value", *(f"Column{number}" for number in range(25))]
TYPES = [
    Type.DATETIME,
    Type.STRING,
    Type.STRING,
    Type.INT,
    Type.REAL,
    *[Type.STRING, Type.LONG, Type.DYNAMIC, Type.BOOL, Type.REAL] * 5,
]
MANY = {f"Table{number}": tuple(map(Column, NAMES, TYPES)) for number in range(900)}

TEXTS = [
    "let Limit = 5; Table1 | where Level > Limit and Computer has_any ('a', 'b') | summarize n = count() by bin(TimeGenerated, 1h), Computer",
    "Table2 | join kind=inner (Table3 | where Value > 1.5 | project Computer, Value) on Computer | sort by Value desc nulls last | take 10",
    "let f = (T: (Value: real), x: long = 3) { T | where Value > x }; f(Table4) | extend Half = Value / 2 | render timechart with (title='a')",
    "Table5 | mv-expand Column2 to typeof(string) | parse Computer with 'x' Number: long * | evaluate pivot(Category, avg(Value), Computer)",
    "union Table6, (Table7 | where true) | mv-apply c = Column2 on (top 1 by tostring(c)) | make-series avg(Value) on TimeGenerated step 1d",
    "declare query_parameters(Host: string = 'a'); Table8 | where Computer == Host | project-away Column* | as Kept | union (Kept | count)",
    "search in (Table9, Table10) 'error' | where TimeGenerated between (ago(1d) .. now()) | distinct Computer",
    "print x = toscalar(Table11 | summarize max(Value)), y = dynamic({'a': [1, 2]}).a[0] // and so on",
    "datatable(a: long, b: string) [1, 'x', 2, 'y'] | scan declare (s: long = 0) with (step one: true => s = s + a;) | where s > 1",
]


@st.composite
def broken(draw: st.DrawFn) -> tuple[str, int]:
    """A query with something cut out and something put in, and a place in it."""
    text = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, len(text)))
    end = min(len(text), start + draw(st.integers(0, 20)))
    put = draw(
        st.sampled_from(
            [
                "",
                "",
                "|",
                "(",
                ")",
                "'",
                '"',
                " ",
                ";",
                "\n",
                "where",
                ".",
                "=",
                ",",
                "[",
                "\u200b",
                "é",
                "//",
                "```",
                "\x00",
                "\ufeff",
            ]
        )
    )
    text = text[:start] + put + text[end:]
    return text, draw(st.integers(0, len(text)))


@settings(deadline=None)
@given(broken())
def test_any_text_has_an_answer(at: tuple[str, int]) -> None:
    text, position = at
    for proposal in complete(text, position, MANY):
        assert 0 <= proposal.span.start <= position <= proposal.span.end + 1
        assert 0 <= proposal.cursor <= len(proposal.text)
    signature(text, position, MANY)
    hover(text, position, MANY)
    for found in diagnose(text, MANY):
        assert 0 <= found.span.start <= found.span.end <= len(text) + 1


@settings(deadline=None)
@given(st.text(max_size=40))
def test_what_is_no_query_has_an_answer(text: str) -> None:
    complete(text, len(text), MANY)
    signature(text, len(text), MANY)
    hover(text, len(text) // 2, MANY)
    diagnose(text, MANY)


def test_proposals_come_within_50_ms_over_900_tables() -> None:
    """Of the processor's time, at the 95th percentile of all places between two words, warm."""
    places = [(text, token.end) for text in TEXTS for token in tokens(text)]
    random.Random(1).shuffle(places)
    seconds = []
    for number, (text, position) in enumerate([*places[:100], *places]):
        started = time.thread_time()
        complete(text, position, MANY)
        if number >= 100:
            seconds.append(time.thread_time() - started)
    assert sorted(seconds)[int(0.95 * len(seconds))] < 0.05
