"""The wheel: built, unpacked far from the checkout, and run in an empty folder."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from aq import __version__
from aq.paths import ROOT
from tests.browsing import free_port
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, as pip would lay it into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob(f"aq-{__version__}-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def environment(site: Path, **more: str) -> Mapping[str, str]:
    """The machine's environment with the unpacked wheel in front and nothing of the checkout."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AQ_")}
    return {**inherited, "PYTHONPATH": str(site), **more}


def aq(site: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aq", *arguments],
        cwd=cwd,
        env=environment(site),
        capture_output=True,
        text=True,
        check=True,
    )


def test_the_store_stands_beside_whoever_calls_it(installed: Path, tmp_path: Path) -> None:
    aq(installed, tmp_path, "migrate")
    assert (tmp_path / "var" / "aq.db").is_file()
    assert aq(installed, tmp_path, "--version").stdout.split()[-1] == __version__
    assert not list(installed.rglob("*.db"))


def test_an_installed_server_shows_strip_and_page(installed: Path, tmp_path: Path) -> None:
    port = free_port()
    given = environment(
        installed, AQ_SCHEDULER="off", AQ_HOME=str(tmp_path), AQ_SERVER__PORT=str(port)
    )
    server = subprocess.Popen(
        [sys.executable, "-m", "aq", "serve"],
        cwd=tmp_path,
        env=given,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/strip", timeout=5).ok
        except requests.ConnectionError:
            assert server.poll() is None, "the server has ended"
            return False

    try:
        wait_until(answers)
        strip = requests.get(f"http://127.0.0.1:{port}/strip", timeout=5).text
        assert strip.index("서울") < strip.index("세종")
        assert requests.get(f"http://127.0.0.1:{port}/", timeout=5).ok
    finally:
        server.terminate()
        server.wait()
    assert (tmp_path / "var" / "aq.db").is_file()


def test_what_is_imported_is_pinned_and_named_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = {re.split(r"[\[<>=;]", line)[0].lower() for line in project["dependencies"]}
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    pinned = {re.split(r"[\[<>=;]", line)[0].lower() for line in lines if "==" in line}
    assert named == pinned
