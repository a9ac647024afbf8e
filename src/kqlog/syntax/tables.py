"""The grammar as tables, which read a text on their own: Lark works them out once, and is not needed after that."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kqlog.errors import QueryError, Span

MAX_TOKENS = 50_000
"""Words and signs in one text: reading so many takes about half a second."""

END = "$END"
ALWAYS = "NAME"
"""Read in every place, so that `whereX` is no `where`; where no name fits, it is the error."""


class Token(str):
    """A word, literal or mark, with its terminal and its place in the text."""

    __slots__ = ("end", "start", "type")
    type: str
    start: int
    end: int


class StumbleError(Exception):
    """The place where a text stops being one of the language."""

    def __init__(self, position: int, found: str, states: tuple[int, ...]) -> None:
        super().__init__(position)
        self.position = position
        self.found = found
        """What stands there; empty at the end of the text."""
        self.states = states


@dataclass(frozen=True)
class Rule:
    """What to do when `size` parts make up an `origin`: hand them to the builder's method, unless `builder` is None."""

    origin: str
    size: int
    builder: str | None
    passes: bool
    """A single part stands for the whole."""
    spreads: bool
    """Some parts are repetitions: lists, whose elements become children."""
    parts: tuple[str, ...] = ()


Methods = list[Callable[[list[Any]], Any]]


@dataclass(frozen=True)
class Beginning:
    """The first part of a text: the states that lead to its end, and the value behind each of them but the first."""

    states: list[int]
    values: list[Any]

    def copy(self) -> Beginning:
        """The same, which can go on in another way: repetitions grow in place."""
        return Beginning([*self.states], [[*value] if value.__class__ is list else value for value in self.values])


@dataclass(frozen=True)
class Tables:
    """LALR(1): for each state, what a terminal does there and where a finished rule leads."""

    start: int
    final: int
    actions: list[dict[str, int]]
    """The state to go to, or -1 - the number of the rule that ends here."""
    follows: list[dict[str, int]]
    rules: list[Rule]
    skipped: str
    lexer_of_state: list[int]
    lexers: list[tuple[str, dict[str, str]]]
    """The pattern of all that a state can read, and which names are keywords there."""
    words: dict[str, tuple[str, ...]]
    """The words or marks that a terminal stands for; none for names and literals."""
    least: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The fewest terminals that each rule can be made of."""
    _compiled: dict[int, re.Pattern[str]] = field(default_factory=dict, repr=False)

    def methods(self, builder: object) -> Methods:
        """The methods of a builder, in the order of the rules."""
        return [getattr(builder, rule.builder) if rule.builder else list for rule in self.rules]

    def parse(self, text: str, methods: Methods) -> Any:
        """What a builder's methods make of a text. Raises StumbleError."""
        states = [self.start]
        return self._run(self._tokens(text, len(text), states), states, [], self._reducer(methods))

    def accepted(self, states: tuple[int, ...]) -> set[str]:
        """The terminals that can stand next, after states such as those of a StumbleError."""
        return {terminal for terminal in self.actions[states[-1]] if self._accepts([*states], terminal)}

    def accepted_behind(self, states: Iterable[int], terminal: str) -> set[str]:
        """The terminals that can stand behind another one, which can stand next."""
        more = [*states]
        tokens = iter([token_of(terminal, "", -1, -1), token_of(END, "", -1, -1)])
        self._run(tokens, more, [], lambda number, children: None, partial=True)
        return self.accepted(tuple(more))

    def states_at(self, text: str, position: int) -> tuple[int, ...]:
        """The states after a part of a text. Raises StumbleError."""
        states = [self.start]
        self._run(self._tokens(text, position, states), states, [], lambda number, children: None, partial=True)
        return tuple(states)

    def beginning(self, text: str, position: int, methods: Methods) -> Beginning:
        """What a builder's methods make of a part of a text, behind which a name may stand. Raises StumbleError."""
        begun = Beginning([self.start], [])
        # Some terminals look ahead: what is before a colon is only a parameter if a type follows.
        tokens = self._tokens(f"{text[:position]}x", position, begun.states, ahead=1)
        self._run(tokens, begun.states, begun.values, self._reducer(methods), partial=True)
        return begun

    def continued(self, begun: Beginning, tokens: Iterable[Token], methods: Methods) -> Beginning:
        """A beginning with more tokens behind it, of the right terminals already. Raises StumbleError."""
        more = begun.copy()
        end = token_of(END, "", -1, -1)
        self._run(iter([*tokens, end]), more.states, more.values, self._reducer(methods), partial=True)
        return more

    def ended(self, begun: Beginning, tokens: Iterable[Token], methods: Methods) -> Any:
        """What a builder's methods make of a beginning and the tokens that end it. Raises StumbleError."""
        more = begun.copy()
        return self._run(iter([*tokens, token_of(END, "", -1, -1)]), more.states, more.values, self._reducer(methods))

    def _run(
        self,
        tokens: Iterator[Token],
        states: list[int],
        values: list[Any],
        reduce: Callable[[int, list[Any]], Any],
        partial: bool = False,
    ) -> Any:
        actions, follows, rules = self.actions, self.follows, self.rules
        for token in tokens:
            if token.type == END and partial:
                return None
            while (action := actions[states[-1]].get(token.type)) is not None and action < 0:
                rule = rules[~action]
                size = rule.size
                if rule.passes and size == 1:
                    states.pop()
                else:
                    children = values[-size:] if size else []
                    if size:
                        del states[-size:], values[-size:]
                    values.append(reduce(~action, children))
                states.append(follows[states[-1]][rule.origin])
                if token.type == END and states[-1] == self.final:
                    return values[-1]
            if action is None:
                raise StumbleError(token.start, str(token), tuple(states))
            states.append(action)
            values.append(token)
        raise AssertionError("the end of a text is always the last token")

    def _reducer(self, methods: Methods) -> Callable[[int, list[Any]], Any]:
        """Repetitions come as lists that grow, and become children of the rule around them."""
        rules = self.rules

        def reduce(number: int, children: list[Any]) -> Any:
            rule = rules[number]
            if rule.builder is None and children[0].__class__ is list:
                children[0].extend(_spread(children[1:]))
                return children[0]
            if rule.spreads:
                children = _spread(children)
                if rule.passes and len(children) == 1:
                    return children[0]
            return methods[number](children)

        return reduce

    def read(self, text: str, position: int, states: list[int], see: Callable[[Token], None]) -> None:
        """Show every token of a text from a position on, just before `states` take it in. Raises StumbleError."""

        def seen() -> Iterator[Token]:
            for token in self._tokens(text, len(text), states, position):
                see(token)
                yield token

        self._run(seen(), states, [], lambda number, children: None, partial=True)

    def _tokens(self, text: str, end: int, states: list[int], position: int = 0, ahead: int = 0) -> Iterator[Token]:
        """The tokens of a text, each read as the states at that moment allow."""
        skip = re.compile(self.skipped).match
        for count in itertools.count():
            if count > MAX_TOKENS:
                raise QueryError("LIM001", f"the query has more than {MAX_TOKENS:,} words", Span(position, position), text=text)
            skipped = skip(text, position, end)
            position = skipped.end() if skipped else position
            if position >= end:
                yield token_of(END, "", end, end)
                return
            lexer = self.lexer_of_state[states[-1]]
            found = self._pattern(lexer).match(text, position, end + ahead)
            if found is None or not found.lastgroup:
                raise StumbleError(position, text[position], tuple(states))
            word, type_ = found[0], found.lastgroup
            if type_ == ALWAYS:
                type_ = self.lexers[lexer][1].get(word, ALWAYS)
            yield token_of(type_, word, position, position := found.end())

    def _pattern(self, lexer: int) -> re.Pattern[str]:
        if lexer not in self._compiled:
            self._compiled[lexer] = re.compile(self.lexers[lexer][0])
        return self._compiled[lexer]

    def _accepts(self, states: list[int], terminal: str) -> bool:
        """Whether a terminal leads on once the rules that end before it are done: a table merges what different places allow."""
        while (action := self.actions[states[-1]].get(terminal)) is not None and action < 0:
            rule = self.rules[~action]
            del states[len(states) - rule.size :]
            states.append(self.follows[states[-1]][rule.origin])
            if terminal == END and states[-1] == self.final:
                return True
        return action is not None


def _spread(children: list[Any]) -> list[Any]:
    return [part for child in children for part in (child if child.__class__ is list else (child,))]


def token_of(type_: str, text: str, start: int, end: int) -> Token:
    """A token of a terminal."""
    token = Token(text)
    token.type, token.start, token.end = type_, start, end
    return token
