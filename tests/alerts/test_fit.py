"""A message fits what a channel takes: nothing is cut in a word, nothing lost unnamed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.alerts.fit import ANY, LIMITS, Limits, Sheet, characters, fit, octets
from aq.alerts.wording import sheet
from aq.domain.provinces import PROVINCES
from aq.i18n import text_in
from tests.alert_messages import body, event

KO = text_in("ko")
URL = "https://air.example.org"


def worst_hour(number: str = "m1") -> dict[str, object]:
    """All 17 provinces over two levels of two pollutants at once."""
    events = [
        event(one.code, pollutant=key, value=612.5) for key in ("pm10", "pm25") for one in PROVINCES
    ]
    return body(number, *events)


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("kind", LIMITS)
def test_t53_the_worst_hour_fits_every_kind_of_channel(kind: str, lang: str) -> None:
    limits = LIMITS[kind]
    made = sheet(worst_hour(), lang, URL)
    parts = fit(made, limits, text_in(lang))
    assert limits.most is not None
    assert all(limits.measure(part) <= limits.most for part in parts)
    assert len(parts) <= limits.parts
    if len(parts) > 1:
        assert [part.split("\n")[0] for part in parts] == [
            f"({number}/{len(parts)})" for number in range(1, len(parts) + 1)
        ]
    joined = "\n".join(parts)
    assert made.link in joined
    lines = made.brief if limits.brief else made.lines
    there = [line for line in lines if line in joined]
    more = re.search(r"… (?:외 (\d+)건|and (\d+) more)", joined)
    left = int(next(n for n in more.groups() if n)) if more else 0
    assert len(there) + left == len(lines) == 34
    assert there == list(lines[: len(there)])


def test_what_has_no_limit_is_whole() -> None:
    made = sheet(worst_hour(), "ko", URL)
    (whole,) = fit(made, ANY, KO)
    assert whole.split("\n") == [*made.lines, *made.notes, made.link, *made.foot]


LINES = st.lists(
    st.text(st.sampled_from("가나다abc 😀"), min_size=1, max_size=60).filter(str.strip),
    min_size=1,
    max_size=12,
)


@given(
    lines=LINES,
    most=st.integers(24, 90),
    parts=st.integers(1, 9),
    measure=st.sampled_from([characters, octets]),
)
def test_any_lines_fit_any_limit(lines: list[str], most: int, parts: int, measure: object) -> None:
    limits = Limits(most=most, parts=parts, measure=measure)  # type: ignore[arg-type]
    found = fit(Sheet(id="m", title="t", lines=lines), limits, text_in("en"))
    assert 1 <= len(found) <= parts
    assert all(limits.measure(part) <= most for part in found)


@given(words=st.lists(st.sampled_from(["먼지", "advisory", "서울"]), min_size=1, max_size=60))
def test_no_word_is_cut(words: list[str]) -> None:
    limits = Limits(most=30, parts=99)
    found = fit(Sheet(id="m", title="t", lines=[" ".join(words)]), limits, KO)
    bodies = [re.sub(r"^\(\d+/\d+\)\n", "", part) for part in found]
    assert " ".join(bodies).split() == words
