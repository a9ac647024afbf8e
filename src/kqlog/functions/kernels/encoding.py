"""Encodings of text over Arrow arrays. What cannot be decoded becomes the empty text, or null in an array of bytes."""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
import zlib
from collections.abc import Callable, Iterable
from urllib.parse import unquote

import pyarrow as pa

from kqlog.functions.kernels import json_text
from kqlog.functions.kernels.distinct import each

MOST_BYTES = 64 * 1024 * 1024
"""How large a decompressed text may become."""

_RAW = -15
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_ZLIB_HEADER = b"\x78\x01"
_DOTS = re.compile("([.。．｡])")
_DECIMAL = tuple(map(str, range(256)))
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._!*()")
_PERCENT_ENCODED = tuple(chr(byte) if byte in _UNRESERVED else f"%{byte:02x}" for byte in range(256))


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _text(content: bytes | None) -> str:
    try:
        return "" if content is None else content.decode()
    except UnicodeDecodeError:
        return ""


# ------------------------------------------------------------------------------------------------------------------- base64


def array_from_base64(base64_string: pa.Array) -> pa.Array:
    """The bytes of each text as an array."""
    return each(base64_string, _array)


def _array(text: str) -> str | None:
    content = _bytes(text)
    return None if content is None else f"[{','.join(map(_DECIMAL.__getitem__, content))}]"


def base64_from_array(array: pa.Array) -> pa.Array:
    """Each array of bytes as base64."""
    return pa.array([_encoded(value) for value in json_text.read(array)], pa.string())


def _encoded(value: json_text.Json) -> str:
    if not isinstance(value, list):
        return ""
    numbers = [item for item in value if isinstance(item, int) and 0 <= item <= 255]
    return base64.b64encode(bytes(numbers)).decode() if len(numbers) == len(value) else ""


# --------------------------------------------------------------------------------------------------------------- compressed


def _deflated(content: bytes) -> bytes:
    """Compressed bytes, or the bytes as they are in a block of their own where compressing gains nothing."""
    deflated = zlib.compress(content, wbits=_RAW)
    return deflated if len(deflated) < len(content) else zlib.compress(content, zlib.Z_NO_COMPRESSION, _RAW)


def _inflated(data: bytes, window: int) -> bytes | None:
    inflater = zlib.decompressobj(window)
    try:
        content = inflater.decompress(data, MOST_BYTES)
    except zlib.error:
        return None
    return content if inflater.eof else None


def gzip_compress(string: pa.Array) -> pa.Array:
    """Each text as gzip in base64."""

    def compressed(text: str) -> str:
        content = text.encode()
        check = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
        return base64.b64encode(_GZIP_HEADER + _deflated(content) + check).decode()

    return each(string, compressed)


def gzip_decompress(string: pa.Array) -> pa.Array:
    """The text of each gzip in base64. Optional header fields are not taken."""

    def decompressed(text: str) -> str:
        data = _bytes(text) or b""
        return _text(_inflated(data, zlib.MAX_WBITS | 16)) if data[:4] == _GZIP_HEADER[:4] else ""

    return each(string, decompressed)


def zlib_compress(string: pa.Array) -> pa.Array:
    """Each text as zlib in base64."""

    def compressed(text: str) -> str:
        content = text.encode()
        return base64.b64encode(_ZLIB_HEADER + _deflated(content) + struct.pack(">I", zlib.adler32(content))).decode()

    return each(string, compressed)


def zlib_decompress(string: pa.Array) -> pa.Array:
    """The text of each zlib in base64."""
    return each(string, lambda text: _text(_inflated(_bytes(text) or b"", zlib.MAX_WBITS)))


# ----------------------------------------------------------------------------------------------------------- URLs and hosts


def _percent_encoded(text: str) -> str:
    return "".join(map(_PERCENT_ENCODED.__getitem__, text.encode()))


def url_encode(url: pa.Array) -> pa.Array:
    """Each text percent-encoded, spaces as plus signs."""
    return each(url, lambda text: _percent_encoded(text).replace("%20", "+"))


def url_encode_component(url: pa.Array) -> pa.Array:
    """Each text percent-encoded."""
    return each(url, _percent_encoded)


def url_decode(encoded_url: pa.Array) -> pa.Array:
    """Each percent-encoded text decoded."""
    return each(encoded_url, lambda text: unquote(text) if "%" in text else text)


def _from_punycode(text: str) -> str:
    return text.encode("ascii").decode("punycode")


def _to_label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode()


def _from_label(label: str) -> str:
    return _from_punycode(label[4:]) if label[:4].lower() == "xn--" else label


def to_punycode(string: pa.Array) -> pa.Array:
    """Each text in punycode."""
    return each(
        string, lambda text: text.encode("punycode").decode().removesuffix("-") if text.isascii() else _to_label(text)[4:]
    )


def from_punycode(string: pa.Array) -> pa.Array:
    """The text of each punycode."""
    return each(string, lambda text: _or_empty(_from_punycode, [text]))


def domain_to_punycode(string: pa.Array) -> pa.Array:
    """Each domain name with its labels encoded."""
    return each(string, lambda text: ".".join(map(_to_label, _DOTS.split(text)[::2])))


def domain_from_punycode(string: pa.Array) -> pa.Array:
    """Each domain name with its labels decoded."""
    return each(string, lambda text: _or_empty(_from_label, text.split(".")))


def _or_empty(decode: Callable[[str], str], labels: Iterable[str]) -> str:
    """The decoded labels, or nothing if one cannot be decoded."""
    try:
        return ".".join(map(decode, labels))
    except UnicodeError:
        return ""


# -------------------------------------------------------------------------------------------------------------- code points


def text_of_code_points(*values: pa.Array) -> pa.Array:
    """The texts of code points; an argument holds numbers, or arrays of them as JSON text."""
    rows = zip(*(value.to_pylist() for value in values), strict=True)
    return pa.array([_text_of(row) for row in rows], pa.string())


def _text_of(row: tuple[int | str | None, ...]) -> str:
    codes: list[json_text.Json] = []
    for value in row:
        parsed = json.loads(value) if isinstance(value, str) else value
        codes += parsed if isinstance(parsed, list) else [parsed]
    known = [code for code in codes if isinstance(code, int) and 0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF]
    return "".join(map(chr, known)) if len(known) == len(codes) else ""
