"""`make sbom`: what the program is made of, as CycloneDX, and the licences it carries, for NOTICE.

Read from the installed packages that `requirements.txt` brings, so that it tells what runs.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement

from aq import __version__
from aq.paths import ROOT

NOTICE, MARK = (
    ROOT / "NOTICE",
    "\nLibraries that the program runs on, each under its own licence:\n",
)
# Metadata that says no more than "see the file", or a classifier that does not tell the version.
KNOWN = {
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "certifi": "MPL-2.0",
    "resvg_py": "MIT",  # and within it resvg: Apache-2.0 OR MIT
    "tqdm": "MPL-2.0 AND MIT",
}


def carried() -> list[Distribution]:
    """The distributions that `requirements.txt` brings, with all they need, by name."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
    found: dict[str, Distribution] = {}
    while wanted:
        one = wanted.pop()
        name = re.sub(r"[-_.]+", "-", one.name).lower()
        extras = sorted(one.extras)
        if name in found and not extras:
            continue
        try:
            found[name] = distribution(one.name)
        except PackageNotFoundError:
            continue  # of another system
        wanted += _needs(found[name], extras)
    return [found[name] for name in sorted(found)]


def _needs(made: Distribution, extras: list[str]) -> Iterator[Requirement]:
    for text in made.requires or ():
        need = Requirement(text)
        if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in ("", *extras)):
            yield need


def licence(made: Distribution) -> str:
    """A distribution's licence as its metadata names it."""
    fields = made.metadata
    if made.name.lower() in KNOWN:
        return KNOWN[made.name.lower()]
    expression = fields.get("License-Expression")
    if expression:
        return str(expression)
    classified = [
        value.rpartition(" :: ")[2]
        for value in fields.get_all("Classifier") or ()
        if value.startswith("License ::") and not value.endswith("OSI Approved")
    ]
    words = " AND ".join(classified) or str(fields.get("License") or "").strip().split("\n")[0]
    return words or "see its own files"


def bom() -> str:
    """The bill of materials as CycloneDX 1.6 in JSON."""
    made, factory = Bom(), LicenseFactory()
    root = Component(name="aq", version=__version__, type=ComponentType.APPLICATION)
    made.metadata.component = root
    for one in carried():
        url = PackageURL("pypi", None, one.name.lower(), one.version)
        component = Component(
            name=one.name,
            version=one.version,
            type=ComponentType.LIBRARY,
            purl=url,
            bom_ref=url.to_string(),
            licenses=[factory.make_from_string(licence(one))],
        )
        made.components.add(component)
        made.register_dependency(root, [component])
    return make_outputter(made, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)


def notice() -> str:
    """NOTICE with the list of libraries as it is now."""
    own = NOTICE.read_text("utf-8").split(MARK)[0].rstrip("\n") + "\n"
    return own + MARK + "\n" + "".join(f"{one.name}: {licence(one)}\n" for one in carried())


def main() -> None:
    """Write `sbom.json` and the libraries' part of NOTICE."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "sbom.json")
    target.write_text(f"{bom()}\n", "utf-8")
    NOTICE.write_text(notice(), "utf-8")


if __name__ == "__main__":
    main()
