"""Text in other clothes: base64, compressed, percent-encoded, punycode, code points."""

from __future__ import annotations

from kqlog.functions.declare import alias, scalar, sig

# ------------------------------------------------------------------------------------------------------------------- base64

scalar(
    "base64_encode_tostring",
    "A text's UTF-8 bytes in base64.",
    sig("(string: string) -> string", duckdb="to_base64(encode({string}))"),
    examples={"base64_encode_tostring('zoë')": "em/Dqw==", "base64_encode_tostring('')": ""},
)
alias("base64_encodestring", "base64_encode_tostring")
scalar(
    "base64_decode_tostring",
    "The text whose UTF-8 bytes are given in base64; empty for what is no base64 or no UTF-8.",
    sig("(base64_string: string) -> string", duckdb="coalesce(try(decode(from_base64({base64_string}))), '')"),
    examples={
        "base64_decode_tostring('em/Dqw==')": "zoë",
        "base64_decode_tostring('//8=')": "",
        "base64_decode_tostring('no base64')": "",
    },
)
alias("base64_decodestring", "base64_decode_tostring")
scalar(
    "base64_encode_fromarray",
    "An array of bytes (numbers from 0 to 255) in base64; empty for any other array.",
    sig("(bytes: array) -> string", python="encoding.base64_from_array"),
    examples={"base64_encode_fromarray(dynamic([104, 105]))": "aGk=", "base64_encode_fromarray(dynamic([300]))": ""},
)
scalar(
    "base64_decode_toarray",
    "The bytes given in base64, as an array of numbers; null for what is no base64.",
    sig("(base64_string: string) -> dynamic", python="encoding.array_from_base64"),
    examples={"base64_decode_toarray('aGk=')": [104, 105], "base64_decode_toarray('?')": None},
)

_HEX = "hex(try(from_base64({base64_string})))"
# The bytes of the first two groups come in reverse. Those of the third too when encoded, yet not when decoded.
_DECODED_GUID = "list_transform([{hex}], lambda digits: try_cast(concat({groups}) AS UUID))[1]".format(
    hex=_HEX, groups=", ".join(f"digits[{place}:{place + 1}]" for place in (7, 5, 3, 1, 11, 9, *range(13, 32, 2)))
)
_ENCODED_GUID = (
    "list_transform([replace({{guid}}::VARCHAR, '-', '')], lambda digits: to_base64(unhex(concat({groups}))))[1]".format(
        groups=", ".join(f"digits[{place}:{place + 1}]" for place in (7, 5, 3, 1, 11, 9, 15, 13, *range(17, 32, 2)))
    )
)
scalar(
    "base64_encode_fromguid",
    "The 16 bytes of a guid in base64.",
    sig("(guid: guid) -> string", duckdb=f"coalesce({_ENCODED_GUID}, '')"),
    examples={
        "base64_encode_fromguid(guid(00112233-4455-6677-8899-aabbccddeeff))": "MyIRAFVEd2aImaq7zN3u/w==",
        "base64_encode_fromguid(guid(null))": "",
    },
)
scalar(
    "base64_decode_toguid",
    "The guid whose 16 bytes are given in base64; null for what is no base64 or has another length.",
    sig("(base64_string: string) -> guid", duckdb=_DECODED_GUID),
    examples={
        "base64_decode_toguid('MyIRAFVEZneImaq7zN3u/w==')": "00112233-4455-6677-8899-aabbccddeeff",
        "base64_decode_toguid('aGk=')": None,
    },
)

# --------------------------------------------------------------------------------------------------------------- compressed

scalar(
    "gzip_compress_to_base64_string",
    "A text's UTF-8 bytes compressed by gzip, in base64.",
    sig("(string: string) -> string", python="encoding.gzip_compress"),
    examples={
        "gzip_decompress_from_base64_string(gzip_compress_to_base64_string('aaaaaaaaaa'))": "aaaaaaaaaa",
        "gzip_decompress_from_base64_string(gzip_compress_to_base64_string(''))": "",
    },
)
scalar(
    "gzip_decompress_from_base64_string",
    "The text that was compressed by gzip and is given in base64; empty for anything else.",
    sig("(string: string) -> string", python="encoding.gzip_decompress"),
    examples={
        "gzip_decompress_from_base64_string('H4sIAAAAAAAC/8tIzcnJBwCGphA2BQAAAA==')": "hello",
        "gzip_decompress_from_base64_string('aGk=')": "",
    },
)
scalar(
    "zlib_compress_to_base64_string",
    "A text's UTF-8 bytes compressed by zlib, in base64.",
    sig("(string: string) -> string", python="encoding.zlib_compress"),
    examples={
        "zlib_compress_to_base64_string('hi')": "eAEBAgD9/2hpATsA0g==",
        "zlib_decompress_from_base64_string(zlib_compress_to_base64_string(''))": "",
    },
)
scalar(
    "zlib_decompress_from_base64_string",
    "The text that was compressed by zlib and is given in base64; empty for anything else.",
    sig("(string: string) -> string", python="encoding.zlib_decompress"),
    examples={
        "zlib_decompress_from_base64_string('eJzLSM3JyQcABiwCFQ==')": "hello",
        "zlib_decompress_from_base64_string('no base64')": "",
    },
)

# ----------------------------------------------------------------------------------------------------------- URLs and hosts

scalar(
    "url_encode",
    "A text percent-encoded for a URL's query: a space becomes +.",
    sig("(url: string) -> string", python="encoding.url_encode"),
    examples={"url_encode('a b/c?d=é')": "a+b%2fc%3fd%3d%c3%a9", "url_encode('')": ""},
)
scalar(
    "url_encode_component",
    "A text percent-encoded for any part of a URL: a space becomes %20.",
    sig("(url: string) -> string", python="encoding.url_encode_component"),
    examples={"url_encode_component('a b/c')": "a%20b%2fc", "url_encode_component('')": ""},
)
scalar(
    "url_decode",
    "A percent-encoded text as it was. A + stays.",
    sig("(encoded_url: string) -> string", python="encoding.url_decode"),
    examples={"url_decode('a%20b%2Fc%C3%A9+d%')": "a b/cé+d%", "url_decode('%zz')": "%zz"},
)
scalar(
    "punycode_from_string",
    "A text in punycode, without xn-- before it.",
    sig("(string: string) -> string", python="encoding.to_punycode"),
    examples={"punycode_from_string('bücher')": "bcher-kva", "punycode_from_string('')": ""},
)
scalar(
    "punycode_to_string",
    "The text that a punycode without xn-- stands for; empty for what is none.",
    sig("(string: string) -> string", python="encoding.from_punycode"),
    examples={"punycode_to_string('bcher-kva')": "bücher", "punycode_to_string('é')": ""},
)
scalar(
    "punycode_domain_from_string",
    "An internationalized domain name with its xn-- labels decoded; empty if one cannot be.",
    sig("(string: string) -> string", python="encoding.domain_from_punycode"),
    examples={
        "punycode_domain_from_string('www.xn--bcher-kva.example')": "www.bücher.example",
        "punycode_domain_from_string('xn--\\u00e9')": "",
    },
)
scalar(
    "punycode_domain_to_string",
    "A domain name with its labels that are not ASCII encoded as xn-- and punycode.",
    sig("(string: string) -> string", python="encoding.domain_to_punycode"),
    examples={
        "punycode_domain_to_string('www.bücher.example')": "www.xn--bcher-kva.example",
        "punycode_domain_to_string('')": "",
    },
)

# -------------------------------------------------------------------------------------------------------------- code points

scalar(
    "unicode_codepoints_from_string",
    "The Unicode code points of a text, as an array of numbers.",
    sig(
        "(value: text) -> dynamic",
        duckdb="(CASE WHEN {value} = '' THEN '[]'::JSON "
        "ELSE to_json(list_transform(string_split({value}, ''), lambda character: unicode(character))) END)",
    ),
    examples={"unicode_codepoints_from_string('aë')": [97, 235], "unicode_codepoints_from_string('')": []},
)
alias("to_utf8", "unicode_codepoints_from_string")
scalar(
    "unicode_codepoints_to_string",
    "The text of some Unicode code points, given one by one or in arrays; empty if one of them is none.",
    sig("(values: integer|dynamic...) -> string", python="encoding.text_of_code_points"),
    examples={
        "unicode_codepoints_to_string(97, 235)": "aë",
        "unicode_codepoints_to_string(dynamic([97, 235]), 33)": "aë!",
        "unicode_codepoints_to_string(55296)": "",
    },
)
alias("make_string", "unicode_codepoints_to_string")
