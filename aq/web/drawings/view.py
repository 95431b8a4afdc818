"""What all drawings of a moment share: the answer, the words, what was chosen, where links lead."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from urllib.parse import urlencode

from aq.domain.forecasts import DayAhead, Outlook
from aq.domain.model import DAILY, Advisory
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.domain.standards import Standard
from aq.domain.windows import OVERALL
from aq.i18n import Text
from aq.queries.current import CurrentItem
from aq.queries.feed_status import FeedStatus
from aq.queries.live import Live
from aq.queries.model_hours import Ahead
from aq.queries.zones import ZoneHour
from aq.web.wording.korean import number, province_name, shown

Links = Callable[[str, Mapping[str, str]], str]


def plain_link(page: str, changes: Mapping[str, str]) -> str:
    """The address of a page of the dashboard with these parameters alone."""
    return f"/{page}?{urlencode(changes)}"


@dataclass(frozen=True, kw_only=True)
class View:
    """A reader's view of a moment.

    Attributes
    ----------
    pollutant, place : what the page is about: a key of the standard and a province's code
    mine : whether the reader chose the place; else it is the worst one now
    home : code of the province that stands first in the strip, where there is one
    link : gives the address of a page ("" is this one) for this view with parameters changed
    ahead : by pollutant a model's hours to come of the place
    zones : by pollutant the newest hour of each zone of the place
    feeds, polled : how the feeds do, and whether this program asks them at all
    sort, descending : the order of the table, one of `view_state.SORTS`
    dark : the theme, None where the browser decides
    """

    answer: Live
    text: Text
    pollutant: str
    place: str
    mine: bool = False
    home: str | None = None
    sort: str = "value"
    descending: bool = True
    dark: bool | None = None
    link: Links = field(default=plain_link)
    ahead: Mapping[str, Ahead] = field(default_factory=dict)
    zones: Mapping[str, Sequence[ZoneHour]] = field(default_factory=dict)
    feeds: tuple[FeedStatus, ...] = ()
    polled: bool = True

    @property
    def standard(self) -> Standard:
        """The standard the page grades by."""
        return self.answer.standard

    @cached_property
    def items(self) -> tuple[CurrentItem, ...]:
        """The 17 items of the pollutant in page-header order."""
        return self.answer.country.of(self.pollutant)

    @cached_property
    def acts(self) -> dict[str, tuple[Advisory, ...]]:
        """By province code what is in force there."""
        return self.answer.acts_by_code

    @cached_property
    def days(self) -> tuple[DayAhead, ...]:
        """The days to come of the pollutant; of the index each province's worst of all."""
        if self.pollutant != OVERALL:
            return self.answer.days.get(self.pollutant, ())
        by_day = zip(*(days for days in self.answer.days.values() if days), strict=True)
        return tuple(_worst(days) for days in by_day)

    def name(self, code: str) -> str:
        """A province's name in the reader's language."""
        return province_name(BY_CODE[code], self.text.lang)

    def unit(self, pollutant: str) -> str:
        """A pollutant's unit; the composite index has none."""
        return pollutants()[pollutant].unit if pollutant in pollutants() else ""

    def value(self, item: CurrentItem) -> str:
        """An item's number as printed, a dash where there is none."""
        return number(shown(item), self.digits(item.pollutant))

    def digits(self, pollutant: str) -> int:
        """Decimals a pollutant is shown with."""
        return shown_digits(self.standard, pollutant)

    def href(self, page: str = "", **changes: str) -> str:
        """The address of a change, as an attribute's value."""
        return escape(self.link(page, changes))


def worst(answer: Live, pollutant: str) -> str:
    """The code of the province with the worst level, the highest value of equals."""

    def badness(item: CurrentItem) -> tuple[int, float]:
        value = shown(item)
        return item.grade or 0, -1.0 if value is None else value

    return max(answer.country.of(pollutant), key=badness).code


def shown_digits(standard: Standard, pollutant: str) -> int:
    """Decimals shown: those the standard grades by, so that a printed value and its grade agree.

    Where it cuts off, or grades in another unit, the store's own decimals are shown: a value
    printed rounded would then stand in another row than the one it is graded by.
    """
    points = standard.pollutants.get(pollutant)
    if points is None:
        return 0
    stored = pollutants()[pollutant]
    if points.rounding == "truncate" or points.unit != stored.unit:
        return stored.digits
    return points.digits


def _worst(days: tuple[DayAhead, ...]) -> DayAhead:
    """A day by the worst grade that was said of each province; only notices in four grades."""
    by_code: dict[str, Outlook] = {}
    for day in days:
        for code, outlook in day.by_code.items():
            graded = outlook.grade is not None and outlook.notice.kind == DAILY
            before = by_code.get(code)
            if graded and (before is None or (outlook.grade or 0) > (before.grade or 0)):
                by_code[code] = outlook
    notice = next((day.notice for day in days if day.notice), None)
    return DayAhead(day=days[0].day, notice=notice, by_code=by_code)
