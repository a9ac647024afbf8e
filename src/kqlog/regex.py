r"""KQL's regular expressions in RE2's words.

KQL reads Unicode: `\w`, `\d` and `\s` know all alphabets, where RE2's know ASCII only. Set operations in a class are carried out
here, on the characters that RE2 finds in each operand. What RE2 cannot say (look-around, the start of a word) is refused.
`\b` and `\B` stay RE2's: they look at ASCII letters, digits and `_`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Members = npt.NDArray[np.bool_]

MOST_REPEATS = 1000
"""The largest number that RE2 takes in x{n}."""

_CATEGORIES = {
    "letter": "L", "casedletter": "LC", "uppercaseletter": "Lu", "lowercaseletter": "Ll", "titlecaseletter": "Lt",
    "modifierletter": "Lm", "otherletter": "Lo", "mark": "M", "nonspacingmark": "Mn", "spacingmark": "Mc", "enclosingmark": "Me",
    "number": "N", "decimalnumber": "Nd", "digit": "Nd", "letternumber": "Nl", "othernumber": "No", "punctuation": "P",
    "connectorpunctuation": "Pc", "dashpunctuation": "Pd", "openpunctuation": "Ps", "closepunctuation": "Pe",
    "initialpunctuation": "Pi", "finalpunctuation": "Pf", "otherpunctuation": "Po", "symbol": "S", "mathsymbol": "Sm",
    "currencysymbol": "Sc", "modifiersymbol": "Sk", "othersymbol": "So", "separator": "Z", "spaceseparator": "Zs",
    "lineseparator": "Zl", "paragraphseparator": "Zp", "other": "C", "control": "Cc", "format": "Cf", "privateuse": "Co",
}  # fmt: skip

_CONNECTORS = r"\x{203F}\x{2040}\x{2054}\x{FE33}\x{FE34}\x{FE4D}-\x{FE4F}\x{FF3F}"
_CIRCLED_LETTERS = r"\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}"
_WIDE_SPACES = r"\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"
_UNICODE = {
    "d": (r"\p{Nd}",),
    "s": (r"\t", r"\n", r"\v", r"\f", r"\r", " ", _WIDE_SPACES),
    "w": (r"\p{L}", r"\p{M}", r"\p{Nd}", r"\p{Nl}", "_", _CONNECTORS, r"\x{200C}\x{200D}", _CIRCLED_LETTERS),
}
_ASCII = {"d": ("0-9",), "s": (r"\t", r"\n", r"\v", r"\f", r"\r", " "), "w": ("0-9", "A-Z", "a-z", "_")}
_BOUNDARIES = (r"\b", r"\B")
_CONTROLS = {"a": 7, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_CONTROL_NAMES = {code: "\\" + name for name, code in _CONTROLS.items()}

# Compiled on first use: importing the declarations has to be quick.
_GROUP = r"\(\?(?:P?<(?P<name>[^\W\d][\w.\[\]]*)>|(?P<on>[a-zA-Z]*)(?:-(?P<off>[a-zA-Z]+))?(?P<end>[:)]))"
_REPEAT = r"\{(\d+)(?:,(\d*))?\}"
_HEX = r"x\{([0-9a-fA-F]+)\}|[uU]\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})"
_PROPERTY = r"([pP])(?:\{(\^?)(?:(?:gc|sc|scx|script|general_category)[=:])?([\w \-]+)\}|([A-Za-z]))"
_POSIX = r"\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]"


class Regex(NamedTuple):
    """A translated pattern: its text for RE2, and the names of its capture groups in order (None: it has none)."""

    text: str
    groups: tuple[str | None, ...]


@lru_cache(maxsize=512)
def translated(pattern: str, keep: Collection[int] | None = None) -> Regex:
    """A KQL pattern for RE2. `keep`: the only capture groups that the text shall have, by number.

    Raises:
        ValueError: the pattern is wrong, or RE2 cannot express it.
    """
    return _Translator(pattern, keep).run()


def escaped(text: str) -> str:
    """A pattern that matches exactly `text`."""
    return "".join(map(_literal, text))


class _Set(NamedTuple):
    """Characters: those of the `parts`, and all that are outside of one of the `complements`."""

    parts: tuple[str, ...]
    complements: tuple[tuple[str, ...], ...] = ()

    def text(self, negated: bool = False) -> str:
        if not self.complements:
            return f"[{'^' if negated else ''}{''.join(self.parts or _NOTHING)}]"
        if not self.parts and len(self.complements) == 1:
            return f"[{'' if negated else '^'}{''.join(self.complements[0])}]"
        if not negated:
            classes = [f"[^{''.join(parts)}]" for parts in self.complements]
            if self.parts:
                classes.append(f"[{''.join(self.parts)}]")
            return f"(?:{'|'.join(classes)})"
        # [^\W_] is \w without _: RE2 has no set difference, so take the parts of \w one by one.
        if len(self.complements) > 1 or not set(self.parts) <= set(self.complements[0]):
            return _of_members(~self.members()).text()
        return f"[{''.join(part for part in self.complements[0] if part not in self.parts)}]"

    def members(self) -> Members:
        """Which of all code points it has."""
        return _members(self.text())


_NOTHING = (r"^\x00-\x{10FFFF}",)
_CODE_POINTS = 0x110000
_SURROGATES = range(0xD800, 0xE000)
_OPERATIONS = {"&&": "logical_and", "--": "greater", "~~": "not_equal"}
"""The operators on sets by NumPy's names for them on truth values."""


@lru_cache(maxsize=1)
def _every_character() -> pa.Array:
    import pyarrow as pa

    return pa.array([None if code in _SURROGATES else chr(code) for code in range(_CODE_POINTS)], pa.string())


@lru_cache(maxsize=32)
def _members(text: str) -> Members:
    """Which of all code points a class of RE2 has, as RE2 itself sees it."""
    import pyarrow.compute as pc

    found: Members = pc.match_substring_regex(_every_character(), text).fill_null(False).to_numpy(zero_copy_only=False)
    return found


def _of_members(members: Members) -> _Set:
    """The set of the code points that are true."""
    import numpy as np

    edges = np.flatnonzero(np.diff(members, prepend=False, append=False))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return _Set(tuple(f"{_class_literal(low)}-{_class_literal(end - 1)}" for low, end in pairs))


def _combined(operator: str, left: _Set, right: _Set) -> _Set:
    """What an operator of character classes makes of two of them."""
    import numpy as np

    return _of_members(getattr(np, _OPERATIONS[operator])(left.members(), right.members()))


class _Translator:
    def __init__(self, pattern: str, keep: Collection[int] | None) -> None:
        self.pattern = pattern
        self.keep = keep
        self.at = 0
        self.output: list[str] = []
        self.groups: list[str | None] = []
        self.unicode = True
        self.verbose = False
        self.outer: list[tuple[bool, bool]] = []
        self.repeatable = False

    def run(self) -> Regex:
        while self._more():
            self._step(self.pattern[self.at])
        if self.outer:
            raise ValueError("a '(' is not closed")
        return Regex("".join(self.output), tuple(self.groups))

    def _more(self) -> bool:
        """Whether the pattern goes on, after spaces and comments that verbose mode ignores."""
        if self.verbose:
            self._take(r"(?:\s|#[^\n]*)*")
        return self.at < len(self.pattern)

    def _step(self, char: str) -> None:
        match char:
            case "(":
                self._open()
            case ")":
                self._close()
            case "*" | "+" | "?":
                self._repeat(char)
            case "{" if (repeat := re.compile(_REPEAT).match(self.pattern, self.at)) is not None:
                if max(int(number) for number in repeat.groups() if number) > MOST_REPEATS:
                    raise ValueError(f"'{repeat[0]}' repeats more than {MOST_REPEATS} times")
                if repeat[2] and int(repeat[2]) < int(repeat[1]):
                    raise ValueError(f"'{repeat[0]}' ends before it starts")
                self._repeat(repeat[0])
            case "[":
                self.at += 1
                self._emit(self._class())
            case "\\":
                self.at += 1
                self._emit(self._escape())
            case _:
                self.at += 1
                self._emit(char if char in ".^$|" else _literal(char))
                self.repeatable = char != "|"

    def _emit(self, text: str) -> None:
        before = self.output[-1] if self.output else ""
        if (text in _BOUNDARIES and not before.isascii()) or (before in _BOUNDARIES and not text[:1].isascii()):
            raise ValueError("a boundary beside letters that are not ASCII is not supported: write (?:^|\\W) and (?:\\W|$)")
        self.output.append(text)
        self.repeatable = True

    def _take(self, wanted: str) -> re.Match[str] | None:
        found = re.compile(wanted).match(self.pattern, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def _repeat(self, operator: str) -> None:
        if not self.repeatable:
            raise ValueError(f"there is nothing that '{operator}' could repeat")
        self.at += len(operator)
        self.output.append(operator)
        if self.pattern.startswith("?", self.at):
            self.at += 1
            self.output.append("?")
        self.repeatable = False

    def _open(self) -> None:
        if not self.pattern.startswith("(?", self.at):
            self.at += 1
            self._capture(None)
            return
        group = self._take(_GROUP)
        if group is None:
            raise ValueError("look-around, conditions and comments in (?...) are not supported")
        if group["name"] is not None:
            self._capture(group["name"])
            return
        on, off = group["on"], group["off"] or ""
        if unknown := set(on + off) - set("imsUux"):
            raise ValueError(f"the flag '{min(unknown)}' is not supported")
        if group["end"] == ":":
            self.outer.append((self.unicode, self.verbose))
        if "u" in on + off:
            self.unicode = "u" in on
        if "x" in on + off:
            self.verbose = "x" in on
        on, off = (re.sub("[ux]", "", flags) for flags in (on, off))
        flags = on + (f"-{off}" if off else "")
        self.output.append(f"(?{flags}{group['end']}" if flags or group["end"] == ":" else "")
        self.repeatable = False

    def _capture(self, name: str | None) -> None:
        self.groups.append(name)
        self.outer.append((self.unicode, self.verbose))
        self.output.append("(" if self.keep is None or len(self.groups) in self.keep else "(?:")
        self.repeatable = False

    def _close(self) -> None:
        if not self.outer:
            raise ValueError("a ')' has no '('")
        self.at += 1
        self.unicode, self.verbose = self.outer.pop()
        self._emit(")")

    def _escape(self) -> str:
        """What a backslash starts outside of a class."""
        char = self.pattern[self.at : self.at + 1]
        if (char in ("b", "B") and not self.pattern.startswith("{", self.at + 1)) or char in ("A", "z"):
            self.at += 1
            return "\\" + char
        if char in ("b", "<", ">"):
            raise ValueError("boundaries of only the start or the end of a word are not supported")
        found = self._escaped_set()
        return _literal(chr(self._escaped_code())) if found is None else found.text()

    def _escaped_set(self) -> _Set | None:
        r"""The characters of a class such as `\d` or `\p{Greek}` at this place."""
        char = self.pattern[self.at : self.at + 1]
        if char and char in "dswDSW":
            self.at += 1
            parts = (_UNICODE if self.unicode else _ASCII)[char.lower()]
            return _Set(parts) if char.islower() else _Set((), (parts,))
        found = self._take(_PROPERTY)
        if found is None:
            return None
        letter, caret, name, single = found.groups()
        if single:
            return _Set((f"\\{letter}{single.upper()}",))
        negated = (letter == "P") != bool(caret)
        bare = re.sub(r"[ _\-]", "", name).lower()
        if bare in ("ascii", "any"):
            parts = (r"\x00-\x7f" if bare == "ascii" else r"\x00-\x{10FFFF}",)
            return _Set((), (parts,)) if negated else _Set(parts)
        known = _CATEGORIES.get(bare) or (name if len(name) <= 2 else "_".join(map(str.capitalize, re.split(r"[ _\-]", name))))
        return _Set((f"\\{'P' if negated else 'p'}{{{known}}}",))

    def _escaped_code(self) -> int:
        """The code point of a single character that a backslash starts."""
        if (found := self._take(_HEX)) is not None:
            code = int(next(digits for digits in found.groups() if digits), 16)
            if code > 0x10FFFF:
                raise ValueError(f"'\\{found[0]}' is no character")
            return code
        if (found := self._take("0[0-7]{0,2}|[1-7][0-7]{1,2}")) is not None:
            return int(found[0], 8)
        char = self.pattern[self.at : self.at + 1]
        if not char:
            raise ValueError("it ends in a backslash")
        if char.isdigit():
            raise ValueError("back-references are not supported")
        self.at += 1
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char.isascii() and char.isalpha():
            raise ValueError(f"'\\{char}' is no escape")
        return ord(char)

    def _class(self) -> str:
        """A class in brackets, whose `[` is taken."""
        negated, characters = self._class_body()
        return characters.text(negated)

    def _class_body(self) -> tuple[bool, _Set]:
        negated = self._skip("^")
        found = self._class_union(first=True)
        while (operator := self._take("&&|--|~~")) is not None:
            found = _combined(operator[0], found, self._class_union(first=False))
        self.at += 1
        return negated, found

    def _class_union(self, first: bool) -> _Set:
        """The characters up to an operator or the end of the class."""
        parts: list[str] = []
        complements: list[tuple[str, ...]] = []
        while self._more() and (first or not self.pattern.startswith(("]", "&&", "--", "~~"), self.at)):
            found = self._class_item()
            parts += found.parts
            complements += found.complements
            first = False
        if self.at == len(self.pattern):
            raise ValueError("a '[' is not closed")
        return _Set(tuple(parts), tuple(complements))

    def _class_item(self) -> _Set:
        if (posix := self._take(_POSIX)) is not None:
            return _Set((posix[0],))
        if self._skip("["):
            negated, inner = self._class_body()
            if not negated:
                return inner
            return _of_members(~inner.members()) if inner.complements else _Set((), (inner.parts or _NOTHING,))
        low = self._class_character()
        if isinstance(low, _Set):
            return low
        end = self.pattern[self.at + 1 : self.at + 2]
        if not self.pattern.startswith("-", self.at) or end in ("]", "") or self.pattern.startswith("--", self.at):
            return _Set((_class_literal(low),))
        self.at += 1
        high = self._class_character()
        if isinstance(high, _Set) or high < low:
            raise ValueError("a range in a character class is out of order")
        return _Set((f"{_class_literal(low)}-{_class_literal(high)}",))

    def _class_character(self) -> int | _Set:
        if self._skip("\\"):
            found = self._escaped_set()
            return self._escaped_code() if found is None else found
        self.at += 1
        return ord(self.pattern[self.at - 1])

    def _skip(self, text: str) -> bool:
        if not self.pattern.startswith(text, self.at):
            return False
        self.at += len(text)
        return True


def _literal(char: str) -> str:
    """A character outside of a class."""
    if char in _CONTROL_NAMES.values():
        return char
    return "\\" + char if char in r"\.+*?()|[]{}^$" else char


def _class_literal(code: int) -> str:
    if code in _CONTROL_NAMES:
        return _CONTROL_NAMES[code]
    char = chr(code)
    return char if char.isascii() and (char.isalnum() or char in " _") else f"\\x{{{code:X}}}"
