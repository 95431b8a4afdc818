"""The files of `deploy/`: commands and settings that exist, units and compose files readable."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from argon2 import PasswordHasher

from aq.__main__ import COMMANDS
from aq.paths import ROOT
from aq.settings import load

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
COMPOSE = sorted(DEPLOY.glob("compose.*.yaml"))
# Of the compose files and the proxy alone, given by the person who starts them.
OWN = {"AQ_HOST", "AQ_KEY", "AQ_DB_PASSWORD", "AQ_UPSTREAMS"}
VALUES = {
    "AQ_ADMIN_PASSWORD_HASH": PasswordHasher(time_cost=1, memory_cost=64).hash("바람"),
    "AQ_CONFIG": str(ROOT / "config"),
    "AQ_DATABASE_URL": "postgresql+psycopg://aq:x@database/aq",
    "AQ_FEEDS__AIRKOREA__KEY": "any",
    "AQ_LOGS__FORMAT": "json",
    "AQ_READ_URL": "postgresql://aq:x@standby/aq",
    "AQ_SCHEDULER": "off",
    "AQ_SERVER__TRUSTED_PROXIES": "172.16.0.0/12",
}


def texts() -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in DEPLOY.rglob("*") if path.is_file()}


def test_every_setting_and_command_named_there_exists() -> None:
    named, commands = set(), set()
    for text in texts().values():
        named |= set(re.findall(r"\bAQ_[A-Z_]*[A-Z]\b", text)) - OWN
        commands |= set(re.findall(r"-m aq (\w+)", text))
        commands |= set(re.findall(r'"-m", "aq", "(\w+)"', text))
    assert named == set(VALUES)
    load(VALUES)  # refuses what it does not know
    assert commands == {"serve", "worker", "backup"} <= set(COMMANDS)


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_a_compose_file_is_whole(path: Path) -> None:
    services = yaml.safe_load(path.read_text("utf-8"))["services"]
    for name, service in services.items():
        assert "image" in service or (DEPLOY / ".." / service["build"]["dockerfile"]).exists(), name
        assert service["restart"] == "unless-stopped"
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_healthy"
            assert "healthcheck" in services[other]
        if name.startswith("page"):
            assert service["environment"]["AQ_SCHEDULER"] == "off"
            assert "AQ_FEEDS__AIRKOREA__KEY" not in service["environment"]
    published = {name for name, service in services.items() if "ports" in service}
    assert published == {"proxy"}  # nothing else is open to the world
    docker = shutil.which("docker")
    asked = [docker or "false", "compose", "version"]
    if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
        given = {"AQ_KEY": "x", "AQ_DB_PASSWORD": "y", "AQ_HOST": "localhost", "PATH": "/usr/bin"}
        command = [*asked[:2], "-f", str(path), "config", "-q"]
        assert subprocess.run(command, env=given, check=False).returncode == 0


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_read_by_systemd(path: Path, tmp_path: Path) -> None:
    text = path.read_text("utf-8").replace("/opt/aq", str(ROOT))
    for key, _, _ in (line.partition("=") for line in text.splitlines() if "=" in line):
        assert re.fullmatch(r"[A-Za-z#][\w -]*.*", key)
    if path.suffix == ".service":
        assert "User=aq" in text
        assert "NoNewPrivileges=yes" in text
        assert "ExecStart=" in text
        assert ("LimitNOFILE=65536" in text) == ("-m aq backup" not in text)
    copies = [tmp_path / path.name.replace("@", "@8501")]
    if path.suffix == ".timer":
        service = path.with_suffix(".service")
        (tmp_path / service.name).write_text(
            service.read_text("utf-8").replace("/opt/aq", str(ROOT))
        )
    copies[0].write_text(text, "utf-8")
    analyze = shutil.which("systemd-analyze")
    if analyze:
        ended = subprocess.run(
            [analyze, "verify", "--recursive-errors=no", str(copies[0])],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, "")


def test_a_proxy_passes_websockets_addresses_and_one_replica_to_a_reader() -> None:
    nginx, caddy = texts()["nginx.conf"], texts()["Caddyfile"]
    for words in (
        "Upgrade $http_upgrade",
        "Host $http_host",  # $host has no port, and the page's origin has
        "ip_hash",
        "X-Forwarded-For",
        "/metrics",
        "ssl_protocols",
    ):
        assert words in nginx
    for words in ("lb_policy cookie", "health_uri /healthz", "/metrics"):
        assert words in caddy
    assert nginx.count("{") == nginx.count("}")
    assert caddy.count("{") == caddy.count("}")
