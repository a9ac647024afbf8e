"""Azure's resource templates: JSON whose texts may be expressions over parameters and variables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from kqlog.alerts.fields import Field
from kqlog.alerts.importing.expression import evaluate, is_expression
from kqlog.errors import QueryError
from kqlog.plan.lookup import closest

_DEEPEST = 20
_TEXT = '"'
_MOST = 1000


class Members:
    """The fields of an object by name, in whatever case, as Azure takes them."""

    def __init__(self, whole: Field) -> None:
        self.whole = whole
        self._found = {name.lower(): field for name, field in whole.pairs()}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._found and not is_null(self._found[name.lower()])

    def __getitem__(self, name: str) -> Field:
        """One that has to be there.

        Raises:
            QueryError: ALR001 when it is not.
        """
        if name not in self:
            raise self.whole.wrong(f"the field '{name}' is missing")
        return self._found[name.lower()]

    def get(self, name: str) -> Field | None:
        """One that may be there; null is not."""
        found = self._found.get(name.lower())
        return None if found is None or is_null(found) else found

    def text(self, name: str, default: str = "") -> str:
        """What one says."""
        return self[name].string() if name in self else default

    def check(self, known: Iterable[str]) -> None:
        """Refuse what is not known.

        Raises:
            QueryError: ALR001 for the first such field.
        """
        names = {one.lower(): one for one in known}
        for name, field in self._found.items():
            if name not in names and not is_null(field):
                close = closest(name, list(names.values()))
                raise field.wrong(f"'{field.name}' is not offered here", f"did you mean '{close}'?" if close else None)


class Template:
    """A template with the values of its parameters. Those that are not given have their defaults."""

    def __init__(self, whole: Field, given: Mapping[str, object]) -> None:
        self._given = {name.lower(): value for name, value in given.items()}
        members = Members(whole)
        self._parameters = _by_name(members.get("parameters"))
        self._variables = _by_name(members.get("variables"))
        self._resources = members["resources"]
        self._depth = 0

    def resources(self) -> Iterator[Members]:
        """The resources, those inside of others as well. What stands in them is not evaluated yet."""
        yield from self._all(self._resources)

    def evaluated(self, field: Field) -> Field:
        """A field in which expressions are their values, at the places of the expressions.

        Raises:
            QueryError: ALR001 for an expression that has no value here.
        """
        return Field(self._node(field), field.text, field.name)

    def _all(self, field: Field) -> Iterator[Members]:
        # Newer templates have their resources by symbolic names.
        listed = isinstance(field.node, yaml.SequenceNode)
        for one in field.items() if listed else [value for _, value in field.pairs()]:
            resource = Members(one)
            yield resource
            if "resources" in resource:
                yield from self._all(resource["resources"])

    def _node(self, field: Field) -> yaml.Node:
        node = field.node
        match node:
            case yaml.MappingNode():
                pairs = [(key, self._node(Field(value, field.text, str(key.value)))) for key, value in node.value]
                return yaml.MappingNode(node.tag, pairs, node.start_mark, node.end_mark)
            case yaml.SequenceNode():
                items = [self._node(Field(one, field.text, field.name)) for one in node.value]
                return yaml.SequenceNode(node.tag, items, node.start_mark, node.end_mark)
            case yaml.ScalarNode() if node.style == _TEXT and is_expression(node.value):
                return _made(self._value(field), node)
            case yaml.ScalarNode() if node.style == _TEXT and node.value.startswith("[["):
                return yaml.ScalarNode(node.tag, node.value[1:], node.start_mark, node.end_mark, _TEXT)
            case _:
                return node

    def _value(self, field: Field) -> Any:
        """The value of a field, with its expressions evaluated."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                raise field.wrong("parameters and variables name each other in circles")
            if isinstance(field.node, yaml.ScalarNode) and field.node.style == _TEXT and is_expression(field.node.value):
                return evaluate(field.node.value, {"parameters": self._parameter, "variables": self._variable})
            return plain(self.evaluated(field))
        except QueryError as error:
            raise error if error.span is not None else field.wrong(error.message, error.hint) from None
        finally:
            self._depth -= 1

    def _parameter(self, name: str) -> Any:
        declared = self._parameters.get(name.lower())
        if name.lower() in self._given:
            return self._given[name.lower()]
        if declared is not None and "defaultValue" in (members := Members(declared)):
            return self._value(members["defaultValue"])
        hint = "give it in a file beside this one, NAME.parameters.json"
        raise QueryError("ALR001", f"the parameter '{name}' has no value", hint=hint)

    def _variable(self, name: str) -> Any:
        if name.lower() not in self._variables:
            raise QueryError("ALR001", f"there is no variable '{name}'")
        return self._value(self._variables[name.lower()])


def plain(field: Field) -> Any:
    """A field as Python has it."""
    match field.node:
        case yaml.MappingNode():
            return {name: plain(value) for name, value in field.pairs()}
        case yaml.SequenceNode():
            return [plain(one) for one in field.items()]
        case _:
            assert isinstance(field.node, yaml.ScalarNode)
            return field.string() if field.node.style else yaml.safe_load(field.string())


def is_null(field: Field) -> bool:
    """Whether a field is JSON's null."""
    return isinstance(field.node, yaml.ScalarNode) and field.node.style is None and field.node.value in ("null", "", "~")


def number(field: Field) -> float:
    """A number, which Azure takes as a text as well.

    Raises:
        QueryError: ALR001 for what is none.
    """
    try:
        return float(field.string())
    except ValueError:
        raise field.wrong(f"'{field.name}' is a number") from None


def count(field: Field) -> int:
    """A whole number.

    Raises:
        QueryError: ALR001 for what is none, or beyond reason.
    """
    value = number(field)
    if not value.is_integer() or not 0 <= value <= _MOST:
        raise field.wrong(f"'{field.name}' is a whole number up to {_MOST}")
    return int(value)


def flag(field: Field) -> bool:
    """True or false, which Azure takes as a text as well.

    Raises:
        QueryError: ALR001 for what is neither.
    """
    word = field.string().lower()
    if word not in ("true", "false"):
        raise field.wrong(f"'{field.name}' is true or false")
    return word == "true"


def texts(field: Field) -> dict[str, str]:
    """Names and texts."""
    return {name: value.string() for name, value in field.pairs() if not is_null(value)}


def _by_name(field: Field | None) -> dict[str, Field]:
    return {} if field is None else {name.lower(): value for name, value in field.pairs()}


def _made(value: Any, node: yaml.Node) -> yaml.Node:
    """A value as a node at the place of another."""
    marks = node.start_mark, node.end_mark
    match value:
        case str():
            return yaml.ScalarNode("tag:yaml.org,2002:str", value, *marks, _TEXT)
        case dict():
            pairs = [(_made(str(name), node), _made(one, node)) for name, one in value.items()]
            return yaml.MappingNode("tag:yaml.org,2002:map", pairs, *marks)
        case list():
            return yaml.SequenceNode("tag:yaml.org,2002:seq", [_made(one, node) for one in value], *marks)
        case _:
            return yaml.ScalarNode("tag:yaml.org,2002:null", json.dumps(value), *marks, None)
