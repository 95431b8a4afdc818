"""Alert rules and what they decide: pure, hour by hour, with a named reason each time."""

from aq.alerts.decide import Mute, Series, decide, replay, replay_family
from aq.alerts.official_rule import Relayed, act_key, relay, severity
from aq.alerts.rule import SEVERITIES, Known, Problem, Quiet, Rule, parse_rule, problems
from aq.alerts.state import PHASES, REASONS, Decision, Phase, Point, Reason, State

__all__ = [
    "PHASES",
    "REASONS",
    "SEVERITIES",
    "Decision",
    "Known",
    "Mute",
    "Phase",
    "Point",
    "Problem",
    "Quiet",
    "Reason",
    "Relayed",
    "Rule",
    "Series",
    "State",
    "act_key",
    "decide",
    "parse_rule",
    "problems",
    "relay",
    "replay",
    "replay_family",
    "severity",
]
