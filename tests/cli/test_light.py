"""Commands load what they need and no more: no data frames, no pages, no charts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browsing import ROOT, own_environment

HEAVY = ("pandas", "streamlit", "plotly", "statsmodels", "scipy", "pyarrow", "tsdownsample")
# What a process has loaded after some commands, as JSON in a file.
RUN = """
import json, sys
from aq.__main__ import run
codes = [run(command) for command in json.loads(sys.argv[1])]
loaded = sorted({name.split(".")[0] for name in sys.modules})
open(sys.argv[2], "w").write(json.dumps({"codes": codes, "loaded": loaded}))
"""


def loaded(folder: Path, *commands: list[str]) -> tuple[list[int], set[str]]:
    """Exit codes of commands run in one process, and the packages it then has."""
    environment = own_environment(
        AQ_DATABASE_URL=f"sqlite:///{folder / 'aq.db'}",
        AQ_CLOCK="2026-11-23T20:25:00+09:00",
        AQ_FEEDS__OPENMETEO__ENABLED="false",
    )
    told = folder / "told.json"
    command = [sys.executable, "-c", RUN, json.dumps(commands), str(told)]
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    found = json.loads(told.read_text("utf-8"))
    return found["codes"], set(found["loaded"])


def test_help_loads_nothing_but_the_command_line(tmp_path: Path) -> None:
    codes, found = loaded(tmp_path, ["--help"])
    assert codes == [0]
    assert not {*HEAVY, "sqlalchemy", "requests", "apscheduler", "pydantic"} & found


def test_commands_load_no_data_frames_and_no_pages(tmp_path: Path) -> None:
    days = ["--since", "2026-11-20", "--until", "2026-11-23"]
    commands = [
        ["migrate"],
        ["current", "--json"],
        ["rules", "list", "--json"],
        ["rules", "backtest", "pm10-warning", *days, "--json"],
        ["explain", "--help"],
        ["export", *days, "--format", "csv", "-o", str(tmp_path / "out.csv")],
        ["backup", str(tmp_path / "copy.db")],
        ["regrade"],
    ]
    codes, found = loaded(tmp_path, *commands)
    assert codes[:4] == [0, 0, 0, 0]
    assert codes[5:8] == [0, 0, 0]
    assert not set(HEAVY) & found


@pytest.mark.parametrize("name", ["serve", "worker", "poll", "backfill", "import_", "simulate"])
def test_other_commands_begin_without_them(name: str) -> None:
    code = f"import sys, aq.cli.{name}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=own_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    # An import may read an archive, which is Parquet; that loads no data frames.
    assert not (set(HEAVY) - {"pyarrow"}) & set(done.stdout.split())
