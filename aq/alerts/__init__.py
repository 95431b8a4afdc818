"""Alert rules and what they decide: pure, hour by hour, with a named reason each time."""

from aq.alerts.nouns import (
    PHASES,
    REASONS,
    Change,
    Decision,
    Phase,
    Point,
    Reason,
    State,
)
from aq.alerts.rule import SEVERITIES, Known, Problem, Quiet, Rule, parse_rule, problems

__all__ = [
    "PHASES",
    "REASONS",
    "SEVERITIES",
    "Change",
    "Decision",
    "Known",
    "Phase",
    "Point",
    "Problem",
    "Quiet",
    "Reason",
    "Rule",
    "State",
    "parse_rule",
    "problems",
]
