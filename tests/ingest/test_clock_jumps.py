"""A wall clock set back or ahead loses no run and is named; systemd hears of a live program."""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from aq.domain.clock import Clock
from aq.domain.slots import latest_slot
from aq.ingest.clock_watch import CLOCK_JOB, ClockWatch, words_of
from aq.ingest.schedule import Job, Scheduler
from aq.store import Store, outbox
from aq.store.runs import recent_runs
from tests.alert_messages import put
from tests.conftest import NOW

HOUR = timedelta(hours=1)


class SetClock(Clock):
    """A wall clock somebody sets."""

    wall = NOW

    def now(self) -> datetime:
        return SetClock.wall


@pytest.fixture(autouse=True)
def _right() -> None:
    SetClock.wall = NOW


@dataclass
class Done:
    ok: bool = True

    def as_dict(self) -> dict[str, object]:
        return {"ok": True}


def poll_job(ran: list[datetime]) -> Job:
    def run(now: datetime) -> Done:
        ran.append(now)
        return Done()

    return Job(name="poll:x", slot=partial(latest_slot, minutes=(20, 35, 50)), run=run)


def scheduler(store: Store, *jobs: Job) -> Scheduler:
    return Scheduler(store, jobs, SetClock(), lease=timedelta(minutes=5))


def tick_for(hours: float, ticks: list[Callable[[], object]]) -> None:
    """Minute by minute of the wall clock."""
    for _ in range(int(hours * 60)):
        SetClock.wall += timedelta(minutes=1)
        for tick in ticks:
            tick()


@pytest.mark.parametrize("back", [0.2, 1, 6, 24])
def test_t54_a_clock_set_back_polls_within_a_minute_and_as_often_as_ever(
    store: Store, back: float
) -> None:
    ran: list[datetime] = []
    job = poll_job(ran)
    # Two instances: each slot runs once among them.
    one, other = scheduler(store, job), scheduler(store, job)
    ticks = [partial(one.tick, job), partial(other.tick, job)]
    tick_for(3, ticks)
    before = len(ran)
    SetClock.wall -= back * HOUR
    ran.clear()
    tick_for(1 / 60, ticks)
    assert len(ran) == (1 if back >= 1 else len(ran))
    tick_for(3, ticks)
    assert abs(len(ran) - before) <= 1
    assert len(set(ran)) == len(ran)


def test_t65_a_process_that_starts_after_the_clock_was_set_back_polls_too(store: Store) -> None:
    ran: list[datetime] = []
    job = poll_job(ran)
    tick_for(2, [partial(scheduler(store, job).tick, job)])
    SetClock.wall -= 6 * HOUR
    ran.clear()
    tick_for(1, [partial(scheduler(store, job).tick, job)])
    assert len(ran) >= 3


def test_a_clock_set_ahead_and_right_again_loses_no_poll(store: Store) -> None:
    ran: list[datetime] = []
    job = poll_job(ran)
    tick = partial(scheduler(store, job).tick, job)
    tick_for(1, [tick])
    SetClock.wall += 24 * HOUR
    ran.clear()
    tick_for(1 / 60, [tick])
    assert len(ran) == 1
    SetClock.wall -= 24 * HOUR
    ran.clear()
    tick_for(2, [tick])
    assert len(ran) >= 6


def test_t65_the_tick_does_not_hang_on_the_wall_clock(store: Store) -> None:
    ran: list[datetime] = []
    job = poll_job(ran)
    running = scheduler(store, job)
    running._clock = SetClock(speed=50.0)
    running.start()
    try:
        for moved in (-6 * HOUR, 12 * HOUR, -24 * HOUR):
            ran.clear()
            SetClock.wall += moved
            end = time.monotonic() + 20
            while not ran and time.monotonic() < end:
                time.sleep(0.02)
            assert ran
    finally:
        running.stop()


def test_a_jump_is_told_from_time_that_passes() -> None:
    counted = [0.0]
    watch = ClockWatch(SetClock(), monotonic=lambda: counted[0])

    def after(wall: timedelta, real: float) -> timedelta | None:
        SetClock.wall += wall
        counted[0] += real
        return watch.look()

    assert watch.look() is None
    assert after(timedelta(seconds=5), 5) is None
    assert after(timedelta(seconds=7), 5) is None  # a correction in small steps
    assert after(-6 * HOUR, 0) == -6 * HOUR
    assert after(timedelta(minutes=10, seconds=5), 5) == timedelta(minutes=10)
    assert words_of(-6 * HOUR) == "back by 6:00:00"
    assert "ahead by 0:10:00" in words_of(timedelta(minutes=10))
    assert ClockWatch(Clock(NOW, 1.0)).look() is None


def test_a_jump_is_on_record(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    counted = [0.0]
    watch, here = ClockWatch(SetClock(), monotonic=lambda: counted[0]), scheduler(store)
    here._watch(watch)
    SetClock.wall -= 6 * HOUR
    here._watch(watch)
    assert "the wall clock went back by 6:00:00" in caplog.text
    (row,) = recent_runs(store, CLOCK_JOB)
    assert '"jump_seconds": -21600' in row.report


def test_a_message_made_before_the_clock_was_set_back_leaves_now(store: Store) -> None:
    put(store, "m1", "f", created_at=NOW + 6 * HOUR, next_attempt=NOW + 6 * HOUR)
    put(store, "m2", "f", state="held", created_at=NOW, next_attempt=NOW + HOUR)
    taken = outbox.claim(store, "f", owner="x", now=NOW, lease=HOUR, limit=9)
    assert [row.message for row in taken] == ["m1"]


def test_systemd_hears_that_the_program_is_up_and_alive(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(address)
        heard.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        running = scheduler(store)
        running.start()
        try:
            words = {heard.recv(64).decode() for _ in range(2)}
        finally:
            running.stop()
    assert words == {"READY=1", "WATCHDOG=1"}
    os.environ.pop("NOTIFY_SOCKET", None)


def test_a_run_that_hangs_is_not_called_alive(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("aq.ingest.systemd._say", said.append)
    here = scheduler(store)
    here._running["poll:x"] = time.monotonic() - 3600
    here._watch(ClockWatch(SetClock()))
    assert said == []
    here._running.clear()
    here._watch(ClockWatch(SetClock()))
    assert said == ["WATCHDOG=1"]
