"""Where in a TOML text a key stands, for messages that name the line."""

import re


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The line of a dotted TOML key, found by its table header and its name; None if not there."""
    table: tuple[str, ...] = ()
    best = None
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            table = tuple(part.strip().strip('"') for part in header.group(1).split("."))
            if path[: len(table)] == table:
                best = number
            continue
        key = re.match(r'\s*"?([\w-]+)"?\s*=', line)
        if key and path[: len(table) + 1] == (*table, key.group(1)):
            best = number
    return best
