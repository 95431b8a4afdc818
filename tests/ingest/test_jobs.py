"""Every run of a job ends as good or failed, whatever happens in it, and is seen."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from aq import app
from aq.cli.checks import FAIL, WARN, checks
from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.errors import FeedReason, StoreError
from aq.domain.slots import latest_slot
from aq.feeds.airkorea.errors import read_body
from aq.ingest.schedule import Crash, Job, Scheduler, jobs, watched
from aq.store import runs
from tests.conftest import NOW
from tests.serving import make_runtime, served
from tests.web.test_metrics import measured

DEEP = 100_000
SLOT = partial(latest_slot, minutes=(20,))


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return make_runtime(
        f"sqlite:///{tmp_path / 'aq.db'}",
        AQ_FEEDS__AIRKOREA__KEY="any",
        AQ_FEEDS__AIRKOREA__URL="http://127.0.0.1:9/B552584",
        AQ_FEEDS__OPENMETEO__ENABLED="false",
    )


def scheduler(context: Context) -> Scheduler:
    return Scheduler(context.store, (), context.clock, lease=timedelta(minutes=5))


def breaking(error: BaseException) -> Callable[[datetime], Any]:
    def run(_now: datetime) -> Any:
        raise error

    return run


@pytest.mark.parametrize(
    "error", [RecursionError("maximum recursion depth exceeded"), KeyError("items"), MemoryError()]
)
def test_an_exception_nobody_foresaw_ends_the_run_and_is_seen_everywhere(
    context: Context, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    job = Job(name="poll:airkorea", slot=SLOT, run=breaking(error), feed="airkorea")
    other = Job(name="tidy", slot=SLOT, run=breaking(error))
    for each in (job, other):
        report = scheduler(context).tick(each)
        assert isinstance(report, Crash)
        (run,) = runs.recent_runs(context.store, each.name)
        assert run.state == runs.FAILED
        assert type(error).__name__ in json.loads(run.report)["error"]["message"]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "poll:airkorea failed",
        "tidy failed",
    ]
    state = runs.feed_states(context.store)["airkorea"]
    assert state.reason == FeedReason.PROGRAM_ERROR
    assert state.failing_since is not None
    with served(context) as address:
        health = requests.get(f"{address}/healthz", timeout=60).json()
    assert health["feeds"]["airkorea"]["reason"] == "program_error"
    assert set(health["failing_jobs"]) == {"poll:airkorea", "tidy"}
    metrics = measured(context)
    assert metrics["aq_feed_up", "airkorea"] == 0
    assert metrics["aq_job_failing", "tidy"] == 1
    assert metrics["aq_run_errors_24h", "program_error", "tidy"] == 1
    lines = {finding.check: finding for finding in checks(context.settings)}
    assert lines["feed airkorea"].state == FAIL
    assert lines["job tidy"].state == WARN


def test_a_failed_slot_is_over_and_the_next_one_is_done(context: Context) -> None:
    done: list[datetime] = []

    class Good:
        ok = True

        def as_dict(self) -> dict[str, Any]:
            return {"ok": True}

    def run(now: datetime) -> Good:
        done.append(now)
        if len(done) == 1:
            raise ValueError("no")
        return Good()

    job, ticking = Job(name="tidy", slot=SLOT, run=run), scheduler(context)
    assert ticking.tick(job) is not None
    assert ticking.tick(job) is None
    later = Scheduler(
        context.store, (), type(context.clock)(NOW + HOUR), lease=timedelta(minutes=5)
    )
    report = later.tick(job)
    assert report is not None
    assert report.ok


def test_a_store_that_does_not_answer_leaves_the_run_to_be_done_again(context: Context) -> None:
    job = Job(name="tidy", slot=SLOT, run=breaking(StoreError("locked")))
    with pytest.raises(StoreError):
        scheduler(context).tick(job)
    (run,) = runs.recent_runs(context.store, "tidy")
    assert run.state == runs.RUNNING


def test_a_lost_store_is_a_line_of_each_job_not_of_each_tick(
    context: Context, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ticking, job = scheduler(context), Job(name="tidy", slot=SLOT, run=breaking(ValueError()))
    context.store.version()
    (tmp_path / "aq.db").unlink()
    for _ in range(3):
        ticking._look(job)
    assert sum(line.startswith("tidy: ") for line in caplog.messages) == 1


def test_rules_that_break_do_not_make_a_good_poll_a_failed_one(context: Context) -> None:
    class Good:
        ok = True

        def as_dict(self) -> dict[str, Any]:
            return {"ok": True}

    poll = Job(name="poll:airkorea", slot=SLOT, run=lambda _now: Good(), feed="airkorea")

    def judge() -> Any:
        raise ZeroDivisionError

    polling, own = watched([poll], judge)
    reports = [scheduler(context).tick(job) for job in (polling, own)]
    assert [report is not None and report.ok for report in reports] == [True, False]


def test_what_a_dead_process_left_is_closed_at_the_next_tick(context: Context) -> None:
    lease = timedelta(minutes=5)
    early = NOW - 3 * HOUR
    for hours, job in ((3, "tidy"), (2, "tidy"), (2, "other")):
        slot = SLOT(NOW - hours * HOUR)
        runs.claim(context.store, job, slot, owner="dead:1", now=early, lease=lease)
    held = SLOT(NOW - HOUR)
    runs.claim(context.store, "tidy", held, owner="alive:1", now=NOW, lease=lease)
    scheduler(context).tick(Job(name="tidy", slot=SLOT, run=breaking(ValueError())))
    states = [run.state for run in sorted(runs.recent_runs(context.store), key=lambda r: r.id)]
    # Two left by the dead one, another job's, one that is still at it, and this one.
    assert states == ["failed", "failed", "running", "running", "failed"]
    assert "ended in the middle" in runs.recent_runs(context.store, "tidy")[-1].report


@pytest.mark.parametrize(
    "text",
    [
        "<a>" * DEEP + "</a>" * DEEP,
        "<response>" + "<item>" * 5000 + "</item>" * 5000 + "</response>",
        "[" * DEEP,
        '{"response":' * DEEP,
    ],
)
def test_an_answer_nested_too_deeply_is_refused_in_xml_as_in_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"nested too deeply|neither JSON nor XML|no response"):
        read_body(text)


def test_polls_of_feeds_tell_their_feed(context: Context) -> None:
    polls = [job for job in jobs(app.collector(context), (20,)) if job.name.startswith("poll:")]
    assert [(job.name, job.feed) for job in polls] == [("poll:airkorea", "airkorea")]
    with closing(context.store):
        pass
