"""Declarations say what the binder and the engines rely on."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module

import pytest

from kqlog.functions.declare import ARRAYS, FUNCTIONS, Function, Signature, alias, quoted, scalar, sig
from kqlog.types import Type
from kqlog.usage import answered_by

_PLACEHOLDER = re.compile(r"'(?:[^']|'')*'|\{([a-z]\w*)(?:\.\d+)?\}")
_RESULTS = {str(type_) for type_ in Type} | {"common"} | ARRAYS


def _signatures() -> Iterator[tuple[Function, Signature]]:
    for function in FUNCTIONS.values():
        for signature in function.signatures:
            yield function, signature


def _named(template: str) -> set[str]:
    return {found[1] for found in _PLACEHOLDER.finditer(template) if found[1]}


def test_every_signature_reads() -> None:
    for function, signature in _signatures():
        names = [parameter.name for parameter in signature.parameters]
        assert len(set(names)) == len(names), (function.name, signature.text)
        assert signature.returns in _RESULTS | set(names) or signature.result_columns or signature.record, (
            function.name,
            signature.text,
        )


def test_a_parameter_has_a_known_kind_and_required_ones_come_first() -> None:
    for function, signature in _signatures():
        optional = [parameter.optional for parameter in signature.parameters]
        assert optional == sorted(optional), (function.name, signature.text)


def test_a_template_names_only_what_is_declared() -> None:
    for function, signature in _signatures():
        declared = {parameter.name for parameter in signature.parameters} | {"order", "over"}
        for template in (signature.sql, signature.duckdb, signature.where):
            if isinstance(template, str):
                assert _named(template) <= declared, (function.name, signature.text, _named(template) - declared)


def test_a_computed_body_asks_only_for_constants() -> None:
    for function, signature in _signatures():
        constants = {parameter.name for parameter in signature.parameters if parameter.constant}
        for body in (signature.sql, signature.duckdb):
            if callable(body):
                asked = inspect.signature(body).parameters.values()
                assert {p.name for p in asked if p.default is p.empty} <= constants | {"count"}, (function.name, signature.text)


def test_every_kernel_exists_and_takes_what_the_signature_gives() -> None:
    for function, signature in _signatures():
        if signature.python is not None:
            module, name = signature.python.split(".")
            kernel = getattr(import_module(f"kqlog.functions.kernels.{module}"), name)
            arguments = [object()] * len(signature.parameters)
            assert inspect.signature(kernel).bind(*arguments), (function.name, signature.python)


def test_a_volatile_function_says_so_in_every_name() -> None:
    for function in FUNCTIONS.values():
        if function.deprecated:
            assert function.volatile == FUNCTIONS[function.deprecated].volatile


def test_a_summary_is_one_sentence_or_more() -> None:
    for function in FUNCTIONS.values():
        assert function.summary.endswith((".", "...")), function.name


def test_a_name_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        scalar("strlen", "Again.", sig("(text: string) -> long"))
    with pytest.raises(ValueError, match="declared twice"):
        alias("strlen", "tolong")


@pytest.mark.parametrize("text", ["string -> long", "(text string) -> long", "(text: word) -> long", "(text: string -> long"])
def test_a_malformed_signature_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        assert sig(text).parameters


def test_quoted_text_is_one_string_constant() -> None:
    assert quoted("it's") == "'it''s'"


def test_what_is_refused_has_a_reason() -> None:
    for function in FUNCTIONS.values():
        assert function.differs or "part refused" not in answered_by(function), function.name
        assert function.differs or answered_by(function) != "service only" or function.service, function.name
        assert not function.differs or function.differs.endswith("."), function.name
