"""Evaluates Datadog monitors and SLOs on recorded or live telemetry, under a virtual clock.

``run`` evaluates a stretch of time at once, ``advance`` one minute with a state that is JSON; both give the same
transitions. What cannot be computed raises :class:`Refused`, what is an approximation is marked ``indicative``.
"""

from firedrill.evaluate.engine import advance, evaluate_at, run
from firedrill.evaluate.graph import graph_query
from firedrill.evaluate.indicators import Memo
from firedrill.evaluate.model import Account, Certainty, Note, Refused, State, Status, Transition
from firedrill.evaluate.readings import OpenAtTheEnd
from firedrill.evaluate.slo import SloStatus, slo_history, slo_status
from firedrill.evaluate.telemetry import Event, Recording, Series, Telemetry
from firedrill.evaluate.timeline import Timeline

__all__ = [
    "Account",
    "Certainty",
    "Event",
    "Memo",
    "Note",
    "OpenAtTheEnd",
    "Recording",
    "Refused",
    "Series",
    "SloStatus",
    "State",
    "Status",
    "Telemetry",
    "Timeline",
    "Transition",
    "advance",
    "evaluate_at",
    "graph_query",
    "run",
    "slo_history",
    "slo_status",
]
