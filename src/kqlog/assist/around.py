"""A place in a text with all that is known of it: the grammar's view, the binder's, and what else the text says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kqlog.assist.expected import expected
from kqlog.assist.place import Place
from kqlog.assist.sight import Functions, Sight
from kqlog.syntax import words
from kqlog.syntax.words import Kind as Piece
from kqlog.types import Schema, Type


@dataclass(frozen=True)
class Around:
    """A place with all that is known of it."""

    place: Place
    sight: Sight | None
    tables: Mapping[str, Schema]
    functions: Functions
    whole: str
    """The text with what stands behind the place, where names are used as well."""

    @cached_property
    def used(self) -> Counter[str]:
        """How often each name stands in the text, without the one begun."""
        here = self.place.span
        spans = [piece.span for piece in self._pieces if piece.kind is Piece.NAME]
        return Counter(self.whole[span.start : span.end] for span in spans if span.end <= here.start or span.start >= here.end)

    @cached_property
    def said(self) -> frozenset[str]:
        """The words of the comments, in small letters: they often say what the query is about."""
        comments = [self.whole[piece.span.start : piece.span.end] for piece in self._pieces if piece.kind is Piece.COMMENT]
        return frozenset(word.rstrip("s") for comment in comments for word in re.findall(r"[a-z]{3,}", comment.lower()))

    @cached_property
    def _pieces(self) -> tuple[words.Piece, ...]:
        return words.pieces(self.whole)

    @cached_property
    def listed(self) -> frozenset[str]:
        """The words of the open operator, so far."""
        stage = self.place.text[: self.place.span.start].rpartition("|")[2]
        return frozenset(re.findall(r"[A-Za-z_]\w*", stage))

    @cached_property
    def wanted(self) -> frozenset[Type]:
        """The types that fit best; empty for any."""
        return expected(self.place, self.sight)

    @property
    def is_expression(self) -> bool:
        """Whether any value may stand here."""
        return "NUMBER" in self.place.accepted and "NAME" in self.place.accepted

    @property
    def is_condition(self) -> bool:
        """Whether a condition begins here."""
        last, operator = self.place.last, self.place.operator
        return last in {"AND", "OR"} or (
            operator in {"where", "filter"} and last in {"hints", "LPAR"} and self.place.call is None
        )
