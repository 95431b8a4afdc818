"""The history as Parquet, a file a province and year, up to the last whole day."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from io import BytesIO

import pyarrow.compute as pc
import pyarrow.parquet as pq

from aq import __version__
from aq.context import Context
from aq.domain.clock import day_bounds, kst_day
from aq.domain.provinces import PROVINCES, Province
from aq.export.pipeline import MEDIA_TYPES, Tally, answer
from aq.export.query import ask
from aq.queries.written import held_hours
from aq.web.public.moment import MOMENTS
from aq.web.site import published_site

MEDIA_TYPE = MEDIA_TYPES["parquet"]
LAYOUT = "2"  # of rows within a file; another one has every file made anew
COMPRESSION_LEVEL = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysFile:
    """A file of whole KST days from `first` to `last`, and what makes its bytes."""

    path: str
    first: date
    last: date
    make: Callable[[], bytes]
    media_type: str = MEDIA_TYPE

    @property
    def days(self) -> str:
        """The days it holds, for the manifest."""
        return f"{self.first.isoformat()}/{self.last.isoformat()}"

    def touched(self, hours: tuple[datetime, datetime] | None) -> bool:
        """Whether hours (from, to) that were written anew are among its own."""
        begin, end = day_bounds(self.first)[0], day_bounds(self.last)[1]
        return hours is not None and hours[0] <= end and hours[1] > begin


def year_files(context: Context, now: datetime) -> Iterator[DaysFile]:
    """The files there are to be: of every year with hours, up to yesterday."""
    yesterday = kst_day(now) - timedelta(days=1)
    held = MOMENTS.of(context).shared("held hours", partial(held_hours, context))
    for province in PROVINCES:
        if province.code not in held:
            continue
        begun, ended = held[province.code]
        first, last = kst_day(begun), min(yesterday, kst_day(ended))
        for year in range(first.year, last.year + 1):
            begin, end = max(first, date(year, 1, 1)), min(last, date(year, 12, 31))
            if begin <= end:
                yield DaysFile(
                    path=f"history/{province.code}/{year}.parquet",
                    first=begin,
                    last=end,
                    make=partial(body, context, province, begin, end),
                )


def body(context: Context, province: Province, first: date, last: date) -> bytes:
    """A year's content: every pollutant's hours, by the standard in force at each."""
    question = ask(
        context,
        {
            "province": province.code,
            "since": first.isoformat(),
            "until": last.isoformat(),
            "format": "parquet",
        },
    )
    return laid_out(b"".join(answer(context.store, question, Tally())))


def laid_out(content: bytes) -> bytes:
    """An export as a file for questions over HTTP: a row group a pollutant in the order of time.

    A reader of one pollutant fetches the footer and the pages of its group; times a step apart take
    a few bytes and values of one pollutant share a dictionary, so the file is a third smaller.
    """
    table = pq.read_table(BytesIO(content))
    order = pc.sort_indices(table, [("pollutant", "ascending"), ("at", "ascending")])
    table, file = table.take(order), BytesIO()
    with pq.ParquetWriter(
        file,
        table.schema,
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        use_dictionary=[name for name in table.column_names if name != "at"],
        column_encoding={"at": "DELTA_BINARY_PACKED"},
    ) as writer:
        for pollutant in pc.unique(table["pollutant"]):
            writer.write_table(table.filter(pc.equal(table["pollutant"], pollutant)))
    return file.getvalue()


def recipe(context: Context) -> str:
    """What the files are made by, beside the hours: this program and its standards."""
    hashes = sorted(standard.hash for standard in context.standards.values())
    settings = context.settings
    made_for = settings.display.standard, settings.lang, published_site(settings).root
    text = "\0".join((__version__, LAYOUT, *made_for, *hashes))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
