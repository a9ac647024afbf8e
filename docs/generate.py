"""Writes docs/reference from the declarations: `python docs/generate.py`. tests/test_docs.py finds out when it is due."""

from __future__ import annotations

import inspect
import io
import json
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

import kqlog
from kqlog import formats, plugins
from kqlog.errors import CODES
from kqlog.functions import THEMES
from kqlog.functions.declare import ALL, FUNCTIONS, Function, Kind, Parameter, Signature
from kqlog.operators import operators
from kqlog.plan.special import VALUES
from kqlog.types import INTEGERS, NUMBERS, ORDERABLE, SUMMABLE, Type

REFERENCE = Path(__file__).parent / "reference"
MADE = "<!-- Written by docs/generate.py from the declarations in src/kqlog. -->\n\n"

CLASSES = {
    ALL: "any",
    ALL - {Type.DYNAMIC}: "notdynamic",
    ORDERABLE: "orderable",
    SUMMABLE: "summable",
    NUMBERS: "number",
    INTEGERS: "integer",
}
"""What a set of types is called in a usage line."""

HOW_TO_READ = """\
A usage line such as `substring(source: string, start: long) -> string` names the parameters, what each takes, and what comes
out. What comes out is a type, or the name of a parameter: then it has the type of that argument.

| in a usage line | is |
|---|---|
| `any` | every type |
| `notdynamic` | every type but dynamic |
| `number` | int, long, real, decimal |
| `integer` | int, long |
| `summable` | a number, datetime or timespan |
| `orderable` | a summable type, string or bool |
| `common` | all such arguments are widened to one type |
| `array`, `bag` | a dynamic value that is an array or a property bag |
| `columns(...)` | several columns at once |
| `const` | a value that is the same for all rows |
| `column` | a plain column, no expression |
| `name?` | may be left out |
| `name...` | may be repeated |
"""

SUPPORT = """\
What kqlog makes of everything it knows by name. A query that uses what is not offered is refused with `ENG001`, before it runs.

| answered by | means |
|---|---|
| plan | it is a part of the plan that a query becomes |
| KQL | it is written in KQL itself |
| SQL | it becomes an SQL expression |
| Python | it runs in Python over Arrow arrays, which is slower |
| part not yet | it is answered for some types of arguments only |
| not yet | it is not offered yet |
| service only | it needs Microsoft's service |
"""


ERRORS = """\
# Errors

Every error of a query is a `kqlog.QueryError`. Its `code` stays the same from version to version; `message` says what is wrong,
`line`, `column` and `span` where, and `hint` often what to do. Printed, it shows all of them.

`SYN`: the text cannot be read. `SEM`: names and types. `LIM`: a limit. `ENG`: the engine. `ING`: data to take in.
"""


def pages() -> dict[str, str]:
    """The text of every page, by its path below docs/reference."""
    themes = {theme: [FUNCTIONS[name] for name in names if _is_public(name)] for theme, names in THEMES.items()}
    aggregates = [function for functions in themes.values() for function in functions if function.kind is Kind.AGGREGATE]
    others = {
        theme: [function for function in functions if function.kind is not Kind.AGGREGATE] for theme, functions in themes.items()
    }
    others = {theme: functions for theme, functions in others.items() if functions}
    texts = {
        "functions.md": _index(others),
        **{f"functions/{theme}.md": _theme(theme, functions) for theme, functions in others.items()},
        "aggregates.md": "# Aggregates\n\nWhat `summarize` and its kin make of the rows of a group.\n\n" + _entries(aggregates),
        "operators.md": _operators(),
        "plugins.md": _plugins(),
        "errors.md": _errors(),
        "support.md": _support(),
    }
    return {path: MADE + text.strip() + "\n" for path, text in texts.items()}


# ------------------------------------------------------------------------------------------------------------- functions


def _is_public(name: str) -> bool:
    return not name.startswith("__")


def _index(themes: dict[str, list[Function]]) -> str:
    sections = ["# Functions\n\nAggregates have [a page of their own](aggregates.md).\n\n" + HOW_TO_READ]
    for theme, functions in themes.items():
        lines = [
            f"- [`{one.name}`](functions/{theme}.md#{_anchor(one.name)}): {one.summary}"
            for one in functions
            if not one.deprecated
        ]
        sections.append(f"## {_title(theme)}\n\n" + "\n".join(lines))
    return "\n\n".join(sections)


def _theme(theme: str, functions: list[Function]) -> str:
    about = _first_line(import_module(f"kqlog.functions.{theme}").__doc__)
    return (
        f"# {_title(theme)}\n\n{about}\n\nHow to read the usage lines is said [here](../functions.md).\n\n{_entries(functions)}"
    )


def _entries(functions: Iterable[Function]) -> str:
    listed = list(functions)
    return "\n\n".join(_entry(function) for function in listed if not function.deprecated)


def _entry(function: Function) -> str:
    parts = [f"## {_code(function.name)}", function.summary, _block("text", _usages(function))]
    if function.examples:
        lines = [f"{example}  // {_answer(answer)}" for example, answer in function.examples.items()]
        parts.append(_block("kql", lines))
    if older := [name for name, other in FUNCTIONS.items() if other.deprecated == function.name]:
        parts.append("Older names: " + ", ".join(_code(name) for name in older) + ".")
    if (state := _answered_by(function)) in ("not yet", "part not yet", "service only"):
        parts.append(_shortfall(function, state))
    if function.of_values is not None:
        scalar = function.of_values
        parts += [f"As a function of values: {scalar.summary}", _block("text", _usages(scalar))]
    return "\n\n".join(parts)


def _shortfall(function: Function, state: str) -> str:
    match state:
        case "service only":
            return f"Only Microsoft's service has it. Use {function.service}."
        case "part not yet":
            return "Some types of arguments are not offered yet."
        case _:
            return "Not offered yet."


def _answer(answer: object) -> str:
    return "null" if answer is None else json.dumps(answer, default=str, ensure_ascii=False)


def _usages(function: Function) -> list[str]:
    """A line for each way to call a function; overloads that differ in types only share one."""
    shapes: dict[tuple[tuple[str, bool, bool], ...], list[Signature]] = {}
    for signature in function.signatures:
        shape = tuple((one.name, one.optional, one.repeated) for one in signature.parameters)
        shapes.setdefault(shape, []).append(signature)
    return [_usage(function, signatures) for signatures in shapes.values()]


def _usage(function: Function, signatures: list[Signature]) -> str:
    columns = zip(*(signature.parameters for signature in signatures), strict=True)
    parameters = [_parameter(overloads) for overloads in columns]
    result = " | ".join(dict.fromkeys(_word(signature.returns) for signature in signatures))
    return f"{_call(function, parameters)} -> {result}"


def _call(function: Function, parameters: list[str]) -> str:
    names = [parameter.name for parameter in function.signatures[0].parameters]
    match names:
        case ["left", "right"]:
            return f"{parameters[0]} {function.name} {parameters[1]}"
        case ["value", "items"]:
            return f"{parameters[0]} {function.name} ({parameters[1]})"
        case ["value", "low", "high"]:
            return f"{parameters[0]} {function.name} ({parameters[1]} .. {parameters[2]})"
        case [_] if function.name.startswith("unary "):
            return f"{function.name.removeprefix('unary ')}({parameters[0]})"
        case _:
            return f"{function.name}({', '.join(parameters)})"


def _parameter(overloads: tuple[Parameter, ...]) -> str:
    first = overloads[0]
    kinds = dict.fromkeys(kind for one in overloads for kind in one.kind.split("|"))
    kind = CLASSES.get(frozenset[Type]().union(*(one.types for one in overloads)))
    if kind is None or kinds.keys() == {"common"}:
        kind = "|".join(kinds)
    prefix = "const " if all(one.constant for one in overloads) else "column " if all(one.column for one in overloads) else ""
    return f"{first.name}{'?' if first.optional else ''}: {prefix}{kind}{'...' if first.repeated else ''}"


def _word(result: str) -> str:
    return result if result not in ("scalar", "text", "packed") else "any"


# ------------------------------------------------------------------------------------------- operators, plugins, errors


def _operators() -> str:
    workspace = kqlog.connect()
    sections = ["# Operators\n\nWhat may stand between the pipes of a query, and what may begin one."]
    for name, operator in sorted(operators().items()):
        parts = [f"## {_code(name)}", inspect.cleandoc(operator.__doc__ or ""), _block("text", [operator.syntax])]
        for example in operator.examples:
            parts += [_block("kql", _laid_out(example)), _block("text", [_table(workspace.query(example))])]
        sections.append("\n\n".join(parts))
    return "\n\n".join(sections)


def _table(result: kqlog.Result) -> str:
    stream = io.BytesIO()
    result.write_all(stream, formats.Format.TABLE)
    return stream.getvalue().decode()


def _laid_out(query: str) -> list[str]:
    """A query with a line for each statement and each operator that is not inside of brackets."""
    lines, start, depth, quote = [], 0, 0, ""
    for position, char in enumerate(query):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif depth == 0 and (char == "|" or query[max(0, position - 2) : position] == "; "):
            lines.append(query[start:position].strip())
            start = position
    return [*lines, query[start:].strip()]


def _plugins() -> str:
    sections = ["# Plugins\n\nWhat `evaluate` can run."]
    for name in sorted(plugins.OFFERED):
        about = import_module(f"kqlog.plugins.{name}").__doc__
        sections.append(f"## {_code(name)}\n\n{inspect.cleandoc(about or '')}")
    sections.append("## Not offered yet\n\n" + _names(plugins.NOT_OFFERED))
    sections.append("## Calls of services\n\nThese are refused. Load what they give as a table.\n\n" + _names(plugins.SERVICES))
    return "\n\n".join(sections)


def _errors() -> str:
    rows = [f"| `{code}` | {meaning} |" for code, meaning in CODES.items()]
    return "\n".join([ERRORS, "| code | what it means |", "|---|---|", *rows])


# --------------------------------------------------------------------------------------------------------------- support


def _support() -> str:
    public = [function for function in FUNCTIONS.values() if _is_public(function.name) and not function.deprecated]
    sections = ["# What is supported\n\n" + SUPPORT]
    sections.append(_states("Operators", dict.fromkeys(operators(), "plan")))
    for kind, title in ((Kind.SCALAR, "Functions"), (Kind.AGGREGATE, "Aggregates"), (Kind.WINDOW, "Window functions")):
        sections.append(_states(title, {one.name: _answered_by(one) for one in public if one.kind is kind}))
    states = dict.fromkeys(plugins.OFFERED, "plan") | dict.fromkeys(plugins.NOT_OFFERED, "not yet")
    sections.append(_states("Plugins", states | dict.fromkeys(plugins.SERVICES, "service only")))
    return "\n\n".join(sections)


def _states(title: str, states: dict[str, str]) -> str:
    offered = sum(state not in ("not yet", "service only") for state in states.values())
    rows = [f"| {_code(name).replace('|', chr(92) + '|')} | {state} |" for name, state in sorted(states.items())]
    return "\n".join([f"## {title}: {offered} of {len(states)}", "", "| name | answered by |", "|---|---|", *rows])


def _answered_by(function: Function) -> str:
    if function.name in VALUES:
        return "plan"
    bodies = [_body(signature) for signature in function.signatures]
    offered = sorted({body for body in bodies if body})
    if not offered:
        return "service only" if function.service else "not yet"
    return ", ".join([*offered, *(["part not yet"] if not all(bodies) else [])])


def _body(signature: Signature) -> str:
    if signature.kql:
        return "KQL"
    if signature.sql or signature.duckdb:
        return "SQL"
    return "Python" if signature.python else ""


# ------------------------------------------------------------------------------------------------------------- Markdown


def _title(theme: str) -> str:
    return theme.replace("_", " ").capitalize()


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().split("\n")[0]


def _code(text: str) -> str:
    return f"`{text}`"


def _names(names: Iterable[str]) -> str:
    return ", ".join(_code(name) for name in sorted(names))


def _anchor(heading: str) -> str:
    """The anchor that Markdown viewers give a heading."""
    return "".join(_anchor_characters(heading.lower()))


def _anchor_characters(heading: str) -> Iterator[str]:
    for char in heading:
        if char.isalnum() or char in "_-":
            yield char
        elif char == " ":
            yield "-"


def _block(language: str, lines: Iterable[str]) -> str:
    text = "\n".join(lines).rstrip("\n")
    return f"```{language}\n{text}\n```"


def write(folder: Path) -> None:
    """Write every page below a folder, and remove what is there but no page."""
    texts = pages()
    for path in folder.rglob("*.md"):
        if path.relative_to(folder).as_posix() not in texts:
            path.unlink()
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    write(REFERENCE)
