"""AirKorea's confirmed files: workbooks, CSV and zips of them as readings."""

from dataclasses import replace

from aq.domain.model import CONFIRMED
from aq.feeds.airkorea import AIRKOREA
from aq.feeds.spec import FeedSpec

ARCHIVE = replace(
    AIRKOREA, name="archive", number=1, title="AirKorea confirmed data", status=CONFIRMED
)
SPECS = (
    FeedSpec(
        info=ARCHIVE,
        words={"en": "AirKorea, confirmed", "ko": "에어코리아 확정자료"},
    ),
)
