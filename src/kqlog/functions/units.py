"""Conversion between units of measurement, and numbers with units as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kqlog.functions.declare import quoted, scalar, sig

_INCH, _FOOT, _MILE, _POUND = 0.0254, 0.3048, 1609.344, 0.45359237
_GRAVITY = 9.80665
_GALLON, _IMPERIAL_GALLON = 231 * _INCH**3, 0.00454609
_LIGHT_YEAR, _PARSEC = 9.4607304725808e15, 3.0856775814913673e16
_BRITISH_THERMAL_UNIT, _ELECTRON_VOLT = 1055.05585262, 1.602176634e-19
_DEGREES_IN_RADIAN = 57.29577951308232


def _scaled(unit: str, size: float, **prefixes: float) -> dict[str, float]:
    """The size of a unit, and of its multiples under their names."""
    return {unit: size, **{name: factor * size for name, factor in prefixes.items()}}


_LENGTH = {  # in meters
    **_scaled(
        "Meter", 1, Nanometer=1e-9, Micrometer=1e-6, Millimeter=1e-3, Centimeter=1e-2, Decimeter=0.1, Decameter=10, Hectometer=100
    ),
    **_scaled("LightYear", _LIGHT_YEAR, KilolightYear=1e3, MegalightYear=1e6),
    **_scaled("Parsec", _PARSEC, Kiloparsec=1e3, Megaparsec=1e6),
    **_scaled(
        "Inch",
        _INCH,
        Mil=1e-3,
        Microinch=1e-6,
        DtpPica=1 / 6,
        DtpPoint=1 / 72,
        PrinterPica=12 / 72.27,
        PrinterPoint=1 / 72.27,
        Twip=1 / 1440,
    ),
    **_scaled("Foot", _FOOT, Yard=3, Fathom=6, Chain=66, Shackle=90, DataMile=6000, Hand=1 / 3),
    "Kilometer": 1e3,
    "Mile": _MILE,
    "NauticalMile": 1852,
    "UsSurveyFoot": 1200 / 3937,
    "Angstrom": 1e-10,
    "AstronomicalUnit": 1.495978707e11,
    "SolarRadius": 6.957e8,
}
_MASS = {  # in kilograms
    **_scaled(
        "Gram",
        1e-3,
        Nanogram=1e-9,
        Microgram=1e-6,
        Milligram=1e-3,
        Centigram=1e-2,
        Decigram=0.1,
        Decagram=10,
        Hectogram=100,
        Kilogram=1e3,
    ),
    **_scaled("Tonne", 1e3, Kilotonne=1e3, Megatonne=1e6),
    **_scaled("Pound", _POUND, Kilopound=1e3, Megapound=1e6, Grain=1 / 7000, Ounce=1 / 16, Stone=14, ShortTon=2000, LongTon=2240),
    "ShortHundredweight": 100 * _POUND,
    "LongHundredweight": 112 * _POUND,
    "Slug": _POUND * _GRAVITY / _FOOT,
    "EarthMass": 5.9722e24,
    "SolarMass": 1.98947e30,
}
_VOLUME = {  # in cubic meters
    **_scaled(
        "CubicMeter",
        1,
        HectocubicMeter=100,
        KilocubicMeter=1e3,
        CubicMicrometer=1e-18,
        CubicMillimeter=1e-9,
        CubicCentimeter=1e-6,
    ),
    "CubicDecimeter": 1e-3,
    "CubicHectometer": 1e6,
    "CubicKilometer": 1e9,
    **_scaled(
        "Liter",
        1e-3,
        Microliter=1e-6,
        Milliliter=1e-3,
        Centiliter=1e-2,
        Deciliter=0.1,
        Decaliter=10,
        Hectoliter=100,
        Kiloliter=1e3,
        Megaliter=1e6,
    ),
    **_scaled("CubicFoot", _FOOT**3, HectocubicFoot=100, KilocubicFoot=1e3, MegacubicFoot=1e6, BoardFoot=1 / 12),
    "CubicInch": _INCH**3,
    "CubicYard": (3 * _FOOT) ** 3,
    "CubicMile": _MILE**3,
    # The factor that the service documents.
    "AcreFoot": 1 / 0.000810714,
    **_scaled(
        "UsGallon",
        _GALLON,
        DeciusGallon=0.1,
        DecausGallon=10,
        HectousGallon=100,
        KilousGallon=1e3,
        MegausGallon=1e6,
        OilBarrel=42,
        UsBeerBarrel=31,
    ),
    **_scaled(
        "UsQuart", _GALLON / 4, UsPint=1 / 2, UsCustomaryCup=1 / 4, UsOunce=1 / 32, UsTablespoon=1 / 64, UsTeaspoon=1 / 192
    ),
    **_scaled(
        "ImperialGallon",
        _IMPERIAL_GALLON,
        KiloimperialGallon=1e3,
        MegaimperialGallon=1e6,
        ImperialBeerBarrel=36,
        ImperialPint=1 / 8,
    ),
    "ImperialOunce": _IMPERIAL_GALLON / 160,
    "UsLegalCup": 2.4e-4,
    "MetricCup": 2.5e-4,
    "MetricTeaspoon": 5e-6,
    "AuTablespoon": 2e-5,
    "UkTablespoon": 1.5e-5,
}
_SPEED = {  # in meters per second
    **{
        f"{unit}Per{period}": _LENGTH[unit] / seconds
        for unit in ("Kilometer", "Meter", "Centimeter", "Foot", "Inch", "Yard", "UsSurveyFoot")
        for period, seconds in (("Hour", 3600), ("Minute", 60), ("Second", 1))
    },
    **{
        f"{unit}Per{period}": _LENGTH[unit] / seconds
        for unit in ("Decimeter", "Millimeter", "Micrometer", "Nanometer")
        for period, seconds in (("Minute", 60), ("Second", 1))
    },
    "MillimeterPerHour": 1e-3 / 3600,
    "MilePerHour": _MILE / 3600,
    "Knot": 1852 / 3600,
}
_ENERGY = {  # in joules
    **_scaled("Joule", 1, Millijoule=1e-3, Kilojoule=1e3, Megajoule=1e6, Gigajoule=1e9, Erg=1e-7),
    **_scaled("WattHour", 3600, KilowattHour=1e3, MegawattHour=1e6, GigawattHour=1e9, TerawattHour=1e12),
    **_scaled("WattDay", 86400, KilowattDay=1e3, MegawattDay=1e6, GigawattDay=1e9, TerawattDay=1e12),
    **_scaled("Calorie", 4.184, Kilocalorie=1e3, Megacalorie=1e6),
    **_scaled(
        "ElectronVolt", _ELECTRON_VOLT, KiloelectronVolt=1e3, MegaelectronVolt=1e6, GigaelectronVolt=1e9, TeraelectronVolt=1e12
    ),
    **_scaled(
        "BritishThermalUnit",
        _BRITISH_THERMAL_UNIT,
        KilobritishThermalUnit=1e3,
        MegabritishThermalUnit=1e6,
        GigabritishThermalUnit=1e9,
    ),
    **_scaled("ThermEc", 1.05505585262e8, DecathermEc=10),
    **_scaled("ThermUs", 1.054804e8, DecathermUs=10),
    **_scaled("ThermImperial", 1.05505585257348e8, DecathermImperial=10),
    **_scaled("FootPound", _FOOT * _POUND * _GRAVITY, HorsepowerHour=550 * 3600),
}
_FORCE = {  # in newtons
    **_scaled("Newton", 1, Micronewton=1e-6, Millinewton=1e-3, Decanewton=10, Kilonewton=1e3, Meganewton=1e6, Dyn=1e-5),
    **_scaled("KilogramForce", _GRAVITY, KiloPond=1, TonneForce=1e3),
    **_scaled("PoundForce", _POUND * _GRAVITY, OunceForce=1 / 16, KilopoundForce=1e3, ShortTonForce=2000),
    "Poundal": _POUND * _FOOT,
}
_ANGLE = {  # in degrees
    **_scaled("Degree", 1, Nanodegree=1e-9, Microdegree=1e-6, Millidegree=1e-3, Arcminute=1 / 60, Arcsecond=1 / 3600),
    **_scaled(
        "Radian", _DEGREES_IN_RADIAN, Nanoradian=1e-9, Microradian=1e-6, Milliradian=1e-3, Centiradian=1e-2, Deciradian=0.1
    ),
    "Gradian": 0.9,
    "NatoMil": 9 / 160,
    "Revolution": 360,
}
_TEMPERATURE = {  # kelvins in one degree, and kelvins at 0
    "Kelvin": (1.0, 0.0),
    "DegreeCelsius": (1.0, 273.15),
    "MillidegreeCelsius": (1e-3, 273.15),
    "DegreeFahrenheit": (5 / 9, 459.67 * 5 / 9),
    "DegreeRankine": (5 / 9, 0.0),
    "DegreeDelisle": (-2 / 3, 373.15),
    "DegreeNewton": (100 / 33, 273.15),
    "DegreeReaumur": (1.25, 273.15),
    "DegreeRoemer": (40 / 21, 273.15 - 7.5 * 40 / 21),
    "SolarTemperature": (5778.0, 0.0),
}


def _double(number: float) -> str:
    return f"CAST({number!r} AS DOUBLE)"


Units = dict[str, tuple[float, float]]
"""The size of one of each unit, and the base value at its 0."""


def _between_known(units: Units) -> Callable[[str, str], str]:
    """The body of a conversion between units that are constants."""

    def body(source: str, target: str) -> str:
        if source not in units or target not in units:
            return "CAST(NULL AS DOUBLE)"
        (size, zero), (wanted_size, wanted_zero) = units[source], units[target]
        if zero == wanted_zero:
            return f"({{value}} * {_double(size / wanted_size)})"
        return f"(({{value}} * {_double(size)} + {_double(zero - wanted_zero)}) / {_double(wanted_size)})"

    return body


def _between_any(units: Units) -> str:
    """The body of a conversion between units that the row names."""

    def looked_up(place: int, unit: str) -> str:
        return f"MAP {{{', '.join(f'{quoted(name)}: {_double(known[place])}' for name, known in units.items())}}}[{{{unit}}}]"

    size, wanted_size = looked_up(0, "source"), looked_up(0, "target")
    if not any(zero for _, zero in units.values()):
        return f"({{value}} * ({size} / {wanted_size}))"
    return f"(({{value}} * {size} + ({looked_up(1, 'source')} - {looked_up(1, 'target')})) / {wanted_size})"


_ANGLES = {name: (size, 0.0) for name, size in _ANGLE.items()}
_TILT_IN_DEGREES = "(CASE WHEN abs({value}) <= 1 THEN degrees(asin({value})) WHEN {value} IS NOT NULL THEN 'NaN'::DOUBLE END)"


def _between_known_angles(source: str, target: str) -> str:
    """The same for angles, of which a tilt is the sine."""
    if "Tilt" not in (source, target):
        return _between_known(_ANGLES)(source, target)
    degrees = _TILT_IN_DEGREES if source == "Tilt" else _between_known(_ANGLES)(source, "Degree")
    if target == "Tilt":
        return f"sin(radians({degrees}))"
    return _between_known(_ANGLES)("Degree", target).replace("{value}", degrees)


def _between_any_angles() -> str:
    plain = _between_any(_ANGLES)
    source = plain.replace("{target}", "'Degree'")
    degrees = f"(CASE WHEN {{source}} = 'Tilt' THEN {_TILT_IN_DEGREES} ELSE {source} END)"
    target = plain.replace("{source}", "'Degree'").replace("{value}", degrees)
    tilted = f"CASE WHEN {{target}} = 'Tilt' THEN sin(radians({degrees})) ELSE {target} END"
    return f"(CASE WHEN 'Tilt' IN ({{source}}, {{target}}) THEN {tilted} ELSE {plain} END)"


def _declare(
    kind: str, what: str, names: Iterable[str], known: Callable[[str, str], str], any_: str, examples: Mapping[str, object]
) -> None:
    scalar(
        f"convert_{kind}",
        f"{what}: {', '.join(sorted(names))}.",
        sig("(value: real, source: const string, target: const string) -> real", duckdb=known),
        sig("(value: real, source: string, target: string) -> real", duckdb=any_),
        examples=examples,
    )


for _kind, _units, _examples in (
    ("energy", _ENERGY, {"convert_energy(2, 'KilowattHour', 'Joule')": 7200000.0}),
    ("force", _FORCE, {"convert_force(3, 'Kilonewton', 'Newton')": 3000.0}),
    ("length", _LENGTH, {"convert_length(3, 'Yard', 'Foot')": 9.0, "convert_length(2, 'Mile', 'Cubit')": None}),
    ("mass", _MASS, {"convert_mass(2, 'Stone', 'Pound')": 28.0}),
    ("speed", _SPEED, {"round(convert_speed(36, 'KilometerPerHour', 'MeterPerSecond'), 9)": 10.0}),
    ("volume", _VOLUME, {"convert_volume(2, 'CubicMeter', 'Liter')": 2000.0, "convert_volume(2, '', 'Liter')": None}),
):
    _sizes = {_name: (_size, 0.0) for _name, _size in _units.items()}
    _what = f"A number in one unit of {_kind} as one in another; null for no unit. Units"
    _declare(_kind, _what, _sizes, _between_known(_sizes), _between_any(_sizes), _examples)
_declare(
    "angle",
    "An angle in one unit as one in another; null for no unit, and a tilt is the sine of an angle. Units",
    (*_ANGLE, "Tilt"),
    _between_known_angles,
    _between_any_angles(),
    {
        "convert_angle(0.5, 'Revolution', 'Degree')": 180.0,
        "convert_angle(0.5, 'Tilt', 'Degree')": 30.0,
        "convert_angle(1, 'Degree', 'Slope')": None,
    },
)
_declare(
    "temperature",
    "A temperature on one scale as one on another; null for a scale that is none. Scales",
    _TEMPERATURE,
    _between_known(_TEMPERATURE),
    _between_any(_TEMPERATURE),
    {
        "round(convert_temperature(20, 'DegreeCelsius', 'DegreeFahrenheit'), 9)": 68.0,
        "convert_temperature(100, 'DegreeCelsius', 'MillidegreeCelsius')": 100000.0,
        "convert_temperature(100, 'DegreeCelsius', 'Hot')": None,
    },
)

# --------------------------------------------------------------------------------------------------------------- data sizes

_BYTE_UNITS = ("Bytes", "KB", "MB", "GB", "TB", "PB", "EB")


def _in_unit(unit: str, precision: int) -> str:
    size = 1024 ** _BYTE_UNITS.index(unit)
    number = f"CAST(try_cast(round({{size}} / {size}e0, {precision}) AS DECIMAL(38, {precision})) AS VARCHAR)"
    trimmed = f"rtrim(rtrim({number}, '0'), '.')" if precision > 0 else number
    return f"{trimmed} || ' {unit}'"


def _format_bytes(precision: int | None = 0, units: str | None = "") -> str:
    digits = max(0, min(precision or 0, 15))
    if units:
        if units not in _BYTE_UNITS:
            raise ValueError(f"{units!r} is none of {', '.join(_BYTE_UNITS)}")
        return f"coalesce({_in_unit(units, digits)}, '')"
    steps = [
        f"WHEN abs({{size}}) < {1024 ** (power + 1)}e0 THEN {_in_unit(unit, digits)}"
        for power, unit in enumerate(_BYTE_UNITS[:-1])
    ]
    return f"coalesce(CASE {' '.join(steps)} ELSE {_in_unit(_BYTE_UNITS[-1], digits)} END, '')"


scalar(
    "format_bytes",
    "A number of bytes as text with its unit (Bytes, KB, MB, GB, TB, PB, EB), rounded to some digits (default 0).",
    sig("(size: real) -> string", duckdb=_format_bytes),
    sig("(size: real, precision: const long) -> string", duckdb=_format_bytes),
    sig("(size: real, precision: const long, units: const string) -> string", duckdb=_format_bytes),
    result="{first}",
    examples={
        "format_bytes(1000)": "1000 Bytes",
        "format_bytes(1536, 1)": "1.5 KB",
        "format_bytes(5 * 1024 * 1024)": "5 MB",
        "format_bytes(1048576, 2, 'GB')": "0 GB",
        "format_bytes(1536, 0, 'Bytes')": "1536 Bytes",
        "format_bytes(real(nan))": "",
    },
)
