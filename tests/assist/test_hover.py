"""What a name means where it stands."""

from __future__ import annotations

import pytest

from kqlog.assist.hover import hover
from kqlog.assist.proposal import Kind


@pytest.mark.parametrize(
    ("text", "kind", "first_line"),
    [
        ("Pe‸rf | take 1", Kind.TABLE, "Perf (table of 6 columns)"),
        ("Perf | wh‸ere true", Kind.OPERATOR, "where (operator): Keep the rows for which a condition is true."),
        ("Perf | where Com‸puter == 'a'", Kind.COLUMN, "Computer: string"),
        ("Perf | extend n = strlen(Computer) | where ‸n > 1", Kind.COLUMN, "n: long"),
        ("Perf | summarize co‸unt()", Kind.AGGREGATE, "count (aggregate, for summarize): Number of rows."),
        ("Perf | cou‸nt", Kind.OPERATOR, "count (operator): Count the rows."),
        ("Perf | evaluate na‸rrow()", Kind.PLUGIN, None),
        ("let Limit = 3; Perf | take Li‸mit", Kind.LET, "Limit: long = 3"),
        ("let Hosts = Heartbeat | distinct Computer; Ho‸sts | take 1", Kind.LET, "Hosts (table of 1 columns)"),
        ("let f = (a: long) { a }; print ‸f(1)", Kind.FUNCTION, "f(a: long)"),
        ("Perf | join (Heartbeat) on $left.Computer == $right.Compu‸ter", Kind.COLUMN, "Computer: string"),
        ("Perf | where Computer ha‸s 'a'", Kind.KEYWORD, None),
        ("['odd na‸me'] | take 1", Kind.TABLE, "odd name (table of 2 columns)"),
    ],
)
def test_hover(text: str, kind: Kind, first_line: str | None, tables) -> None:
    position = text.index("‸")
    found = hover(text.replace("‸", ""), position, tables)
    assert found is not None and found.kind is kind
    assert found.span.start <= position < found.span.end
    assert first_line is None or found.text.partition("\n")[0] == first_line


@pytest.mark.parametrize(
    "text", ["Perf | take ‸5", "Perf ‸| take 5", "Perf | where x == '‸a'", "// Pe‸rf", "‸", "Perf | where nothi‸ng"]
)
def test_no_meaning_of_its_own(text: str, tables) -> None:
    assert hover(text.replace("‸", ""), text.index("‸"), tables) is None
