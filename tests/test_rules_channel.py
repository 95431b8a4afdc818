"""`rules test-channel`: a marked test goes out; an unknown channel is refused by name."""

import json
import shutil
from pathlib import Path

import pytest

from aq.__main__ import run


def test_a_channel_is_tried_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AQ_DATABASE_URL", f"sqlite:///{tmp_path / 'aq.db'}")
    monkeypatch.setenv("AQ_CONFIG", str(tmp_path / "config"))
    source = Path(__file__).parent.parent / "config"
    shutil.copytree(source, tmp_path / "config")
    log = tmp_path / "a.jsonl"
    text = f'[channels.log]\nkind = "file"\npath = "{log}"\n'
    (tmp_path / "config" / "alerts.toml").write_text(text, "utf-8")
    assert run(["rules", "test-channel", "log"]) == 0
    sent = json.loads(log.read_text("utf-8"))
    assert sent["id"] in capsys.readouterr().out
    assert run(["rules", "test-channel", "nope"]) == 2
    assert "nope" in capsys.readouterr().err
    assert len(log.read_text("utf-8").splitlines()) == 1
