"""Stored grades follow the standard's file; stopped in the middle, the rest is done later."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from aq.grade import Standard, parse_standard
from aq.paths import ROOT
from aq.regrade import regrade
from aq.runtime import Runtime
from aq.schema import province_day_grade, province_grade
from aq.schema import standard as standard_table
from aq.store.rollups import standard_id
from tests.serving import fill, make_runtime

TEXT = (ROOT / "config" / "standards" / "airkorea_1h.toml").read_text("utf-8")


@pytest.fixture
def runtime(database_url: str) -> Iterator[Runtime]:
    made = make_runtime(database_url)
    yield made
    made.store.close()


def stored(runtime: Runtime, standard: Standard) -> list[str]:
    with runtime.store.book() as connection:
        number = standard_id(connection, standard)
        hours = select(province_grade).where(province_grade.c.standard == number)
        days = select(province_day_grade).where(province_day_grade.c.standard == number)
        found = [*connection.execute(hours).all(), *connection.execute(days).all()]
        rows = [dict(row._mapping) for row in found]
    return sorted(str({**row, "standard": standard.id}) for row in rows)


def test_a_changed_file_is_graded_anew_and_the_old_forgotten(runtime: Runtime) -> None:
    fill(runtime)
    now = runtime.standards["airkorea_1h"]
    assert parse_standard(f"# another comment\n{TEXT}", "x").hash == now.hash
    stricter = parse_standard(TEXT.replace("PM", "Pm", 1), "x")
    assert stricter.hash != now.hash
    before = stored(runtime, now)
    version = runtime.store.version()
    report = regrade(runtime.store, [stricter])
    assert report.days == 17 * 2
    assert report.forgotten == 1
    assert len(stored(runtime, stricter)) == len(before)
    assert runtime.store.version() == version
    assert regrade(runtime.store, [stricter]).days == 0
    with runtime.store.read() as connection:
        names = connection.scalars(select(standard_table.c.name)).all()
    assert sorted(names) == ["airkorea", "airkorea_1h"]


def test_stopped_in_the_middle_it_goes_on(runtime: Runtime) -> None:
    fill(runtime, hours=24 * 34)
    other = parse_standard(TEXT.replace("PM", "Pm", 1), "x")

    class StoppedError(Exception):
        pass

    def stop(_done: int, _all: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        regrade(runtime.store, [other], stop)
    assert stored(runtime, other)
    rest = regrade(runtime.store, [other])
    assert 0 < rest.days < 17 * 35
    assert regrade(runtime.store, [other]).days == 0


def test_regrading_gives_what_writing_gave(runtime: Runtime) -> None:
    fill(runtime, hours=40)
    written = [stored(runtime, standard) for standard in runtime.stored_standards]
    assert all(written)
    with runtime.store.book() as connection:
        connection.execute(province_grade.delete())
        connection.execute(province_day_grade.delete())
    regrade(runtime.store, runtime.stored_standards)
    assert [stored(runtime, standard) for standard in runtime.stored_standards] == written
