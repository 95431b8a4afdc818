"""The command line: `--help` beside importing the dashboard."""

from bench.data import Stores, environment, say
from bench.report import Case, faster, measured


def run(_stores: Stores) -> list[Case]:
    """`python -m aq --help`, the import of the dashboard, and an interpreter that does nothing."""
    say("help")
    given, runs = environment("sqlite://"), 5
    ours, ours_mb = measured(["-m", "aq", "--help"], given, runs)
    pages = "import aq.web.api.routes, aq.web.parts.page, aq.web.pages.live, aq.web.pages.past"
    plain, plain_mb = measured(["-c", pages], given, 3)
    limit, limit_mb = measured(["-c", "pass"], given, runs)
    return [
        Case(
            bench="command",
            case="python -m aq --help",
            runs=runs,
            ours=ours,
            ours_mb=ours_mb,
            plain=plain,
            plain_mb=plain_mb,
            limit=limit,
            limit_mb=limit_mb,
            goals=(faster("importing the dashboard", plain, ours, 8),),
        )
    ]
