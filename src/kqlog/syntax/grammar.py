"""Find the grammar, and load its tables: those saved in the user's cache folder when there are any."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kqlog.syntax.tables import ALWAYS, END, Rule, Tables

if TYPE_CHECKING:
    from lark import Lark
    from lark.lexer import TerminalDef

_DIGEST_SIZE = hashlib.sha256().digest_size
_START = "script"
_FORMAT = 5
"""Of the saved tables; raised when what build() makes of the same grammar changes."""
_PLAIN = ("NUMBER", "NAME", "STRING")
# A terminal that is a list of words, as the grammar writes them: (?:has|!has|matches\s+regex)
_WORDS = re.compile(r"(?:\(\?:)?((?:[\w!~=<>|]|\\s\+)+)(?:\)|\(\?=|$)")


def grammar_dir() -> Path:
    """The folder of the `.lark` files: inside the package when installed, else at the top of the checkout."""
    package = Path(__file__).parents[1]
    installed = package / "grammar"
    return installed if installed.is_dir() else package.parents[1] / "grammar"


def grammar_text() -> str:
    """The whole grammar: its files in the order of their names."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(grammar_dir().glob("*.lark")))


@cache
def tables() -> Tables:
    """The tables of the language, loaded once."""
    return load()


def load() -> Tables:
    """The saved tables of this grammar; worked out and saved when there are none, or damaged ones."""
    text = grammar_text()
    path = _cache_path(text)
    if (saved := _read(path)) is not None:
        return Tables(**pickle.loads(saved))
    parts = build(text)
    with contextlib.suppress(OSError):  # a folder that cannot be written to costs time, not the query
        _write(path, pickle.dumps(parts))
    return Tables(**parts)


def lark_parser(text: str, strict: bool = False) -> Lark:
    """Lark's own parser of a grammar. `strict` refuses a grammar that is ambiguous anywhere."""
    from lark import Lark

    return Lark(text, start=_START, parser="lalr", keep_all_tokens=True, maybe_placeholders=False, strict=strict)


def build(text: str) -> dict[str, Any]:
    """The fields of the tables of a grammar."""
    parser = lark_parser(text)
    table = parser.parser.parser._parse_table  # Lark offers its tables only inside of a parser
    numbers = {rule: number for number, rule in enumerate(parser.rules)}
    origins = {rule.origin.name for rule in parser.rules}
    actions: list[dict[str, int]] = [{} for _ in table.states]
    follows: list[dict[str, int]] = [{} for _ in table.states]
    for state, cells in table.states.items():
        for name, (action, target) in cells.items():
            symbol = str(name)  # Lark's own strings would need Lark when they are loaded
            if symbol in origins:
                follows[state][symbol] = target
            else:
                actions[state][symbol] = target if action.name == "Shift" else -1 - numbers[target]
    terminals = {terminal.name: terminal for terminal in parser.terminals}
    ignored = [terminals.pop(name).pattern.to_regexp() for name in parser.ignore_tokens]
    lexers: dict[tuple[str, ...], int] = {}
    lexer_of_state = [lexers.setdefault(tuple(sorted({*state, ALWAYS} - {END})), len(lexers)) for state in actions]
    rules = [_rule(rule) for rule in parser.rules]
    return {
        "start": table.start_states[_START],
        "final": table.end_states[_START],
        "actions": actions,
        "follows": follows,
        "rules": rules,
        "least": _least(rules),
        "skipped": f"(?:{'|'.join(ignored)})*",
        "lexer_of_state": lexer_of_state,
        "lexers": [_lexer([terminals[name] for name in names]) for names in lexers],
        "words": {str(name): _words(terminal) for name, terminal in terminals.items()} | {END: ()},
    }


def _rule(rule: Any) -> Rule:
    name, size, alias = str(rule.origin.name), len(rule.expansion), rule.alias
    builder = None if _repeats(rule.origin) else str(alias or name)
    parts = tuple(str(symbol.name) for symbol in rule.expansion)
    return Rule(name, size, builder, bool(rule.options.expand1 and not alias), any(map(_repeats, rule.expansion)), parts)


def _least(rules: list[Rule]) -> dict[str, tuple[str, ...]]:
    """The fewest terminals that each rule can be made of: of as many, those that mean the least."""
    least: dict[str, tuple[str, ...]] = {}
    origins = {rule.origin for rule in rules}
    changed = True
    while changed:
        changed = False
        for rule in rules:
            if all(part in least or part not in origins for part in rule.parts):
                made = tuple(terminal for part in rule.parts for terminal in least.get(part, (part,)))
                if rule.origin not in least or _plainness(made) < _plainness(least[rule.origin]):
                    least[rule.origin], changed = made, True
    return least


def _plainness(terminals: tuple[str, ...]) -> tuple[int, int]:
    return len(terminals), sum(_PLAIN.index(terminal) if terminal in _PLAIN else len(_PLAIN) for terminal in terminals)


def _repeats(symbol: Any) -> bool:
    """True for the rules that Lark makes of * and +."""
    return not symbol.is_term and str(symbol.name).startswith("__")


def _lexer(terminals: list[TerminalDef]) -> tuple[str, dict[str, str]]:
    """One pattern for some terminals, the most urgent first; and the keywords among them, which are read as names."""
    name = next(terminal.pattern.to_regexp() for terminal in terminals if terminal.name == ALWAYS)
    keywords: dict[str, str] = {}
    patterns = []
    for terminal in sorted(terminals, key=lambda each: (-each.priority, -each.pattern.max_width, each.name)):
        word = terminal.pattern.value
        if terminal.pattern.type == "str" and not terminal.priority and re.fullmatch(name, word):
            keywords[str(word)] = str(terminal.name)
        else:
            patterns.append(f"(?P<{terminal.name}>{terminal.pattern.to_regexp()})")
    return "|".join(patterns), keywords


def _words(terminal: TerminalDef) -> tuple[str, ...]:
    if terminal.pattern.type == "str":
        return (str(terminal.pattern.value),)
    words = _WORDS.match(terminal.pattern.value)
    return tuple(words[1].replace(r"\s+", " ").split("|")) if words else ()


def _cache_path(text: str) -> Path:
    key = hashlib.sha256(f"{text}\0{sys.version}\0{_FORMAT}".encode())
    folder = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(folder) / "kqlog" / f"grammar-{key.hexdigest()[:24]}.pickle"


def _read(path: Path) -> bytes | None:
    """What was saved, or None when there is nothing or it is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, saved = content[:_DIGEST_SIZE], content[_DIGEST_SIZE:]
    return saved if hashlib.sha256(saved).digest() == digest else None


def _write(path: Path, saved: bytes) -> None:
    import tempfile

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(hashlib.sha256(saved).digest() + saved)
    Path(file.name).replace(path)
