"""How an unfinished text may end: the fewest words and marks that make it one of the language."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from functools import cache

from kqlog.syntax import grammar
from kqlog.syntax.tables import END, Rule, Token, token_of

_SAMPLES = {"NAME": "string", "NUMBER": "1", "STRING": '""', "QUOTED_NAME": "['string']", "TYPED_NAME": "string"}
"""Texts of the terminals that are no words. A name that is a type as well fits in both places."""


def closing(states: Iterable[int]) -> list[str]:
    """The terminals that end a text of these states, which are of one token at least; the end itself is left out."""
    tables = grammar.tables()
    stack = [*states]
    terminals: list[str] = []
    while True:
        path, rule = _finish(stack[-1])
        for symbol in path:
            terminals += tables.least.get(symbol, (symbol,))
        depth = rule.size - len(path)
        del stack[len(stack) - depth :]
        if rule.origin == _start():
            return terminals
        stack.append(tables.follows[stack[-1]][rule.origin])


def sample_tokens(terminals: Iterable[str], position: int) -> list[Token]:
    """A token for each terminal, all at one place."""
    words = grammar.tables().words
    texts = ((name, _SAMPLES.get(name) or (words.get(name) or (name,))[0]) for name in terminals)
    return [token_of(name, text, position, position + 1) for name, text in texts]


@cache
def _start() -> str:
    """The rule of a whole text."""
    tables = grammar.tables()
    return next(rule.origin for rule in tables.rules if rule.parts == ("statements",) and rule.builder == "script")


@cache
def _finish(state: int) -> tuple[tuple[str, ...], Rule]:
    """The cheapest symbols that finish a rule begun at or before a state, and that rule."""
    tables = grammar.tables()
    heap: list[tuple[int, int, int, tuple[str, ...]]] = [(0, 0, state, ())]
    seen: set[tuple[int, int]] = set()
    count = 0
    while heap:
        cost, _, here, path = heapq.heappop(heap)
        if (here, len(path)) in seen:
            continue
        seen.add((here, len(path)))
        actions = tables.actions[here]
        finished = [tables.rules[~action] for action in actions.values() if action < 0]
        # One more element of a repetition would lead back to the same state, and so on for ever.
        ends = [rule for rule in finished if rule.size > len(path) + (bool(path) and rule.parts[:1] == (rule.origin,))]
        if ends:
            return path, max(ends, key=lambda rule: rule.size)
        steps = [(name, target, 1) for name, target in actions.items() if target >= 0 and name != END]
        steps += [(name, target, len(tables.least[name])) for name, target in tables.follows[here].items()]
        for name, target, price in steps:
            count += 1
            heapq.heappush(heap, (cost + price, count, target, (*path, name)))
    raise AssertionError("every rule can be finished")
