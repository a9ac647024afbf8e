"""User-agent texts over Arrow arrays, by the patterns of the uap-core project."""

from __future__ import annotations

import json
from functools import lru_cache

import pyarrow as pa
import ua_parser

from kqlog.functions.kernels import json_text

OTHER = "Other"
"""The family of what no pattern knows."""


def parse_user_agent(user_agent: pa.Array, look_for: pa.Array) -> pa.Array:
    """What each text tells of browser, operating system and device."""
    return pa.array(map(_parsed, user_agent.to_pylist(), look_for.to_pylist()), pa.string())


@lru_cache(maxsize=8192)
def _parsed(text: str, look_for: str | None) -> str | None:
    if look_for is None:
        return None
    wanted = json.loads(look_for) if look_for.startswith("[") else [look_for]
    found: dict[str, json_text.Json] = {}
    if "browser" in wanted:
        browser = ua_parser.parse_user_agent(text) or ua_parser.UserAgent(OTHER)
        found["Browser"] = _filled(
            Family=browser.family, MajorVersion=browser.major, MinorVersion=browser.minor, Patch=browser.patch
        )
    if "os" in wanted:
        system = ua_parser.parse_os(text) or ua_parser.OS(OTHER)
        found["OperatingSystem"] = _filled(
            Family=system.family,
            MajorVersion=system.major,
            MinorVersion=system.minor,
            Patch=system.patch,
            PatchMinor=system.patch_minor,
        )
    if "device" in wanted:
        device = ua_parser.parse_device(text) or ua_parser.Device(OTHER)
        found["Device"] = _filled(Family=device.family, Brand=device.brand, Model=device.model)
    return json_text.text(found)


def _filled(**parts: str | None) -> dict[str, json_text.Json]:
    return {name: part or "" for name, part in parts.items()}
