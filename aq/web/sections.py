"""The dashboard's pages: their sections, titles and addresses, and what each of them shows."""

from aq.i18n import N_

# Sections of the masthead; the first page of each stands for it.
SECTIONS = {
    "live": N_("Now"),
    "past": N_("Past"),
    "alerts": N_("Alerts"),
    "feeds": N_("Data status"),
}
# page (its file and address) -> (section, title); the entrance has the empty address.
PAGES: dict[str, tuple[str, str]] = {
    "live": ("live", N_("Now")),
    "past": ("past", N_("Line")),
    "year": ("past", N_("Calendar")),
    "rhythm": ("past", N_("Rhythm")),
    "days": ("past", N_("Days by level")),
    "trend": ("past", N_("Trend")),
    "episodes": ("past", N_("Episodes")),
    "playback": ("past", N_("Map in time")),
    "gaps": ("past", N_("Gaps")),
    "stations": ("past", N_("Stations")),
    "zones": ("past", N_("Zones")),
    "forecasts": ("past", N_("Forecasts")),
    "advisories": ("past", N_("Advisories")),
    "export": ("past", N_("Export")),
    "alerts": ("alerts", N_("Alerts now")),
    "rules": ("alerts", N_("Rules")),
    "feeds": ("feeds", N_("Data status")),
    "embed": ("feeds", N_("Embed")),
}
# page -> what it shows, for search engines and cards of a link.
ABOUT: dict[str, str] = {
    "past": N_("Hourly, daily and monthly values of the 17 provinces as lines, for any range."),
    "year": N_("A year day by day, each day in the colour of its level."),
    "rhythm": N_("How air pollution goes over the hours of the day and the days of the week."),
    "days": N_("How many days of a year or month were of each level, province by province."),
    "trend": N_("Whether the air has become better or worse over the years, with its uncertainty."),
    "episodes": N_("When bad air began, how long it stayed and where it went."),
    "playback": N_("The map of the 17 provinces hour by hour."),
    "gaps": N_("Which hours are missing, and why."),
    "stations": N_("The measuring stations of a province and what each of them reports."),
    "zones": N_("The zones for which advisories are issued, and their newest values."),
    "forecasts": N_("How good the official forecasts were, measured afterwards."),
    "advisories": N_("The official advisories and warnings of a year, with their values."),
    "export": N_("Values and levels of any range as CSV, Excel or Parquet."),
    "alerts": N_("Which alert rules are met now, and what was reported before."),
    "rules": N_("The alert rules: what they watch, and whom they tell."),
    "feeds": N_("Where the data come from, when they came last, and what failed."),
    "embed": N_("Frames of the present for any site: choose, see and copy; pictures to take away."),
}


def address(name: str) -> str:
    """A page's path below the root, without a slash."""
    return "" if name == "live" else name
