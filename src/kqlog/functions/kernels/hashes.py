"""xxHash64, seed 0, over Arrow arrays: all values of an array advance together, step by step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_P1, _P2, _P3, _P4, _P5 = (
    np.uint64(prime)
    for prime in (11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261)
)
_STRIPE = 32
_NO_GUID = "0" * 32
# In memory the first three groups of a guid stand with their lowest byte first.
_GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, *range(8, 16)]


def of_texts(source: pa.Array) -> pa.Array:
    """The hash of each text's UTF-8 bytes."""
    texts = source.cast(pa.large_string())
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    content = np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return pa.array(_hashes(content, ends[:-1].copy(), np.diff(ends)))


def of_numbers(source: pa.Array) -> pa.Array:
    """The hash of each number's bytes, the lowest first."""
    values = source.cast(pa.int8()) if pa.types.is_boolean(source.type) else source
    filled = values.fill_null(0).to_numpy(zero_copy_only=False)
    size = filled.dtype.itemsize
    places = np.arange(len(filled), dtype=np.int64) * size
    hashes = _hashes(filled.view(np.uint8), places, np.full(len(filled), size, np.int64))
    return pa.array(hashes, mask=values.is_null().to_numpy(zero_copy_only=False))


def of_guids(source: pa.Array) -> pa.Array:
    """The hash of each guid's 16 bytes."""
    digits = pc.replace_substring(pc.fill_null(source.cast(pa.string()), _NO_GUID), "-", "")
    content = np.frombuffer(bytes.fromhex("".join(digits.to_pylist())), np.uint8).reshape(-1, 16)[:, _GUID_ORDER].ravel()
    places = np.arange(len(source), dtype=np.int64) * 16
    hashes = _hashes(content, places, np.full(len(source), 16, np.int64))
    return pa.array(hashes, mask=source.is_null().to_numpy(zero_copy_only=False))


def _hashes(content: npt.NDArray[np.uint8], at: Places, lengths: Places) -> npt.NDArray[np.int64]:
    """The hashes of stretches of bytes that begin `at` some places, which are counted on."""
    padded = np.concatenate([content, np.zeros(8, np.uint8)])
    # Words begin at any byte, not only at multiples of eight.
    words: Words = np.ndarray((len(content) + 1,), "<u8", padded, strides=(1,))
    rest = lengths.copy()
    with np.errstate(over="ignore"):
        hashes = _long_start(words, at, rest) + lengths.astype(np.uint64)
        while (left := np.flatnonzero(rest >= 8)).size:
            mixed = hashes[left] ^ _round(np.zeros(left.size, np.uint64), words[at[left]])
            hashes[left] = _rotated(mixed, 27) * _P1 + _P4
            _advance(at, rest, left, 8)
        left = np.flatnonzero(rest >= 4)
        mixed = hashes[left] ^ ((words[at[left]] & np.uint64(0xFFFFFFFF)) * _P1)
        hashes[left] = _rotated(mixed, 23) * _P2 + _P3
        _advance(at, rest, left, 4)
        while (left := np.flatnonzero(rest > 0)).size:
            mixed = hashes[left] ^ (padded[at[left]].astype(np.uint64) * _P5)
            hashes[left] = _rotated(mixed, 11) * _P1
            _advance(at, rest, left, 1)
        hashes = (hashes ^ (hashes >> np.uint64(33))) * _P2
        hashes = (hashes ^ (hashes >> np.uint64(29))) * _P3
    return (hashes ^ (hashes >> np.uint64(32))).view(np.int64)


def _long_start(words: Words, at: Places, rest: Places) -> Words:
    """What hashes begin with: of 32 bytes and more, the whole stripes of 32, which are then taken."""
    hashes = np.full(at.size, _P5, np.uint64)
    long = np.flatnonzero(rest >= _STRIPE)
    if not long.size:
        return hashes
    lanes = [np.full(at.size, start, np.uint64) for start in (_P1 + _P2, _P2, np.uint64(0), np.uint64(0) - _P1)]
    left = long
    while left.size:
        for number, lane in enumerate(lanes):
            lane[left] = _round(lane[left], words[at[left] + 8 * number])
        _advance(at, rest, left, _STRIPE)
        left = left[rest[left] >= _STRIPE]
    joined = sum((_rotated(lane[long], bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)), np.uint64(0))
    for lane in lanes:
        joined = (joined ^ _round(np.zeros(long.size, np.uint64), lane[long])) * _P1 + _P4
    hashes[long] = joined
    return hashes


def _advance(at: Places, rest: Places, which: Places, count: int) -> None:
    at[which] += count
    rest[which] -= count


def _rotated(words: Words, bits: int) -> Words:
    return (words << np.uint64(bits)) | (words >> np.uint64(64 - bits))


def _round(lane: Words, word: Words) -> Words:
    return _rotated(lane + word * _P2, 31) * _P1
