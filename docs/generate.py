"""Writes docs/reference, and the tables of docs/differences.md, from the declarations: `python docs/generate.py`.

tests/test_docs.py finds out when it is due.
"""

from __future__ import annotations

import inspect
import io
import re
from collections import Counter
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import kqlog
from kqlog import formats, plugins
from kqlog.errors import CODES
from kqlog.functions import THEMES
from kqlog.functions.declare import FUNCTIONS, Function, Kind
from kqlog.operators import operators
from kqlog.syntax.grammar import grammar_text
from kqlog.usage import answered_by, difference, example_lines, instead, only_elsewhere, usages, usages_not_offered

REFERENCE = Path(__file__).parent / "reference"
DIFFERENCES = Path(__file__).parent / "differences.md"
FROM_HERE = "<!-- From here on written by docs/generate.py from the declarations in src/kqlog. -->"
MADE = "<!-- Written by docs/generate.py from the declarations in src/kqlog. -->\n\n"

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
| `name...` | may be repeated |"""

SUPPORT = """\
What kqlog makes of everything it knows by name. A query that uses what is not offered is refused with `ENG001`, before it runs.

| answered by | means |
|---|---|
| plan | it is a part of the plan that a query becomes |
| KQL | it is written in KQL itself |
| SQL | it becomes an SQL expression |
| Python | it runs in Python over Arrow arrays, which is slower |
| part refused | some types of arguments are refused, as its page says |
| refused | no documentation says what it answers |
| service only | it needs Microsoft's service |

What is offered and still differs from Kusto, and what to use instead of the rest, is said [here](../differences.md)."""

REFUSED_WHEN_RUN = """\
A query with one of these can be checked, and is refused where it would run. So are tables of `cluster()`, `database()` and
`workspace()` that mean another place. `external_table()`, `materialized_view()`, `stored_query_result()` and `graph()` are
refused at once."""

TITLES = {Kind.SCALAR: "Functions", Kind.AGGREGATE: "Aggregates", Kind.WINDOW: "Window functions"}
"""What the kinds of functions are called."""

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
        current = [one for one in functions if not one.deprecated]
        places = zip(current, _anchors([one.name for one in current]), strict=True)
        lines = [f"- [`{one.name}`](functions/{theme}.md{anchor}): {one.summary}" for one, anchor in places]
        sections.append(f"## {_title(theme)}\n\n" + "\n".join(lines))
    return "\n\n".join(sections)


def _theme(theme: str, functions: list[Function]) -> str:
    about = _about(import_module(f"kqlog.functions.{theme}").__doc__)
    return (
        f"# {_title(theme)}\n\n{about}\n\nHow to read the usage lines is said [here](../functions.md).\n\n{_entries(functions)}"
    )


def _entries(functions: Iterable[Function]) -> str:
    listed = list(functions)
    return "\n\n".join(_entry(function) for function in listed if not function.deprecated)


def _entry(function: Function) -> str:
    parts = [f"## {_code(function.name)}", function.summary, _block("text", usages(function))]
    if function.examples:
        parts.append(_block("kql", example_lines(function)))
    parts.append(difference(function.differs))
    if older := [name for name, other in FUNCTIONS.items() if other.deprecated == function.name]:
        parts.append("Older names: " + ", ".join(_code(name) for name in older) + ".")
    parts.append(_shortfall(function))
    if function.of_values is not None:
        scalar = function.of_values
        parts += [f"As a function of values: {scalar.summary}", _block("text", usages(scalar))]
    return "\n\n".join(part for part in parts if part)


def _shortfall(function: Function) -> str:
    """What is said of a function that is not offered, or not with all types."""
    state = answered_by(function)
    if state.endswith("part refused"):
        return "Refused:\n\n" + _block("text", usages_not_offered(function))
    return instead(function)


# ------------------------------------------------------------------------------------------- operators, plugins, errors


def _operators() -> str:
    sections = ["# Operators\n\nWhat may stand between the pipes of a query, and what may begin one."]
    for name, operator in sorted(operators().items()):
        parts = [f"## {_code(name)}", inspect.cleandoc(operator.__doc__ or ""), _block("text", [operator.syntax])]
        parts += [*map(_run, operator.examples), difference(operator.differs), only_elsewhere(operator.service)]
        sections.append("\n\n".join(part for part in parts if part))
    if others := _operators_not_offered():
        sections.append("## Refused\n\n" + _names(others))
    return "\n\n".join(sections)


def _operators_not_offered() -> set[str]:
    """The operators that the grammar reads and no class answers."""
    text = grammar_text()
    lists = re.findall(r"^\?(?:operator|leading): (.*(?:\n +\|.*)*)", text, re.MULTILINE)
    internal = set(re.findall(r'^(\w+): "__', text, re.MULTILINE))
    rules = set(re.findall(r"\w+", " ".join(lists))) - internal - {operator.rule for operator in operators().values()}
    return {rule.replace("_", "-") for rule in rules}


def _run(example: str) -> str:
    """A query and its answer."""
    return f"{_block('kql', _laid_out(example))}\n\n{_block('text', [_table(kqlog.query(example))])}"


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
    examples = operators()["evaluate"].examples
    for name in sorted(plugins.OFFERED):
        parts = [f"## {_code(name)}", plugins.about(name), _block("text", [plugins.usage(name)])]
        parts += [_run(example) for example in examples if f"evaluate {name}(" in example]
        sections.append("\n\n".join(part for part in [*parts, difference(plugins.differs(name))] if part))
    sections.append("## Refused\n\nNo documentation says what these do.\n\n" + _names(plugins.NOT_OFFERED))
    sections.append("## Calls of services\n\nThese are refused. Load what they give as a table.\n\n" + _names(plugins.SERVICES))
    return "\n\n".join(sections)


def _errors() -> str:
    rows = [f"| `{code}` | {meaning} |" for code, meaning in CODES.items()]
    return "\n".join([ERRORS, "| code | what it means |", "|---|---|", *rows])


# --------------------------------------------------------------------------------------------------------------- support


def _support() -> str:
    kinds = _kinds()
    rows = []
    for title, states in kinds.items():
        count = Counter("offered" if _is_offered(state) else state for state in states.values())
        rows.append(f"| {title} | {count['offered']} of {len(states)} | {count['refused']} | {count['service only']} |")
    totals = "\n".join(["| | offered | refused | only Microsoft's service has |", "|---|---|---|---|", *rows])
    return "\n\n".join(["# What is supported", totals, SUPPORT, *(_states(*one) for one in kinds.items())])


def _kinds() -> dict[str, dict[str, str]]:
    """What answers each name, by the kinds of names."""
    public = [function for function in FUNCTIONS.values() if _is_public(function.name) and not function.deprecated]
    states = {name: "service only" if operator.service else "plan" for name, operator in operators().items()}
    kinds = {"Operators": states | dict.fromkeys(_operators_not_offered(), "refused")}
    for kind, title in TITLES.items():
        kinds[title] = {one.name: answered_by(one) for one in public if one.kind is kind}
    kinds["Plugins"] = {
        **dict.fromkeys(plugins.OFFERED, "plan"),
        **dict.fromkeys(plugins.NOT_OFFERED, "refused"),
        **dict.fromkeys(plugins.SERVICES, "service only"),
    }
    return kinds


def _is_offered(state: str) -> bool:
    return state not in ("refused", "service only")


def _states(title: str, states: dict[str, str]) -> str:
    rows = [f"| {_cell(name)} | {state} |" for name, state in sorted(states.items())]
    return "\n".join([f"## {title}", "", "| name | answered by |", "|---|---|", *rows])


# ----------------------------------------------------------------------------------------------------------- differences


def differences(page: str) -> str:
    """The page of differences, with its own words and the tables of today."""
    words, _, _ = page.partition(FROM_HERE)
    return f"{words}{FROM_HERE}\n\n{_differing()}\n"


def _differing() -> str:
    public = [function for function in FUNCTIONS.values() if _is_public(function.name) and not function.deprecated]
    offered = [one for one in public if _is_offered(answered_by(one))]
    tables = [(title, {one.name: one.differs for one in offered if one.kind is kind}) for kind, title in TITLES.items()]
    tables.append(("Operators", {name: operator.differs for name, operator in operators().items()}))
    tables.append(("Plugins", {name: plugins.differs(name) for name in plugins.OFFERED}))
    refused = {one.name: f"{one.differs} {instead(one)}".strip() for one in public if answered_by(one) == "refused"}
    refused |= {name: plugins.differs(name) for name in plugins.NOT_OFFERED}
    services = {one.name: f"Use {one.service}." for one in public if answered_by(one) == "service only"}
    services |= {name: f"Use {operator.service}." for name, operator in operators().items() if operator.service}
    services |= {name: _sentence(plugins.instead(name)) for name in plugins.SERVICES}
    sections = [_reasons(title, "what differs, and why", reasons) for title, reasons in tables]
    sections.append(_reasons("Refused although Kusto has it", "why", refused))
    sections.append(_reasons("Only Microsoft's service has it", "instead", services, REFUSED_WHEN_RUN))
    return "\n\n".join(sections)


def _reasons(title: str, header: str, reasons: dict[str, str], about: str = "") -> str:
    """A table of names by their reason, without those that have none."""
    names: dict[str, list[str]] = {}
    for name in sorted(reasons):
        names.setdefault(reasons[name], []).append(_cell(name))
    rows = [f"| {', '.join(together)} | {_barred(reason)} |" for reason, together in names.items() if reason]
    return "\n\n".join(filter(None, [f"## {title}", about, "\n".join([f"| name | {header} |", "|---|---|", *rows])]))


# ------------------------------------------------------------------------------------------------------------- Markdown


def _title(theme: str) -> str:
    return theme.replace("_", " ").capitalize()


def _about(doc: str | None) -> str:
    """The first line of a docstring, without the title that stands above it anyway."""
    line = (doc or "").strip().split("\n")[0]
    text = line.partition(": ")[2] or line
    return text[0].upper() + text[1:]


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(name: str) -> str:
    return _barred(_code(name))


def _barred(text: str) -> str:
    """A text in a table, where a bar would end the cell."""
    return text.replace("|", r"\|")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _names(names: Iterable[str]) -> str:
    return ", ".join(_code(name) for name in sorted(names))


def _anchors(headings: list[str]) -> list[str]:
    """Where Markdown viewers find each heading of a page: equal ones are numbered, those without letters have no place."""
    met: Counter[str] = Counter()
    anchors = []
    for heading in headings:
        anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        anchors.append(f"#{anchor}-{met[anchor]}" if anchor and met[anchor] else f"#{anchor}" if anchor else "")
        met[anchor] += 1
    return anchors


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
    DIFFERENCES.write_text(differences(DIFFERENCES.read_text("utf-8")), "utf-8")
