"""`python -m tools.messages`: the catalogue brought up to date with what the program says.

New messages are added without a text, those nobody says any more are dropped; what is translated
stays. Exit 1 when a message has no Korean yet, with the list of them.
"""

import ast
import sys
from collections.abc import Collection
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

import aq
from aq.export.columns import KINDS, ZONE_LEVEL, columns_of
from aq.export.query import GRAINS
from aq.feeds.registry import INFO
from aq.i18n import CATALOGUES
from aq.paths import SHIPPED
from aq.standards_file import load_standards

SOURCES = Path(aq.__file__).parent
FILE = CATALOGUES / "ko" / "LC_MESSAGES" / "aq.po"
CALLS = {"text", "N_", "self", "_text", "words"}
# A module that imports one of these has words to say: the languages, or a view that knows its own.
SPEAKERS = ("aq.i18n import", "aq.web.drawings.view import")
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: ko\\n"\n'


def catalogue() -> dict[str, str]:
    """English message -> Korean, as it stands."""
    with FILE.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}


def used(translated: Collection[str]) -> set[str]:
    """Every message that a page, route or table can say.

    A table counts as one of messages when any of its texts is in the catalogue.
    """
    messages: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        source = path.read_text("utf-8")
        if path.name != "i18n.py" and not any(speaker in source for speaker in SPEAKERS):
            continue
        tree = ast.parse(source)
        messages |= _calls(tree)
        for table in _tables(tree):
            messages |= table if table & set(translated) else set()
    standards = load_standards(SHIPPED / "standards")
    for info in INFO.values():
        messages |= {info.attribution, info.licence}
    for kind in (*KINDS, ZONE_LEVEL):
        for grain in GRAINS:
            for apart in (False, True):
                columns = columns_of(kind, grain, list(standards.values()), apart=apart, named=True)
                messages |= {column.message for column in columns}
    for shipped in ("standards", "limits"):
        for standard in load_standards(SHIPPED / shipped).values():
            messages |= {*standard.unverified, *(source.what for source in standard.sources)}
    return messages


def _calls(tree: ast.Module) -> set[str]:
    """Messages given as the first argument to a translating call."""
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and _name(node.func) in CALLS
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def _name(function: ast.expr) -> str:
    """`text` of ``text(…)`` and of ``view.text(…)``; no other method translates."""
    if isinstance(function, ast.Attribute):
        return function.attr if function.attr == "text" else ""
    return function.id if isinstance(function, ast.Name) else ""


def _tables(tree: ast.Module) -> list[set[str]]:
    """The texts of each table a module holds (a dictionary by a name in capitals)."""
    return [
        {
            value.value
            for value in node.value.values
            if isinstance(value, ast.Constant) and isinstance(value.value, str)
        }
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict)
    ]


def main() -> int:
    """Write the catalogue anew in the order of its messages."""
    translated = catalogue()
    wanted = used(translated)
    written = Catalog(locale="ko")
    for message in sorted(wanted):
        written.add(message, translated.get(message, ""))
    with FILE.open("wb") as file:
        write_po(file, written, width=100, omit_header=True)
    FILE.write_text(f"{HEADER}\n{FILE.read_text('utf-8').lstrip()}", "utf-8")
    missing = sorted(message for message in wanted if not translated.get(message))
    dropped = len(set(translated) - wanted)
    sys.stdout.write(f"{len(wanted)} messages, {dropped} dropped, {len(missing)} without Korean\n")
    sys.stdout.writelines(f"  {message}\n" for message in missing)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
