"""Values out of structured text: regular expressions, JSON paths, URLs, file paths, CSV, XML, command lines."""

from __future__ import annotations

import json
import re

from kqlog.functions.declare import Function, alias, quoted, scalar, sig
from kqlog.regex import translated

# ----------------------------------------------------------------------------------------------------- regular expressions


def _extract(regex: str, capture_group: int | None) -> str:
    count = len(translated(regex).groups)
    if capture_group is None or not 0 <= capture_group <= count:
        return "''"
    # Only the group in question captures: the others cost time, and the engine numbers no more than nine.
    kept = (capture_group,) if capture_group else ()
    return f"regexp_extract({{source}}, {quoted(translated(regex, kept).text)}, {len(kept)})"


def _extract_any(regex: str) -> str:
    groups = range(len(translated(regex).groups) + 1)
    branches = " ".join(f"WHEN {group} THEN {_extract(regex, group)}" for group in groups)
    return f"(CASE {{capture_group}} {branches} ELSE '' END)"


scalar(
    "extract",
    "What a capture group of a regular expression matches first in a text (0: the whole match), as a type if one is given.",
    sig("(regex: const string, capture_group: const long, source: string) -> string", duckdb=_extract),
    sig("(regex: const string, capture_group: long, source: string) -> string", duckdb=_extract_any),
    sig(
        "(regex: const string, capture_group: long, source: string, type_literal: type) -> type_literal",
        kql="extract(regex, capture_group, source)",
    ),
    examples={
        "extract(@'port (\\d+)', 1, 'from 10.0.0.1 port 22 ssh2')": "22",
        "extract(@'port (\\d+)', 1, 'port 22', typeof(long))": 22,
        "extract(@'user=\\w+', 0, 'id=7 user=zoë')": "user=zoë",
        "extract(@'(\\d+)', 1, 'none')": "",
        "extract(@'(\\d+)', 1, 'none', typeof(int))": None,
    },
)


def _captured_groups(regex: str) -> str:
    names = ", ".join(quoted(str(group)) for group in range(1, len(translated(regex).groups) + 1))
    return f"regexp_extract({{source}}, {quoted(translated(regex).text)}, [{names}])"


def _captured_group(capture_group: int) -> str:
    return f"struct_extract({{captured}}, '{capture_group}')"


# Not declared, so that no query calls them: in between is a struct, which no type of KQL is.
CAPTURED_GROUPS = Function(
    "captured groups",
    "All that the capture groups of a regular expression match first in a text.",
    (sig("(regex: const string, source: string) -> dynamic", duckdb=_captured_groups),),
)
CAPTURED_GROUP = Function(
    "captured group",
    "What one of the captured groups matched.",
    (sig("(captured: dynamic, capture_group: const long) -> string", duckdb=_captured_group),),
)


def _extract_all(regex: str, capture_groups: str | None = None) -> str:
    names = translated(regex).groups
    if not names:
        raise ValueError("the regular expression needs a capture group")
    groups = _wanted_groups(names, json.loads(capture_groups)) if capture_groups else list(range(1, len(names) + 1))
    text = quoted(translated(regex, tuple(groups)).text)
    if len(groups) == 1:
        found = f"list_transform(regexp_extract_all({{source}}, {text}, 1), lambda part: coalesce(part, ''))"
    else:
        places = {group: f"group{group}" for group in sorted(set(groups))}
        matches = f"regexp_extract_all({{source}}, {text}, [{', '.join(map(quoted, places.values()))}])"
        parts = ", ".join(f"coalesce(found.{places[group]}, '')" for group in groups)
        found = f"list_transform({matches}, lambda found: [{parts}])"
    return f"(CASE WHEN regexp_matches({{source}}, {text}) THEN to_json({found}) END)"


def _wanted_groups(names: tuple[str | None, ...], wanted: object) -> list[int]:
    """The numbers of the capture groups that are wanted by number or name."""
    if not isinstance(wanted, list) or not wanted:
        raise ValueError("the capture groups have to be an array of numbers or names")
    groups = [names.index(group) + 1 if isinstance(group, str) and group in names else group for group in wanted]
    if unknown := [group for group in groups if not isinstance(group, int) or not 0 < group <= len(names)]:
        raise ValueError(f"the regular expression has no group {json.dumps(unknown[0])}")
    return groups


scalar(
    "extract_all",
    "All matches of a regular expression in a text: an array of what its group matches, or of arrays for several groups.",
    sig("(regex: const string, source: string) -> dynamic", duckdb=_extract_all),
    sig("(regex: const string, capture_groups: const array, source: string) -> dynamic", duckdb=_extract_all),
    examples={
        "extract_all(@'(\\d+)', 'ports 22, 80')": ["22", "80"],
        "extract_all(@'(\\w+)=(\\w*)', 'a=1 b=')": [["a", "1"], ["b", ""]],
        "extract_all(@'(?<key>\\w+)=(\\d)', dynamic([2, 'key']), 'a=1 b=2')": [["1", "a"], ["2", "b"]],
        "extract_all(@'(\\d)', 'none')": None,
    },
)
alias("extractall", "extract_all")

# --------------------------------------------------------------------------------------------------------------- JSON paths

_STEP = r"""\.(?P<key>[\w$-]+)|\[(?:'(?P<single>[^'"]*)'|"(?P<double>[^'"]*)"|(?P<place>-?\d+))\]"""


def _json_path(path: str) -> str | None:
    """A JSON path in the engine's words; None for what is no path."""
    if not path.startswith("$"):
        return None
    steps, at = "$", 1
    while at < len(path):
        step = re.compile(_STEP).match(path, at)
        if step is None:
            return None
        text = step[step.lastgroup or ""]
        steps += f"[{text.replace('-', '#-')}]" if step.lastgroup == "place" else f'."{text}"'
        at = step.end()
    return steps


def _extract_json(json_path: str) -> str:
    if (path := _json_path(json_path)) is None:
        return "''"
    valid = "CASE WHEN json_valid({json_text}) THEN {json_text} END"
    return f"coalesce(json_extract_string({valid}, {quoted(path)}), '')"


scalar(
    "extract_json",
    "A value inside a JSON text by its path, such as $.user.name or $['user'][0], as a type if one is given.",
    sig("(json_path: const string, json_text: string) -> string", duckdb=_extract_json),
    sig("(json_path: const string, json_text: string, type: type) -> type", kql="extract_json(json_path, json_text)"),
    examples={
        """extract_json('$.user.name', '{"user": {"name": "alice"}}')""": "alice",
        """extract_json("$['a b'][-1]", '{"a b": [1, 22]}', typeof(int))""": 22,
        "extract_json('$.a', 'no json')": "",
        """extract_json('user', '{"user": "alice"}')""": "",
    },
)
alias("extractjson", "extract_json", deprecated=False)

# ---------------------------------------------------------------------------------------------------------- URLs, file paths

scalar(
    "parse_url",
    "The parts of an absolute URL: Scheme, Host, Port, Path (without its first slash), Username, Password, Query Parameters, "
    "Fragment.",
    sig("(url: string) -> dynamic", python="parsing.parse_url"),
    examples={
        "parse_url('https://alice@example.com:8443/a/b?x=1&y=#top')": {
            "Scheme": "https",
            "Host": "example.com",
            "Port": "8443",
            "Path": "a/b",
            "Username": "alice",
            "Password": "",
            "Query Parameters": {"x": "1", "y": ""},
            "Fragment": "top",
        },
        "parse_url('').Host": "",
    },
)
alias("parseurl", "parse_url")
scalar(
    "parse_urlquery",
    "The parameters in the query of a URL, as a bag under 'Query Parameters'. Values stay as they are encoded.",
    sig("(query: string) -> dynamic", python="parsing.parse_urlquery"),
    examples={
        "parse_urlquery('?a=1&b=x%20y&c')": {"Query Parameters": {"a": "1", "b": "x%20y", "c": ""}},
        "parse_urlquery('')": {"Query Parameters": {}},
    },
)
alias("parseurlquery", "parse_urlquery")
scalar(
    "parse_path",
    "The parts of a file path of Windows or Unix: Scheme, RootPath, DirectoryPath, DirectoryName, Filename, Extension, "
    "AlternateDataStreamName.",
    sig("(path: string) -> dynamic", python="parsing.parse_path"),
    examples={
        r"parse_path(@'C:\Users\alice\notes.tar.gz:hidden')": {
            "Scheme": "",
            "RootPath": "C:",
            "DirectoryPath": r"C:\Users\alice",
            "DirectoryName": "alice",
            "Filename": "notes.tar.gz",
            "Extension": "gz",
            "AlternateDataStreamName": "hidden",
        },
        "parse_path('').Filename": "",
    },
)

# ------------------------------------------------------------------------------------------------------------- text formats

scalar(
    "parse_csv",
    "The fields of one line of comma-separated values, as an array of texts.",
    sig("(csv_text: readable) -> dynamic", python="parsing.parse_csv"),
    result="{first}",
    examples={
        'parse_csv(\'a,"b,c","say ""hi""",\')': ["a", "b,c", 'say "hi"', ""],
        "parse_csv('a,b\\nc,d')": ["a", "b"],
        "parse_csv('')": [""],
    },
)
scalar(
    "parse_xml",
    "An XML text as a bag: elements by name, attributes as @name, text beside them as #text. Null for what is no XML.",
    sig("(xml_text: readable) -> dynamic", python="parsing.parse_xml"),
    result="{first}",
    examples={
        "parse_xml('<e id=\"7\"><ok/><n>1.50</n><n>x</n></e>')": {"e": {"@id": "7", "ok": None, "n": [1.5, "x"]}},
        "parse_xml('<e>')": None,
    },
)


scalar(
    "parse_command_line",
    "The arguments of a Windows command line, as CommandLineToArgvW would take them apart. The second argument is 'windows'.",
    sig("(command: text, parser: string) -> dynamic", python="parsing.parse_command_line"),
    examples={
        r"""parse_command_line(@'tool.exe "a b" \"c\" d', 'windows')""": ["tool.exe", "a b", '"c"', "d"],
        r"""parse_command_line(@'"C:\my tools\" "a""b c" d', 'windows')""": ["C:\\my tools\\", 'a"b', "c d"],
        "parse_command_line('ls -l', 'unix')": None,
    },
)
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile/15E148 Safari/604.1"

scalar(
    "parse_user_agent",
    "What a user-agent text tells: look for 'browser', 'os' and 'device', one or an array of them. Family is Other if unknown.",
    sig("(user_agent: string, look_for: string|array) -> dynamic", python="user_agents.parse_user_agent"),
    examples={
        f"parse_user_agent('{_IPHONE}', 'os')": {
            "OperatingSystem": {"Family": "iOS", "MajorVersion": "17", "MinorVersion": "4", "Patch": "", "PatchMinor": ""}
        },
        f"parse_user_agent('{_IPHONE}', dynamic(['browser', 'device']))": {
            "Browser": {"Family": "Mobile Safari", "MajorVersion": "17", "MinorVersion": "4", "Patch": ""},
            "Device": {"Family": "iPhone", "Brand": "Apple", "Model": "iPhone"},
        },
    },
    differs="Knows what the installed version of uap-core knows; Kusto does not say which patterns it has.",
)
scalar(
    "parse_version",
    "A version of up to four numbers, each of up to eight digits, as a decimal that sorts like it; null for any other text.",
    sig(
        "(version: string) -> decimal",
        # 32 digits before the point: a decimal otherwise has room for 20.
        duckdb="(CASE WHEN regexp_full_match({version}, '\\d{1,8}(\\.\\d{1,8}){0,3}') THEN CAST(list_aggregate("
        "list_transform(list_resize(string_split({version}, '.'), 4, '0'), lambda part: lpad(part, 8, '0')), "
        "'string_agg', '') AS DECIMAL(38, 6)) END)",
    ),
    examples={
        "parse_version('1.2.3.4')": "1000000020000000300000004",
        "parse_version('1.10') > parse_version('1.9.8')": True,
        "parse_version('120.0') > parse_version('99.0')": True,
        "parse_version('1.2-beta')": None,
    },
)
