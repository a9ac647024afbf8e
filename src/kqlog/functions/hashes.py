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

for _name in ("hash_xxhash64", "hash"):
    scalar(
        _name,
        "The xxHash64 of a value, as a long; with a second argument the remainder, never negative.",
        sig("(source: string) -> long", python="hashes.of_texts"),
        sig("(source: int|long|real|bool|datetime|timespan) -> long", python="hashes.of_numbers"),
        sig("(source: guid) -> long", python="hashes.of_guids"),
        sig("(source: decimal) -> long", kql=f"{_name}(tostring(source))"),
        sig("(source: notdynamic, mod: integer) -> long", kql=f"{_name}(source) % mod"),
        examples={
            f"{_name}('abc')": 4952883123889572249,
            f"{_name}(datetime(1970-01-01))": -3419168895456102021,
            f"{_name}('abc', 10)": 9,
            f"{_name}(guid(00112233-4455-6677-8899-aabbccddeeff))": 1845714028554863033,
            f"{_name}(long(null))": None,
        },
        differs="What Kusto hashes of a decimal is not documented; here it is the text.",
    )

_UNKNOWN = "Refused, since how Kusto combines hashes is not documented, and another number would be a wrong one."
_COMBINED = "hash(strcat_delim('|', a, b)), or hash_sha256() of that, for one hash of several values"
scalar(
    "hash_combine",
    "One hash of several hashes.",
    sig("(hash: scalar, others: scalar...) -> long"),
    service=_COMBINED,
    differs=_UNKNOWN,
)
scalar("hash_many", "One hash of several values.", sig("(source: notdynamic...) -> long"), service=_COMBINED, differs=_UNKNOWN)
