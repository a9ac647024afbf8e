"""What a query says of its chart behind `with`, read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kqlog.charts.chart import ChartError, Split, Stacking
from kqlog.charts.values import LARGEST
from kqlog.plan.nodes import Render

_KINDS = {"default": Stacking.UNSTACKED, **{str(stacking): stacking for stacking in Stacking}}


@dataclass(frozen=True, slots=True)
class Properties:
    """The properties of a chart; None and "" where the query leaves one out. `notes` says what could not be followed."""

    title: str = ""
    kind: str = ""
    stacking: Stacking = Stacking.UNSTACKED
    split: Split = Split.NONE
    legend: bool = True
    accumulate: bool = False
    xcolumn: str = ""
    ycolumns: str = ""
    series: str = ""
    anomalycolumns: str = ""
    xtitle: str = ""
    ytitle: str = ""
    xlog: bool = False
    ylog: bool = False
    xmin: float | None = None
    xmax: float | None = None
    ymin: float | None = None
    ymax: float | None = None
    seeks_anomalies: bool = False
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, render: Render) -> Properties:
        """The properties of a `render`. A value that means nothing is left out, and noted."""
        texts = dict(render.properties)
        notes: list[str] = []

        def choice(name: str, known: Sequence[str]) -> str:
            value = texts.get(name, "").lower()
            if value and value not in known:
                notes.append(f"{name} is one of {', '.join(known)}, not '{texts[name]}'")
            return value if value in known else ""

        def number(name: str) -> float | None:
            try:
                value = float(texts[name]) if texts.get(name) else None
            except ValueError:
                value = math.nan
            if value is None or abs(value) <= LARGEST:
                return value
            notes.append(f"{name} is no number: '{texts[name]}'")
            return None

        kind = choice("kind", [*_KINDS, "map"])
        stacking = _KINDS.get(kind, Stacking.UNSTACKED)
        return cls(
            title=texts.get("title", ""),
            kind=kind,
            stacking=Stacking.STACKED if render.kind == "stackedareachart" else stacking,
            split=Split(choice("ysplit", list(Split)) or "none"),
            legend=choice("legend", ["visible", "hidden"]) != "hidden",
            accumulate=choice("accumulate", ["true", "false"]) == "true",
            xcolumn=texts.get("xcolumn", ""),
            ycolumns=texts.get("ycolumns", ""),
            series=texts.get("series", ""),
            anomalycolumns=texts.get("anomalycolumns", ""),
            xtitle=texts.get("xtitle", ""),
            ytitle=texts.get("ytitle", ""),
            xlog=choice("xaxis", ["linear", "log"]) == "log",
            ylog=choice("yaxis", ["linear", "log"]) == "log",
            xmin=number("xmin"),
            xmax=number("xmax"),
            ymin=number("ymin"),
            ymax=number("ymax"),
            notes=tuple(notes),
        )

    @staticmethod
    def columns(name: str, text: str, names: list[str]) -> tuple[int, ...] | None:
        """The positions of the columns that a property lists; None when it is not given.

        Raises:
            ChartError: for a name that is no column.
        """
        if not text.strip():
            return None
        wanted = [text] if text in names else [part.strip().removeprefix("['").removesuffix("']") for part in text.split(",")]
        for part in wanted:
            if part not in names:
                raise ChartError(f"{name} names the column '{part}', which the result does not have")
        return tuple(names.index(part) for part in dict.fromkeys(wanted))

    def column(self, name: str, text: str, names: list[str]) -> int | None:
        """The position of the one column that a property names, as `columns`."""
        found = self.columns(name, text, names)
        return found[0] if found else None
