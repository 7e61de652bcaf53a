"""Evaluation of Datadog monitors and SLOs on recorded or live telemetry, under a virtual clock.

``run`` evaluates a stretch of time at once, ``advance`` one minute with a state that is JSON; both give the same
transitions. What cannot be computed raises :class:`Refused`; an approximated result is marked ``indicative``.
"""

from firedrill.evaluate.absent_series import AbsentSeries
from firedrill.evaluate.context import MeasurementCache
from firedrill.evaluate.evaluation import advance, evaluate_at, run
from firedrill.evaluate.metric.graph import graph_query
from firedrill.evaluate.model import Account, Certainty, Note, Refused, State, Status, Transition
from firedrill.evaluate.slo.status import SloStatus, slo_history, slo_status
from firedrill.evaluate.telemetry import Event, Recording, Series, Telemetry
from firedrill.evaluate.timeline import Timeline
from firedrill.evaluate.window_ends import EndExclusiveWindows

__all__ = [
    "AbsentSeries",
    "Account",
    "Certainty",
    "EndExclusiveWindows",
    "Event",
    "MeasurementCache",
    "Note",
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
