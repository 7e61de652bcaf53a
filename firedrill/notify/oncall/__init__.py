"""Datadog On-Call: who is on call, which rule routes a page, who is paged when (D/incident_response/on-call).

Objects are the API's JSON: JSON:API answers with ``included``, or the bodies of requests.
"""

from firedrill.notify.oncall.escalation import Escalation, PagingStep, Policy, Step, Target, escalate
from firedrill.notify.oncall.paging import Page, page
from firedrill.notify.oncall.routing import Alert, Route, route
from firedrill.notify.oncall.schedule import Override, Shift, shift_at, who_is_on_call

__all__ = [
    "Alert",
    "Escalation",
    "Override",
    "Page",
    "PagingStep",
    "Policy",
    "Route",
    "Shift",
    "Step",
    "Target",
    "escalate",
    "page",
    "route",
    "shift_at",
    "who_is_on_call",
]
