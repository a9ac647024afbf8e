"""Saved queries: files of KQL in a workspace's folder `queries`, which are run by name and called as functions.

Comments at the top of a file say what it is for, as `// description: ...`, `// category: ...`. Its `declare query_parameters` are
the parameters of the query, and those of the function. A file that only declares functions stores the one that has the file's
name; those before it are its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from kqlog.errors import QueryError
from kqlog.functions.declare import FUNCTIONS
from kqlog.plan.lookup import StoredFunction, closest
from kqlog.store.durable import write_whole
from kqlog.syntax import nodes as syntax
from kqlog.syntax.parse import BYTE_ORDER_MARK, parse

FOLDER = "queries"
ENDING = ".kql"
_NAME = re.compile(r"[A-Za-z_]\w*")
_COMMENT = re.compile(r"[ \t]*//[ \t]*(.*)")
_PROPERTY = re.compile(r"([A-Za-z]+):[ \t]*(.*)")
_DESCRIPTION, _PARAMETERS = "description", "parameters"


@dataclass(frozen=True)
class Parameter:
    """A value that a saved query is run with: its KQL type, `(*)` or columns for a table, and its default as it is written."""

    name: str
    type: str
    default: str | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.type}" + (f" = {self.default}" if self.default is not None else "")


@dataclass(frozen=True)
class SavedQuery:
    """A query that has a name. `properties` are those of its header, such as its description."""

    name: str
    text: str
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """What it is for; '' when the file does not say it."""
        return self.properties.get(_DESCRIPTION, "")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it is run with.

        Raises:
            QueryError: SYN codes when the text cannot be read.
        """
        statements = self._script.statements
        declared = [
            one for statement in statements if isinstance(statement, syntax.QueryParameters) for one in statement.parameters
        ]
        if self._is_function:
            declared = list(self.function.body.parameters)
        return tuple(map(self._parameter, declared))

    @property
    def runnable(self) -> str:
        """The text to run it with, which declares the parameters.

        Raises:
            QueryError: SYN codes when the text cannot be read, SEM005 for a function of a table.
        """
        if not self._is_function:
            return self.text
        parameters = self.parameters
        if any(parameter.type.startswith("(") for parameter in parameters):
            raise QueryError("SEM005", f"{self.name}() wants a table", hint=f"call it in a query: T | invoke {self.name}()")
        declared = f"declare query_parameters({', '.join(map(str, parameters))});\n" if parameters else ""
        return f"{declared}{self.name}({', '.join(parameter.name for parameter in parameters)})"

    @cached_property
    def function(self) -> StoredFunction:
        """The query as a function.

        Raises:
            QueryError: SYN codes when the text cannot be read, SEM005 when it holds more or less than one query.
        """
        return StoredFunction(_body(self.name, self._script), self.text, f"{FOLDER}/{self.name}{ENDING}")

    @property
    def body(self) -> str:
        """What the function does, in braces, as Kusto shows it.

        Raises:
            QueryError: as `function` does.
        """
        body = self.function.body
        if not self._is_function:
            return f"{{\n{_without_header(self.text).strip()}\n}}"
        start = body.parameters[-1].span.end if body.parameters else body.span.start
        return self.text[self.text.index("{", start) : body.span.end]

    @cached_property
    def _script(self) -> syntax.Script:
        return parse(self.text)

    @property
    def _is_function(self) -> bool:
        return not any(isinstance(statement, syntax.Query) for statement in self._script.statements)

    def _parameter(self, parameter: syntax.FunctionParameter) -> Parameter:
        if parameter.columns is not None:
            columns = [f"{one.name}: {one.type}" if isinstance(one, syntax.NameAndType) else "*" for one in parameter.columns]
            return Parameter(parameter.name, f"({', '.join(columns)})")
        span = parameter.default.span if parameter.default is not None else None
        default = self.text[span.start : span.end] if span is not None else None
        return Parameter(parameter.name, str(parameter.type or "string"), default)


class SavedQueries(Mapping[str, SavedQuery]):
    """The saved queries of a folder, by name, as they are now."""

    def __init__(self, root: Path | None) -> None:
        self.folder = None if root is None else root / FOLDER
        """Where they are, or would be; None where nothing is connected."""

    def __getitem__(self, name: str) -> SavedQuery:
        """One of them.

        Raises:
            KeyError: there is none of this name.
            QueryError: ENG003 for a file that is no UTF-8 text.
        """
        if self.folder is None or _NAME.fullmatch(name) is None:
            raise KeyError(name)
        try:
            text = (self.folder / f"{name}{ENDING}").read_text("utf-8").removeprefix(BYTE_ORDER_MARK)
        except (FileNotFoundError, NotADirectoryError):
            raise KeyError(name) from None
        except (OSError, UnicodeDecodeError) as error:
            raise QueryError("ENG003", f"the saved query '{name}' cannot be read: {error}") from None
        return SavedQuery(name, text, _header(text))

    def __iter__(self) -> Iterator[str]:
        if self.folder is None or not self.folder.is_dir():
            return iter(())
        return iter(sorted(file.stem for file in self.folder.glob(f"*{ENDING}") if _NAME.fullmatch(file.stem)))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def find(self, name: str) -> SavedQuery:
        """One of them.

        Raises:
            QueryError: SEM001 when there is none of this name.
        """
        try:
            return self[name]
        except KeyError:
            close = closest(name, list(self))
            hint = f"did you mean '{close}'?" if close else f"saved queries are files {FOLDER}/NAME{ENDING} of the workspace"
            raise QueryError("SEM001", f"no saved query named '{name}'", hint=hint) from None

    def save(self, name: str, text: str, properties: Mapping[str, str] | None = None) -> Path:
        """Write the file of a query, with a header that says what it is for and what it is run with.

        Raises:
            QueryError: SYN codes for a text that cannot be read, SEM005 for a name that is none or has a meaning in KQL,
                ING001 when there is no folder for it.
        """
        if self.folder is None or not self.folder.parent.is_dir():
            raise QueryError("ING001", "there is no folder to save queries in", hint="connect one, as in kqlog -d FOLDER")
        if _NAME.fullmatch(name) is None:
            raise QueryError("SEM005", f"'{name}' is no name for a query", hint="use letters, digits and underscores")
        if name in FUNCTIONS:
            raise QueryError("SEM005", f"{name}() is a function of KQL", hint="use another name")
        parse(text := text.removeprefix(BYTE_ORDER_MARK))
        body = _without_header(text)
        saved = SavedQuery(name, body)
        header = {**_header(text), **(properties or {})}
        header.pop(_PARAMETERS, None)
        if parameters := ", ".join(map(str, saved.parameters)):
            header[_PARAMETERS] = parameters
        lines = [f"// {key}: {' '.join(value.split())}" for key, value in header.items() if value]
        file = self.folder / f"{name}{ENDING}"
        write_whole(file, "\n".join([*lines, body.strip()]) + "\n")
        return file

    def delete(self, name: str) -> None:
        """Take one away.

        Raises:
            QueryError: SEM001 when there is none of this name.
        """
        self.find(name)
        assert self.folder is not None
        (self.folder / f"{name}{ENDING}").unlink()


class StoredFunctions(Mapping[str, StoredFunction]):
    """Saved queries as a query may call them. Their names are looked up once, so that all of a query sees the same ones.

    `system` are functions that are there without a file; a saved query may stand in for one.
    """

    def __init__(self, saved: SavedQueries, system: Mapping[str, StoredFunction] | None = None) -> None:
        self._saved = saved
        self._system = system or {}

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self._saved) | self._system.keys()

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> StoredFunction:
        """One of them.

        Raises:
            QueryError: whatever is wrong with the text of the function.
        """
        if name in self._system and name not in self._saved:
            return self._system[name]
        saved = self._saved.find(name)
        try:
            return saved.function
        except QueryError as error:
            line = "" if error.within(saved.text).line is None else f", line {error.line}"
            message = f"the saved query '{name}' cannot be used: {error.message} ({FOLDER}/{name}{ENDING}{line})"
            raise QueryError(error.code, message, hint=error.hint) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _body(name: str, script: syntax.Script) -> syntax.FunctionBody:
    """What a text is as a function."""
    parameters: list[syntax.FunctionParameter] = []
    declared: list[syntax.Let] = []
    results: list[syntax.Expr] = []
    for statement in script.statements:
        match statement:
            case syntax.QueryParameters(found):
                parameters += found
            case syntax.Let():
                declared.append(statement)
            case syntax.Query(value):
                results.append(value)
            case _:
                raise QueryError("SEM005", "a saved query is not called as a function with such a statement", statement.span)
    if len(results) == 1:
        return syntax.FunctionBody(tuple(parameters), tuple(declared), results[0], span=script.span)
    own = next((let.value for let in declared if let.name == name), None)
    if results or not isinstance(own, syntax.FunctionBody):
        hint = f"let it hold one query, or declare a function named {name}"
        raise QueryError("SEM005", f"a text with {len(results)} queries is no function", script.span, hint)
    others = tuple(let for let in declared if let.name != name)
    return syntax.FunctionBody(own.parameters, (*others, *own.statements), own.result, own.view, span=own.span)


def _header(text: str) -> dict[str, str]:
    """The properties that the comments at the top of a text give. Those that give none are the description."""
    found: dict[str, str] = {}
    told: list[str] = []
    for line in text.split("\n"):
        if (comment := _COMMENT.fullmatch(line.rstrip("\r"))) is None:
            break
        if pair := _PROPERTY.fullmatch(comment[1]):
            found[pair[1].lower()] = pair[2].strip()
        elif comment[1].strip():
            told.append(comment[1].strip())
    return ({_DESCRIPTION: " ".join(told)} if told else {}) | found


def _without_header(text: str) -> str:
    lines = text.split("\n")
    while lines and (_COMMENT.fullmatch(lines[0].rstrip("\r")) or not lines[0].strip()):
        del lines[0]
    return "\n".join(lines)
