"""The schema of dynamic values."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from kqlog.functions.kernels.json_text import Json, read, write


@dataclass
class _Schema:
    """What some values can be, in the order in which it was first seen."""

    scalars: dict[str, None] = field(default_factory=dict)
    bag: dict[str, _Schema] | None = None
    element: _Schema | None = None

    def admit(self, value: Json) -> None:
        """Widen so that `value` fits. Null fits everywhere."""
        match value:
            case dict():
                self.bag = {} if self.bag is None else self.bag
                for key, inner in value.items():
                    self.bag.setdefault(key, _Schema()).admit(inner)
            case list():
                self.element = self.element or _Schema()
                for inner in value:
                    self.element.admit(inner)
            case bool():
                self.scalars["bool"] = None
            case int():
                self.scalars["long"] = None
            case float():
                self.scalars["double"] = None
            case str():
                self.scalars["string"] = None
            case None:
                pass

    def written(self) -> Json:
        """As buildschema() writes it: the one alternative, or a list of several."""
        alternatives: list[Json] = list(self.scalars)
        if self.element is not None:
            alternatives.append({"`indexer`": self.element.written()})
        if self.bag is not None:
            alternatives.append({key: inner.written() for key, inner in self.bag.items()})
        return alternatives[0] if len(alternatives) == 1 else alternatives


def buildschema(values: pa.ListArray) -> pa.Array:
    """The schema of each group; null for one without any value."""
    return write(_schema(read(group.values)) if group.is_valid else None for group in values)


def _schema(values: list[Json]) -> Json:
    schema = _Schema()
    for value in values:
        schema.admit(value)
    return schema.written() or None
