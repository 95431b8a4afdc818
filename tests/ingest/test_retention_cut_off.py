"""Archiving that is cut off, or meets a full folder, a write, a second run: nothing is lost."""

from pathlib import Path
from typing import Any

import pytest

from aq.context import Context
from aq.domain.model import Reading
from aq.ingest import retention
from aq.ingest.retention import check
from chaos.places import Files
from chaos.retaining import kill
from tests.ingest.retaining import (
    DERIVED,
    PLACES,
    TURN,
    asked,
    context,
    go,
    old_hours,
    old_rows,
    tables,
)
from tests.serving import write

__all__ = ["context"]

POINTS = ("write", "holds", "digest", "replace", "drop", "record")


@pytest.mark.parametrize("point", POINTS)
def test_cut_off_anywhere_and_done_again_no_hour_is_lost_or_twice(
    context: Context, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_hours(context)
    before = asked(context)
    derived = tables(context, *DERIVED)

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if point in ("write", "holds", "digest"):
            patch.setattr(retention.archives, point, cut)
        elif point == "replace":
            patch.setattr(retention.os, "replace", cut)
        elif point == "drop":
            patch.setattr(retention.retained, "drop", cut)
        else:
            whole = retention.retained.drop

            def dropped(*given: Any) -> None:
                whole(*given)
                raise KeyboardInterrupt

            patch.setattr(retention.retained, "drop", dropped)
        with pytest.raises(KeyboardInterrupt):
            go(context)
    assert asked(context) == before
    assert old_rows(context) == 183
    assert [one["rows"] for one in go(context).months] == [183]
    assert (asked(context), tables(context, *DERIVED), old_rows(context)) == (before, derived, 0)
    assert not list(context.settings.archive_folder.glob(".*.part"))


def test_a_file_that_reads_back_otherwise_drops_nothing(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_hours(context)
    monkeypatch.setattr(retention.archives, "holds", lambda *_: False)
    report = go(context)
    assert report.error is not None
    assert "differs from the store" in str(report.error)
    assert old_rows(context) == 183
    assert not list(context.settings.archive_folder.iterdir())


def test_a_folder_that_cannot_be_written_is_said_and_drops_nothing(
    context: Context, tmp_path: Path
) -> None:
    old_hours(context)
    context.settings.archive_folder.write_text("a file stands here")
    report = go(context)
    assert not report.ok
    assert "nothing was dropped" in str(report.error)
    assert old_rows(context) == 183


def test_a_month_that_changes_while_its_file_is_written_waits_for_the_next_run(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_hours(context)
    whole = retention._write_manifest

    def meanwhile(*given: Any) -> None:
        whole(*given)
        write(context, Reading(station=PLACES[2], hour=TURN, values={"pm10": 5}))

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_write_manifest", meanwhile)
        assert go(context).months == []
    assert old_rows(context) == 183
    assert not list(context.settings.archive_folder.iterdir())
    before = asked(context)
    assert [one["replaced_rows"] for one in go(context).months] == [6]
    assert asked(context) == before


def test_two_at_once_archive_a_month_once(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_hours(context)
    before = asked(context)
    whole = retention._write_manifest
    nested: list[Any] = []

    def meanwhile(*given: Any) -> None:
        whole(*given)
        if not nested:
            nested.append(None)
            nested.append(go(context))

    monkeypatch.setattr(retention, "_write_manifest", meanwhile)
    mine = go(context)
    assert (mine.months, [one["rows"] for one in nested[1].months]) == ([], [183])
    assert asked(context) == before
    assert [one.state for one in check(context.store, whole=True)] == ["fine"]


def test_killed_with_9_no_hour_is_lost_or_twice(tmp_path: Path) -> None:
    one = kill(Files(tmp_path), tmp_path, 3)
    assert (one.lost, one.twice, one.damaged) == (0, 0, 0)
