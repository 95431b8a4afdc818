"""Alerts: hours are evaluated, what people were told is kept, what is due is told."""

from aq.alerts.evaluate import evaluate
from aq.alerts.official import severity
from aq.alerts.rule import SEVERITIES, Known, Problem, Quiet, Rule, parse_rule, problems
from aq.alerts.state import PHASES, REASONS, Course, Phase, Point, Reason, State, Transition

__all__ = [
    "PHASES",
    "REASONS",
    "SEVERITIES",
    "Course",
    "Known",
    "Phase",
    "Point",
    "Problem",
    "Quiet",
    "Reason",
    "Rule",
    "State",
    "Transition",
    "evaluate",
    "parse_rule",
    "problems",
    "severity",
]
