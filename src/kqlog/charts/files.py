"""Charts as files: PNG, SVG and HTML that need nothing else to be seen."""

from __future__ import annotations

from typing import Any

_VEGA_LITE = "5.21"
_SCALE = 2.0
"""Pixels of a PNG for each of the chart's: sharp on today's screens."""


def written(spec: dict[str, Any], ending: str) -> bytes:
    """The file of a Vega-Lite specification, by its ending: .png, .svg or .html.

    HTML has the libraries that draw it inside, so that it works without a network.

    Raises:
        ModuleNotFoundError: when the extra `charts` is not installed; says so.
    """
    try:
        import vl_convert
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{ending} files want the package vl-convert-python: pip install 'kqlog[charts]'", name=error.name
        ) from None
    match ending:
        case ".png":
            return bytes(vl_convert.vegalite_to_png(spec, vl_version=_VEGA_LITE, scale=_SCALE))
        case ".svg":
            return str(vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE)).encode()
        case _:
            return str(vl_convert.vegalite_to_html(spec, vl_version=_VEGA_LITE, bundle=True)).encode()
