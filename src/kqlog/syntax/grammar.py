"""Find the grammar, and load its parser: from saved tables in the user's cache folder when there are any."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pickle
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import lark
from lark import Lark, Token

# A terminal that is a list of words, as the grammar writes them: (?:has|!has|matches\s+regex)
_WORDS = re.compile(r"(?:\(\?:)?((?:[\w!~=<>|]|\\s\+)+)(?:\)|\(\?=|$)")
_DIGEST_SIZE = hashlib.sha256().digest_size


class NamesEverywhere:
    """Lets a name be read in every place, so that `whereX` is no `where`; a name that does not fit is then the error."""

    always_accept: ClassVar[tuple[str, ...]] = ("NAME",)

    def process(self, tokens: Iterator[Token]) -> Iterator[Token]:
        return tokens


def grammar_dir() -> Path:
    """The folder of the `.lark` files: inside the package when installed, else at the top of the checkout."""
    package = Path(__file__).parents[1]
    installed = package / "grammar"
    return installed if installed.is_dir() else package.parents[1] / "grammar"


def grammar_text() -> str:
    """The whole grammar: its files in the order of their names."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(grammar_dir().glob("*.lark")))


def load(transformer: object) -> Lark:
    """A parser that builds its result with the methods of `transformer`, named as the rules."""
    text = grammar_text()
    path = _cache_path(text)
    if (saved := _read(path)) is not None:
        # Lark.load() is the public way in, but takes no transformer.
        return Lark._load_from_dict(**pickle.loads(saved), transformer=transformer, postlex=NamesEverywhere())
    parser = build(text, transformer)
    buffer = io.BytesIO()
    parser.save(buffer, {"transformer", "postlex"})
    with contextlib.suppress(OSError):  # a folder that cannot be written to costs time, not the query
        _write(path, buffer.getvalue())
    return parser


def build(text: str, transformer: object = None, strict: bool = False) -> Lark:
    """The parser of a grammar, worked out anew. `strict` refuses a grammar that is ambiguous anywhere (slow)."""
    return Lark(
        text,
        start="script",
        parser="lalr",
        keep_all_tokens=True,
        maybe_placeholders=False,
        postlex=NamesEverywhere(),  # type: ignore[arg-type]
        transformer=transformer,  # type: ignore[arg-type]
        strict=strict,
    )


def words_of(parser: Lark, terminal: str) -> tuple[str, ...]:
    """The words or marks that a terminal stands for; none for a name or literal."""
    if terminal == "$END":
        return ()
    pattern = parser.get_terminal(terminal).pattern
    if pattern.type == "str":
        return (pattern.value,)
    words = _WORDS.match(pattern.value)
    return tuple(words[1].replace(r"\s+", " ").split("|")) if words else ()


def _cache_path(text: str) -> Path:
    version = hashlib.sha256(f"{text}\0{lark.__version__}\0{sys.version}".encode())
    folder = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(folder) / "kqlog" / f"grammar-{version.hexdigest()[:24]}.pickle"


def _read(path: Path) -> bytes | None:
    """What was saved, or None when there is nothing or it is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, saved = content[:_DIGEST_SIZE], content[_DIGEST_SIZE:]
    return saved if hashlib.sha256(saved).digest() == digest else None


def _write(path: Path, saved: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(hashlib.sha256(saved).digest() + saved)
    os.replace(file.name, path)
