"""How often the word that really follows is among the first proposals, and how long they take.

    python bench/completion.py CASES.jsonl --tables azure_tables.json [--cuts N] [--seed N] [--misses] [--least PERCENT]

Real queries (the conformance cases: one JSON object with "query" a line) are cut before a random token, and proposals
asked for: with nothing typed, and with the first one and three letters of a word. A space is put behind a word that is cut
off, else it would be the word that is completed.

Tokens are counted in classes. `words` are names and keywords that exist before they are typed: operators, functions, columns,
tables, variables, words of the language. `names` are new ones that the query gives to something (let, extend, as): nobody can
know them. `marks` are | ( ) , == and the like, `literals` strings, numbers, dates: a string only counts as found if it is
proposed in full.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kqlog.assist.complete import complete
from kqlog.syntax.tables import Token
from kqlog.syntax.words import tokens
from kqlog.types import ALIASES, Column, Schema

FIRST = 10
"""Proposals that count."""
LITERALS = {"STRING", "NUMBER", "BOOL", "TYPED_LITERAL", "DYNAMIC"}
CLASSES = ("words", "names", "marks", "literals")


@dataclass(frozen=True)
class Cut:
    """A query up to a token, the token, and the token's class."""

    before: str
    token: str
    kind: str


@dataclass
class Figures:
    """How many of how many were found, by class; seconds of a processor for each answer; what was not found."""

    found: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    misses: list[tuple[Cut, list[str]]] = field(default_factory=list)

    def share(self, *classes: str) -> float:
        """The percentage of tokens of these classes that were found."""
        asked = sum(self.asked[one] for one in classes)
        return 100 * sum(self.found[one] for one in classes) / max(asked, 1)


def load_tables(path: Path) -> dict[str, Schema]:
    raw = json.loads(path.read_text("utf-8"))
    return {name: tuple(Column(column, ALIASES[type_]) for column, type_ in columns) for name, columns in raw.items()}


def load_queries(path: Path) -> list[str]:
    return [json.loads(line)["query"] for line in path.read_text("utf-8").splitlines()]


def cuts(queries: Iterable[str], count: int, seed: int) -> list[Cut]:
    """So many cuts, each of another query as long as there are any."""
    chance = random.Random(seed)
    texts = [text for text in queries if len(tokens(text)) > 1]
    chance.shuffle(texts)
    found = []
    for number in range(count):
        text = texts[number % len(texts)]
        read = tokens(text)
        at = chance.randrange(len(read))
        found.append(Cut(before(text, read, at), re.sub(r"\s", "", read[at]) or read[at], class_of(text, read, at)))
    return found


def before(text: str, read: list[Token], at: int) -> str:
    cut = text[: read[at].start]
    return f"{cut} " if cut and (cut[-1].isalnum() or cut[-1] == "_") else cut


def class_of(text: str, read: list[Token], at: int) -> str:
    token = read[at]
    if token.type in LITERALS:
        return "literals"
    if not (token[0].isalpha() or token[0] in "_$["):
        return "words" if token[0] == "!" else "marks"
    following = read[at + 1] if at + 1 < len(read) else ""
    previous = read[at - 1] if at else ""
    declares = following == "=" or str(previous) in {"let", "as"} or token.type == "TYPED_NAME"
    return "names" if declares and token.type not in {"KIND", "PARAMETER", "HINT"} else "words"


def measure(cut_texts: Iterable[Cut], tables: Mapping[str, Schema], typed: int = 0, first: int = FIRST) -> Figures:
    """What is found with so many letters typed: only words that are longer count."""
    figures = Figures()
    for cut in cut_texts:
        if typed and (cut.kind != "words" or len(cut.token) <= typed):
            continue
        text = cut.before + cut.token[:typed]
        started = time.thread_time()
        proposals = complete(text, len(text), tables)
        figures.seconds.append(time.thread_time() - started)
        figures.asked[cut.kind] += 1
        labels = [re.sub(r"\s", "", proposal.label) for proposal in proposals[:first]]
        wanted = re.sub(r"""^\[\s*["'](.*)["']\s*\]$""", r"\1", cut.token)
        if wanted in labels:
            figures.found[cut.kind] += 1
        else:
            figures.misses.append((cut, labels))
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", type=Path)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--cuts", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--least", type=float, default=0, help="fail where fewer of the words are found with nothing typed")
    parser.add_argument("--misses", action="store_true", help="show what was not found")
    options = parser.parse_args()
    tables = load_tables(options.tables)
    started = time.perf_counter()
    complete("Heartbeat | where ", 18, tables)
    print(f"the first answer took {1000 * (time.perf_counter() - started):.0f} ms")
    chosen = cuts(load_queries(options.cases), options.cuts, options.seed)
    shares = []
    for typed in (0, 1, 3):
        figures = measure(chosen, tables, typed)
        shares.append(figures.share("words"))
        if not typed:
            for name in CLASSES:
                print(f"{name:9} {figures.share(name):5.1f} % of {figures.asked[name]}")
            print(f"words and marks {figures.share('words', 'marks'):.1f} %")
            print(f"all tokens {figures.share(*CLASSES):.1f} %")
        else:
            print(f"words with {typed} letters typed {figures.share('words'):.1f} % of {figures.asked['words']}")
        milliseconds = sorted(1000 * one for one in figures.seconds)
        late = milliseconds[int(0.95 * len(milliseconds))]
        print(
            f"   median {statistics.median(milliseconds):.1f} ms, 95th percentile {late:.1f} ms, most {milliseconds[-1]:.1f} ms"
        )
        if options.misses and not typed:
            for cut, labels in figures.misses:
                print(f"{cut.kind:8} {cut.before[-70:]!r} -> {cut.token[:40]!r} not in {labels}")
    return int(shares[0] < options.least)


if __name__ == "__main__":
    raise SystemExit(main())
