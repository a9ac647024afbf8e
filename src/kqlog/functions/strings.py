"""Text: its length, parts, case, and what to put in their place."""

from __future__ import annotations

from kqlog.functions.declare import quoted, scalar, sig
from kqlog.regex import escaped, translated

MOST_REPEATS = 1024
"""How often strrep() repeats a text at most."""
MOST_REPEATED = 67_108_864
"""How many characters it repeats at most."""

scalar(
    "strlen",
    "How many characters (Unicode code points) a text has.",
    sig("(source: readable) -> long", duckdb="length({source})"),
    result="strlen_{first}",
    examples={"strlen('naïve')": 5, "strlen('')": 0},
)
scalar(
    "string_size",
    "How many bytes a text takes in UTF-8.",
    sig("(source: readable) -> long", duckdb="strlen({source})"),
    result="string_size_{first}",
    examples={"string_size('naïve')": 6, "string_size('')": 0},
)
scalar(
    "isascii",
    "True when all characters of a text are ASCII.",
    sig("(value: text) -> bool", duckdb="(strlen({value}) = length({value}))"),
    examples={"isascii('plain')": True, "isascii('naïve')": False, "isascii('')": True},
)
scalar(
    "isutf8",
    "True when a text is valid UTF-8, as all text here is.",
    sig("(value: text) -> bool", sql="({value} IS NOT NULL)"),
    examples={"isutf8('naïve')": True},
)

# ------------------------------------------------------------------------------------------------------------------ joined

scalar(
    "strcat",
    "Some values as one text.",
    sig("(argument: text...) -> string", sql="concat({argument})"),
    examples={"strcat('user', 7, '@', 'host')": "user7@host", "strcat('a', long(null), 'b')": "ab"},
)
scalar(
    "strcat_delim",
    "Some values as one text, with a delimiter between them.",
    sig("(delimiter: text, first: text, others: text...) -> string", sql="concat_ws({delimiter}, {first}, {others})"),
    examples={"strcat_delim('-', 'a', '', 3)": "a--3"},
)


def _repeated(text: str) -> str:
    times = f"least(greatest(coalesce({{multiplier}}, 0), 0), {MOST_REPEATS}, {MOST_REPEATED} // greatest(length({text}), 1))"
    return f"repeat({text}, {times}::INTEGER)"


scalar(
    "strrep",
    f"A text several times, at most {MOST_REPEATS} and {MOST_REPEATED:,} characters, with a delimiter in between.",
    sig("(value: text, multiplier: long) -> string", sql=_repeated("{value}")),
    sig(
        "(value: text, multiplier: long, delimiter: text) -> string",
        sql=f"substring({_repeated('({delimiter} || {value})')}, length({{delimiter}}) + 1)",
    ),
    examples={"strrep('ab', 3)": "ababab", "strrep(7, 3, '.')": "7.7.7", "strrep('x', 0)": ""},
)

# ------------------------------------------------------------------------------------------------------------- case, order

scalar(
    "tolower",
    "A text in lower case.",
    sig("(value: text) -> string", sql="lower({value})"),
    examples={"tolower('ÀB')": "àb", "tolower(dynamic(null))": ""},
)
scalar(
    "toupper",
    "A text in upper case.",
    # The engine would make a capital of ß.
    sig(
        "(value: text) -> string",
        sql="(CASE WHEN contains({value}, 'ß') THEN replace(upper({value}), 'ẞ', 'ß') ELSE upper({value}) END)",
    ),
    examples={"toupper('àb')": "ÀB", "toupper('Maß')": "MAß", "toupper('')": ""},
)
scalar(
    "reverse",
    "A text from its last character to its first.",
    sig("(value: text) -> string", duckdb="array_to_string(list_reverse(string_split({value}, '')), '')"),
    examples={"reverse('abc')": "cba", "reverse(120)": "021", "reverse('')": ""},
)
scalar(
    "strcmp",
    "Compares two texts by the code points of their characters: -1, 0 or 1.",
    sig("(string1: text, string2: text) -> long", sql="(({string1} > {string2})::BIGINT - ({string1} < {string2})::BIGINT)"),
    examples={"strcmp('a', 'b')": -1, "strcmp('b', 'B')": 1, "strcmp('a', 'a')": 0, "strcmp('ab', 'a')": 1},
)

# ------------------------------------------------------------------------------------------------------------- parts of it

MOST_CHARACTERS = 4_294_967_295
"""Positions beyond this raise an error in DuckDB."""


def _bounded(number: str) -> str:
    return f"least(greatest(coalesce({number}, 0), 0), {MOST_CHARACTERS})"


_FROM = f"""least(CASE WHEN {{start}} < 0 THEN greatest(length({{source}}) + {{start}}, 0) ELSE coalesce({{start}}, 0) END,
    {MOST_CHARACTERS - 1}) + 1"""


def _substring(start: int | None) -> str:
    if start is None or start < 0:
        return f"substring({{source}}, {_FROM})"
    return f"substring({{source}}, {min(start, MOST_CHARACTERS - 1) + 1})"


def _substring_of_length(start: int | None, length: int | None) -> str:
    if start is None or start < 0 or length is None:
        return f"substring({{source}}, {_FROM}, {_bounded('{length}')})"
    return f"substring({{source}}, {min(start, MOST_CHARACTERS - 1) + 1}, {min(max(length, 0), MOST_CHARACTERS)})"


scalar(
    "substring",
    "Part of a text. The first character is number 0; a negative start counts from the end.",
    sig("(source: text, start: const long) -> string", duckdb=_substring),
    sig("(source: text, start: long) -> string", duckdb=_substring(None)),
    sig("(source: text, start: const long, length: const long) -> string", duckdb=_substring_of_length),
    sig("(source: text, start: long, length: long) -> string", duckdb=_substring_of_length(None, None)),
    examples={
        "substring('abcdef', 1)": "bcdef",
        "substring('abcdef', 1, 2)": "bc",
        "substring('abcdef', -2)": "ef",
        "substring('abcdef', -3, 2)": "de",
        "substring('abcdef', 9)": "",
        "substring('abcdef', 0, -1)": "",
        "substring(12345, 3)": "45",
    },
)

_PIECES = "string_split({source}, {delimiter})"
# An empty delimiter parts nothing; string_split would part every character.
_SPLIT = f"(CASE WHEN {{delimiter}} = '' THEN json_array({{source}}) ELSE to_json({_PIECES}) END)"
_SPLIT_PART = f"""(CASE WHEN {{requested_index}} >= 0
    THEN to_json({_PIECES}[{{requested_index}} + 1 : {{requested_index}} + 1]) ELSE '[]'::JSON END)"""


def _split(delimiter: str) -> str:
    return f"to_json({_PIECES})" if delimiter else _SPLIT


scalar(
    "split",
    "The parts of a text between delimiters, as an array; with an index an array of that part alone, empty if there is none.",
    sig("(source: text, delimiter: const string) -> dynamic", duckdb=_split),
    sig("(source: text, delimiter: string) -> dynamic", duckdb=_SPLIT),
    sig("(source: text, delimiter: string, requested_index: long) -> dynamic", duckdb=_SPLIT_PART),
    result="{first}",
    examples={
        "split('a/b//c', '/')": ["a", "b", "", "c"],
        "split('', '/')": [""],
        "split('a/b/c', '/', 1)": ["b"],
        "split('a/b/c', '/', 3)": [],
    },
)

# ----------------------------------------------------------------------------------------------------------------- found at

# A negative start counts from the end.
_START = "(CASE WHEN {start} < 0 THEN greatest(length({source}) + {start}, 0) ELSE {start} END)"
_LENGTH = f"CASE WHEN {{length}} < 0 THEN length({{source}}) ELSE {_bounded('{length}')} END"


def _window(start: str) -> str:
    """SQL of the part of the text that is searched."""
    return f"substring({{source}}, least({start}, {MOST_CHARACTERS - 1}) + 1, {_LENGTH})"


def _indexof(occurrence: int | None) -> str:
    if occurrence is None or occurrence < 1:
        return "NULL::BIGINT"
    place = f"{_START} + nullif(strpos({_window(_START)}, {{lookup}}), 0) - 1"
    if occurrence > 1:
        # The length counts anew from the end of each occurrence.
        step = f"past + nullif(strpos({_window('past')}, {{lookup}}), 0) - 1 + length({{lookup}})"
        steps = f"range(least({occurrence}, length({{source}}) + 1))"
        place = f"list_reduce({steps}, lambda past, turn: {step}, {_START}) - length({{lookup}})"
    return f"(CASE WHEN {{length}} >= -1 THEN coalesce(CASE WHEN {_START} <= length({{source}}) THEN {place} END, -1) END)"


scalar(
    "indexof",
    "Where a text first has another: the number of characters before it, -1 if it is not there.",
    sig("(source: text, lookup: text) -> long", duckdb="(strpos({source}, {lookup}) - 1)"),
    sig("(source: text, lookup: text, start: long) -> long", kql="indexof(source, lookup, start, -1, 1)"),
    sig("(source: text, lookup: text, start: long, length: long) -> long", kql="indexof(source, lookup, start, length, 1)"),
    sig("(source: text, lookup: text, start: long, length: long, occurrence: const long) -> long", duckdb=_indexof),
    examples={
        "indexof('a-b-c', '-')": 1,
        "indexof('a-b-c', 'x')": -1,
        "indexof('a-b-c', '-', 2)": 3,
        "indexof('a-b-c', '-', -3)": 3,
        "indexof('a-b-c', 'b', 0, 2)": -1,
        "indexof('a--b--c', '--', 0, -1, 2)": 4,
        "indexof('a--b--c', '--', 0, 4, 2)": 4,
        "indexof('a--b--c', '--', 0, -1, 3)": -1,
        "indexof('a--b--c', '--', 0, -1, 9000000000)": -1,
        "indexof('a-b-c', '-', 0, -2)": None,
        "indexof('a-b-c', '', 6)": -1,
        "indexof(90210, 2)": 2,
    },
)


def _indexof_regex(lookup: str, occurrence: int | None) -> str:
    regex = translated(lookup, ()).text
    if occurrence is None or occurrence < 1:
        return "NULL::BIGINT"
    if occurrence > 1:
        # What is between matches, and the matches, up to the one in question.
        pieces = f"regexp_split_to_array({_window('{start}')}, {quoted(regex)})"
        found = f"regexp_extract_all({_window('{start}')}, {quoted(regex)})"
        before = (
            f"length(array_to_string({pieces}[1:{occurrence}], '')) + length(array_to_string({found}[1:{occurrence - 1}], ''))"
        )
        place = f"CASE WHEN len({found}) >= {occurrence} THEN {before} END"
    else:
        first = f"(?s:(.*?))(?:{regex})"
        before = f"length(regexp_extract({_window('{start}')}, {quoted('^' + first)}, 1))"
        place = f"CASE WHEN regexp_matches({_window('{start}')}, {quoted(regex)}) THEN {before} END"
    return f"(CASE WHEN {{start}} >= 0 AND {{length}} >= -1 THEN coalesce({place} + {{start}}, -1) END)"


scalar(
    "indexof_regex",
    "Where a regular expression first matches: the number of characters before it, -1 if it does not match.",
    sig("(source: text, lookup: const string) -> long", kql="indexof_regex(source, lookup, 0, -1, 1)"),
    sig("(source: text, lookup: const string, start: long) -> long", kql="indexof_regex(source, lookup, start, -1, 1)"),
    sig(
        "(source: text, lookup: const string, start: long, length: long) -> long",
        kql="indexof_regex(source, lookup, start, length, 1)",
    ),
    sig(
        "(source: text, lookup: const string, start: long, length: long, occurrence: const long) -> long",
        duckdb=_indexof_regex,
    ),
    examples={
        "indexof_regex('port 22', @'\\d+')": 5,
        "indexof_regex('port', @'\\d+')": -1,
        "indexof_regex('a1b22c333', @'\\d+', 0, -1, 3)": 6,
        "indexof_regex('a1b22', @'\\d+', 2)": 3,
        "indexof_regex('a1', @'\\d', -1)": None,
    },
    differs="What an empty match counts is not documented. Here there is one at every place, also right after another match.",
)


def _overlaps(search: str) -> bool:
    """Whether two occurrences of a text can share characters."""
    return any(search.startswith(search[place:]) for place in range(1, len(search)))


_COUNT = """(CASE WHEN {search} = '' THEN 0 ELSE len(list_filter(range(1, length({source}) + 1),
    lambda place: substring({source}, place, length({search})) = {search})) END)"""


def _countof(search: str) -> str:
    if not search or _overlaps(search):
        return _COUNT
    return f"((length({{source}}) - length(replace({{source}}, {{search}}, ''))) // {len(search)})"


def _countof_kind(search: str, kind: str) -> str:
    match kind:
        case "normal":
            return _countof(search)
        case "regex":
            return f"len(regexp_extract_all({{source}}, {quoted(translated(search, ()).text)}))"
        case _:
            raise ValueError(f"the kind is 'normal' or 'regex', not '{kind}'")


def _countof_plain(kind: str) -> str:
    if kind != "normal":
        raise ValueError("a regular expression has to be a constant")
    return _COUNT


scalar(
    "countof",
    "How often a text has another, or how often a regular expression matches it. Plain texts may overlap, matches do not.",
    sig("(source: string, search: const string) -> long", duckdb=_countof),
    sig("(source: string, search: string) -> long", duckdb=_COUNT),
    sig("(source: string, search: const string, kind: const string) -> long", duckdb=_countof_kind),
    sig("(source: string, search: string, kind: const string) -> long", duckdb=_countof_plain),
    examples={
        "countof('a,b,,c', ',')": 3,
        "countof('aaaa', 'aa')": 3,
        "countof('a1b22', @'\\d+', 'regex')": 2,
        "countof('aba', 'aba', 'normal')": 1,
        "countof('abc', '')": 0,
    },
    differs="What an empty match counts is not documented. Here there is one at every place, also right after another match.",
)

# ------------------------------------------------------------------------------------------------------------- replacement

scalar(
    "replace_string",
    "A text with another put in the place of each occurrence of a third.",
    sig("(text: string, lookup: string, rewrite: string) -> string", sql="replace({text}, {lookup}, {rewrite})"),
    examples={"replace_string('a.b.c', '.', '-')": "a-b-c", "replace_string('abc', '', 'x')": "abc"},
)
scalar(
    "replace_strings",
    "A text with each occurrence of some texts replaced by its counterpart in a second array: the earlier texts first, and "
    "nothing that was replaced once more.",
    sig("(text: string, lookups: array, rewrites: array) -> string", python="strings.replace_strings"),
    examples={
        "replace_strings('cat and dog', dynamic(['cat', 'dog']), dynamic(['dog', 'cow']))": "dog and cow",
        "replace_strings('abc', dynamic(['a', 'ab']), dynamic([1, 'x']))": "abc",
        "replace_strings('abc', dynamic(['bc', 'ab']), dynamic(['2', '1']))": "a2",
        "replace_strings('abc', parse_json('{\"b\": 1}'), dynamic(null))": "abc",
    },
)


def _replace_regex(lookup_regex: str, rewrite_pattern: str) -> str:
    regex = translated(lookup_regex)
    rewrite, rest = "", rewrite_pattern
    while rest:
        before, backslash, rest = rest.partition("\\")
        rewrite += before
        if rest[:1].isdecimal():
            if int(rest[0]) > len(regex.groups):
                raise ValueError(f"the regular expression has no group {rest[0]}")
            rewrite += "\\" + rest[0]
            rest = rest[1:]
        elif backslash:
            rewrite += "\\\\"
            rest = rest.removeprefix("\\")
    return f"regexp_replace({{source}}, {quoted(regex.text)}, {quoted(rewrite)}, 'g')"


scalar(
    "replace_regex",
    "A text with each match of a regular expression replaced. In the replacement `\\1` is the first group, `\\0` the match.",
    sig("(source: string, lookup_regex: const string, rewrite_pattern: const string) -> string", duckdb=_replace_regex),
    examples={
        "replace_regex('user=root id=7', @'(\\w+)=(\\w+)', @'\\2:\\1')": "root:user 7:id",
        "replace_regex('10.0.0.1', @'\\d+$', 'x')": "10.0.0.x",
        "replace_regex('', 'a', 'b')": "",
    },
)
scalar(
    "replace",
    "Older form of replace_regex(), with the text as its last argument.",
    sig("(regex: const string, rewrite: const string, source: string) -> string", kql="replace_regex(source, regex, rewrite)"),
    examples={"replace('b+', 'x', 'abbc')": "axc", "replace('b', 'x', '')": ""},
)
scalar(
    "translate",
    "A text with each character of one list replaced by its counterpart in another. If that is shorter, its last one repeats.",
    sig(
        "(search_list: string, replacement_list: string, source: string) -> string",
        sql="translate({source}, {search_list}, {replacement_list} || "
        "repeat(right({replacement_list}, 1), greatest(length({search_list}) - length({replacement_list}), 0)::INTEGER))",
    ),
    examples={
        "translate('abc', 'xyz', 'cab')": "zxy",
        "translate('abc', 'x', 'abcd')": "xxxd",
        "translate('abc', '', 'abcd')": "d",
    },
)


def _trim_start(regex: str) -> str:
    return f"regexp_replace({{source}}, {quoted(f'^(?:{translated(regex, ()).text})')}, '')"


def _trim_end(regex: str) -> str:
    return f"regexp_replace({{source}}, {quoted(f'(?:{translated(regex, ()).text})$')}, '')"


def _trim(regex: str) -> str:
    inner = f"(?:{translated(regex, ()).text})+"
    return f"regexp_replace(regexp_replace({{source}}, {quoted('^' + inner)}, ''), {quoted(inner + '$')}, '')"


scalar(
    "trim",
    "A text without the matches of a regular expression at its start and end.",
    sig("(regex: const string, source: string) -> string", duckdb=_trim),
    examples={"trim(@'\\s+', '  a b ')": "a b", "trim('--', '----a-b--')": "a-b", "trim('a', 'aaa')": ""},
)
scalar(
    "trim_start",
    "A text without the match of a regular expression at its start.",
    sig("(regex: const string, source: string) -> string", duckdb=_trim_start),
    examples={"trim_start('https?://', 'https://example.com/')": "example.com/", "trim_start('a', '')": ""},
)
scalar(
    "trim_end",
    "A text without the match of a regular expression at its end.",
    sig("(regex: const string, source: string) -> string", duckdb=_trim_end),
    examples={"trim_end(@'[.]log', 'a.log.log')": "a.log", "trim_end('a', '')": ""},
)
_SPECIAL = quoted("([" + escaped(r"\.+*?()|{}[]^$") + "#&~-])")

scalar(
    "regex_quote",
    "A regular expression that matches exactly a text.",
    sig("(source: text) -> string", duckdb=f"regexp_replace({{source}}, {_SPECIAL}, '\\\\\\1', 'g')"),
    examples={"regex_quote('a.b (c)')": r"a\.b \(c\)", "regex_quote('')": ""},
)
