"""The check of pinned dependencies: what is known fails, what cannot be asked is said."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tools import audit

BAD = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["2.0.1", "3.1"]}
UNMENDED = {"id": "GHSA-x", "aliases": [], "fix_versions": []}


def pin(name: str, *vulns: object) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "vulns": list(vulns)}


UNKNOWN = {"name": "b", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("found", "said", "code"),
    [
        ([pin("a"), pin("b")], "no known vulnerability in 2 dependencies", 0),
        (
            [pin("a"), UNKNOWN],
            "no known vulnerability in 1 dependencies; 1 not checked, the index tells nothing of"
            " them",
            0,
        ),
        ([UNKNOWN], f"{audit.UNCHECKED}: the index tells nothing of them", 0),
        ([pin("a", BAD), UNKNOWN], "a 1.0: PYSEC-2026-1 CVE-2026-1, mended in 2.0.1, 3.1", 1),
        ([pin("a", UNMENDED)], "a 1.0: GHSA-x, mended in no version yet", 1),
    ],
)
def test_a_report_is_a_verdict(found: list[dict[str, Any]], said: str, code: int) -> None:
    assert audit.verdict({"dependencies": found, "fixes": []}) == ([said], code)


def test_without_a_network_it_says_why_and_is_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    """The real program, behind a proxy that lets nothing through."""
    httpserver.expect_request("/").respond_with_data("", 403)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, httpserver.url_for("/"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "pins.txt").write_text("click==8.5.1\n")
    (said,), code = audit.audit(tmp_path / "pins.txt")
    assert (said.startswith(f"{audit.UNCHECKED}: "), code) == (True, 0)
    assert "proxy" in said.lower()


def test_an_index_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, timeout: float, **__: object) -> None:
        raise subprocess.TimeoutExpired("pip_audit", timeout)

    monkeypatch.setattr(subprocess, "run", never)
    (said,), code = audit.audit(tmp_path / "pins.txt")
    assert (said, code) == (f"{audit.UNCHECKED}: the index did not answer within 30 s", 0)


def test_what_the_program_reports_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = json.dumps({"dependencies": [pin("a", BAD)], "fixes": []})
    ended = SimpleNamespace(stdout=report, stderr="Found 1 known vulnerability", returncode=1)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ended)
    assert audit.audit(tmp_path / "pins.txt") == (
        ["a 1.0: PYSEC-2026-1 CVE-2026-1, mended in 2.0.1, 3.1"],
        1,
    )
