"""Colours: of series, told apart by people of every colour vision, and of paper and ink."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C7A00", "#7F7F7F")
"""Okabe and Ito's palette (2008) for colour-blind readers; its yellow and black changed so that both papers show them."""
TOL = (
    "#882255",
    "#44AA99",
    "#999933",
    "#AA4499",
    "#117733",
    "#CC6677",
    "#6699CC",
    "#661100",
    "#AA7744",
    "#5F4690",
    "#1D6996",
    "#94346E",
)
"""From the palettes of Paul Tol, for the ninth series and on."""
SERIES = OKABE_ITO + TOL
SERIES_ON_DARK = (
    *("#56B4E9", "#E69F00", "#2BB88A", "#DD8FB9", "#F0E442", "#E8743B", "#8FA8FF", "#A6A6A6"),
    *("#C04D7E", "#66CCBB", "#BBBB55", "#CC77CC", "#4CAF63", "#DD8899"),
    *("#88BBEE", "#B5563C", "#CC9966", "#9A86D1", "#4F9CC8", "#C56BA5"),
)
"""The same, brighter where dark paper would swallow them."""
ANOMALY = "#D81B60"

ANSI = (33, 172, 36, 175, 74, 202, 142, 245, 126, 79, 143, 133, 29, 168, 68, 130, 137, 97, 31, 132)
"""The nearest of a terminal's 256 colours to each of `SERIES`; all of them can be read on black and on white."""
ANSI_ANOMALY = 197


class Theme(StrEnum):
    """On what a chart is seen. NEUTRAL has no paper of its own, and ink that is seen on light and dark, as in a notebook."""

    LIGHT = "light"
    DARK = "dark"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of everything but the data."""

    paper: str
    text: str
    faint: str
    grid: str
    series: tuple[str, ...] = SERIES
    grid_opacity: float = 1.0

    @property
    def edge(self) -> str:
        """Between areas that touch."""
        return "#ffffff" if self.paper == "transparent" else self.paper


def ink_on(colour: str) -> str:
    """Black or white, whichever is read better on a colour: WCAG's contrast of luminances."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    return "#ffffff" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#111111"


INKS = {
    Theme.LIGHT: Ink("#ffffff", "#24292f", "#57606a", "#e4e7eb"),
    Theme.DARK: Ink("#1e1e1e", "#e6e6e6", "#a8b0b8", "#3a3d41", SERIES_ON_DARK),
    Theme.NEUTRAL: Ink("transparent", "#7a7a7a", "#7a7a7a", "#808080", ("#2F86C9", *SERIES[1:]), 0.3),
}
