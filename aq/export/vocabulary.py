"""Our names, units and words of validity in the terms of other systems, as files carry them.

Sources: CF standard names (cfconventions.org), UCUM (ucum.org), the vocabularies
of EEA's reporting (dd.eionet.europa.eu/vocabulary/aq: pollutant, observationvalidity,
observationverification), and EPA AQS' parameter and null data codes
(aqs.epa.gov/aqsweb/documents/codetables).
"""

from collections.abc import Mapping
from typing import Any

from aq.domain.missing import NEEDED_MISSING, NETWORK_UNKNOWN, NOT_ENOUGH_HOURS
from aq.domain.model import CONFIRMED, PRELIMINARY, FeedInfo
from aq.domain.pollutants import MICROGRAM, PPM
from aq.domain.quality import ECHO, FUTURE, IMPLAUSIBLE, SPIKE, STUCK

UCUM = {MICROGRAM: "ug/m3", PPM: "[ppm]"}
# Key -> (CF standard name, EEA pollutant code, AQS parameter code). A volume mixing ratio is a
# mole fraction.
POLLUTANTS = {
    "pm10": ("mass_concentration_of_pm10_ambient_aerosol_particles_in_air", 5, 81102),
    "pm25": ("mass_concentration_of_pm2p5_ambient_aerosol_particles_in_air", 6001, 88101),
    "o3": ("mole_fraction_of_ozone_in_air", 7, 44201),
    "no2": ("mole_fraction_of_nitrogen_dioxide_in_air", 8, 42602),
    "so2": ("mole_fraction_of_sulfur_dioxide_in_air", 1, 42401),
    "co": ("mole_fraction_of_carbon_monoxide_in_air", 10, 42101),
}
# EEA observation verification; a modelled value has none.
VERIFICATION = {CONFIRMED: (1, "Verified"), PRELIMINARY: (3, "Not verified")}
VALID = (1, "Valid")
NOT_VALID = (-1, "Not valid")
MAINTENANCE = (-99, "Not valid due to station maintenance or calibration")
# EPA AQS null data codes.
ABERRANT = ("DA", "Aberrant Data")
INSUFFICIENT = ("AI", "Insufficient Data (cannot calculate)")
LOGGER_DOWN = ("BK", "Site computer/data logger down")
MALFUNCTION = ("AN", "Machine Malfunction")
REPAIRS = ("BA", "Maintenance/Routine Repairs")
VOID = ("AM", "Miscellaneous Void")
# `flag`, or `missing_reason` where there is none -> EEA validity and AQS null data code. Which of
# EPA's codes is nearest to a word of AirKorea is this product's own choice.
VALIDITY = {
    "source:통신장애": (NOT_VALID, LOGGER_DOWN),
    "source:점검및교정": (MAINTENANCE, REPAIRS),
    "source:장비점검": (MAINTENANCE, REPAIRS),
    "source:자료이상": (NOT_VALID, ABERRANT),
    IMPLAUSIBLE: (NOT_VALID, ABERRANT),
    SPIKE: (NOT_VALID, ABERRANT),
    ECHO: (NOT_VALID, ABERRANT),
    STUCK: (NOT_VALID, MALFUNCTION),
    FUTURE: (NOT_VALID, VOID),
    "not_received": (NOT_VALID, VOID),
    "not_measured": (NOT_VALID, VOID),
    NETWORK_UNKNOWN: (NOT_VALID, VOID),
    NOT_ENOUGH_HOURS: (NOT_VALID, INSUFFICIENT),
    NEEDED_MISSING: (NOT_VALID, INSUFFICIENT),
}
# A feed's licence -> (name in the Open Definition's list, where it stands).
LICENCES: Mapping[str, tuple[str | None, str]] = {
    "CC BY 4.0; the free service is for non-commercial use": (
        "CC-BY-4.0",
        "https://creativecommons.org/licenses/by/4.0/",
    ),
    "KOGL type 1 (attribution)": (None, "https://www.kogl.or.kr/info/licenseType1.do"),
    "KOGL type 3 (attribution, no derivatives)": (
        None,
        "https://www.kogl.or.kr/info/licenseType3.do",
    ),
}


def licence_address(info: FeedInfo) -> str:
    """Where a feed's licence stands; the feed's own address where that is not known."""
    return LICENCES.get(info.licence, (None, info.link))[1]


def vocabulary(units: Mapping[str, str]) -> dict[str, Any]:
    """One table of the terms of other systems, in JSON's types; `units` by pollutant."""
    return {
        "pollutants": [
            {
                "pollutant": key,
                "cf_standard_name": POLLUTANTS[key][0],
                "ucum": UCUM[unit],
                "eea": POLLUTANTS[key][1],
                "aqs": POLLUTANTS[key][2],
            }
            for key, unit in units.items()
        ],
        "status": [
            {"status": status, "eea_verification": code, "words": words}
            for status, (code, words) in VERIFICATION.items()
        ],
        "validity": [
            {"flag": None, "eea_validity": VALID[0], "words": VALID[1], "aqs_null_code": None},
            *(
                {
                    "flag": flag,
                    "eea_validity": eea[0],
                    "words": eea[1],
                    "aqs_null_code": aqs[0],
                    "aqs_words": aqs[1],
                }
                for flag, (eea, aqs) in VALIDITY.items()
            ),
        ],
    }
