"""Which feed an hour, a day or a month is read from: the one choice of every reader.

Feeds are never mixed. Of those that have a row, the most preferred one with a value is read; where
none has a value, the most preferred one says why. A feed of stations that has under half of the
values of the fullest one comes after those that have more: a confirmed file of one station does not
stand for a province. An upstream's own province means (`airkorea_means`) are preferred after every
feed of stations, so they stand in only where no station's value is there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aq.domain.model import MODELLED, Day, FeedInfo, PlaceHour
from aq.domain.pollutants import KEYS
from aq.domain.standards import Standard

# A feed of stations is full when it has at least one in so many of the fullest one's values.
FULL_PARTS = 2


@dataclass(frozen=True, slots=True)
class Selection:
    """The feeds that are read, the most preferred first, and the choice among candidates.

    Candidates are given as feed -> count: for an hour the stations with a valid value (1 for a feed
    that has no stations), for a day or month `heard`: its stations with a value in an hour that has
    any, on average. A feed without a row is no candidate; a feed whose row has no value is one with
    a count of 0.
    """

    sources: tuple[FeedInfo, ...]
    feeds: tuple[str, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "feeds", tuple(source.name for source in self.sources))

    @classmethod
    def preferring(cls, prefer: Sequence[str], sources: Iterable[FeedInfo]) -> "Selection":
        """The selection of an order of preference, which does not name upstreams' own means."""
        by_name = {source.name: source for source in sources}
        feeds = [by_name[feed] for feed in prefer]
        means = [source for source in by_name.values() if source.means_of]
        after = 1 + max((place for place, source in enumerate(feeds) if source.pooled), default=-1)
        return cls((*feeds[:after], *means, *feeds[after:]))

    def only(self, feed: str | None) -> "Selection":
        """The selection of one feed alone; of all where it is None."""
        return self._of(lambda source: source.name == feed) if feed else self

    @property
    def ids(self) -> tuple[int, ...]:
        """The numbers of the feeds in the store, the most preferred first."""
        return tuple(source.number or 0 for source in self.sources)

    @property
    def of_stations(self) -> "Selection":
        """The feeds that report stations."""
        return self._of(lambda source: source.pooled)

    @property
    def measured(self) -> "Selection":
        """The feeds that measure: all but models."""
        return self._of(lambda source: source.kind != MODELLED)

    @property
    def modelled(self) -> "Selection":
        """The feeds that are models."""
        return self._of(lambda source: source.kind == MODELLED)

    @property
    def present(self) -> "Selection":
        """The feeds that what is now may be of: upstreams' own means, asked for once a day, are
        of the past alone."""
        return self._of(lambda source: source.means_of is None)

    def _of(self, wanted: Callable[[FeedInfo], bool]) -> "Selection":
        return Selection(tuple(filter(wanted, self.sources)))

    def ranked(self, stations: Mapping[str, float]) -> Sequence[str]:
        """The candidates of an hour in the order in which they are tried: a reader whose value
        rests on more than the hour itself (a window, an index) takes the first that gives one."""
        if len(stations) == 1:
            return [feed for feed in stations if feed in self.feeds]
        pooled = [source.name for source in self.sources if source.pooled]
        most = max((stations.get(feed, 0) for feed in pooled), default=0)
        # Those of stations change places among themselves alone.
        ordered = iter(
            sorted(pooled, key=lambda feed: FULL_PARTS * stations.get(feed, most) < most)
        )
        ranked = [next(ordered) if feed in pooled else feed for feed in self.feeds]
        return [feed for feed in ranked if feed in stations]

    def of_hour(self, stations: Mapping[str, int]) -> str | None:
        """The feed an hour is read from; None where none of the feeds has a row of it."""
        ranked = self.ranked(stations)
        return _first_with_value(ranked, stations) if len(ranked) > 1 else next(iter(ranked), None)

    def of_rows(self, rows: Mapping[str, PlaceHour], standard: Standard, key: str) -> Sequence[str]:
        """`ranked` of the feeds' rows of an hour, for a pollutant or an index of a standard: of an
        index the stations of the pollutant that has the most count."""
        if len(rows) == 1:
            return self.ranked(dict.fromkeys(rows, 0))
        names = (key,) if key in KEYS else standard.pollutants
        return self.ranked(
            {feed: max(row.means[name].valid for name in names) for feed, row in rows.items()}
        )

    def of_period(self, heard: Mapping[str, float]) -> str | None:
        """The feed a day or month is read from; None where none of the feeds has a row of it."""
        return _first_with_value(self.ranked(heard), heard)

    def of_days(self, days: Iterable[Day]) -> dict[tuple[int, int], Day]:
        """Of the days of several feeds the one that is read, by province and number of the day."""
        by_place: dict[tuple[int, int], dict[str, Day]] = {}
        for day in days:
            by_place.setdefault((day.province, day.day), {})[day.feed] = day
        chosen = {}
        for place, by_feed in by_place.items():
            feed = self.of_period({name: heard(d.values, d.hours) for name, d in by_feed.items()})
            if feed is not None:
                chosen[place] = by_feed[feed]
        return chosen

    def of_hours(self, stations: NDArray[np.intp]) -> NDArray[np.intp]:
        """`of_hour` of many hours at once: the place in `feeds` of the feed each is read from.

        `stations` has a row for each feed, in their order, and a column for each hour: the stations
        with a valid value, -1 where the feed has no row. Each hour has a row of some feed.
        """
        order = np.tile(np.arange(len(self.sources))[:, None], stations.shape[1])
        pooled = np.flatnonzero([source.pooled for source in self.sources])
        counts = stations[pooled]
        thin = (counts >= 0) & (FULL_PARTS * counts < counts.max(axis=0, initial=0))
        order[pooled] = pooled[np.argsort(thin, axis=0, kind="stable")]
        ranked = np.take_along_axis(stations, order, axis=0)
        valued = ranked > 0
        first = np.where(valued.any(axis=0), valued.argmax(axis=0), (ranked >= 0).argmax(axis=0))
        found: NDArray[np.intp] = np.take_along_axis(order, first[None], axis=0)[0]
        return found


def heard(values: int, hours: int) -> float:
    """The stations with a value in an hour, on average over the hours with any."""
    return values / hours if hours else 0.0


def _first_with_value(feeds: Sequence[str], counts: Mapping[str, float]) -> str | None:
    return next((feed for feed in feeds if counts[feed]), feeds[0] if feeds else None)


def stations_with_value(row: PlaceHour, standard: Standard, key: str) -> int:
    """The stations with a valid value in an hour; for an index, those of the pollutant that has the
    most."""
    names = (key,) if key in KEYS else standard.pollutants
    return max(row.means[name].valid for name in names)
