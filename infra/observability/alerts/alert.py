"""The type of an alert: everything about it that is not the same for all alerts."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Literal

from infra.identity import Identity
from infra.objectives import BudgetThreshold, BurnRate, Threshold, format_number

AlertType = Literal[
    "query alert", "composite", "slo alert", "log alert", "trace-analytics alert", "error-tracking alert",
    "llm-observability alert", "rum alert", "ci-pipelines alert", "ci-tests alert", "event-v2 alert",
]  # fmt: skip
MissingData = Literal["default", "resolve", "show_no_data", "show_and_notify_no_data"]
Severity = Literal["page", "ticket", "signal"]


@dataclass(frozen=True)
class Count:
    """A count of events, for a name in a ``formula(...)``. ``search`` takes the placeholders of a query."""

    source: Literal["spans", "rum", "logs"]
    search: str


@dataclass(frozen=True)
class Incident:
    """The incident that an alert opens. ``failure_mode`` is a key of incidents.FAILURE_MODES."""

    severity: Literal["SEV-1", "SEV-2", "SEV-3", "SEV-4"]
    failure_mode: str


@dataclass(frozen=True)
class Windows:
    """The trigger and recovery windows of an anomaly monitor, such as ``last_30m``."""

    trigger: str
    recovery: str


@dataclass(frozen=True)
class Alert:
    """One alert: its monitor, the text of its notification, and who or what is notified.

    ``key`` is also the name of its runbook, docs/runbooks/KEY.md. ``title``, ``query``, ``description`` and
    ``look_first`` may hold the placeholders of :func:`placeholders`; ``query`` also ``$slo`` for the id of its
    objective and, in a composite, the keys of other alerts with underscores. ``description`` and ``look_first`` may
    hold Datadog's template variables. ``look_first`` has the searches and queries to run, in order.
    """

    key: str
    title: str
    type: AlertType
    query: str
    description: str
    priority: Literal[1, 2, 3, 4]
    limit: Threshold | BurnRate | BudgetThreshold | None = None
    """None for a composite."""
    impact: str = ""
    """What users notice. A signal, whose message nobody receives, has none, and no ``look_first``."""
    look_first: tuple[str, ...] = ()
    slo: str | None = None
    """The objective of an SLO alert: a key of :attr:`infra.observability.slos.Slos.ids`."""
    pages: bool = False
    warns: bool = False
    """True for a ticket whose warning notifies the team, too. The warning of a page always does, by the rule of
    notification_rules.py; that of other tickets notifies nobody (docs/alerting.md)."""
    switches_model_of: str | None = None
    """The template variable that holds the model's name. The workflow switch-model runs if it is the primary model."""
    missing_data: MissingData | None = None
    counts: Mapping[str, Count] | None = None
    """The names in a ``formula(...)``."""
    windows: Windows | None = None
    delay_seconds: int | None = None
    """The delay with which the telemetry may arrive."""
    signal: bool = False
    """True for an alert that notifies nobody, because a composite reads it."""
    incident: Incident | None = None
    workflows: tuple[str, ...] = ()
    """Handles of further workflows to start."""

    @property
    def variable(self) -> str:
        """The alert's placeholder in a composite's query."""
        return self.key.replace("-", "_")

    @property
    def severity(self) -> Severity:
        """``page`` wakes the person on call, ``ticket`` notifies the team, ``signal`` is for a composite only."""
        return "signal" if self.signal else "page" if self.pages else "ticket"


def placeholders(alert: Alert, identity: Identity, project: str) -> dict[str, str]:
    """Return the values of an alert's placeholders that are known before deployment, but for ``$fallback`` (a model).

    ``$scope``, ``$service``, ``$env``, ``$project``; the numbers of the limit (``$critical`` and ``$guard``,
    ``$percent``, or ``$rate``, ``$long`` and ``$short``); and ``$limit``, the limit with its unit.
    """
    values = {"scope": identity.scope, "service": identity.service, "env": identity.env, "project": project}
    match alert.limit:
        case Threshold() as limit:
            values |= {"limit": str(limit), "critical": format_number(limit.critical)}
            if limit.guard is not None:
                values["guard"] = format_number(limit.guard)
        case BudgetThreshold() as limit:
            values |= {"limit": str(limit), "percent": format_number(limit.percent)}
        case BurnRate() as limit:
            values |= {
                "limit": str(limit),
                "rate": format_number(limit.rate),
                "long": limit.long_window,
                "short": limit.short_window,
            }
    return values


def title(alert: Alert, identity: Identity, project: str) -> str:
    """Return the alert's title with its numbers."""
    return Template(alert.title).safe_substitute(placeholders(alert, identity, project))
