"""Well-known text (WKT) as GeoJSON."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa

from kqlog.functions.kernels.json_text import Json, write

_TOKEN = re.compile(r"[(),]|[^\s(),]+")
_WHOLE = re.compile(r"[-+]?\d+")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_TYPES = {type_.upper(): type_ for type_ in ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")}


def from_wkt(texts: pa.Array) -> pa.Array:
    """geo_from_wkt(): null for what is not WKT of two dimensions."""
    return write(_geometry(text) for text in texts.to_pylist())


def _geometry(text: str) -> Json:
    reader = _Reader(_TOKEN.findall(text))
    try:
        geometry = reader.geometry()
    except ValueError:
        return None
    return None if reader.tokens else geometry


class _Reader:
    """Takes geometries from the front of some tokens; ValueError where there is none."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens[::-1]

    def geometry(self) -> Json:
        name = self._next().upper()
        if name == "GEOMETRYCOLLECTION":
            return {"type": "GeometryCollection", "geometries": self._list(self.geometry)}
        if name not in _TYPES:
            raise ValueError(name)
        return {"type": _TYPES[name], "coordinates": self._coordinates(name)}

    def _coordinates(self, name: str) -> Json:
        match name:
            case "POINT":
                return self._enclosed(self._position)
            case "LINESTRING":
                return self._list(self._position)
            case "MULTIPOINT":
                return self._list(self._member)
            case "POLYGON" | "MULTILINESTRING":
                return self._list(lambda: self._list(self._position))
            case _:
                return self._list(lambda: self._list(lambda: self._list(self._position)))

    def _member(self) -> Json:
        """A point of a MULTIPOINT, which may be enclosed."""
        return self._enclosed(self._position) if self.tokens[-1:] == ["("] else self._position()

    def _position(self) -> Json:
        return [self._number(), self._number()]

    def _number(self) -> int | float:
        token = self._next()
        if not _NUMBER.fullmatch(token):
            raise ValueError(token)
        return int(token) if _WHOLE.fullmatch(token) else float(token)

    def _enclosed(self, item: Callable[[], Json]) -> Json:
        self._expect("(")
        value = item()
        self._expect(")")
        return value

    def _list(self, item: Callable[[], Json]) -> Json:
        self._expect("(")
        values = [item()]
        while (token := self._next()) == ",":
            values.append(item())
        if token != ")":
            raise ValueError(token)
        return values

    def _expect(self, wanted: str) -> None:
        if self._next() != wanted:
            raise ValueError(wanted)

    def _next(self) -> str:
        if not self.tokens:
            raise ValueError("end")
        return self.tokens.pop()
