"""A store in a folder that takes no file: a copy on a medium, a snapshot, somebody else's."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

from aq.paths import ROOT
from tests.conftest import NOW
from tests.serving import fill, make_runtime

DROP_CAPABILITY, WRITE_ANYWHERE = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


def without_rights() -> None:
    """Take from root, if it is root, the right to write where the mode forbids it."""
    ctypes.CDLL(None).prctl(DROP_CAPABILITY, WRITE_ANYWHERE, 0, 0, 0)


def aq(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of somebody who may read the store and write nothing."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AQ_")},
        "AQ_DATABASE_URL": f"sqlite:///{path}",
        "AQ_CLOCK": NOW.isoformat(),
    }
    return subprocess.run(
        [sys.executable, "-m", "aq", *words],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=without_rights,
    )


def test_a_store_in_a_read_only_folder_is_read_and_takes_no_write(tmp_path: Path) -> None:
    folder = tmp_path / "medium"
    folder.mkdir()
    path = folder / "aq.db"
    context = make_runtime(f"sqlite:///{path}")
    fill(context, hours=2)
    context.store.close()
    path.chmod(0o444)
    folder.chmod(0o555)
    try:
        done = aq(path, "current")
        assert (done.returncode, done.stderr) == (0, "")
        assert "서울" in done.stdout
        refused = aq(path, "regrade")
        assert refused.returncode == 1
        assert "readonly" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert [one.name for one in folder.iterdir()] == ["aq.db"]
    finally:
        folder.chmod(0o755)
