"""What a request to Kusto carries: a database, a text, and client request properties, which set limits and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from kqlog.engines.engine import Limits
from kqlog.errors import QueryError
from kqlog.server.errors import RequestError
from kqlog.syntax import nodes as syntax
from kqlog.syntax.literals import LiteralError, parse_datetime, parse_timespan
from kqlog.syntax.parse import parse
from kqlog.text import write
from kqlog.types import TICKS_PER_SECOND, Type

_SECONDS = 240.0
_LONGEST = 3_600.0
"""Kusto's times for a query: unless told otherwise, and at most."""
_ROWS, _BYTES = 500_000, 64 * 2**20
"""Kusto's limits of an answer, unless told otherwise."""
_PYTHON_LENGTH = re.compile(r"(?:(-?\d+) days?, )?(\d+):(\d\d):(\d\d(?:\.\d{1,7})?)")
_SETS = re.compile(r"\bset\s+(?:truncation|notruncation|servertimeout|norequesttimeout|deferpartial|results_progressive)")
_TYPED = re.compile(r"\s*([a-z]\w*)\s*\((.*)\)\s*", re.DOTALL)
_SPELLED = {str(type_) for type_ in Type} | {"date", "time", "double", "boolean", "uuid", "float", "int32", "int64"}
_SCOPE_FROM, _SCOPE_TO, _SCOPE_COLUMN = "query_datetimescope_from", "query_datetimescope_to", "query_datetimescope_column"


class _Body(msgspec.Struct):
    csl: str
    db: str | None = None
    properties: object = None


@dataclass(frozen=True)
class KustoRequest:
    """One request: the text, the database that it is for, the options of the request and the parameters of the query."""

    text: str
    database: str
    options: Mapping[str, object] = field(default_factory=dict)
    given: Mapping[str, object] = field(default_factory=dict)

    def effective(self) -> KustoRequest:
        """The same with the options that the text itself sets: they come first."""
        if _SETS.search(self.text) is None:
            return self
        found: dict[str, object] = {}
        for statement in parse(self.text).statements:
            if isinstance(statement, syntax.SetOption):
                value = statement.value
                found[statement.name] = write(value.value, value.type) if isinstance(value, syntax.Literal) else value is None
        return KustoRequest(self.text, self.database, {**self.options, **found}, self.given)

    @property
    def parameters(self) -> Mapping[str, object]:
        """The values of `declare query_parameters`: they are sent as KQL writes them, such as datetime(2024-05-01) or 'text'.

        Raises:
            QueryError: SYN codes when the text cannot be read.
        """
        if not self.given:
            return {}
        declared = {
            parameter.name: parameter.type or Type.STRING
            for statement in parse(self.text).statements
            if isinstance(statement, syntax.QueryParameters)
            for parameter in statement.parameters
        }
        return {name: _unwrapped(value, declared.get(name)) for name, value in self.given.items()}

    @property
    def seconds(self) -> float:
        """How long it may run."""
        if self.flag("norequesttimeout"):
            return _LONGEST
        if (value := self.options.get("servertimeout")) is None:
            return _SECONDS
        return min(_LONGEST, max(0.001, _length(value, "servertimeout")))

    @property
    def limits(self) -> Limits:
        """How many rows and bytes the answer may have."""
        if self.flag("notruncation"):
            return Limits()
        return Limits(self._number("truncationmaxrecords", _ROWS), self._number("truncationmaxsize", _BYTES))

    @property
    def now(self) -> int | None:
        """The moment that the query takes for this one, in ticks."""
        value = self.options.get("query_now")
        return None if value is None else _moment(value, "query_now")

    @property
    def timespan(self) -> tuple[str, str] | None:
        """The time range that every table is read in."""
        first, last = self.options.get(_SCOPE_FROM), self.options.get(_SCOPE_TO)
        if first is None and last is None:
            return None
        if self.options.get(_SCOPE_COLUMN, "TimeGenerated") != "TimeGenerated":
            raise _wrong(_SCOPE_COLUMN, "tables are read by TimeGenerated only")
        for name, value in ((_SCOPE_FROM, first), (_SCOPE_TO, last)):
            if value is not None:
                _moment(value, name)
        return _bare(first or "0001-01-01"), _bare(last or "9999-12-31")

    def flag(self, name: str) -> bool:
        """Whether an option is on."""
        value = self.options.get(name, False)
        return value is True or str(value).lower() == "true" or value == 1

    def _number(self, name: str, default: int) -> int:
        value = self.options.get(name, default)
        try:
            number = int(str(value))
        except ValueError:
            raise _wrong(name, f"{value!r} is no number") from None
        if not 0 < number < 2**63:
            raise _wrong(name, f"{number} is not above 0")
        return number


def read_request(content: bytes) -> KustoRequest:
    """The request that a body is. Its properties are an object, or the text of one.

    Raises:
        RequestError: 400 for what is none.
    """
    try:
        body = msgspec.json.decode(content, type=_Body)
        sent = msgspec.json.decode(body.properties) if isinstance(body.properties, str) else body.properties
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(400, "BadRequest_InvalidBody", f"the body is no request: {error}") from None
    properties = sent if isinstance(sent, dict) else {}
    options, parameters = properties.get("Options") or {}, properties.get("Parameters") or {}
    if not isinstance(sent, dict | None) or not isinstance(options, dict) or not isinstance(parameters, dict):
        raise RequestError(400, "BadRequest_InvalidProperties", "properties are {'Options': {...}, 'Parameters': {...}}")
    return KustoRequest(body.csl, body.db or "", {name.lower(): value for name, value in options.items()}, parameters)


def _wrong(name: str, message: str) -> RequestError:
    return RequestError(400, "BadRequest_InvalidProperty", f"the client request property '{name}' cannot be used: {message}")


def _bare(value: object) -> str:
    """What is inside of datetime(...) or timespan(...)."""
    text = str(value).strip()
    typed = _TYPED.fullmatch(text)
    return typed[2].strip() if typed is not None and typed[1] in _SPELLED else text


def _length(value: object, name: str) -> float:
    """Seconds: of 00:04:00, 50m, timespan(1h), or as Python writes a timedelta, such as '1 day, 0:00:00'."""
    text = _bare(value)
    if (python := _PYTHON_LENGTH.fullmatch(text)) is not None:
        days, hours, minutes, seconds = (float(part or 0) for part in python.groups())
        return 86_400 * days + 3_600 * hours + 60 * minutes + seconds
    try:
        return parse_timespan(text) / TICKS_PER_SECOND
    except LiteralError:
        raise _wrong(name, f"{value!r} is not a length of time such as 00:04:00") from None


def _moment(value: object, name: str) -> int:
    try:
        return parse_datetime(_bare(value))
    except LiteralError:
        raise _wrong(name, f"{value!r} is not a datetime") from None


def _unwrapped(value: object, type_: Type | None) -> object:
    """A parameter's value without what says its type."""
    if not isinstance(value, str) or type_ is None:
        return value
    if type_ is Type.STRING:
        return _literal_text(value)
    text = _bare(value)
    return None if text == "null" and type_ is not Type.DYNAMIC else text


def _literal_text(value: str) -> str:
    """What a text in quotes says; other texts say themselves."""
    if value[:1] not in {"'", '"', "@", "h", "H"} or value[-1:] not in {"'", '"'}:
        return value
    try:
        statement = parse(value).statements[0]
    except QueryError:
        return value
    found = statement.value if isinstance(statement, syntax.Query) else None
    return str(found.value) if isinstance(found, syntax.Literal) and found.type is Type.STRING else value
