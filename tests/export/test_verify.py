"""Manifests, asking again, and what must not be left behind when an export fails."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import requests

from aq.__main__ import run
from aq.cli.export import _stoppable
from aq.context import Context
from aq.export.command import export as write_export
from aq.export.files import WriteError, beside
from aq.export.pipeline import MEASURED_ROWS, Tally, answer, estimate, sample
from aq.export.query import ExportQuestion, ask
from aq.paths import SHIPPED
from aq.web import export_route as route
from tests.exporting import RANGE, confirmed, export, filled, use
from tests.serving import make_runtime, served

QUESTION = {"since": RANGE[1], "until": RANGE[3]}


@pytest.fixture
def context(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    use(monkeypatch, database_url)
    made = make_runtime(database_url)
    filled(made)
    yield made
    made.store.close()


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx", "json", "jsonl"])
@pytest.mark.parametrize("options", [(), ("--grain", "day"), ("--level", "station")])
def test_a_file_is_verified_now_and_after_one_more_import(
    context: Context, tmp_path: Path, form: str, options: tuple[str, ...]
) -> None:
    path = tmp_path / f"a.{form}"
    options = (*options, "--province", "서울", "--province", "세종")
    assert export(path, *options) == 0
    assert run(["export", "--verify", str(path)]) == 0
    confirmed(context, 311)
    confirmed(context, 555)
    before = path.read_bytes()
    assert run(["export", "--verify", str(path)]) == 0
    assert export(path, *options) == 0
    assert path.read_bytes() != before
    assert run(["export", "--verify", str(path)]) == 0


def test_a_changed_byte_is_named_as_the_file(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    assert export(path) == 0
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    assert run(["export", "--verify", str(path)]) == 1
    assert f"the file has changed: {path}" in capsys.readouterr().err


def test_another_answer_is_named_as_the_answer(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, manifest = tmp_path / "a.csv", tmp_path / "a.csv.manifest.json"
    assert export(path) == 0
    content = json.loads(manifest.read_text("utf-8"))
    content["question"]["pollutants"] = ["pm10"]
    manifest.write_text(json.dumps(content), "utf-8")
    assert run(["export", "--verify", str(path), "--json"]) == 1
    captured = capsys.readouterr()
    assert "the answer has changed" in captured.err
    assert json.loads(captured.out)["what"] == "answer_changed"


def test_without_a_readable_manifest_verify_is_misused(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n", "utf-8")
    for content in (None, "", "[]", "{}", '{"manifest": 1, "sha256": 1}', '{"manifest": 1}'):
        if content is not None:
            (tmp_path / "a.csv.manifest.json").write_text(content, "utf-8")
        assert run(["export", "--verify", str(path)]) == 2, content
        assert "manifest" in capsys.readouterr().err


def test_a_version_this_store_has_not_reached_is_refused(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, manifest = tmp_path / "a.csv", tmp_path / "a.csv.manifest.json"
    assert export(path) == 0
    content = json.loads(manifest.read_text("utf-8"))
    content["question"]["version"] = 99
    manifest.write_text(json.dumps(content), "utf-8")
    assert run(["export", "--verify", str(path)]) == 2
    assert "another store" in capsys.readouterr().err


def test_the_manifest_says_what_the_file_is(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AQ_CONFIG", str(tmp_path))  # a folder of what a site changed: nothing
    path = tmp_path / "a.csv"
    assert export(path, "--pollutant", "co", "--province", "제주") == 0
    said = json.loads((tmp_path / "a.csv.manifest.json").read_text("utf-8"))
    lines = path.read_text("utf-8").splitlines()
    assert (said["rows"], said["bytes"]) == (len(lines) - 1, path.stat().st_size)
    assert (said["min_time"], said["max_time"]) == (
        "2026-11-22T15:00:00+09:00",
        "2026-11-23T19:00:00+09:00",
    )
    assert said["question"]["provinces"] == ["KR-49"]
    assert said["as_of"] == {
        "version": context.store.version(),
        "committed_at": "2026-11-23T20:25:00+09:00",
    }
    assert said["units"] == {"co": "ppm"}
    assert said["standards"][0]["hash"] == context.standards["airkorea_1h"].hash
    shipped = (SHIPPED / "standards" / "airkorea_1h.toml").read_bytes()
    assert said["standards"][0]["file_sha256"] == hashlib.sha256(shipped).hexdigest()
    told = {one["feed"]: bool(one["licence"] and one["attribution"]) for one in said["feeds"]}
    assert told == dict.fromkeys(context.settings.selection.feeds, True)
    assert [one["name"] for one in said["schema"]] == lines[0].split(",")
    assert "aq" in said["software"]


def test_a_stream_has_its_manifest_where_it_is_told(context: Context, tmp_path: Path) -> None:
    question, out = ask(context, QUESTION), BytesIO()
    at = tmp_path / "m.json"
    done = write_export(context, question, None, at, out)
    assert json.loads(at.read_text("utf-8"))["bytes"] == len(out.getvalue())
    assert done.content["file"] is None
    path = tmp_path / "kept.csv"
    path.write_bytes(out.getvalue())
    assert run(["export", "--verify", str(path), "--manifest", str(at)]) == 0


BAD = [
    ({"since": "2026-11-23", "until": "2026-11-22"}, "since"),
    ({"since": "2026-12-01", "until": "2026-12-02"}, "since"),
    ({"since": "2026-13-01", "until": "2026-12-02"}, "since"),
    ({"since": "2026-11-23T20:00:00", "until": "2026-12-02"}, "since"),
    ({**QUESTION, "province": "평양"}, "province"),
    ({**QUESTION, "pollutant": "pm11"}, "pollutant"),
    ({**QUESTION, "pollutant": "overall"}, "pollutant"),
    ({**QUESTION, "standard": "mars"}, "standard"),
    ({**QUESTION, "feed": "nobody"}, "feed"),
    ({**QUESTION, "columns": "at,colour"}, "columns"),
    ({**QUESTION, "as_of": "2020-01-01"}, "as_of"),
    ({**QUESTION, "as_of": "2027-01-01"}, "as_of"),
    ({**QUESTION, "grain": "decade"}, "grain"),
    ({**QUESTION, "format": "pdf"}, "format"),
    ({**QUESTION, "level": "street"}, "level"),
]


def test_bad_input_is_refused_with_what_is_possible_and_nothing_is_written(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(context) as base:
        for given, field in BAD:
            options = [part for k, v in given.items() for part in (f"--{k.replace('_', '-')}", v)]
            assert run(["export", *options, "-o", str(tmp_path / "out.csv")]) == 2, given
            assert capsys.readouterr().err
            answer = requests.get(f"{base}/api/v1/export", params=given, timeout=60)
            error = answer.json()["error"]
            assert (answer.status_code, error["field"]) == (400, field)
    assert not list(tmp_path.glob("out*"))


def test_without_a_range_or_an_output_the_command_is_misused(
    context: Context, tmp_path: Path
) -> None:
    assert run(["export", *RANGE]) == 2
    assert run(["export", "--until", "2026-11-23", "-o", str(tmp_path / "a.csv")]) == 2
    assert run(["export", *RANGE, "-o", "-", "--json"]) == 2
    assert run(["export", *RANGE, "--verify", str(tmp_path / "a.csv")]) == 2


def test_more_than_the_route_gives_is_422_and_says_what_is_possible(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "ROW_LIMIT", 1000)
    with served(context) as base:
        answer = requests.get(f"{base}/api/v1/export", params=QUESTION, timeout=60)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (422, "too_large")
        assert "1,000" in error["message"]
        smaller = {**QUESTION, "province": "서울"}
        assert requests.get(f"{base}/api/v1/export", params=smaller, timeout=60).status_code == 200


def test_the_estimate_is_an_upper_bound_and_the_preview_the_first_rows(context: Context) -> None:
    for options in ({}, {"grain": "day"}, {"grain": "month"}, {"level": "station"}):
        question: ExportQuestion = ask(context, {**QUESTION, **options, "format": "csv"})
        tally = Tally()
        lines = b"".join(answer(context.store, question, tally)).decode().splitlines()
        assert tally.rows == len(lines) - 1 <= estimate(context.store, question)
        first = sample(context.store, question, 3)
        size = len("\n".join(lines).encode()) + 1
        assert first.whole == (tally.rows < MEASURED_ROWS)
        if first.whole:
            assert (first.estimate, first.size) == (tally.rows, size)
        else:
            assert first.estimate == estimate(context.store, question)
            a_row = size / tally.rows
            assert first.size / first.estimate == pytest.approx(a_row, rel=0.1)
        assert [row[0] for row in first.rows] == [line.split(",")[0] for line in lines[1:4]]


def test_an_empty_answer_is_a_header_and_says_why(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    since = ("--since", "2001-01-01", "--until", "2001-12-31")
    assert export(path, since=since) == 0
    assert len(path.read_text("utf-8").splitlines()) == 1
    assert "`import`" in capsys.readouterr().err
    for form in ("parquet", "xlsx", "json", "jsonl"):
        assert export(tmp_path / f"a.{form}", since=since) == 0
        assert run(["export", "--verify", str(tmp_path / f"a.{form}")]) == 0


def test_a_stopped_export_leaves_the_folder_as_it_was(context: Context, tmp_path: Path) -> None:
    def stop(share: float) -> None:
        if share > 0.5:
            os.kill(os.getpid(), signal.SIGTERM)

    for form in ("csv", "parquet", "xlsx", "json", "jsonl"):
        path = tmp_path / form / f"a.{form}"
        path.parent.mkdir()
        path.write_text("the file of yesterday", "utf-8")
        question = ask(context, {**QUESTION, "format": form})
        with pytest.raises(KeyboardInterrupt), _stoppable():
            write_export(context, question, path, None, BytesIO(), stop)
        assert [one.name for one in path.parent.iterdir()] == [path.name]
        assert path.read_text("utf-8") == "the file of yesterday"


def test_a_full_disk_is_said_in_words_and_leaves_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(WriteError, match="the disk is full"),
        beside(tmp_path / "a.csv"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")
    assert not list(tmp_path.iterdir())


def test_a_full_device_behind_standard_output_is_said_in_words(
    context: Context, environment: dict[str, str]
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "aq", "export", *RANGE, "-o", "-"],
            env={**os.environ, **environment},
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert "the disk is full" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_second_export_to_the_same_file_waits_its_turn(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with beside(path) as file:
        file.write(b"of the first")
        assert export(path) == 1
    assert path.read_bytes() == b"of the first"


@pytest.mark.parametrize("place", ["missing/a.csv", "file/a.csv"])
def test_a_place_that_cannot_be_written_is_named(
    context: Context, tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    assert export(tmp_path / place) == 1
    assert str(tmp_path / place) in capsys.readouterr().err


def test_other_failures_are_not_taken_for_the_disk(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match=os.strerror(errno.EACCES)), beside(tmp_path / "a"):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    assert not list(tmp_path.iterdir())
