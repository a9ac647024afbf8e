"""Hashes: short numbers or texts that equal values share."""

from __future__ import annotations

from kqlog.functions.declare import scalar, sig

for _name, _algorithm, _function, _example in (
    ("hash_md5", "MD5", "md5", "5d41402abc4b2a76b9719d911017c592"),
    ("hash_sha1", "SHA-1", "sha1", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),
    ("hash_sha256", "SHA-256", "sha256", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
):
    scalar(
        _name,
        f"The {_algorithm} hash of a value's text, in hexadecimal.",
        sig("(source: string) -> string", duckdb=f"{_function}({{source}})"),
        sig("(source: notdynamic) -> string", kql=f"{_name}(tostring(source))"),
        examples={f"{_name}('hello')": _example},
    )

_HASHED = "int|long|real|bool|datetime|timespan"

for _name in ("hash_xxhash64", "hash"):
    scalar(
        _name,
        "The xxHash64 of a value as a long; with a second argument its remainder, from 0 to one less than that.",
        sig("(source: string) -> long", python="hashes.of_texts"),
        sig(f"(source: {_HASHED}) -> long", python="hashes.of_numbers"),
        sig("(source: notdynamic) -> long"),
        sig(f"(source: string|{_HASHED}, mod: integer) -> long", kql=f"{_name}(source) % mod"),
        sig("(source: notdynamic, mod: integer) -> long"),
        examples={
            f"{_name}('abc')": 4952883123889572249,
            f"{_name}(datetime(1970-01-01))": -3419168895456102021,
            f"{_name}('abc', 10)": 9,
        },
    )

# How Kusto combines hashes is not documented, and another number would be a wrong one.
scalar(
    "hash_combine",
    "One hash of several hashes.",
    sig("(hash: scalar, others: scalar...) -> long"),
)
scalar(
    "hash_many",
    "One hash of several values.",
    sig("(source: notdynamic...) -> long"),
)
