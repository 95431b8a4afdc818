"""The pollutant table, scaled integers and the one place where units are converted."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from math import ceil, floor
from pathlib import Path
from types import MappingProxyType

from pydantic import ConfigDict, TypeAdapter, ValidationError

from aq.domain.errors import ConfigError

# A number at the store's scale: a station's stored integer, or the exact mean of some.
Exact = int | Fraction

# Litres per mole of an ideal gas at 25 °C and 1 atm; the reference temperature AirKorea itself
# uses is not published, 25 °C is the one of the Korean and US ambient standards.
MOLAR_VOLUME_25C = Decimal("24.45")
MICROGRAM, PPM = "µg/m³", "ppm"
# Where the program's own configuration stands: inside an installed package, else in the checkout.
_PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = (_PACKAGE / "shipped" / "config", _PACKAGE.parent / "config")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pollutant:
    """One pollutant: canonical `unit`, decimal `digits` kept, plausible range [unit]."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    key: str
    unit: str
    digits: int
    low: Decimal
    high: Decimal
    molar_mass: Decimal | None = None

    @property
    def scale(self) -> int:
        """Stored integers per unit: 10 for PM, 10,000 for O3, NO2 and SO2, 100 for CO."""
        return int(10**self.digits)

    @property
    def span(self) -> tuple[int, int]:
        """The smallest and the largest stored integer within the instrument range."""
        return ceil(self.low * self.scale), floor(self.high * self.scale)


_TABLE = TypeAdapter(Pollutant)


def parse_pollutants(text: str, where: str) -> Mapping[str, Pollutant]:
    """The table from TOML text; raises `ConfigError` naming the entry."""
    try:
        data = tomllib.loads(text, parse_float=Decimal)
        rows = {key: _TABLE.validate_python({"key": key, **row}) for key, row in data.items()}
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not readable as TOML: {error}", where) from None
    except (TypeError, ValidationError) as error:
        detail = " ".join(str(error).split())
        raise ConfigError(
            f"each pollutant needs unit, digits, low, high: {detail}", where
        ) from None
    return MappingProxyType(rows)


@cache
def pollutants() -> Mapping[str, Pollutant]:
    """The table of `config/pollutants.toml`, read once: it shapes the store's columns, so that
    another one is another program with its migration, and no setting."""
    path = next(folder / "pollutants.toml" for folder in SHIPPED if folder.is_dir())
    try:
        return parse_pollutants(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", str(path)) from None


def half_up(value: Decimal) -> int:
    """The nearest integer, halves away from zero."""
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def mean_half_up(total: int, count: int) -> int:
    """Mean of `count` scaled integers whose exact sum is `total`, half-up at their own scale."""
    return (2 * total + count) // (2 * count)


def rounded(value: Exact, pollutant: Pollutant, digits: int, *, cut: bool = False) -> Decimal:
    """An exact mean at the store's scale as a decimal [pollutant's unit] of so many digits.

    Halves up, or with `cut` the further digits left out.
    """
    over = value.numerator * 10**digits
    under = value.denominator * pollutant.scale
    return Decimal(over // under if cut else (2 * over + under) // (2 * under)).scaleb(-digits)


def rounded_like(value: Decimal, shown: Decimal) -> set[Decimal]:
    """`value` at the digits of `shown`: with halves up, and cut."""
    step = Decimal(1).scaleb(int(shown.as_tuple().exponent))
    return {value.quantize(step, ROUND_HALF_UP), value.quantize(step, ROUND_DOWN)}


def to_scaled(value: Decimal, pollutant: Pollutant, unit: str | None = None) -> int:
    """A measured `value` [unit, default the pollutant's own] as the store's integer.

    Mass becomes mixing ratio here and nowhere else:
    ppm = µg/m³ x 24.45 / (1000 x molar mass) at 25 °C, 1 atm. Raises ``ValueError`` for a number
    that is not finite and for a pair of units that does not convert.
    """
    if not value.is_finite():
        raise ValueError(f"not a finite number: {value}")
    if unit is not None and unit != pollutant.unit:
        if (unit, pollutant.unit) != (MICROGRAM, PPM) or pollutant.molar_mass is None:
            raise ValueError(f"{pollutant.key}: no conversion from {unit} to {pollutant.unit}")
        value = value * MOLAR_VOLUME_25C / (1000 * pollutant.molar_mass)
    return half_up(value * pollutant.scale)


def from_scaled(scaled: int, pollutant: Pollutant) -> Decimal:
    """The exact decimal value [pollutant's unit] of a stored integer."""
    return Decimal(scaled).scaleb(-pollutant.digits)


KEYS = tuple(pollutants())
