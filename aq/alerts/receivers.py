"""Whom a rule tells: its channels that are configured; a rule without any tells nobody."""

from collections.abc import Collection, Iterable

from aq.alerts.rule import Rule


def reached(rule: Rule, channels: Collection[str]) -> tuple[str, ...]:
    """The channels a rule's messages can leave by."""
    return tuple(name for name in rule.channels if name in channels)


def tell_nobody(rules: Iterable[Rule], channels: Collection[str]) -> list[Rule]:
    """The rules that are on and whose messages reach nobody: they stand on the pages and in the
    Atom feed alone."""
    return [rule for rule in rules if rule.enabled and not reached(rule, channels)]
