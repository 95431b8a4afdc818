"""What docs/operations.md says to type is typed here, on a store of its own."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from aq.__main__ import COMMANDS
from aq.paths import ROOT
from tests.conftest import NOW
from tests.serving import fill, make_runtime

TEXT = (ROOT / "docs" / "operations.md").read_text("utf-8")
TYPED = [
    " ".join(words.split("#")[0].split())
    for words in re.findall(r"^    .*?python -m aq (.+)$", TEXT, re.MULTILINE)
]
# What asks a source, or takes files that only its owner has.
ELSEWHERE = ("backfill", "import")


def typed(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """A line of the document, with its folders in a place of the test's."""
    words = shlex.split(line.replace("/var/lib/aq", str(folder)))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AQ_")},
        "AQ_ENV_FILE": str(folder / "env"),
        "AQ_CLOCK": NOW.isoformat(),
        "AQ_FEEDS__OPENMETEO__ENABLED": "false",
    }
    return subprocess.run(
        [sys.executable, "-m", "aq", *words],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A service's folder and its environment file, made from the one that is shipped."""
    shipped = (ROOT / "deploy" / "aq.env").read_text("utf-8")
    own = shipped.replace("/var/lib/aq", str(tmp_path)).replace("/etc/aq", str(tmp_path))
    (tmp_path / "env").write_text(own, "utf-8")
    (tmp_path / "backups").mkdir()
    context = make_runtime(f"sqlite:///{tmp_path / 'aq.db'}")
    fill(context, hours=2)
    context.store.close()
    return tmp_path


def test_each_command_is_there_with_its_options() -> None:
    assert len(TYPED) >= 6
    for line in TYPED:
        command, *words = shlex.split(line)
        assert command in COMMANDS
        listed = subprocess.run(
            [sys.executable, "-m", "aq", command, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for word in words:
            assert not word.startswith("--") or word.split("=")[0] in listed, line


def test_the_commands_do_what_the_page_says_in_its_order(folder: Path) -> None:
    """`restore` comes after the `backup` of the same name; doctor warns of what is not there."""
    for line in TYPED:
        if line.startswith(ELSEWHERE):
            continue
        done = typed(folder, line)
        accepted = (0, 1) if line == "doctor" else (0,)
        assert done.returncode in accepted, (line, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        if line.startswith(("backup", "restore")):
            assert done.stderr.startswith(f"store: {folder / 'aq.db'}"), line
