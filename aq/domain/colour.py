"""Whether a scale's colours can be told apart by everyone: CAM02-UCS distance under colour-vision
deficiency, and falling lightness.

Sources: CAM02-UCS after Luo, Cui and Li (2006) over CIECAM02 (CIE 159:2004), average surround,
La = 64/pi/5 cd/m² (sRGB), Yb = 20; deficiencies after Machado, Oliveira and Fernandes (2009),
severity 1.0, applied to linear RGB. Checked in the tests against an independent implementation.
"""

import math
from collections.abc import Sequence
from itertools import combinations, pairwise

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

SMALLEST_DISTANCE = 15.0
SMALLEST_FALL = 5.0  # of L* from level to level

_SRGB_TO_XYZ: Matrix = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
DEFICIENCIES: dict[str, Matrix] = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_CAT02: Matrix = (
    (0.7328, 0.4296, -0.1624),
    (-0.7036, 1.6975, 0.0061),
    (0.0030, 0.0136, 0.9834),
)
_CAT02_TO_HPE: Matrix = (
    (0.7409792, 0.2180250, 0.0410058),
    (0.2853532, 0.6242014, 0.0904454),
    (-0.0096280, -0.0056980, 1.0153260),
)
_WHITE: Triple = (95.047, 100.0, 108.883)
_LA, _YB = 64 / math.pi / 5, 20.0
_F, _C, _NC = 1.0, 0.69, 1.0


def _times(matrix: Matrix, vector: Triple) -> Triple:
    a, b, c = (sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix)
    return a, b, c


def _linear(colour: str) -> Triple:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return r, g, b


def lightness(colour: str) -> float:
    """CIE L* (0-100) of a #RRGGBB colour."""
    y = _times(_SRGB_TO_XYZ, _linear(colour))[1]
    return 116 * (y ** (1 / 3)) - 16 if y > 216 / 24389 else y * 24389 / 27


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio (1-21) of two #RRGGBB colours."""
    low, high = sorted(_times(_SRGB_TO_XYZ, _linear(colour))[1] for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _adapted(xyz: Triple) -> Triple:
    """Post-adaptation cone responses of CIECAM02, without the constant 0.1."""
    d = _F * (1 - (1 / 3.6) * math.exp((-_LA - 42) / 92))
    white = _times(_CAT02, _WHITE)
    rgb = _times(_CAT02, xyz)
    r, g, b = (x * (d * 100 / w + 1 - d) for x, w in zip(rgb, white, strict=True))
    out = []
    for value in _times(_CAT02_TO_HPE, (r, g, b)):
        power = (_luminance_factor() * abs(value) / 100) ** 0.42
        out.append(math.copysign(400 * power / (27.13 + power), value))
    return out[0], out[1], out[2]


def _luminance_factor() -> float:
    k = 1 / (5 * _LA + 1)
    return float(0.2 * k**4 * 5 * _LA + 0.1 * (1 - k**4) ** 2 * (5 * _LA) ** (1 / 3))


def _achromatic(cones: Triple, nbb: float) -> float:
    r, g, b = cones
    return (2 * r + g + b / 20) * nbb + (0.1 * (2 + 1 + 1 / 20) - 0.305) * nbb


def cam02_ucs(linear: Triple) -> Triple:
    """(J', a', b') of a linear sRGB colour."""
    x, y, z = _times(_SRGB_TO_XYZ, linear)
    n = _YB / _WHITE[1]
    nbb = 0.725 * (1 / n) ** 0.2
    r, g, b = _adapted((100 * x, 100 * y, 100 * z))
    red_green = r - 12 * g / 11 + b / 11
    yellow_blue = (r + g - 2 * b) / 9
    hue = math.atan2(yellow_blue, red_green)
    ratio = _achromatic((r, g, b), nbb) / _achromatic(_adapted(_WHITE), nbb)
    j = 100 * max(ratio, 0.0) ** (_C * (1.48 + math.sqrt(n)))
    eccentricity = (math.cos(hue + 2) + 3.8) / 4
    total = 50000 / 13 * _NC * nbb * eccentricity * math.hypot(red_green, yellow_blue)
    t = total / (r + g + 21 * b / 20 + 0.305)
    chroma = max(t, 0.0) ** 0.9 * math.sqrt(j / 100) * (1.64 - 0.29**n) ** 0.73
    m = chroma * _luminance_factor() ** 0.25
    colourful = math.log(1 + 0.0228 * m) / 0.0228
    return 1.7 * j / (1 + 0.007 * j), colourful * math.cos(hue), colourful * math.sin(hue)


def distance(one: str, other: str, deficiency: str | None = None) -> float:
    """CAM02-UCS distance of two #RRGGBB colours as seen with a deficiency, or with none."""
    seen = []
    for colour in (one, other):
        linear = _linear(colour)
        if deficiency:
            r, g, b = (min(1.0, max(0.0, p)) for p in _times(DEFICIENCIES[deficiency], linear))
            linear = (r, g, b)
        seen.append(cam02_ucs(linear))
    return math.dist(seen[0], seen[1])


def too_alike(colours: Sequence[str]) -> str | None:
    """What is wrong with a scale of colours, or None when everyone can tell its levels apart."""
    for before, after in pairwise(colours):
        fall = lightness(before) - lightness(after)
        if fall < SMALLEST_FALL:
            return f"lightness falls by {fall:.1f} from {before} to {after}; {SMALLEST_FALL} needed"
    for colour, other in combinations(colours, 2):
        for deficiency in DEFICIENCIES:
            apart = distance(colour, other, deficiency)
            if apart < SMALLEST_DISTANCE:
                return (
                    f"{colour} and {other} are {apart:.1f} apart under {deficiency};"
                    f" {SMALLEST_DISTANCE} needed"
                )
    return None
