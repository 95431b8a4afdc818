"""Stored grades follow the standard's file; stopped in the middle, the rest is done later."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from aq.context import Context
from aq.domain.standards import Standard
from aq.ingest.regrade import left, logged, regrade
from aq.paths import ROOT
from aq.queries.current import current
from aq.standards_file import parse_standard
from aq.store.rollups import standard_id
from aq.store.schema import province_day, province_day_grade, province_grade
from aq.store.schema import standard as standard_table
from tests.serving import fill, make_runtime

TEXT = (ROOT / "config" / "standards" / "airkorea_1h.toml").read_text("utf-8")


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url)
    yield made
    made.store.close()


def stored(context: Context, standard: Standard) -> list[str]:
    with context.store.book() as connection:
        number = standard_id(connection, standard)
        hours = select(province_grade).where(province_grade.c.standard == number)
        days = select(province_day_grade).where(province_day_grade.c.standard == number)
        found = [*connection.execute(hours).all(), *connection.execute(days).all()]
        rows = [dict(row._mapping) for row in found]
    return sorted(str({**row, "standard": standard.id}) for row in rows)


def test_a_changed_file_is_graded_anew_and_the_old_forgotten(context: Context) -> None:
    fill(context)
    now = context.standards["airkorea_1h"]
    assert parse_standard(f"# another comment\n{TEXT}", "x").hash == now.hash
    stricter = parse_standard(TEXT.replace("PM", "Pm", 1), "x")
    assert stricter.hash != now.hash
    before = stored(context, now)
    version = context.store.version()
    report = regrade(context.store, [stricter])
    assert report.days == 17 * 2
    assert report.forgotten == 1
    assert len(stored(context, stricter)) == len(before)
    assert context.store.version() == version
    assert regrade(context.store, [stricter]).days == 0
    with context.store.read() as connection:
        names = connection.scalars(select(standard_table.c.name)).all()
    assert sorted(names) == ["airkorea", "airkorea_1h"]


def test_stopped_in_the_middle_it_goes_on(context: Context) -> None:
    fill(context, hours=24 * 34)
    other = parse_standard(TEXT.replace("PM", "Pm", 1), "x")

    class StoppedError(Exception):
        pass

    def stop(_done: int, _all: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        regrade(context.store, [other], stop)
    assert stored(context, other)
    rest = regrade(context.store, [other])
    assert 0 < rest.days < 17 * 35
    assert regrade(context.store, [other]).days == 0


def test_others_write_while_it_rests(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(context, hours=24 * 8)
    before, rests = context.store.version(), 0

    def write(seconds: float) -> None:
        nonlocal rests
        assert seconds > 0
        rests += 1
        with context.store.write("a poll") as txn:
            assert txn.version == before + rests

    monkeypatch.setattr("aq.ingest.regrade.sleep", write)
    other = parse_standard(TEXT.replace("PM", "Pm", 1), "x")
    assert regrade(context.store, [other]).days == 17 * 9
    assert rests >= 3
    assert context.store.version() == before + rests


def test_regrading_gives_what_writing_gave(context: Context) -> None:
    fill(context, hours=40)
    written = [stored(context, standard) for standard in context.stored_standards]
    assert all(written)
    with context.store.book() as connection:
        connection.execute(province_grade.delete())
        connection.execute(province_day_grade.delete())
    regrade(context.store, context.stored_standards)
    assert [stored(context, standard) for standard in context.stored_standards] == written


def test_what_is_left_is_known_and_said_on_the_way(
    context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    fill(context, hours=24 * 34)
    assert left(context.store, context.stored_standards) == 0
    other = parse_standard(TEXT.replace("PM", "Pm", 1), "x")
    days = left(context.store, [other])
    assert days == 17 * 35
    with caplog.at_level("INFO"):
        regrade(context.store, [other], logged)
    assert f"{days} of {days} province days" in caplog.text
    assert left(context.store, [other]) == 0


def test_while_grades_are_rebuilt_the_right_ones_are_shown(context: Context) -> None:
    fill(context)
    now = context.clock.now()
    before = [item.grade for item in current(context, now).items]
    with context.store.book() as connection:
        connection.execute(update(province_grade).values(pm10=4, pm25=4))
        connection.execute(province_day_grade.delete())
    assert [item.grade for item in current(context, now).items] == before


def test_days_are_pooled_anew_with_their_grades(context: Context) -> None:
    """Which hour of a day is the highest was told by rounded means once."""
    fill(context)
    day = province_day.c
    with context.store.book() as connection:
        rows = connection.execute(select(day.max_hour).order_by(*province_day.primary_key)).all()
        connection.execute(update(province_day).values(max_hour=day.max_hour - 1))
        connection.execute(province_day_grade.delete())
    regrade(context.store, context.stored_standards)
    with context.store.read() as connection:
        query = select(day.max_hour).order_by(*province_day.primary_key)
        assert connection.execute(query).all() == rows
