"""The checks of `doctor` about alerts: whom they reach, who notices when they die, the clock."""

import json
from collections.abc import Iterator
from datetime import timedelta

from aq.alerts.channels import outlets
from aq.alerts.rules import reached, rules, tell_nobody
from aq.cli.finding import OK, WARN, Finding
from aq.context import Context
from aq.domain.clock import kst_iso
from aq.ingest.clock_watch import CLOCK_JOB, words_of
from aq.store.runs import recent_runs

# A jump longer ago is history.
JUMPS_TOLD = timedelta(days=7)


def reach(context: Context) -> Iterator[Finding]:
    """Rules that are on and tell nobody."""
    saved = [one.rule for one in rules(context.store)]
    channels = outlets().channels
    silent = tell_nobody(saved, channels)
    if not silent:
        yield Finding("alerts", OK, "every rule that is on tells somebody")
        return
    names = ", ".join(rule.id for rule in silent)
    on = sum(rule.enabled for rule in saved)
    text = f"{len(silent)} of {on} rules that are on tell nobody: {names}"
    do = "aq rules new makes a channel and a rule; a rule names its channels (channels = [...])"
    yield Finding("alerts", WARN, text, do)


def death(context: Context) -> Iterator[Finding]:
    """Whether somebody elsewhere notices when the program has died."""
    found = outlets()
    dogs = [
        rule.rule.id
        for rule in rules(context.store)
        if rule.rule.kind == "watchdog" and rule.rule.enabled and reached(rule.rule, found.channels)
    ]
    if found.heartbeat is None and not dogs:
        text = "when this program dies nobody is told: no heartbeat and no watchdog rule is set"
        do = "set [heartbeat] in config/alerts.toml, or a rule of kind watchdog (docs/alerts.md)"
        yield Finding("heartbeat", WARN, text, do)
        return
    words = ["a heartbeat after each pass"] if found.heartbeat is not None else []
    words += [f"watchdog {name}" for name in dogs]
    yield Finding("heartbeat", OK, ", ".join(words))


def jumps(context: Context) -> Iterator[Finding]:
    """The last jump of a wall clock that a server or worker has noticed."""
    for row in recent_runs(context.store, CLOCK_JOB, 1):
        if abs(context.clock.now() - row.started) < JUMPS_TOLD:
            report = json.loads(row.report)
            jump = timedelta(seconds=report["jump_seconds"])
            text = f"the clock of {report['host']} went {words_of(jump)}, to {kst_iso(row.started)}"
            do = "set the clock by NTP (timedatectl status); polls and alerts go on by themselves"
            yield Finding("clock jump", WARN, text, do)


CHECKS = (reach, death, jumps)
