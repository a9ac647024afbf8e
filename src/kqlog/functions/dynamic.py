"""Dynamic values: reading JSON, property bags, and what a value is."""

from __future__ import annotations

import re

from kqlog.functions.declare import alias, quoted, scalar, sig


def _bag(entries: str) -> str:
    """SQL for the bag of a list of (key, value) pairs; keys are text, values JSON or null."""
    texts = f"list_transform({entries}, lambda entry: to_json(entry[1])::VARCHAR || ':' || coalesce(entry[2]::VARCHAR, 'null'))"
    return f"('{{' || array_to_string({texts}, ',') || '}}')::JSON"


def _entries(bag: str) -> str:
    """SQL for the (key, value) pairs of a bag, an empty list for what is no bag."""
    return f"list_zip(json_keys({bag})::VARCHAR[], json_extract({bag}, '$.*')::JSON[])"


def _when_bag(bag: str, sql: str) -> str:
    return f"(CASE WHEN json_type({bag}) = 'OBJECT' THEN {sql} END)"


# yyjson reads NaN and Infinity, which are no JSON; '' and null are the null value.
_PARSED = "json(try_cast({json_text} AS JSON))"
PARSE_JSON = (
    f"(CASE WHEN {_PARSED} IS NULL OR {_PARSED}::VARCHAR IN ('NaN', 'Infinity', '-Infinity') "
    "THEN to_json(nullif({json_text}, '')) "
    f"WHEN {_PARSED}::VARCHAR = 'null' THEN NULL ELSE {_PARSED} END)"
)

scalar(
    "parse_json",
    "The value that a JSON text stands for. A text that is no JSON becomes a dynamic string, an empty one null.",
    sig("(json_text: dynamic) -> dynamic", sql="{json_text}"),
    sig("(json_text: string) -> dynamic", duckdb=PARSE_JSON),
    result="{first}",
    examples={
        """parse_json('{"user": "alice", "tries": [1, 2]}')""": {"user": "alice", "tries": [1, 2]},
        "parse_json('9007199254740993')": 9007199254740993,
        "parse_json('not json')": "not json",
        "parse_json('')": None,
    },
)
alias("parsejson", "parse_json")
alias("todynamic", "parse_json", deprecated=False)
alias("toobject", "parse_json")

scalar(
    "dynamic_to_json",
    "The one text that equal dynamic values share: keys sorted, no spaces.",
    sig("(dynamic: dynamic) -> string", python="bags.canonical_text"),
    sig("(dynamic: text) -> string", sql="{dynamic}"),
    examples={
        "dynamic_to_json(dynamic({'b': 1, 'a': [2, 3]}))": '{"a":[2,3],"b":1}',
        "dynamic_to_json(1.5)": "1.5",
        "dynamic_to_json(dynamic(null))": "",
    },
)

# JSON has one kind of number: a whole one is told to be int or long by its size, as Kusto does for parsed text.
_JSON_TYPE = """(CASE coalesce(json_type({value}), 'NULL')
    WHEN 'OBJECT' THEN 'dictionary'
    WHEN 'ARRAY' THEN 'array'
    WHEN 'VARCHAR' THEN 'string'
    WHEN 'BOOLEAN' THEN 'bool'
    WHEN 'NULL' THEN 'null'
    ELSE CASE WHEN json_type({value}) = 'DOUBLE' THEN 'real'
              WHEN try_cast({value} AS INTEGER) IS NOT NULL THEN 'int'
              WHEN try_cast({value} AS BIGINT) IS NOT NULL THEN 'long'
              ELSE 'real' END
    END)"""

scalar(
    "gettype",
    "The type of a value; for a dynamic value of what it holds: dictionary, array, string, int, long, real, bool or null.",
    sig("(value: bool) -> string", sql="'bool'"),
    sig("(value: int) -> string", sql="'int'"),
    sig("(value: long) -> string", sql="'long'"),
    sig("(value: real) -> string", sql="'real'"),
    sig("(value: decimal) -> string", sql="'decimal'"),
    sig("(value: string) -> string", sql="'string'"),
    sig("(value: datetime) -> string", sql="'datetime'"),
    sig("(value: timespan) -> string", sql="'timespan'"),
    sig("(value: guid) -> string", sql="'guid'"),
    sig("(value: dynamic) -> string", duckdb=_JSON_TYPE),
    result="type_{first}",
    examples={
        "gettype(5)": "long",
        "gettype(dynamic({'a': 1}))": "dictionary",
        "gettype(dynamic([1]))": "array",
        "gettype(dynamic(null))": "null",
        "gettype(parse_json('5'))": "int",
        "gettype(parse_json('5000000000'))": "long",
    },
)

scalar(
    "bag_pack",
    "A property bag of alternating keys and values.",
    # The two parameters repeat together: {key} is every argument from the first key on.
    sig("(key: string..., value: packed...) -> bag", duckdb="json_object({key})"),
    examples={
        "bag_pack('user', 'alice', 'tries', 3)": {"user": "alice", "tries": 3},
        "bag_pack('user', int(null))": {"user": None},
    },
)
alias("pack", "bag_pack")
alias("pack_dictionary", "bag_pack")

scalar(
    "bag_pack_columns",
    "A property bag of some columns, under their names.",
    sig("(value: column scalar...) -> bag"),
)

scalar(
    "pack_all",
    "A property bag of all columns, on request without the null and empty ones.",
    sig("(ignore_null_empty?: const bool) -> bag"),
)

scalar(
    "__bag_without_empty",
    "A property bag without its null and empty values, as pack_all(true) wants it.",
    sig(
        "(bag: bag) -> bag",
        duckdb=_when_bag(
            "{bag}", _bag(f"list_filter({_entries('{bag}')}, lambda entry: entry[2]::VARCHAR NOT IN ('null', '\"\"'))")
        ),
    ),
    examples={"__bag_without_empty(dynamic({'a': '', 'b': null, 'c': 0}))": {"c": 0}},
)


def _bag_merge(count: int) -> str:
    """The leftmost bag that has a key gives its value; what is no bag adds nothing."""
    bags = [f"{{bag.{number}}}" for number in range(count)]
    entries = f"list_concat({', '.join(_entries(bag) for bag in bags)})"
    first = "list_position(list_transform(entries, lambda entry: entry[1]), entry[1]) = place"
    merged = f"list_transform([{entries}], lambda entries: list_filter(entries, lambda entry, place: {first}))[1]"
    some = " OR ".join(f"json_type({bag}) = 'OBJECT'" for bag in bags)
    return f"(CASE WHEN {some} THEN {_bag(merged)} END)"


scalar(
    "bag_merge",
    "One property bag of several. A key that more than one has keeps the leftmost value.",
    sig("(bag: bag...) -> bag", duckdb=_bag_merge),
    examples={"bag_merge(dynamic({'a': 1, 'b': 2}), dynamic({'b': 3, 'c': null}))": {"a": 1, "b": 2, "c": None}},
)

scalar(
    "bag_keys",
    "The keys at the root of a property bag; null for what is no bag.",
    sig("(object: bag) -> dynamic", duckdb=_when_bag("{object}", "to_json(json_keys({object}))")),
    examples={"bag_keys(dynamic({'a': 1, 'b': {'c': 2}}))": ["a", "b"], "bag_keys(parse_json('[1]'))": None},
)


def path_names(key: str) -> list[str]:
    """The names that a key stands for: the steps of `$.a.b` and `$['a']['b']`, or the key itself if it is no such path."""
    step = r"""\.([^.\[]+)|\[['"](.*?)['"]\]"""
    if not re.fullmatch(rf"\$(?:{step})+", key):
        return [key]
    return [plain or in_quotes for plain, in_quotes in re.findall(step, key)]


def _bag_has_key(key: str) -> str:
    *outer, last = path_names(key)
    pointer = "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in outer)
    holder = f"json_extract({{bag}}, {quoted(pointer)})" if outer else "{bag}"
    return f"(CASE WHEN {{bag}} IS NOT NULL THEN coalesce(list_contains(json_keys({holder}), {quoted(last)}), false) END)"


scalar(
    "bag_has_key",
    "True when a property bag has a key. A key such as `$.user.name` looks into inner bags.",
    sig("(bag: bag, key: const string) -> bool", duckdb=_bag_has_key),
    sig("(bag: bag, key: string) -> bool", python="bags.has_key"),
    examples={
        "bag_has_key(dynamic({'a': null}), 'a')": True,
        "bag_has_key(dynamic({'a': {'b': 1}}), '$.a.b')": True,
        "bag_has_key(dynamic({'a': {'b': 1}}), 'b')": False,
        "bag_has_key(dynamic({'a': [1]}), '$.a.b')": False,
        "bag_has_key(dynamic(null), 'a')": None,
    },
)

scalar(
    "bag_remove_keys",
    "A property bag without some keys. A key such as `$.user.name` is removed from an inner bag.",
    sig("(bag: bag, keys: array) -> bag", python="bags.remove_keys"),
    examples={
        "bag_remove_keys(dynamic({'a': 1, 'b': 2}), dynamic(['b', 'x']))": {"a": 1},
        "bag_remove_keys(dynamic({'a': {'b': 1, 'c': 2}}), dynamic(['$.a.b']))": {"a": {"c": 2}},
        "bag_remove_keys(parse_json('[1]'), dynamic(['a']))": None,
    },
)

scalar(
    "bag_set_key",
    "A property bag with one key set to a value. A key such as `$.user.name` is set in an inner bag, which is made if need be.",
    sig("(bag: bag, key: const string, value: packed) -> bag", python="bags.set_key"),
    examples={
        "bag_set_key(dynamic({'a': 1}), 'b', 2)": {"a": 1, "b": 2},
        "bag_set_key(dynamic({'a': 1}), '$.b.c', 'x')": {"a": 1, "b": {"c": "x"}},
        "bag_set_key(parse_json('[1]'), 'a', 1)": None,
    },
)

scalar(
    "bag_zip",
    "A property bag of an array of keys and an array of values. Keys that are no strings are left out, missing values are null.",
    sig("(keys: array, values: array) -> bag", python="bags.zipped"),
    examples={
        "bag_zip(dynamic(['a', 7, 'b']), dynamic([1, 2]))": {"a": 1, "b": None},
        "bag_zip(parse_json('7'), dynamic([1]))": None,
    },
)

scalar(
    "treepath",
    "The paths to everything inside a dynamic value; all elements of an array share the path `[0]`.",
    sig("(object: bag) -> array", python="bags.paths"),
    result="tree_{first}",
    examples={
        "treepath(dynamic({'a': [5, {'b': 1}]}))": ["['a']", "['a'][0]", "['a'][0]['b']"],
        "treepath(parse_json('5'))": None,
    },
)
