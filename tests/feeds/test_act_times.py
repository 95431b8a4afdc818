"""Times of acts: every unambiguous way to write one is read, the others are counted and named."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aq.domain.clock import KST, kst_iso
from aq.feeds.airkorea.advisories import read_dust, read_ozone
from tests.feeds.test_airkorea_notices import NOW, items

# The field table prints HH:MM; these are ways of clients, offices' own lists and spreadsheets.
TIMES = {
    "minutes": "{0:%H:%M}",
    "seconds": "{0:%H:%M:%S}",
    "digits": "{0:%H%M}",
    "Korean": "{0:%H}시 {0:%M}분",
    "Korean, closed": "{0.hour}시{0.minute}분",
    "half": "{1} {2}:{0:%M}",
    "Korean half": "{1} {2}시 {0:%M}분",
    "wide": "{3}：{4}",
}
MOMENTS = {
    "dashes": "{0:%Y-%m-%d %H:%M}",
    "dots": "{0:%Y.%m.%d %H시 %M분}",
    "dots and blanks": "{0.year}. {0.month}. {0.day}. {0:%H:%M}",
    "slashes": "{0:%Y/%m/%d %H:%M:%S}",
    "Korean": "{0.year}년 {0.month}월 {0.day}일 {0.hour}시 {0.minute}분",
    "digits": "{0:%Y%m%d%H%M}",
    "digits, a blank": "{0:%Y%m%d %H:%M}",
    "ISO": "{0:%Y-%m-%dT%H:%M:%S}",
    "offset": "{0:%Y-%m-%dT%H:%M:%S}+09:00",
    "no year": "{0.month}월 {0.day}일 {0.hour}시 {0.minute}분",
    "no year, dashes": "{0:%m-%d %H:%M}",
}


def in_words(form: str, moment: datetime) -> str:
    half, hour = ("오전" if moment.hour < 12 else "오후"), moment.hour % 12 or 12
    wide = [text.translate({48 + n: 0xFF10 + n for n in range(10)}) for text in
            (f"{moment:%H}", f"{moment:%M}")]  # fmt: skip
    return form.format(moment, half, hour, *wide)


@given(
    st.datetimes(datetime(2013, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - of Korea
    st.timedeltas(timedelta(minutes=1), timedelta(hours=23)),
    st.sampled_from(list(TIMES)),
    st.sampled_from([*TIMES, *MOMENTS]),
)
def test_t51_an_act_s_times_are_read_in_every_way_they_are_written(
    issue: datetime, lasts: timedelta, issue_form: str, clear_form: str
) -> None:
    issue = issue.replace(second=0, microsecond=0, tzinfo=KST)
    clear = (issue + lasts).replace(second=0, microsecond=0)
    assume(clear > issue)
    row = {
        **items("alarm_ozone.json")[-1],
        "dataDate": f"{issue:%Y-%m-%d}",
        "issueTime": in_words(TIMES[issue_form], issue),
        "clearTime": in_words({**TIMES, **MOMENTS}[clear_form], clear),
    }
    answer = read_ozone([row])
    assert [(act.issued_at, act.cleared_at) for act in answer.advisories] == [(issue, clear)]
    assert answer.issues == ()


@pytest.mark.parametrize(
    ("clear", "ends"),
    [
        ("16시", "2026-06-01T16:00:00+09:00"),
        ("2026.06.01 16시", "2026-06-01T16:00:00+09:00"),
        ("2026-06-01 24:00", "2026-06-02T00:00:00+09:00"),
        ("24시 00분", "2026-06-02T00:00:00+09:00"),
        ("익일 02:00", "2026-06-02T02:00:00+09:00"),
        ("다음 날 2시", "2026-06-02T02:00:00+09:00"),
        ("(당일) 18:00", "2026-06-01T18:00:00+09:00"),
        ("오후 16:00", "2026-06-01T16:00:00+09:00"),
        ("2026-06-03 09:00", "2026-06-03T09:00:00+09:00"),
        ("2026-06-01T07:00:00Z", "2026-06-01T16:00:00+09:00"),
    ],
)
@pytest.mark.parametrize("day", ["2026-06-01", "2026.06.01", "20260601", "2026-06-01 00:00:00"])
def test_t51_a_clear_time_may_name_its_day(clear: str, ends: str, day: str) -> None:
    row = {**items("alarm_ozone.json")[-1], "issueTime": "15:00", "clearTime": clear}
    row["dataDate"] = day
    (act,) = read_ozone([row]).advisories
    assert kst_iso(act.cleared_at or NOW) == ends


@pytest.mark.parametrize(
    "clear",
    # a number without a unit; a year of two digits; a day before the issue; none of the calendar
    ["10", "16", "26-06-01 16:00", "2026-06-01 09:00", "당일 14:00", "2026-02-30 16:00", "16:60",
     "24:30", "오전 16시", "저녁", "4시경", "06-01", "0"],
)  # fmt: skip
def test_t51_a_clear_time_that_may_mean_two_things_is_counted_and_named(clear: str) -> None:
    row = {**items("alarm_ozone.json")[-1], "dataDate": "2026-06-01", "issueTime": "15:00"}
    answer = read_ozone([{**row, "clearTime": clear}])
    assert answer.advisories == ()
    assert [issue.kind for issue in answer.issues] == ["bad_notice"]
    assert f"clearTime={clear}" in answer.issues[0].detail


@pytest.mark.parametrize(
    ("change", "ends"),
    [
        ({"clearDate": "2026.11.24", "clearTime": "13시"}, "2026-11-24T13:00:00+09:00"),
        ({"clearDate": "20261124", "clearTime": "24:00"}, "2026-11-25T00:00:00+09:00"),
        ({"clearDate": "2026-11-24 13:00", "clearTime": ""}, "2026-11-24T13:00:00+09:00"),
        ({"clearDate": "", "clearTime": "2026-11-24 13:00"}, "2026-11-24T13:00:00+09:00"),
        ({"clearDate": "2026-11-24", "clearTime": "2026-11-24 13:00"}, "2026-11-24T13:00:00+09:00"),
        ({"clearDate": "2026-11-24", "clearTime": "2026-11-25 00:00"}, "2026-11-25T00:00:00+09:00"),
        ({"clearDate": "2026-11-24", "clearTime": "2026-11-25 13:00"}, None),
        ({"clearDate": "", "clearTime": "13:00"}, None),
        ({"clearDate": "2025-11-24", "clearTime": "13:00"}, None),
    ],
)
def test_a_dust_advisory_s_end_is_read_from_either_field_and_never_from_two_days(
    change: dict[str, Any], ends: str | None
) -> None:
    answer = read_dust([{**items("alarm_dust.json")[0], **change}])
    assert [kst_iso(act.cleared_at or NOW) for act in answer.advisories] == ([ends] if ends else [])
    assert len(answer.issues) == (0 if ends else 1)
