"""Datadog On-Call: schedules, routing rules, escalation policies, pages (docs: incident_response/on-call).

Objects are the API's JSON: JSON:API answers with ``included``, or the bodies of requests.
"""

from firedrill.notify.oncall.escalation import (
    Escalation,
    EscalationStep,
    EscalationTarget,
    PagingStep,
    Policy,
    escalate,
)
from firedrill.notify.oncall.routing import Alert, Route, route
from firedrill.notify.oncall.schedule import Override, Shift, on_call_user, shift_at

__all__ = [
    "Alert",
    "Escalation",
    "EscalationStep",
    "EscalationTarget",
    "Override",
    "PagingStep",
    "Policy",
    "Route",
    "Shift",
    "escalate",
    "on_call_user",
    "route",
    "shift_at",
]
