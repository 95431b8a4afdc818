"""`python -m tools.architecture`: the table of modules in docs/architecture.md, written anew.

Each module's duty is the first sentence of its own docstring, so that it is said once.
"""

import ast
import sys
from pathlib import Path

from aq.paths import ROOT

FILE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- modules -->", "<!-- /modules -->"


def duty(path: Path) -> str:
    """The first paragraph of a module's docstring on one line."""
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(docstring.split("\n\n")[0].split()).replace("|", "\\|")


def table() -> str:
    """A heading and a table for each package, in the order of the tree."""
    lines: list[str] = []
    folders = sorted({path.parent for path in (ROOT / "aq").rglob("*.py")})
    for folder in folders:
        package = folder / "__init__.py"
        lines += ["", f"### `{folder.relative_to(ROOT).as_posix()}/`", "", duty(package), ""]
        modules = [path for path in sorted(folder.glob("*.py")) if path != package]
        if modules:
            lines += ["| module | duty |", "|---|---|"]
            lines += [f"| `{path.name}` | {duty(path)} |" for path in modules]
    return "\n".join(lines).strip()


def written(document: str) -> str:
    """The document with its table as the tree is now."""
    before, rest = document.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    FILE.write_text(written(FILE.read_text("utf-8")), "utf-8")
    sys.stdout.write(f"{FILE.relative_to(ROOT)} written\n")
