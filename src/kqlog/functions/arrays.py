"""Arrays inside dynamic values, also as sets. Elements are moved as JSON text, so that numbers stay exact."""

from __future__ import annotations

from kqlog.functions.declare import Function, Signature, alias, scalar, sig

MOST_VALUES = 1_048_576
"""The longest array that range() and repeat() give."""

_ELEMENTS = "try_cast({array} AS JSON[])"
"""The array as a list, null for what is no array; a JSON null inside is a NULL."""


def _let(name: str, value: str, sql: str) -> str:
    """SQL in which `name` stands for a value that is computed once: a lambda computes what it mentions for each element."""
    return f"list_transform([{value}], lambda {name}: {sql})[1]"


scalar(
    "array_length",
    "The number of elements of an array; null for what is no array.",
    sig("(array: array) -> long", duckdb="(CASE WHEN json_type({array}) = 'ARRAY' THEN json_array_length({array})::BIGINT END)"),
    examples={"array_length(dynamic([1, 'a', null]))": 3, "array_length(parse_json('7'))": None},
)

alias("arraylength", "array_length")
scalar(
    "array_reverse",
    "An array from its last element to its first.",
    sig("(value: array) -> array", duckdb="to_json(list_reverse(try_cast({value} AS JSON[])))"),
    examples={
        "array_reverse(dynamic([1, 2, 9007199254740993]))": [9007199254740993, 2, 1],
        "array_reverse(parse_json('\"abc\"'))": None,
    },
)


def _array_concat(count: int) -> str:
    arrays = [f"{{array.{number}}}" for number in range(count)]
    known = " AND ".join(f"json_type({array}) = 'ARRAY'" for array in arrays)
    return f"(CASE WHEN {known} THEN to_json(list_concat({', '.join(f'try_cast({array} AS JSON[])' for array in arrays)})) END)"


scalar(
    "array_concat",
    "One array of the elements of several; null if one of them is no array.",
    sig("(array: array...) -> array", duckdb=_array_concat),
    examples={"array_concat(dynamic([1, 2]), dynamic([]), dynamic(['a']))": [1, 2, "a"]},
)

_SLICE = """(CASE WHEN json_type({array}) = 'ARRAY' AND {start} IS NOT NULL AND {end} IS NOT NULL
    THEN to_json(try_cast({array} AS JSON[])[
    greatest(CASE WHEN {start} < 0 THEN json_array_length({array})::BIGINT + {start} ELSE {start} END, 0) + 1 :
    greatest(CASE WHEN {end} < 0 THEN json_array_length({array})::BIGINT + {end} ELSE {end} END + 1, 0)]) END)"""

scalar(
    "array_slice",
    "The elements from one position to another, both included. A negative position counts from the end, one outside is ignored.",
    sig("(array: array, start: long, end: long) -> array", duckdb=_SLICE),
    examples={
        "array_slice(dynamic([10, 20, 30, 40]), 1, 2)": [20, 30],
        "array_slice(dynamic([10, 20, 30, 40]), -2, -1)": [30, 40],
        "array_slice(dynamic([10, 20, 30, 40]), 2, 99)": [30, 40],
        "array_slice(parse_json('\"abc\"'), 0, 1)": None,
    },
)

scalar(
    "array_split",
    "An array cut before some positions, as an array of arrays. A negative position counts from the end.",
    sig("(array: array, index: long) -> array", python="arrays.split_at"),
    sig("(array: array, indices: array) -> array", python="arrays.split_at_all"),
    examples={
        "array_split(dynamic([1, 2, 3]), 1)": [[1], [2, 3]],
        "array_split(dynamic([1, 2, 3, 4]), dynamic([1, -1]))": [[1], [2, 3], [4]],
        "array_split(dynamic([1, 2]), dynamic(['a']))": None,
    },
)


def _rotate(sign: str) -> str:
    steps = f"((({sign}{{count}}) % greatest(len(items), 1) + len(items)) % greatest(len(items), 1))"
    rotated = f"to_json(list_concat(items[{steps} + 1:], items[:{steps}]))"
    return _let("items", _ELEMENTS, f"CASE WHEN {steps} IS NOT NULL THEN {rotated} END")


scalar(
    "array_rotate_left",
    "An array whose first elements went to its end.",
    sig("(array: array, count: long) -> array", duckdb=_rotate("")),
    examples={
        "array_rotate_left(dynamic([1, 2, 3, 4]), 1)": [2, 3, 4, 1],
        "array_rotate_left(dynamic([1, 2, 3, 4]), -5)": [4, 1, 2, 3],
        "array_rotate_left(parse_json('{}'), 1)": None,
    },
)

scalar(
    "array_rotate_right",
    "An array whose last elements went to its front.",
    sig("(array: array, count: long) -> array", duckdb=_rotate("-")),
    examples={
        "array_rotate_right(dynamic([1, 2, 3, 4]), 1)": [4, 1, 2, 3],
        "array_rotate_right(dynamic([1]), long(null))": None,
    },
)


def _shift(sign: str, fill: str) -> str:
    # More steps than elements change nothing, and a HUGEINT has room for minus the least long.
    steps = f"(greatest(least({sign}({{count}}::HUGEINT), len(items)), -len(items))::BIGINT)"
    filler = f"list_resize([]::JSON[], abs({steps}), {fill})"
    left = f"list_concat(items[{steps} + 1:], {filler})"
    right = f"list_concat({filler}, items[:len(items) + {steps}])"
    shifted = f"to_json(CASE WHEN {steps} >= 0 THEN {left} ELSE {right} END)"
    return _let("items", _ELEMENTS, f"CASE WHEN items IS NOT NULL AND {{count}} IS NOT NULL THEN {shifted} END")


_FILL = "CASE WHEN json_type(items[1]) = 'VARCHAR' THEN '\"\"'::JSON END"
"""What an array of strings is filled with is empty, as a string is never null."""

scalar(
    "array_shift_left",
    "An array moved left: what falls off is lost, what is free at the end is filled with null ('' among strings) or a value.",
    sig("(array: array, count: long) -> array", duckdb=_shift("", _FILL)),
    sig("(array: array, count: long, default_value: packed) -> array", duckdb=_shift("", "{default_value}")),
    examples={
        "array_shift_left(dynamic([1, 2, 3]), 1)": [2, 3, None],
        "array_shift_left(dynamic([1, 2, 3]), -2, 0)": [0, 0, 1],
        "array_shift_left(dynamic(['a', 'b']), 5)": ["", ""],
        "array_shift_left(parse_json('\"a\"'), 1)": None,
    },
)

scalar(
    "array_shift_right",
    "An array moved right: what falls off is lost, what is free at the front is filled with null ('' among strings) or a value.",
    sig("(array: array, count: long) -> array", duckdb=_shift("-", _FILL)),
    sig("(array: array, count: long, default_value: packed) -> array", duckdb=_shift("-", "{default_value}")),
    examples={
        "array_shift_right(dynamic([1, 2, 3]), 1, 7)": [7, 1, 2],
        "array_shift_right(dynamic([1]), long(null))": None,
    },
)


def _branch(values: str) -> str:
    """The values of a branch of array_iff: an array's own, or one value for all."""
    alone = f"list_resize([]::JSON[], json_array_length({{condition_array}}), {values})"
    return f"CASE WHEN json_type({values}) = 'ARRAY' THEN try_cast({values} AS JSON[]) ELSE {alone} END"


_ARRAY_IFF = f"""(CASE WHEN json_type({{condition_array}}) = 'ARRAY' THEN to_json(list_transform(
    list_zip(try_cast({{condition_array}} AS JSON[]), {_branch("{when_true}")}, {_branch("{when_false}")})
        [:json_array_length({{condition_array}})::BIGINT],
    lambda row: CASE CASE WHEN json_type(row[1]) <> 'VARCHAR' THEN try_cast(row[1] AS BOOLEAN) END
        WHEN true THEN row[2] WHEN false THEN row[3] END)) END)"""

scalar(
    "array_iff",
    "For each condition of an array the value of one array or the other, or of one value for all; null where there is none.",
    sig("(condition_array: array, when_true: packed, when_false: packed) -> array", duckdb=_ARRAY_IFF),
    examples={
        "array_iff(dynamic([true, false, 5]), dynamic([1, 2, 3]), 'no')": [1, "no", 3],
        "array_iff(dynamic([true, 'x']), 1, 0)": [1, None],
    },
)
alias("array_iif", "array_iff", deprecated=False)


def _plain_number(value: str) -> str:
    """A JSON value in which a real that is whole is written as a whole number: 2 and 2.0 are one number."""
    whole = f"CASE WHEN json_type({value}) = 'DOUBLE' AND {value}::DOUBLE = trunc({value}::DOUBLE) THEN {value}::DOUBLE END"
    return f"coalesce(to_json(try_cast({whole} AS BIGINT)), {value})"


_SOUGHT = {
    "int|long|real|dynamic": (
        f"list_transform({_ELEMENTS}, lambda item: {_plain_number('item')})",
        _plain_number("to_json({value})"),
    ),
    "packed": (_ELEMENTS, "{value}"),
}
"""For the types of a value that is looked for in `{array}`: the elements, and the value as one of them."""


def _position(elements: str, value: str) -> str:
    known = f"coalesce(list_position({elements}, {value})::BIGINT - 1, -1)"
    return f"(CASE WHEN json_type({{array}}) = 'ARRAY' THEN {known} END)"


def _position_within(elements: str, value: str, length: str = "-1", occurrence: str = "1") -> str:
    """The positions of a value from `{start}` on, of which one is wanted."""
    first = "CASE WHEN {start} < 0 THEN greatest(len(items) + {start}, 0) ELSE {start} END"
    found = f"list_transform(items, lambda item, place: CASE WHEN item = {value} THEN place::BIGINT - 1 END)"
    inside = f"place >= {first} AND ({length} = -1 OR place < {first} + {length})"
    place = f"list_filter({found}, lambda place: {inside})[{occurrence}]"
    known = _let("items", elements, f"CASE WHEN items IS NOT NULL THEN coalesce({place}, -1) END")
    return f"(CASE WHEN {length} >= -1 AND {occurrence} >= 0 THEN {known} END)"


def _positions(type_: str, elements: str, value: str) -> tuple[Signature, ...]:
    """The overloads of array_index_of for a type of value."""
    head, limits = f"array: array, value: {type_}", "start: long, length: long"
    within = f"({head}, {limits}, occurrence: const long) -> long"
    return (
        sig(f"({head}) -> long", duckdb=_position(elements, value)),
        sig(f"({head}, start: long) -> long", duckdb=_position_within(elements, value)),
        sig(f"({head}, {limits}) -> long", duckdb=_position_within(elements, value, "{length}")),
        sig(within, duckdb=_position_within(elements, value, "{length}", "{occurrence}")),
    )


scalar(
    "array_index_of",
    "The position of a value in an array, -1 if it is not there. `start` may count from the end; a `length` of -1 has no limit.",
    *(signature for type_, sought in _SOUGHT.items() for signature in _positions(type_, *sought)),
    examples={
        "array_index_of(dynamic(['a', 'b', 'a']), 'b')": 1,
        "array_index_of(dynamic(['a', 'b', 'a']), 'a', -2)": 2,
        "array_index_of(dynamic(['a', 'b', 'a']), 'a', 1, 1)": -1,
        "array_index_of(dynamic(['a', 'b', 'a']), 'a', 0, -1, 2)": 2,
        "array_index_of(dynamic([1, 2.0]), 2)": 1,
        "array_index_of(dynamic(['a']), 'a', 0, -2)": None,
    },
)


def _sort_several(body: str) -> tuple[Signature, ...]:
    """The overloads that sort further arrays like the first, which makes a column for each."""
    with_nulls = (
        "(array1: array, array2: array, nulls_last: const bool)",
        "(array1: array, array2: array, array3: array, nulls_last: const bool)",
    )
    return tuple(
        sig(f"{text} -> columns(sorted: dynamic)", python=body) for text in ("(array1: array, array2: array...)", *with_nulls)
    )


scalar(
    "array_sort_asc",
    "Arrays in the ascending order of the first one: numbers, then strings, then the rest, nulls last unless told otherwise.",
    sig("(array: array, nulls_last?: const bool) -> array", python="arrays.sort_asc"),
    *_sort_several("arrays.sort_several_asc"),
    result="{each}_sorted",
    examples={
        "array_sort_asc(dynamic([3, null, 1, 'b', 'B']))": [1, 3, "B", "b", None],
        "array_sort_asc(dynamic([2, null, 1]), false)": [None, 1, 2],
        "array_sort_asc(dynamic([2, 3, 1]), dynamic(['b', 'c', 'a']))": [[1, 2, 3], ["a", "b", "c"]],
    },
)

scalar(
    "array_sort_desc",
    "Arrays in the descending order of the first one: numbers, then strings, then the rest, nulls last unless told otherwise.",
    sig("(array: array, nulls_last?: const bool) -> array", python="arrays.sort_desc"),
    *_sort_several("arrays.sort_several_desc"),
    result="{each}_sorted",
    examples={"array_sort_desc(dynamic([9007199254740992, null, 9007199254740993]))": [9007199254740993, 9007199254740992, None]},
)

_TEXTS = "list_transform(json_extract_string({array}, '$[*]')::VARCHAR[], lambda item: coalesce(item, ''))"

# For a delimiter that differs from row to row, which array_to_string does not take.
_JOINED = f"list_reduce({_TEXTS}, lambda text, item: text || {{delimiter}} || item)"

scalar(
    "strcat_array",
    "The elements of an array as one text, with a delimiter between them.",
    sig("(array: array, delimiter: const string) -> string", duckdb=f"coalesce(array_to_string({_TEXTS}, {{delimiter}}), '')"),
    sig(
        "(array: array, delimiter: text) -> string",
        duckdb=f"(CASE WHEN json_array_length({{array}}) > 0 THEN {_JOINED} ELSE '' END)",
    ),
    examples={"strcat_array(dynamic([1, 'b', null, true]), '-')": "1-b--true", "strcat_array(dynamic(null), ',')": ""},
)
alias("array_strcat", "strcat_array")

scalar(
    "pack_array",
    "An array of some values; `*` stands for all columns.",
    sig("(value: packed...) -> array", duckdb="json_array({value})"),
    sig("(columns: star) -> array"),
    examples={"pack_array(1, 'a', dynamic([2]), int(null))": [1, "a", [2], None]},
)


def _zip(count: int) -> str:
    arrays = [f"{{array.{number}}}" for number in range(count)]
    known = " AND ".join(f"json_type({array}) = 'ARRAY'" for array in arrays)
    lists = ", ".join(f"try_cast({array} AS JSON[])" for array in arrays)
    row = ", ".join(f"row[{number + 1}]" for number in range(count))
    return f"(CASE WHEN {known} THEN to_json(list_transform(list_zip({lists}), lambda row: [{row}])) END)"


scalar(
    "zip",
    "An array of arrays: the first elements of all, then the second ones ... A shorter array is filled with null.",
    sig("(array: array...) -> array", duckdb=_zip),
    examples={"zip(dynamic([1, 3]), dynamic([2]))": [[1, 2], [3, None]], "zip(dynamic([1]), parse_json('\"a\"'))": None},
)

scalar(
    "repeat",
    f"An array of one value several times, at most {MOST_VALUES:,} times; null for a negative count.",
    sig(
        "(value: packed, count: long) -> array",
        duckdb=f"""(CASE WHEN {{count}} >= 0
            THEN to_json(list_resize([]::JSON[], least({{count}}, {MOST_VALUES}), {{value}})) END)""",
    ),
    result="repeat_{first}",
    examples={
        "repeat('a', 3)": ["a", "a", "a"],
        "repeat(1, 0)": [],
        "repeat(1, -1)": None,
        "array_length(repeat(1, 1000000000))": 1048576,
    },
)

_LAST = f"({{start}}::HUGEINT + {{step}}::HUGEINT * {MOST_VALUES - 1})"
# One call whose end depends on the step's sign: of two, DuckDB would also work out the one that is not wanted, and without end.
_END = f"(CASE WHEN {{step}} > 0 THEN least({{stop}}, {_LAST}) ELSE greatest({{stop}}, {_LAST}) END)::BIGINT"
_LONGS = f"generate_series({{start}}, {_END}, nullif({{step}}, 0))"
_REALS = f"""(CASE WHEN {{step}} <> 0 THEN list_transform(
    range(greatest(least(floor(({{stop}} - {{start}}) / {{step}}) + 1, {MOST_VALUES}), 0)::BIGINT),
    lambda place: {{start}} + place * {{step}}) END)"""

scalar(
    "range",
    "An array of equally spaced values from one to at most another; the step is 1, or 1h for datetimes and timespans.",
    sig("(start: long, stop: long) -> array", kql="range(start, stop, 1)"),
    sig("(start: real, stop: real) -> array", kql="range(start, stop, 1.0)"),
    sig("(start: datetime, stop: datetime) -> array", kql="range(start, stop, 1h)"),
    sig("(start: timespan, stop: timespan) -> array", kql="range(start, stop, 1h)"),
    sig("(start: long, stop: long, step: long) -> longs", duckdb=_LONGS),
    sig("(start: real, stop: real, step: real) -> reals", duckdb=_REALS),
    sig("(start: datetime, stop: datetime, step: timespan) -> array", python="arrays.datetime_range"),
    sig("(start: timespan, stop: timespan, step: timespan) -> array", python="arrays.timespan_range"),
    examples={
        "range(1, 8, 3)": [1, 4, 7],
        "range(3, 1, -1)": [3, 2, 1],
        "range(1, 2)": [1, 2],
        "range(1.0, 2.0, 0.5)": [1.0, 1.5, 2.0],
        "range(1h, 2h, 30m)": ["01:00:00", "01:30:00", "02:00:00"],
        "range(datetime(2020-01-01), datetime(2020-01-01 01:00))": [
            "2020-01-01T00:00:00.0000000Z",
            "2020-01-01T01:00:00.0000000Z",
        ],
        "range(1, 8, 0)": None,
    },
)

# Not declared, so that no query calls it: what it gives is a list of numbers, which no type of KQL is.
COUNTED = Function(
    "counted values",
    "What range() gives for longs, and for the ticks of datetimes and timespans, as it is before it is made dynamic.",
    (
        sig(
            "(start: long, stop: long, step: long) -> long",
            duckdb=f"coalesce(generate_series({{start}}, {_END}, nullif({{step}}, 0)), [null])",
        ),
    ),
)

scalar(
    "set_has_element",
    "True when an array has a value.",
    sig("(set: array, value: decimal) -> bool", kql="set_has_element(set, toreal(value))"),
    *(
        sig(f"(set: array, value: {type_}) -> bool", duckdb=f"list_contains({elements.replace('{array}', '{set}')}, {value})")
        for type_, (elements, value) in _SOUGHT.items()
    ),
    examples={
        "set_has_element(dynamic(['a', 'b']), 'b')": True,
        "set_has_element(dynamic([1, 2]), '1')": False,
        "set_has_element(dynamic([1, 2]), 2.0)": True,
        "set_has_element(parse_json('\"a\"'), 'a')": None,
    },
)

scalar(
    "set_union",
    "The distinct values that are in any of some arrays; null if one of them is no array.",
    sig("(set: array, sets: array...) -> array", python="sets.union"),
    examples={
        "set_union(dynamic([1, 2, 1]), dynamic([3, 2]))": [1, 2, 3],
        "set_union(dynamic([1]), parse_json('1'))": None,
    },
)

scalar(
    "set_intersect",
    "The distinct values that are in all of some arrays; null if one of them is no array.",
    sig("(set: array, sets: array...) -> array", python="sets.intersect"),
    examples={
        "set_intersect(dynamic([1, 2, 3]), dynamic([3, 1]))": [1, 3],
        "set_intersect(dynamic([1]), dynamic(null))": None,
    },
)

scalar(
    "set_difference",
    "The distinct values of the first array that are in none of the others; null if one of them is no array.",
    sig("(set: array, sets: array...) -> array", python="sets.difference"),
    examples={
        "set_difference(dynamic([1, 2, 2, 3]), dynamic([3]), dynamic([1]))": [2],
        "set_difference(parse_json('{}'), dynamic([1]))": None,
    },
)

scalar(
    "set_equals",
    "True when two arrays have the same distinct values.",
    sig("(set1: array, set2: array) -> bool", python="sets.equals"),
    examples={
        "set_equals(dynamic([1, 2]), dynamic([2, 1, 2]))": True,
        "set_equals(dynamic([1]), dynamic([2]))": False,
        "set_equals(dynamic([1]), parse_json('1'))": None,
    },
)

scalar(
    "jaccard_index",
    "How alike two sets are: the share of their common values among all values, from 0 to 1.",
    sig("(set1: array, set2: array) -> dynamic", python="sets.jaccard_index"),
    examples={
        "jaccard_index(dynamic([1, 2, 3]), dynamic([2, 3, 4]))": 0.5,
        "jaccard_index(dynamic([1]), parse_json('\"abc\"'))": None,
    },
)
