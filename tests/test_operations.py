"""What docs/operations.md says to type is typed here, on a store of its own."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import make_url, text

from aq.__main__ import COMMANDS
from aq.context import start
from aq.paths import ROOT
from aq.settings import load
from chaos.places import databases
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


def test_the_administrators_hash_is_made_as_the_page_of_alerts_types_it() -> None:
    """By a password that is typed, of which the settings then take the hash."""
    page = " ".join((ROOT / "docs" / "alerts.md").read_text("utf-8").split())
    (program,) = re.findall(r'\.venv/bin/python -c "(from argon2 [^"]+)"', page)
    made = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        input="바람 부는 날\n",
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,  # without a terminal getpass reads what it is given
    )
    settings = load({"AQ_ADMIN_PASSWORD_HASH": made.stdout.strip().rpartition(" ")[2]})
    assert settings.admin_password_hash is not None
    taken = settings.admin_password_hash.get_secret_value()
    assert PasswordHasher().verify(taken, "바람 부는 날")


def test_what_else_is_typed_names_files_that_are_there() -> None:
    """Units, timers and files of the page are those of `deploy/`, and users are made first."""
    named = set(re.findall(r"`?((?:systemd/)?aq[\w@-]*\.(?:service|timer|env))`?", TEXT))
    shipped = {path.name for path in (ROOT / "deploy").rglob("*") if path.is_file()}
    assert {name.removeprefix("systemd/") for name in named} <= shipped
    for tool in set(re.findall(r"-m (tools\.\w+)", TEXT)):
        assert (ROOT / f"{tool.replace('.', '/')}.py").is_file()
    enabled = re.search(r"systemctl enable --now (.+)", TEXT)
    assert enabled is not None
    assert {
        f"{unit}.service" if "." not in unit else unit for unit in enabled[1].split()
    } <= shipped
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    (argument,) = re.findall(r"--build-arg (\w+)=", TEXT)
    (base,) = re.findall(rf"--build-arg {argument}=([\w:.-]+@sha256:)", TEXT)
    assert f"ARG {argument}={base}" in dockerfile
    for user in set(re.findall(r"sudo -u (\w+)", TEXT)) - {"postgres"}:
        assert f"useradd --system --home /var/lib/{user} --create-home {user}" in TEXT


@pytest.mark.postgresql
def test_postgresqls_user_and_database_are_made_as_the_page_types_it() -> None:
    """On a server of the test's own; the address that the page gives then opens the store."""
    lines = re.findall(r"^    sudo -u postgres (create(?:user|db) .+)$", TEXT, re.MULTILINE)
    (address,) = re.findall(r"AQ_DATABASE_URL=(postgresql://\S+)", TEXT)
    assert len(lines) == 2
    with databases() as place:
        server = make_url(place.url("postgres"))
        where = str(server.query["host"])
        for line in lines:
            tool, *words = shlex.split(line)
            subprocess.run(
                [place.server.bin_path / tool, *words],
                env={**os.environ, "PGHOST": where, "PGUSER": server.username or "postgres"},
                input="PASSWORD\nPASSWORD\n",
                text=True,
                capture_output=True,
                check=True,
                start_new_session=True,  # without a terminal it reads what it is given
            )
        own = address.replace("127.0.0.1/aq", f"/aq?host={where}")
        store = start(load({"AQ_DATABASE_URL": own})).store
        with store.read() as connection:
            assert connection.scalar(text("SELECT current_user")) == "aq"
        store.close()
