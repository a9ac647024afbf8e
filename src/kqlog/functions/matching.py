"""Operators that look for text in text.

A term is a maximal run of letters and digits. `has` and its kin want the text they look for to begin and end where a term
does; `contains` and its kin do not care. Names that end in `_cs` tell upper from lower case.

A constant on the right becomes a regular expression: `(?i)` is faster in DuckDB than to lower-case the left side, and a
pattern with term boundaries is three times slower than one without, so that one goes first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from kqlog.functions.declare import Signature, alias, quoted, scalar, sig
from kqlog.regex import escaped, translated

_START = r"(?:^|[^\pL\pN])"
_END = r"(?:$|[^\pL\pN])"
LONGEST_ALTERNATION = 10_000
"""How many characters one regular expression looks for at most: RE2 becomes 30 times slower beyond 20,000."""


def _declare(name: str, summary: str, negation: str, *signatures: Signature, examples: Mapping[str, object]) -> None:
    """Declare an operator and its negation."""
    scalar(name, summary, *signatures, examples=examples)
    opposite = {example.replace(f" {name} ", f" !{name} "): not answer for example, answer in examples.items()}
    scalar(f"!{name}", negation, *map(_negated, signatures), examples=opposite)


def _negated(signature: Signature) -> Signature:
    body = signature.duckdb
    if body is None:
        return signature
    if isinstance(body, str):
        return sig(signature.text, duckdb=f"(NOT {body})")
    return sig(signature.text, duckdb=lambda right: f"(NOT {body(right)})")


def _has_case(text: str) -> bool:
    """Whether a text has letters that can be upper or lower case: '5xx' does, '10.0.' does not."""
    return text.lower() != text.upper()


# ------------------------------------------------------------------------------------------------------------------ terms


def _term_pattern(text: str, start: bool, end: bool) -> str:
    """The pattern of a text whose ends must be those of a term, where they are letters or digits."""
    before = _START if start and text[:1].isalnum() else ""
    after = _END if end and text[-1:].isalnum() else ""
    return f"{before}{escaped(text)}{after}"


def _term_test(flag: str, start: bool, end: bool) -> Callable[[str], str]:
    def body(right: str) -> str:
        anywhere = f"contains({{left}}, {quoted(right)})"
        if flag and _has_case(right):
            anywhere = f"regexp_matches({{left}}, {quoted(flag + escaped(right))})"
        pattern = _term_pattern(right, start, end)
        if pattern == escaped(right):
            return anywhere
        return f"(CASE WHEN {anywhere} THEN regexp_matches({{left}}, {quoted(flag + pattern)}) ELSE false END)"

    return body


def _marked(sql: str) -> str:
    """SQL of a text with a mark at both ends of each term: a regular expression made for each row would take 1 ms."""
    return f"regexp_replace({sql}, '([\\pL\\pN]+)', chr(1) || '\\1' || chr(1), 'g')"


def _variable_term_test(left: str, right: str, flag: str = "(?i)", start: bool = True, end: bool = True) -> str:
    """SQL of a term test whose right side is known only row by row."""
    if flag:
        left, right = f"lower({left})", f"lower({right})"
    wanted = _marked(right)
    if not start:
        wanted = f"ltrim({wanted}, chr(1))"
    if not end:
        wanted = f"rtrim({wanted}, chr(1))"
    return f"(CASE WHEN contains({left}, {right}) THEN contains({_marked(left)}, {wanted}) ELSE false END)"


def _term_operator(name: str, what: str, flag: str, start: bool, end: bool, examples: Mapping[str, object]) -> None:
    case = "" if flag else " Case matters."
    _declare(
        name,
        f"True when {what}.{case}",
        f"True unless {what}.{case}",
        sig("(left: string, right: const string) -> bool", duckdb=_term_test(flag, start, end)),
        sig("(left: string, right: string) -> bool", duckdb=_variable_term_test("{left}", "{right}", flag, start, end)),
        examples=examples,
    )


_WHOLE = "a text has another as a whole term, that is between characters that are no letters or digits"
_term_operator(
    "has",
    _WHOLE,
    "(?i)",
    True,
    True,
    {
        "'Failed LOGIN for root' has 'login'": True,
        "'Failed logins' has 'login'": False,
        "'GET /api/v1/users' has 'api/v1'": True,
        "'10.0.0.10' has '10.0.0.1'": False,
        "'sshd_config' has 'sshd'": True,
        "'Café' has 'caf'": False,
        "'a,b' has ','": True,
    },
)
_term_operator("has_cs", _WHOLE, "", True, True, {"'Failed LOGIN' has_cs 'LOGIN'": True, "'Failed LOGIN' has_cs 'login'": False})
_PREFIX = "a text has a term that begins with another"
_term_operator(
    "hasprefix", _PREFIX, "(?i)", True, False, {"'North America' hasprefix 'ame'": True, "'North America' hasprefix 'mer'": False}
)
_term_operator(
    "hasprefix_cs",
    _PREFIX,
    "",
    True,
    False,
    {"'North America' hasprefix_cs 'Ame'": True, "'North America' hasprefix_cs 'ame'": False},
)
_SUFFIX = "a text has a term that ends in another"
_term_operator(
    "hassuffix", _SUFFIX, "(?i)", False, True, {"'North America' hassuffix 'RTH'": True, "'North America' hassuffix 'nor'": False}
)
_term_operator(
    "hassuffix_cs",
    _SUFFIX,
    "",
    False,
    True,
    {"'North America' hassuffix_cs 'rth'": True, "'North America' hassuffix_cs 'RTH'": False},
)

# -------------------------------------------------------------------------------------------------------- parts of a text


def _part_operator(name: str, what: str, function: str, pattern: str, examples: Mapping[str, object]) -> None:
    """Declare an operator and its `_cs` form; `pattern` has a `%` where the text that is looked for goes."""
    folded = f"{function}(lower({{left}}), lower({{right}}))"

    def body(right: str) -> str:
        if not _has_case(right):
            return f"{function}({{left}}, {quoted(right)})"
        return f"regexp_matches({{left}}, {quoted('(?i)' + pattern.replace('%', escaped(right)))})"

    _declare(
        name,
        f"True when {what}.",
        f"True unless {what}.",
        sig("(left: string, right: const string) -> bool", duckdb=body),
        sig("(left: string, right: string) -> bool", duckdb=folded),
        examples=examples,
    )
    exact = {example.replace(f" {name} ", f" {name}_cs "): False for example in examples}
    _declare(
        f"{name}_cs",
        f"True when {what}. Case matters.",
        f"True unless {what}. Case matters.",
        sig("(left: string, right: string) -> bool", duckdb=f"{function}({{left}}, {{right}})"),
        examples=exact,
    )


_part_operator(
    "contains",
    "a text has another anywhere in it",
    "contains",
    "%",
    {"'Fabrikam.com' contains 'KAM.'": True, "'Fabrikam' contains 'K.m'": False},
)
_part_operator("startswith", "a text begins with another", "starts_with", "^%", {"'Fabrikam' startswith 'fab'": True})
_part_operator("endswith", "a text ends in another", "ends_with", "%$", {"'Fabrikam' endswith 'KAM'": True})
alias("containscs", "contains_cs")
alias("notcontains", "!contains")
alias("notcontainscs", "!contains_cs")

_UNKNOWN = "Refused, since what stands for other characters in its patterns is not documented."
_WITHOUT_WILDCARDS = "contains, startswith, endswith or matches regex, which end in _cs where case matters"
for _name, _summary in {
    "like": "True when a text is like a pattern with wildcards.",
    "notlike": "True unless a text is like a pattern with wildcards.",
    "likecs": "True when a text is like a pattern with wildcards. Case matters.",
    "notlikecs": "True unless a text is like a pattern with wildcards. Case matters.",
}.items():
    scalar(_name, _summary, sig("(left: string, right: string) -> bool"), service=_WITHOUT_WILDCARDS, differs=_UNKNOWN)

scalar(
    "=~",
    "True when two texts are equal but for upper and lower case.",
    sig("(left: string, right: string) -> bool", sql="(lower({left}) = lower({right}))"),
    examples={"'Alice' =~ 'ALICE'": True, "'Alice' =~ 'Alic'": False},
)
scalar(
    "!~",
    "True unless two texts are equal but for upper and lower case.",
    sig("(left: string, right: string) -> bool", sql="(lower({left}) <> lower({right}))"),
    examples={"'Alice' !~ 'ALICE'": False, "'Alice' !~ 'Alic'": True},
)


def _matches(right: str) -> str:
    return f"regexp_matches({{left}}, {quoted(translated(right).text)})"


scalar(
    "matches regex",
    "True when a regular expression matches somewhere in a text. `\\w`, `\\d` and `\\s` know all alphabets, `\\b` only ASCII.",
    sig("(left: string, right: const string) -> bool", duckdb=_matches),
    sig("(left: string, right: string) -> bool", python="matching.matches_regex"),
    examples={
        "'error 404 at /home' matches regex @'\\b4\\d\\d\\b'": True,
        "'Straße' matches regex @'^\\w+$'": True,
        "'abc' matches regex '^b'": False,
        "'ABC' matches regex '(?i)bc'": True,
        "'' matches regex '.'": False,
    },
)

# ------------------------------------------------------------------------------------------------------- any of some texts

Items = str | tuple[str, ...] | None
"""Constants to look for: the JSON text of an array, or texts one by one."""


def _elements(items: Items) -> list[str | None]:
    """The constants as texts."""
    if isinstance(items, tuple):
        return list(items)
    parsed = json.loads(items or "[]")
    elements = parsed if isinstance(parsed, list) else [parsed]
    return [one if one is None or isinstance(one, str) else json.dumps(one, separators=(",", ":")) for one in elements]


def _texts(items: Items) -> list[str]:
    """The same without nulls."""
    return [text for text in _elements(items) if text is not None]


def _any_term(items: Items) -> str:
    """SQL that is true when `{value}` has one of some texts as a term."""
    tests = [f"regexp_matches({{value}}, {quoted('(?i)' + pattern)})" for pattern in _alternations(_texts(items))]
    return f"({' OR '.join(tests)})" if tests else "false"


def _alternations(texts: list[str]) -> Iterator[str]:
    """Patterns of which one matches where one of some texts is a term."""
    # The boundaries once for many alternatives: their character classes are large.
    groups: dict[tuple[str, str], list[str]] = {}
    for text in texts:
        ends = _START if text[:1].isalnum() else "", _END if text[-1:].isalnum() else ""
        groups.setdefault(ends, []).append(escaped(text))
    for (start, end), alternatives in groups.items():
        for part in _portions(alternatives):
            yield f"{start}(?:{'|'.join(part)}){end}"


def _portions(texts: list[str]) -> Iterator[list[str]]:
    """The texts in lists that are not too long for one pattern."""
    portion: list[str] = []
    for text in texts:
        if portion and sum(map(len, portion)) + len(text) > LONGEST_ALTERNATION:
            yield portion
            portion = []
        portion.append(text)
    yield portion


def _all_terms(items: Items) -> str:
    tests = [_term_test("(?i)", True, True)(text).replace("{left}", "{value}") for text in _texts(items)]
    return f"({' AND '.join(tests)})" if tests else "true"


_ELEMENTS = "(CASE WHEN json_type({items}) = 'ARRAY' THEN {items} ELSE json_array({items}) END ->> '$[*]')"
_TERMS_FOUND = f"""list_transform({_ELEMENTS},
    lambda item: CASE WHEN item IS NOT NULL THEN {_variable_term_test("{value}", "item")} END)"""


def _variable_term_tests(join: str) -> Callable[[int], str]:
    def body(count: int) -> str:
        tests = [_variable_term_test("{value}", f"{{items.{number}}}") for number in range(count)]
        return f"({f' {join} '.join(tests)})"

    return body


scalar(
    "has_any",
    "True when a text has at least one of some texts as a term, as `has` does.",
    sig("(value: string, items: const string...) -> bool", duckdb=_any_term),
    sig("(value: string, items: string...) -> bool", duckdb=_variable_term_tests("OR")),
    sig("(value: string, items: const array) -> bool", duckdb=_any_term),
    sig("(value: string, items: array) -> bool", duckdb=f"coalesce(list_contains({_TERMS_FOUND}, true), false)"),
    examples={
        "'session opened for root' has_any ('ROOT', 'admin')": True,
        "'session opened for roots' has_any ('root', 'admin')": False,
        "'session opened' has_any (dynamic(['closed', 'opened']))": True,
        "'session opened' has_any (dynamic([]))": False,
        "'port 22' has_any (range(20, 25, 1))": True,
        "'session' has_any (dynamic([null, 'session']))": True,
    },
)
scalar(
    "has_all",
    "True when a text has all of some texts as terms, as `has` does.",
    sig("(value: string, items: const string...) -> bool", duckdb=_all_terms),
    sig("(value: string, items: string...) -> bool", duckdb=_variable_term_tests("AND")),
    sig("(value: string, items: const array) -> bool", duckdb=_all_terms),
    sig("(value: string, items: array) -> bool", duckdb=f"coalesce(NOT list_contains({_TERMS_FOUND}, false), true)"),
    examples={
        "'session opened for root' has_all ('root', 'opened')": True,
        "'session opened for root' has_all (dynamic(['root', 'closed']))": False,
        "'session' has_all (dynamic(null))": True,
    },
)


def _first_term(values: Items) -> str:
    test = _term_test("(?i)", True, True)
    texts = ((position, text) for position, text in enumerate(_elements(values)) if text is not None)
    branches = [f"WHEN {test(text).replace('{left}', '{source}')} THEN {position}" for position, text in texts]
    return f"(CASE {' '.join(branches)} ELSE -1 END)::BIGINT" if branches else "(-1)::BIGINT"


_FIRST_FOUND = f"(coalesce(list_position({_TERMS_FOUND}, true), 0) - 1)::BIGINT"

scalar(
    "has_any_index",
    "The position in an array of its first element that a text has as a term, -1 if there is none.",
    sig("(source: readable, values: const array) -> long", duckdb=_first_term),
    sig(
        "(source: readable, values: array) -> long",
        duckdb=_FIRST_FOUND.replace("{value}", "{source}").replace("{items}", "{values}"),
    ),
    examples={
        "has_any_index('user 7 logged in', dynamic(['out', 'in', 'user']))": 1,
        "has_any_index('user 7 logged in', range(6, 8, 1))": 1,
        "has_any_index('user 7', dynamic(['use']))": -1,
        "has_any_index('user 7', dynamic([]))": -1,
        "has_any_index('user 7', dynamic([null, 'user']))": 1,
    },
)
