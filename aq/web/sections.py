"""The dashboard's pages: their sections, titles and addresses, and what each of them shows."""

from aq.i18n import N_

# Sections of the masthead; the first page of each stands for it.
SECTIONS = {
    "live": N_("Now"),
    "outlook": N_("Forecast"),
    "past": N_("Past"),
    "alerts": N_("Alerts"),
    "data": N_("Data"),
}
# page (its file and address) -> (section, title); the entrance has the empty address.
PAGES: dict[str, tuple[str, str]] = {
    "live": ("live", N_("Now")),
    "outlook": ("outlook", N_("The days ahead")),
    "history": ("past", N_("At a glance")),
    "when": ("past", N_("Hour by hour")),
    "year": ("past", N_("Calendar")),
    "episodes": ("past", N_("Episodes")),
    "playback": ("past", N_("Map in time")),
    "days": ("past", N_("Days by level")),
    "trend": ("past", N_("Long-term trend")),
    "rhythm": ("past", N_("Weekdays and hours")),
    "forecasts": ("past", N_("Forecasts")),
    "advisories": ("past", N_("Advisories")),
    "past": ("data", N_("Graph")),
    "stations": ("data", N_("Stations")),
    "zones": ("data", N_("Zones")),
    "gaps": ("data", N_("Data gaps")),
    "export": ("data", N_("Download data")),
    "feeds": ("data", N_("Data status")),
    "embed": ("data", N_("Embed")),
    "alerts": ("alerts", N_("Alerts now")),
    "rules": ("alerts", N_("Rules")),
}
# The questions of the past, and the views that answer each; the first stands for it.
QUESTIONS: dict[str, tuple[str, ...]] = {
    N_("At a glance"): ("history",),
    N_("When was it bad?"): ("when", "year", "episodes", "playback"),
    N_("How often?"): ("days", "trend", "rhythm"),
    N_("Were the forecasts right?"): ("forecasts", "advisories"),
}
# page -> what it shows, for search engines and cards of a link.
ABOUT: dict[str, str] = {
    "outlook": N_("What the air will be like in the days ahead, province by province."),
    "history": N_("When the air was bad, how often, and whether the forecasts were right."),
    "when": N_("The 17 provinces hour by hour, each hour in the colour of its level."),
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


def first_of(section: str) -> str:
    """The page that stands for a section of the masthead."""
    return next(name for name, (where, _) in PAGES.items() if where == section)


def address(name: str) -> str:
    """A page's path below the root, without a slash."""
    return "" if name == "live" else name
