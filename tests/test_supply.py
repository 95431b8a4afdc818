"""What the program is made of is told, with its licence, as it is installed."""

import json
import re
from importlib.metadata import version
from pathlib import Path

from aq.paths import ROOT
from tools.sbom import NOTICE, bom, carried, notice


def test_notice_names_every_library_with_its_licence() -> None:
    """When it fails: make sbom."""
    assert NOTICE.read_text("utf-8") == notice()
    text = NOTICE.read_text("utf-8")
    assert "psycopg: LGPL-3.0-only" in text
    assert "certifi: MPL-2.0" in text
    assert "see its own files" not in text


def test_the_bill_of_materials_is_what_is_pinned_and_installed() -> None:
    made = json.loads(bom())
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    pinned = (ROOT / "constraints.txt").read_text("utf-8").lower()
    named = {one["name"]: one for one in made["components"]}
    assert set(named) == {one.name for one in carried()}
    for name, component in named.items():
        assert component["version"] == version(name)
        assert component["licenses"]
        normal = name.lower().replace("_", "-")
        assert f"{normal}=={component['version']}" in pinned.replace("_", "-"), name


def test_the_lock_has_the_same_versions_with_hashes() -> None:
    """When it fails: make lock."""
    text = (ROOT / "requirements.lock").read_text("utf-8")
    entries = [
        block.split(" \\")[0].split(" ;")[0].lower().replace("_", "-")
        for block in text.split("\n")
        if "==" in block and not block.startswith((" ", "#"))
    ]
    assert set(entries) == {
        f"{one.name.lower().replace('_', '-').replace('.', '-')}=={one.version}"
        for one in carried()
    }
    assert text.count("--hash=sha256:") >= len(entries)
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    assert "--require-hashes -r requirements.lock" in dockerfile
    assert re.search(
        r"^ARG BASE=python:3\.11-\S+@sha256:[0-9a-f]{64}\nFROM \$\{BASE\}$", dockerfile, re.M
    )


def test_the_installation_is_small() -> None:
    """Files without their bytecode, of which only what is used gets written [bytes]."""
    sizes = {
        package.name: sum(
            Path(str(file.locate())).stat().st_size
            for file in package.files or ()
            if file.suffix != ".pyc" and Path(str(file.locate())).is_file()
        )
        for package in carried()
    }
    assert sum(sizes.values()) < 550_000_000, sorted(sizes.items(), key=lambda pair: -pair[1])[:9]
