"""`rules test-channel`: a marked test goes out; an unknown channel is refused by name."""

import json
import shutil
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from aq.__main__ import run
from aq.paths import ROOT


def test_a_channel_is_tried_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AQ_DATABASE_URL", f"sqlite:///{tmp_path / 'aq.db'}")
    monkeypatch.setenv("AQ_CONFIG", str(tmp_path / "config"))
    source = ROOT / "config"
    shutil.copytree(source, tmp_path / "config")
    log = tmp_path / "a.jsonl"
    text = f'[channels.log]\nkind = "file"\npath = "{log}"\n'
    (tmp_path / "config" / "alerts.toml").write_text(text, "utf-8")
    assert run(["rules", "test-channel", "log"]) == 0
    sent = json.loads(log.read_text("utf-8"))
    assert sent["id"] in capsys.readouterr().out
    assert run(["rules", "test-channel", "nope"]) == 2
    assert "unknown channel 'nope'; configured are log" in capsys.readouterr().err
    assert len(log.read_text("utf-8").splitlines()) == 1


def test_a_webhook_is_tried_and_what_it_answers_is_the_exit_code(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    httpserver: HTTPServer,
) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    text = '[channels.hook]\nkind = "webhook"\nurl = "env:HOOK"\nsecret = "env:HOOK_KEY"\n'
    (tmp_path / "config" / "alerts.toml").write_text(f"{text}private = true\n", "utf-8")
    monkeypatch.setenv("AQ_DATABASE_URL", f"sqlite:///{tmp_path / 'aq.db'}")
    monkeypatch.setenv("AQ_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("HOOK", httpserver.url_for("/in/a-secret-path"))
    monkeypatch.setenv("HOOK_KEY", "a-key-of-the-webhook")
    httpserver.expect_ordered_request("/in/a-secret-path").respond_with_data("", 204)
    httpserver.expect_ordered_request("/in/a-secret-path").respond_with_data("", 500)
    httpserver.expect_ordered_request("/in/a-secret-path").respond_with_data("", 500)
    asked = ["rules", "test-channel", "hook"]
    assert run([*asked, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    got = httpserver.log[0][0].get_json()
    assert said == {"channel": "hook", "sent": True, "id": got["id"], "error": None}
    assert (got["kind"], got["title"][:4]) == ("test", "[시험]")
    assert run([*asked, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"] == "HTTP 500"
    assert run(asked) == 1
    told = capsys.readouterr().err
    assert "HTTP 500" in told
    assert "a-secret-path" not in told
