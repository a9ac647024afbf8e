"""A rule that was read, and where its conditions stand in its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import yaml

from kqlog.alerts.fields import Field
from kqlog.alerts.model import Rule
from kqlog.errors import QueryError


@dataclass(frozen=True)
class Imported:
    """A rule, and for each of its conditions the query, or what its query is made of."""

    rule: Rule
    places: tuple[Field, ...]

    def blame(self, at: int) -> Callable[[str], Callable[[QueryError], QueryError]]:
        """What gives errors of a condition their place in the file, by the name of the field that is wrong."""
        place = self.places[at]

        def blamed(name: str) -> Callable[[QueryError], QueryError]:
            if name == "query" and isinstance(place.node, yaml.ScalarNode):
                return place.query_error
            return lambda error: place.wrong(error.message, error.hint)

        return blamed
