"""What an alert is, in the words of whoever reads it at night."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi

from infra.identity import Identity
from infra.objectives import BurnRate, Spent, Threshold, spelled

AlertType = Literal[
    "query alert", "composite", "slo alert", "log alert", "trace-analytics alert", "error-tracking alert",
    "llm-observability alert", "rum alert", "ci-pipelines alert", "ci-tests alert", "event-v2 alert",
]  # fmt: skip
MissingData = Literal["default", "resolve", "show_no_data", "show_and_notify_no_data"]


@dataclass(frozen=True)
class Count:
    """How many events match: one of the names in a ``formula(...)``. ``search`` has the places that a query has."""

    source: Literal["spans", "rum", "logs"]
    search: str


@dataclass(frozen=True)
class Incident:
    """How bad, and of which kind: a key of :data:`infra.incidents.FAILURE_MODES`."""

    severity: Literal["SEV-1", "SEV-2", "SEV-3", "SEV-4"]
    failure_mode: str


@dataclass(frozen=True)
class Windows:
    """Of an anomaly: how much of the past is judged, and how much must be ordinary again for the alert to end."""

    trigger: str
    recovery: str


@dataclass(frozen=True)
class Alert:
    """One alert, in the words of whoever reads it at night.

    ``query`` has places for what is known elsewhere: ``$scope``, ``$service``, ``$env``, ``$project``, the numbers of
    ``limit`` (``$critical``, ``$guard``; ``$rate``, ``$long``, ``$short``; ``$percent``), ``$slo`` for the id of an
    objective, and in a composite the other alerts' keys with underscores. ``look_first`` are searches and queries in
    the order of asking.
    """

    key: str
    title: str
    type: AlertType
    query: str
    limit: Threshold | BurnRate | Spent | None
    impact: str
    look_first: tuple[str, ...]
    priority: Literal[1, 2, 3, 4]
    says: str
    """What happened, with Datadog's template variables."""
    pages: bool = False
    switches_model_of: str | None = None
    """The group's template variable that holds the model: when it is the primary one, the workflow switches."""
    missing_data: MissingData | None = None
    counts: Mapping[str, Count] | None = None
    """What the names in a ``formula(...)`` stand for."""
    windows: Windows | None = None
    delay_seconds: int | None = None
    """How late the telemetry may arrive."""
    signal: bool = False
    """Tells nobody: a composite reads it."""
    incident: Incident | None = None
    """What kind of incident it opens."""
    starts: tuple[str, ...] = ()
    """Handles of further workflows, such as the one that goes back a revision."""

    @property
    def variable(self) -> str:
        """The alert's place in a composite's query."""
        return self.key.replace("-", "_")

    @property
    def on_llm_spans(self) -> bool:
        """Whether it is blind in an organisation without LLM Observability."""
        return self.type == "llm-observability alert" or "ml_obs." in self.query


@dataclass(frozen=True)
class AlertsArgs:
    """``slo_ids`` by alert key, for the SLO alerts; ``runbooks`` is the URL of the folder with one page per key."""

    identity: Identity
    project: str
    alerts: tuple[Alert, ...]
    slo_ids: Mapping[str, pulumi.Output[str]]
    runbooks: str
    primary: str
    fallback: str
    site: str
    pager: str
    """The handle of whoever is on call."""


def severity(alert: Alert) -> Literal["page", "ticket", "signal"]:
    """What becomes of an alert: somebody is woken, the team reads it by day, or a composite reads it."""
    return "signal" if alert.signal else "page" if alert.pages else "ticket"


def known_values(alert: Alert, args: AlertsArgs) -> dict[str, str]:
    """What the program knows before anything is deployed."""
    identity = args.identity
    known = {"scope": identity.scope, "service": identity.service, "env": identity.env, "project": args.project}
    match alert.limit:
        case Threshold() as limit:
            known |= {"critical": spelled(limit.critical), "limit": str(limit), "because": limit.because}
            if limit.guard is not None:
                known["guard"] = spelled(limit.guard)
        case Spent() as spent:
            known |= {"percent": spelled(spent.percent), "because": spent.because}
        case BurnRate() as burn:
            known |= {
                "rate": spelled(burn.rate),
                "long": burn.long_window,
                "short": burn.short_window,
                "because": burn.because,
            }
    return known
