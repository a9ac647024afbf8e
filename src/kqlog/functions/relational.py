"""Relational operators: equality, order, ranges and lists."""

from __future__ import annotations

from kqlog.functions.conversions import FROM_TEXT
from kqlog.functions.declare import Signature, quoted, scalar, sig

_NUMBERS = "int|long|real|decimal"


_INCOMPARABLE = {
    "bool": "datetime|timespan|guid",
    _NUMBERS: "datetime|timespan|guid",
    "datetime": f"bool|{_NUMBERS}|timespan|guid",
    "timespan": f"bool|{_NUMBERS}|datetime|guid",
    "guid": f"bool|{_NUMBERS}|datetime|timespan",
}
"""The pairs of types that can be written around == and != but have no answer."""


def _beside(type_: str, operator: str, *others: str) -> list[Signature]:
    """== or != between a value of a type and one of other types, which is read as that type."""
    return [
        signature
        for other in others
        for signature in (
            sig(f"(left: {type_}, right: {other}) -> bool", kql=f"left {operator} to{type_}(right)"),
            sig(f"(left: {other}, right: {type_}) -> bool", kql=f"to{type_}(left) {operator} right"),
        )
    ]


def _flipped(body: str) -> str:
    return body.replace("{left}", "{}").replace("{right}", "{left}").replace("{}", "{right}")


# ------------------------------------------------------------------------------------------------------------ == and !=

# Two nulls compare as null, a null and a value as unequal. To the engine NaN equals NaN; in KQL it equals nothing.
_SAME = "({left} IS NOT DISTINCT FROM {right} AND {left} = {right})"
_OTHER = "({left} IS DISTINCT FROM {right} OR {left} <> {right})"
_SAME_REAL = "({left} IS NOT DISTINCT FROM {right} AND {left} = {right} AND NOT isnan({right}))"
_OTHER_REAL = "({left} IS DISTINCT FROM {right} OR {left} <> {right} OR isnan({right}))"

# A number inside a dynamic value: as a real, and as a long too, which tells large ids apart.
_INSIDE_REAL = "try_cast(CAST({left} AS VARCHAR) AS DOUBLE)"
_INSIDE_LONG = "try_cast(CAST({left} AS VARCHAR) AS BIGINT)"
_SAME_INSIDE = {
    "long": f"({_INSIDE_REAL} = CAST({{right}} AS DOUBLE) AND {_INSIDE_LONG} = {{right}})",
    "real": f"({_INSIDE_REAL} = {{right}} AND NOT isnan({{right}}))",
}
_SAME_DYNAMIC = f"""(CAST({{left}} AS VARCHAR) = CAST({{right}} AS VARCHAR) OR coalesce({_INSIDE_REAL} = {_flipped(_INSIDE_REAL)}
    AND {_INSIDE_LONG} IS NOT DISTINCT FROM {_flipped(_INSIDE_LONG)}, false))"""


def _either_side(
    type_: str, body: str, flipped: str, where: str | None = None, flipped_where: str | None = None
) -> list[Signature]:
    """The overloads of an operator for a dynamic value on the left, and on the right."""
    return [
        sig(f"(left: dynamic, right: {type_}) -> bool", duckdb=body, where=where),
        sig(
            f"(left: {type_}, right: dynamic) -> bool",
            duckdb=_flipped(flipped),
            where=_flipped(flipped_where) if flipped_where else None,
        ),
    ]


def _with_bool(body: str) -> list[Signature]:
    """The overloads of a comparison between a bool and a number: true is 1."""
    return [
        sig(f"(left: bool, right: {_NUMBERS}) -> bool", sql=body.replace("{left}", "CAST({left} AS INTEGER)")),
        sig(f"(left: {_NUMBERS}, right: bool) -> bool", sql=body.replace("{right}", "CAST({right} AS INTEGER)")),
    ]


def _equality(same: bool) -> list[Signature]:
    """The overloads of == (or of !=)."""

    def of_dynamic(found: str) -> tuple[str, str]:
        both_null, negation = "({left} IS NULL AND {right} IS NULL)", "" if same else "NOT "
        exact = f"(CASE WHEN {both_null} THEN NULL ELSE {negation}coalesce({found}, false) END)"
        return exact, found if same else f"(NOT coalesce({found}, {both_null}))"

    if same:
        exact, where, of_real = _SAME, "({left} = {right})", (_SAME_REAL, "({left} = {right} AND NOT isnan({right}))")
    else:
        exact, where, of_real = (
            _OTHER,
            "({left} IS DISTINCT FROM {right})",
            (_OTHER_REAL, "({left} IS DISTINCT FROM {right} OR isnan({right}))"),
        )
    operator = "==" if same else "!="
    plain = ("int", "long", "datetime", "bool", "timespan", "guid", "decimal")
    between_dynamic, between_dynamic_where = of_dynamic(_SAME_DYNAMIC)
    return [
        sig("(left: string, right: string) -> bool", sql="({left} = {right})" if same else "({left} <> {right})"),
        *(sig(f"(left: {type_}, right: {type_}) -> bool", duckdb=exact, where=where) for type_ in plain),
        sig("(left: real, right: real) -> bool", duckdb=of_real[0], where=of_real[1]),
        sig("(left: dynamic, right: dynamic) -> bool", duckdb=between_dynamic, where=between_dynamic_where),
        *(
            signature
            for type_, found in _SAME_INSIDE.items()
            for exact_, where_ in [of_dynamic(found)]
            for signature in _either_side(type_, exact_, exact_, where_, where_)
        ),
        *_with_bool(exact),
        *_beside("string", operator, f"bool|{_NUMBERS}"),
        *(signature for type_ in ("datetime", "timespan", "guid") for signature in _beside(type_, operator, "string|dynamic")),
        *(signature for type_ in ("bool", "decimal") for signature in _beside(type_, operator, "dynamic")),
        *(sig(f"(left: {left}, right: {right}) -> bool") for left, right in _INCOMPARABLE.items()),
    ]


_UNRELATED = "Types such as a long and a datetime are refused: the binder takes them, and Kusto's answer is not documented."

scalar(
    "==",
    "True when both sides are equal; text by case. A null equals no value, and two nulls give null.",
    *_equality(True),
    examples={
        "'Root' == 'root'": False,
        "1 == 1.0": True,
        "long(null) == 1": False,
        "long(null) == long(null)": None,
        "real(nan) == real(nan)": False,
        "dynamic({'id': 9007199254740993}).id == 9007199254740992": False,
        "dynamic({'id': 5.0}).id == 5": True,
        "5 == dynamic({'id': 5.0}).id": True,
        "dynamic({'user': 'root'}).user == 'root'": True,
        "dynamic(1) == dynamic(1.0)": True,
        "true == 1": True,
        "'10' == 10": True,
        "'010' == 10": False,
        "datetime(2024-02-29) == '2024-02-29'": True,
        "1h == 'soon'": False,
        "dynamic({'open': true}).open == true": True,
    },
    differs=_UNRELATED,
)
scalar(
    "!=",
    "True when the sides differ; text by case. A null differs from every value, and two nulls give null.",
    *_equality(False),
    examples={
        "'Root' != 'root'": True,
        "long(null) != 1": True,
        "long(null) != long(null)": None,
        "real(nan) != real(nan)": True,
        "dynamic({'id': 5.5}).id != 5": True,
        "dynamic('five') != 5": True,
        "'' != 0": True,
    },
    differs=_UNRELATED,
)

# ------------------------------------------------------------------------------------------------------------ < <= > >=


def _inside(operator: str) -> dict[str, str]:
    """A dynamic value on the left against a long, and against a real."""
    return {
        "long": f"""({_INSIDE_REAL} {operator[0]} CAST({{right}} AS DOUBLE)
            OR ({_INSIDE_REAL} = CAST({{right}} AS DOUBLE) AND {_INSIDE_LONG} {operator} {{right}}))""",
        "real": f"({_INSIDE_REAL} {operator} {{right}} AND NOT isnan({{right}}))",
    }


def _between_insides(operator: str) -> str:
    """The numbers inside two dynamic values; null when one of them is no number."""
    right_real, right_long = _flipped(_INSIDE_REAL), _flipped(_INSIDE_LONG)
    as_reals, as_longs = f"{_INSIDE_REAL} {operator} {right_real}", f"{_INSIDE_LONG} {operator} {right_long}"
    # As longs too, since large ids that differ may be the same as reals.
    return f"(CASE WHEN {_INSIDE_REAL} = {right_real} THEN coalesce({as_longs}, {as_reals}) ELSE {as_reals} END)"


def _ordering(operator: str, mirrored: str) -> list[Signature]:
    """The overloads of an operator that asks for order; `mirrored` says the same with the sides swapped."""
    plain = f"({{left}} {operator} {{right}})"
    # The engine sorts NaN above every number; in KQL it has no order.
    checked = "{right}" if operator.startswith("<") else "{left}"
    ordered = ("int", "long", "datetime", "timespan", "decimal", "bool")
    return [
        *(sig(f"(left: {type_}, right: {type_}) -> bool", sql=plain) for type_ in ordered),
        sig("(left: real, right: real) -> bool", duckdb=f"({{left}} {operator} {{right}} AND NOT isnan({checked}))"),
        *(
            signature
            for type_ in ("long", "real")
            for signature in _either_side(type_, _inside(operator)[type_], _inside(mirrored)[type_])
        ),
        sig("(left: dynamic, right: dynamic) -> bool", duckdb=_between_insides(operator)),
        *_with_bool(plain),
    ]


for _operator, _mirrored, _summary, _examples in (
    (
        "<",
        ">",
        "less than",
        {
            "1 < 2.5": True,
            "1.0 < real(nan)": False,
            "long(null) < 1": None,
            "dynamic({'n': 5.5}).n < 6": True,
            "dynamic(9007199254740992) < dynamic(9007199254740993)": True,
            "dynamic(1) < dynamic('two')": None,
        },
    ),
    ("<=", ">=", "at most", {"2 <= 2": True, "1s <= 1m": True, "false <= true": True, "6 <= dynamic({'n': 5.5}).n": False}),
    (">", "<", "greater than", {"2 > 2": False, "real(nan) > 1": False, "datetime(2024-02-01) > datetime(2024-01-31)": True}),
    (">=", "<=", "at least", {"2 >= 2": True, "dynamic({'id': 9007199254740992}).id >= 9007199254740993": False}),
):
    scalar(
        _operator,
        f"True when the left side is {_summary} the right one; null when either is null.",
        *_ordering(_operator, _mirrored),
        examples=_examples,
    )

_BETWEEN = "({value} BETWEEN {low} AND {high})"
_BETWEEN_REAL = "({value} BETWEEN {low} AND {high} AND NOT isnan({high}))"
_BETWEEN_DYNAMIC = _BETWEEN_REAL.replace("{value}", _INSIDE_REAL.replace("{left}", "{value}"))


def _between(pattern: str, negation: str = "") -> list[Signature]:
    """The overloads of between, with each body in `pattern`, or after `negation` in KQL."""
    return [
        *(
            sig(f"(value: {type_}, low: {type_}, high: {type_}) -> bool", sql=pattern % _BETWEEN)
            for type_ in ("datetime", "int", "long", "decimal", "timespan")
        ),
        sig("(value: real, low: real, high: real) -> bool", duckdb=pattern % _BETWEEN_REAL),
        sig("(value: dynamic, low: real, high: real) -> bool", duckdb=pattern % _BETWEEN_DYNAMIC),
        sig(f"(value: {_NUMBERS}, low: dynamic, high: dynamic) -> bool", kql=f"{negation}(value >= low and value <= high)"),
        sig(
            "(value: datetime, low: datetime, high: timespan) -> bool",
            sql=pattern % "({value} BETWEEN {low} AND {low} + {high})",
        ),
    ]


scalar(
    "between",
    "True when a value lies between two others, ends included. A timespan as the upper end counts from the lower one.",
    *_between("%s"),
    examples={
        "5 between (1 .. 5)": True,
        "5.5 between (1 .. 5)": False,
        "datetime(2024-02-08) between (datetime(2024-02-01) .. 7d)": True,
        "long(null) between (1 .. 5)": None,
        "dynamic({'n': 5.5}).n between (1 .. 5)": False,
        "5 between (dynamic(1) .. dynamic(5.5))": True,
    },
)
scalar(
    "!between",
    "True when a value does not lie between two others, ends included. A timespan as the upper end counts from the lower one.",
    *_between("(NOT %s)", "not"),
    examples={"5 !between (1 .. 5)": False, "5.5 !between (1 .. 5)": True, "5 !between (dynamic(1) .. dynamic('x'))": None},
)

scalar(
    "around",
    "True when a value lies at most a distance from a center.",
    *(
        sig(f"(value: {type_}, center: {type_}, delta: {delta}) -> bool", kql="value between (center - delta .. center + delta)")
        for type_, delta in (
            ("long", "long"),
            ("real", "real"),
            ("decimal", "decimal"),
            ("datetime", "timespan"),
            ("timespan", "timespan"),
        )
    ),
    examples={
        "around(9, 10, 1)": True,
        "around(datetime(2024-02-29 12:01), datetime(2024-02-29), 12h)": False,
        "around(9, 10, long(null))": None,
    },
)

# ------------------------------------------------------------------------------------------------------------ in

_ARRAY = "(CASE WHEN json_type({items}) = 'ARRAY' THEN {items} ELSE json_array({items}) END)"


def _in_array(type_: str) -> str:
    """Whether an array holds `{value}`."""
    element = FROM_TEXT[type_].replace("{value}", "item")
    return f"coalesce(list_contains(list_transform({_ARRAY} ->> '$[*]', lambda item: {element}), {{value}}), false)"


_INSIDE = {
    # A real that is not whole would be rounded as a long, and found.
    "long": f"(CASE WHEN {_INSIDE_REAL} = CAST({_INSIDE_LONG} AS DOUBLE) THEN {_INSIDE_LONG} END)".replace("{left}", "{value}"),
    "real": _INSIDE_REAL.replace("{left}", "{value}"),
}
_IN_DYNAMIC = f"coalesce(list_contains(CAST({_ARRAY} AS JSON[]), {{value}}), false)"


def _in_known_texts(items: str | None) -> str:
    """Whether a constant array holds the text `{value}`."""
    from json import loads

    found = loads(items or "[]")
    texts = [item for item in (found if isinstance(found, list) else [found]) if isinstance(item, str)]
    return f"({{value}} IN ({', '.join(map(quoted, texts))}))" if texts else "false"


def _not_in_known_texts(items: str | None) -> str:
    return f"(NOT {_in_known_texts(items)})"


def _in_folded(count: int) -> str:
    """Whether a list of texts holds `{value}`, whatever the case."""
    return f"(lower({{value}}) IN ({', '.join(f'lower({{items.{position}}})' for position in range(count))}))"


def _not_in_folded(count: int) -> str:
    return f"(NOT {_in_folded(count)})"


_IN_FOLDED_ARRAY = f"list_contains(list_transform({_ARRAY} ->> '$[*]', lambda item: lower(item)), lower({{value}}))"
_LISTED = ("int", "long", "real", "decimal", "datetime", "timespan", "guid", "bool")
_NOT_LISTED = [sig(f"(value: {value}, items: {items}...) -> bool") for value, items in _INCOMPARABLE.items()]

scalar(
    "in",
    "True when a value equals one of several, or an element of an array; text by case.",
    sig("(value: string, items: string...) -> bool", sql="({value} IN ({items}))"),
    sig("(value: string, items: const array) -> bool", duckdb=_in_known_texts),
    sig("(value: string, items: array) -> bool", duckdb=_in_array("string")),
    *(
        sig(
            f"(value: {type_}, items: {type_}...) -> bool",
            duckdb="coalesce({value} IN ({items}), false)",
            where="({value} IN ({items}))",
        )
        for type_ in _LISTED
    ),
    *(sig(f"(value: {type_}, items: array) -> bool", duckdb=_in_array(type_)) for type_ in _LISTED),
    *(
        sig(f"(value: dynamic, items: {type_}...) -> bool", duckdb=f"coalesce({inside} IN ({{items}}), false)")
        for type_, inside in _INSIDE.items()
    ),
    sig("(value: dynamic, items: array) -> bool", duckdb=_IN_DYNAMIC),
    *_NOT_LISTED,
    examples={
        "'root' in ('root', 'admin')": True,
        "'Root' in ('root', 'admin')": False,
        "'root' in (dynamic(['root', 'admin']))": True,
        "3 in (1, 2.5, 3)": True,
        "long(null) in (1, 2)": False,
        "443 in (dynamic([80, 443]))": True,
        "datetime(2024-02-29) in (dynamic(['2024-02-29']))": True,
        "dynamic({'port': 443}).port in (dynamic([80, 443]))": True,
        "'443' in (80, 443)": True,
        "443 in ('80', '0443')": False,
    },
    differs=_UNRELATED,
)
scalar(
    "!in",
    "True when a value equals none of several, or no element of an array; text by case.",
    sig("(value: string, items: string...) -> bool", sql="({value} NOT IN ({items}))"),
    sig("(value: string, items: const array) -> bool", duckdb=_not_in_known_texts),
    sig("(value: string, items: array) -> bool", duckdb=f"(NOT {_in_array('string')})"),
    *(
        sig(f"(value: {type_}, items: {type_}...) -> bool", duckdb="(NOT coalesce({value} IN ({items}), false))")
        for type_ in _LISTED
    ),
    *(sig(f"(value: {type_}, items: array) -> bool", duckdb=f"(NOT {_in_array(type_)})") for type_ in _LISTED),
    *(
        sig(f"(value: dynamic, items: {type_}...) -> bool", duckdb=f"(NOT coalesce({inside} IN ({{items}}), false))")
        for type_, inside in _INSIDE.items()
    ),
    sig("(value: dynamic, items: array) -> bool", duckdb=f"(NOT {_IN_DYNAMIC})"),
    *_NOT_LISTED,
    examples={"'Root' !in ('root', 'admin')": True, "long(null) !in (1, 2)": True, "80 !in (dynamic([80, 443]))": False},
    differs=_UNRELATED,
)
scalar(
    "in~",
    "True when a text equals one of several, or an element of an array, whatever the case.",
    sig("(value: string, items: string...) -> bool", duckdb=_in_folded),
    sig("(value: string, items: array) -> bool", duckdb=f"coalesce({_IN_FOLDED_ARRAY}, false)"),
    examples={"'Root' in~ ('ROOT', 'admin')": True, "'Root' in~ (dynamic(['admin', 'root']))": True},
)
scalar(
    "!in~",
    "True when a text equals none of several, or no element of an array, whatever the case.",
    sig("(value: string, items: string...) -> bool", duckdb=_not_in_folded),
    sig("(value: string, items: array) -> bool", duckdb=f"(NOT coalesce({_IN_FOLDED_ARRAY}, false))"),
    examples={"'Root' !in~ ('ROOT', 'admin')": False, "'Root' !in~ (dynamic(['admin']))": True},
)
