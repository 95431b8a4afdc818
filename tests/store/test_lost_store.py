"""The store's file deleted or replaced under a running program: noticed, said and saved."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from aq import app
from aq.cli.checks import FAIL, checks
from aq.context import Context
from aq.domain.clock import Clock
from aq.domain.errors import StoreError, StoreLostError
from aq.ingest.schedule import Scheduler, jobs
from aq.paths import ROOT
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import backup as copies
from aq.store import presence
from tests.browsing import free_port, own_environment, process, wait_for
from tests.conftest import NOW
from tests.serving import fill, make_runtime, served
from tests.waiting import wait_until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "aq.db"


@pytest.fixture
def context(path: Path) -> Context:
    made = make_runtime(f"sqlite:///{path}")
    fill(made, hours=3)
    return made


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM station_hour").fetchone()
    return int(count)


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_lost_file_is_noticed_said_and_saved(
    context: Context, path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = rows(path)
    with served(context) as address:
        assert requests.get(f"{address}/healthz", timeout=60).status_code == 200
        path.unlink()
        if how == "replaced":
            path.write_bytes(b"")
        answer = requests.get(f"{address}/api/v1/current?pollutant=o3", timeout=60)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_lost")
    with pytest.raises(StoreLostError, match="rescued"), context.store.write("test"):
        pass
    (saved,) = presence.rescued(path)
    (line,) = [entry for entry in caplog.messages if "was deleted or replaced" in entry]
    assert str(saved) in line
    assert rows(saved) == before
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert path.exists() == (how == "replaced")  # nothing is made in its place
    copies.describe(saved)


@pytest.mark.parametrize("words", [["current"], ["rules", "list"]])
def test_a_typed_command_leaves_a_lost_store_to_be_saved(
    context: Context, path: Path, words: list[str]
) -> None:
    """The server is held still meanwhile, so that the command always comes before its look."""
    port = free_port()
    given = own_environment(
        AQ_DATABASE_URL=f"sqlite:///{path}",
        AQ_CLOCK=NOW.isoformat(),
        AQ_FEEDS__AIRKOREA__URL="http://127.0.0.1:9",
        AQ_FEEDS__AIRKOREA__KEY="any",
        AQ_FEEDS__OPENMETEO__ENABLED="false",
    )
    address = f"http://127.0.0.1:{port}/healthz"
    context.store.close()  # all of it is in the file
    with process("serve", "--port", str(port), environment=given) as server:
        wait_for(address, server)
        fill(context, hours=5)  # these are in the -wal alone
        before = rows(path)
        context.store.close()
        server.send_signal(signal.SIGSTOP)
        try:
            path.unlink()
            command = [sys.executable, "-m", "aq", *words]
            typed = subprocess.run(
                command, check=False, env=given, cwd=ROOT, capture_output=True, text=True
            )
        finally:
            server.send_signal(signal.SIGCONT)
        wait_until(lambda: requests.get(address, timeout=60).status_code == 503)
        (saved,) = presence.rescued(path)
    assert rows(saved) == before
    copies.describe(saved)
    assert typed.returncode == 1, typed.stderr
    assert f"{path} was deleted" in typed.stderr
    assert f"{path}-wal" in typed.stderr
    assert not path.exists()


@pytest.mark.parametrize("end", ["-wal", "-shm"])
def test_nothing_new_is_made_over_what_is_left_of_a_store(path: Path, end: str) -> None:
    left = path.with_name(path.name + end)
    left.write_bytes(b"left")
    with pytest.raises(StoreLostError, match=left.name):
        make_runtime(f"sqlite:///{path}")
    assert (path.exists(), left.read_bytes()) == (False, b"left")
    left.rename(left.with_suffix(".away"))
    make_runtime(f"sqlite:///{path}").store.close()


def test_no_poll_is_taken_as_good_any_more(tmp_path: Path, path: Path) -> None:
    with SimulatorServer(World(34), Clock(NOW)) as simulator:
        context = make_runtime(
            f"sqlite:///{path}",
            AQ_FEEDS__AIRKOREA__URL=simulator.airkorea_url,
            AQ_FEEDS__AIRKOREA__KEY="any",
            AQ_FEEDS__OPENMETEO__ENABLED="false",
        )
        made = jobs(app.collector(context), (20,))
        ticking = Scheduler(context.store, made, context.clock, lease=timedelta(minutes=5))
        context.store.version()
        path.unlink()
        with pytest.raises(StoreLostError):
            ticking.tick(made[0])
        assert simulator.calls == {}


def test_doctor_says_it_and_restore_waits_for_those_who_have_it_open(
    context: Context, path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    copies.backup(str(context.settings.database_url), copy)
    program = (
        "import sys; from aq.context import start; from aq.settings import load;"
        f"c = start(load({{'AQ_DATABASE_URL': 'sqlite:///{path}'}})); c.store.version();"
        "print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        context.store.close()
        path.unlink()
        assert presence.holders(path) == [other.pid]
        line = next(one for one in checks(context.settings) if one.check == "store")
        assert (line.state, f"process {other.pid}" in line.found) == (FAIL, True)
        with pytest.raises(StoreError, match=f"in use by process {other.pid}"):
            copies.restore(str(context.settings.database_url), copy, NOW)
        assert not path.exists()
        other.communicate()
    copies.restore(str(context.settings.database_url), copy, NOW)
    assert rows(path) == rows(copy)


def test_restore_keeps_owner_and_mode(context: Context, path: Path, tmp_path: Path) -> None:
    copy, url = tmp_path / "copy.db", str(context.settings.database_url)
    copies.backup(url, copy)
    context.store.close()
    path.chmod(0o640)
    root = os.geteuid() == 0
    if root:
        os.chown(path, 12345, 23456)
    owner = (path.stat().st_uid, path.stat().st_gid)
    copies.restore(url, copy, NOW)
    status = path.stat()
    assert (status.st_uid, status.st_gid) == owner
    assert stat.S_IMODE(status.st_mode) == 0o640
    # Where the store is gone, its folder tells whose it was.
    path.unlink()
    if root:
        os.chown(tmp_path, 12345, 23456)
    folder = (tmp_path.stat().st_uid, tmp_path.stat().st_gid)
    copies.restore(url, copy, NOW)
    assert (path.stat().st_uid, path.stat().st_gid) == folder
