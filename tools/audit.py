"""Holds the pinned set against known vulnerabilities, where the index tells of any (`make lint`).

Without a network, or with an index that knows no advisories, it says so and is content; a known
vulnerability fails, with its names and the versions that mend it.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ANSWER, ALL = 5, 30  # seconds for an answer, and for the whole of it
UNCHECKED = "dependencies not checked against known vulnerabilities"


def verdict(report: dict[str, Any]) -> tuple[list[str], int]:
    """(what to say, exit code) of pip-audit's report."""
    known = [one for one in report["dependencies"] if "vulns" in one]
    if not known:
        return [f"{UNCHECKED}: the index tells nothing of them"], 0
    found = [
        f"{one['name']} {one['version']}: {' '.join([bad['id'], *bad['aliases']])},"
        f" mended in {', '.join(bad['fix_versions']) or 'no version yet'}"
        for one in known
        for bad in one["vulns"]
    ]
    if found:
        return found, 1
    untold = len(report["dependencies"]) - len(known)
    rest = f"; {untold} not checked, the index tells nothing of them" if untold else ""
    return [f"no known vulnerability in {len(known)} dependencies{rest}"], 0


def audit(pins: Path) -> tuple[list[str], int]:
    """Ask the index about each pin of a file."""
    asked = ("-r", str(pins), "--no-deps", "--disable-pip", "--progress-spinner", "off")
    shape = ("--timeout", str(ANSWER), "--format", "json", "--aliases", "on", "--desc", "off")
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "pip_audit", *asked, *shape],
            capture_output=True,
            text=True,
            check=False,
            timeout=ALL,
        )
    except subprocess.TimeoutExpired:
        return [f"{UNCHECKED}: the index did not answer within {ALL} s"], 0
    try:
        return verdict(json.loads(ended.stdout))
    except ValueError:
        said = ended.stderr.strip().splitlines() or ["no answer"]
        return [f"{UNCHECKED}: {said[-1][:200]}"], 0


if __name__ == "__main__":
    lines, code = audit(ROOT / "constraints.txt")
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.exit(code)
