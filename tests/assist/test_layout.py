"""The canonical layout: nothing is lost, the meaning stays, and a layout is its own."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kqlog.assist.layout import format, layout
from kqlog.errors import QueryError
from kqlog.operators import operators
from kqlog.syntax.parse import parse
from kqlog.syntax.words import Kind, pieces, tokens

ROOT = Path(__file__).parents[2]


def known_queries() -> list[str]:
    """The queries of all cases and examples that are KQL."""
    texts = [example for operator in operators().values() for example in operator.examples]
    for file in sorted((ROOT / "tests" / "cases").rglob("*.txt")):
        blocks = re.split(r"^=== .*\n", file.read_text("utf-8"), flags=re.MULTILINE)
        texts += [block.partition("\n---")[0] for block in blocks[1:]]
    for file in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        texts += re.findall(r"```kql\n(.*?)```", file.read_text("utf-8"), re.DOTALL)
    return [text for text in dict.fromkeys(texts) if is_kql(text)]


def is_kql(text: str) -> bool:
    try:
        parse(text)
    except QueryError:
        return False
    return True


QUERIES = known_queries()


def comments(text: str) -> list[str]:
    return [text[piece.span.start : piece.span.end].rstrip() for piece in pieces(text) if piece.kind is Kind.COMMENT]


def strings(text: str) -> list[str]:
    return [str(token) for token in tokens(text) if token.type in ("STRING", "DYNAMIC", "TYPED_LITERAL")]


def words(text: str) -> list[str]:
    """The tokens without spaces, of which only those inside of words such as `matches regex` may change."""
    return ["".join(token.split()) for token in tokens(text)]


def check(text: str) -> None:
    laid_out = layout(text)
    assert parse(laid_out) == parse(text), laid_out
    assert layout(laid_out) == laid_out
    assert comments(laid_out) == comments(text)
    assert strings(laid_out) == strings(text)
    assert words(laid_out) == words(text)


def test_there_are_queries() -> None:
    assert len(QUERIES) > 800


def test_every_known_query() -> None:
    for text in QUERIES:
        check(text)


@settings(deadline=None)
@given(st.sampled_from(QUERIES), st.integers(0, 2**32))
def test_with_other_spaces_and_comments(text: str, seed: int) -> None:
    """Where tokens are apart anyway, lines and comments may stand between them."""
    chance = random.Random(seed)
    parts, end = [], 0
    for token in tokens(text):
        gap = text[end : token.start]
        if gap and "//" not in gap:
            gap = chance.choice([gap, gap, " ", "\n", "\t\n\n ", f" // c{token.start}\n", f"\n// d{token.start}\n"])
        parts += [gap, text[token.start : token.end]]
        end = token.end
    changed = "".join([*parts, text[end:]])
    if is_kql(changed) and parse(changed) == parse(text):
        check(changed)


CASES = {
    "T|where a==1 and b=~'x'|project a,b": "T\n| where a == 1 and b =~ 'x'\n| project a, b\n",
    "let x=1d;let f=(a:string,b:int=5){T|where a==b|take b};f('x')": """\
let x = 1d;
let f = (a: string, b: int = 5) {
    T
    | where a == b
    | take b
};
f('x')
""",
    "T|join kind = inner (U|where x>5|project y)on $left.a==$right.y": """\
T
| join kind=inner (
    U
    | where x > 5
    | project y
) on $left.a == $right.y
""",
    "T|where a in((U|distinct b))": "T\n| where a in ((U | distinct b))\n",
    "print -1,- 1,2-1,a[0].b['c'],1 between(1..-2)": "print -1, - 1, 2 - 1, a[0].b['c'], 1 between (1 .. -2)\n",
    "// head\n\n\nT // source\n// own\n|take 5//end\n// last": "// head\n\nT // source\n// own\n| take 5 //end\n// last\n",
    "T|project a, // first\nb // second\n": "T\n| project\n    a, // first\n    b // second\n",
    "T|summarize " + ",".join(f"sum(column_{n})" for n in range(7)) + " by bin(Time,1h),Host": "T\n| summarize\n"
    + ",\n".join(f"    sum(column_{n})" for n in range(7))
    + "\n    by bin(Time, 1h), Host\n",
    "datatable(a:string,b:long)['" + "x" * 60 + "',1,'" + "y" * 60 + "',2]": "datatable(a: string, b: long) [\n    '"
    + "x" * 60
    + "', 1,\n    '"
    + "y" * 60
    + "', 2\n]\n",
    "T|where " + " or ".join(f"condition_{n} == {n}" for n in range(6)): "T\n| where condition_0 == 0\n"
    + "\n".join(f"    or condition_{n} == {n}" for n in range(1, 6))
    + "\n",
    "T\n| extend s = ```\n  kept\n    as it is```": "T\n| extend s = ```\n  kept\n    as it is```\n",
}


@pytest.mark.parametrize(("text", "laid_out"), CASES.items(), ids=range(len(CASES)))
def test_layout(text: str, laid_out: str) -> None:
    assert format(text) == laid_out


@pytest.mark.parametrize("text", ["", "// only this", "\ufeffT | take 5", "T\r\n| take 5 // a\r\n| count\r\n", "T;"])
def test_odd_texts(text: str) -> None:
    laid_out = format(text)
    assert format(laid_out) == laid_out and "\r" not in laid_out
    assert words(laid_out) == words(text.removeprefix("\ufeff"))


def test_deep_nesting() -> None:
    text = "print " + "(" * 300 + "1" + ")" * 300
    assert words(format(text)) == words(text)


def test_what_is_not_kql_is_refused() -> None:
    with pytest.raises(QueryError):
        format("T | were a")


def kqlog(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kqlog", *arguments], input=text, capture_output=True, text=True, timeout=60)


def test_the_command(tmp_path: Path) -> None:
    assert kqlog("format", text="T|take 5").stdout == "T\n| take 5\n"
    neat, messy, wrong = tmp_path / "neat.kql", tmp_path / "messy.kql", tmp_path / "wrong.kql"
    neat.write_text("T\n| take 5\n")
    messy.write_text("T|take 5")
    wrong.write_text("T | tke 5")
    checked = kqlog("format", "--check", str(neat), str(messy))
    assert (checked.returncode, checked.stdout) == (1, f"{messy}\n")
    assert kqlog("format", str(messy)).stdout == "T\n| take 5\n"
    assert kqlog("format", "--write", str(neat), str(messy)).returncode == 0
    assert messy.read_text() == neat.read_text()
    refused = kqlog("format", "--write", str(wrong))
    assert refused.returncode == 1 and f"{wrong}:1:5: SYN001" in refused.stderr and wrong.read_text() == "T | tke 5"
