"""Parsers of structured text over Arrow arrays."""

from __future__ import annotations

import re
from xml.parsers import expat

import pyarrow as pa
import pyarrow.compute as pc

from kqlog.functions.kernels import json_text
from kqlog.functions.kernels.distinct import each

LONGEST_XML = 1_048_576
"""Bytes; what is longer is not read."""

_URL = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?:(?P<username>[^/?#:@]*)(?::(?P<password>[^/?#@]*))?@)?(?P<host>\[[^\]]*\]|[^/?#:]*)(?::(?P<port>\d*))?)?"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)
_PATH = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://)?"
    r"(?P<directory>(?:\\\\\?\\)?(?P<root>[A-Za-z]:)?(?:.*(?=[\\/]))?)[\\/]?(?P<file>[^\\/:]*)(?::(?P<stream>.*))?",
    re.DOTALL,
)
_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"[^,\r\n]*|([^,\r\n]*))(,?)')
_PROGRAM = re.compile(r'"(?P<quoted>[^"]*)"?|(?P<plain>[^ \t]*)')
_ARGUMENT = re.compile(r'(?P<slashes>\\*)"|(?P<blanks>[ \t]+)|[^\\" \t]+|\\+')
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")


def parse_url(url: pa.Array) -> pa.Array:
    """The parts of each URL."""
    return each(url, _url)


def _url(text: str) -> str:
    found = _URL.fullmatch(text)
    parts = {} if found is None else {name: part or "" for name, part in found.groupdict().items()}
    return json_text.text(
        {
            "Scheme": parts.get("scheme", ""),
            "Host": parts.get("host", ""),
            "Port": parts.get("port", ""),
            "Path": parts.get("path", "").removeprefix("/"),
            "Username": parts.get("username", ""),
            "Password": parts.get("password", ""),
            "Query Parameters": _parameters(parts.get("query", "")),
            "Fragment": parts.get("fragment", ""),
        }
    )


def _parameters(query: str) -> dict[str, json_text.Json]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return {key: value for key, _, value in pairs}


def parse_urlquery(query: pa.Array) -> pa.Array:
    """The parameters of each query."""
    return each(query, lambda text: json_text.text({"Query Parameters": _parameters(text.removeprefix("?"))}))


def parse_path(path: pa.Array) -> pa.Array:
    """The parts of each file path."""
    return each(path, _path)


def _path(text: str) -> str | None:
    found = _PATH.fullmatch(text)
    if found is None:
        return None
    directory, file = found["directory"], found["file"]
    name = re.split(r"[\\/]", directory)[-1]
    return json_text.text(
        {
            "Scheme": found["scheme"] or "",
            "RootPath": found["root"] or "",
            "DirectoryPath": directory,
            "DirectoryName": "" if name == found["root"] else name,
            "Filename": file,
            "Extension": file.rpartition(".")[2] if "." in file else "",
            "AlternateDataStreamName": found["stream"] or "",
        }
    )


def parse_csv(csv_text: pa.Array) -> pa.Array:
    """The fields of the first record of each text."""
    return each(csv_text, _record)


def _record(text: str) -> str:
    fields: list[json_text.Json] = []
    for field in _FIELD.finditer(text):
        fields.append(field[2] if field[1] is None else field[1].replace('""', '"'))
        if not field[3]:
            break
    return json_text.text(fields)


def parse_command_line(command: pa.Array, parser: pa.Array) -> pa.Array:
    """The arguments of each command line of Windows; null for another parser."""
    return pc.if_else(pc.equal(pc.utf8_lower(parser), "windows"), each(command, _arguments), pa.scalar(None, pa.string()))


def _arguments(text: str) -> str:
    """The rules of CommandLineToArgvW.

    The program ends at the next quote if it begins with one, else at a blank. In arguments 2n backslashes before a quote are n
    and begin or end quoting, 2n+1 are n and a quote; two quotes end quoting and are a quote.
    """
    program = _PROGRAM.match(text)
    assert program is not None
    arguments: list[json_text.Json] = [program[0] if program["quoted"] is None else program["quoted"]] if text else []
    argument: str | None = None
    quoting, at = False, program.end()
    while (token := _ARGUMENT.match(text, at)) is not None:
        at = token.end()
        if token["blanks"] and not quoting:
            arguments += [] if argument is None else [argument]
            argument = None
            continue
        argument = argument or ""
        if token["slashes"] is None:
            argument += token[0]
            continue
        slashes = len(token["slashes"])
        argument += "\\" * (slashes // 2)
        if slashes % 2:
            argument += '"'
        elif quoting and text.startswith('"', at):
            argument += '"'
            quoting, at = False, at + 1
        else:
            quoting = not quoting
    arguments += [] if argument is None else [argument]
    return json_text.text(arguments)


def parse_xml(xml_text: pa.Array) -> pa.Array:
    """Each XML text as the text of a bag."""
    return each(xml_text, _xml)


def _xml(text: str) -> str | None:
    content = text.encode()
    if len(content) > LONGEST_XML:
        return None
    document = _Document()
    try:
        document.parser.Parse(content, True)
    except expat.ExpatError:
        return None
    return document.text()


class _Element:
    """An element while its parts come in; children are JSON texts already."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self.slots: dict[str, list[str]] = {f"@{name}": [json_text.text(value)] for name, value in attributes.items()}
        self.characters = ""

    def value(self) -> str:
        characters = self.characters.strip()
        # A number keeps its digits: 118.0 stays 118.0.
        content = characters if _NUMBER.fullmatch(characters) else json_text.text(characters)
        if not self.slots:
            return content if characters else "null"
        if characters:
            self.slots["#text"] = [content]
        slots = (f"{json_text.text(name)}:{_one_or_all(values)}" for name, values in self.slots.items())
        return f"{{{','.join(slots)}}}"


def _one_or_all(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"[{','.join(values)}]"


class _Document:
    """Reads one XML text."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.open: list[_Element] = [_Element({})]

    def text(self) -> str:
        return self.open[0].value()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.open.append(_Element(attributes))

    def _end(self, name: str) -> None:
        element = self.open.pop()
        self.open[-1].slots.setdefault(name, []).append(element.value())

    def _characters(self, data: str) -> None:
        self.open[-1].characters += data
