"""The cases of a rehearsal: the plain one, one for each product that can be missing and for each Google policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from firedrill.delivery.doctor import ORGANISATION_POLICIES
from firedrill.errors import KnownFailure

REFUSED: Mapping[str, tuple[str, ...]] = {
    "apm": ("/api/v2/apm/",),
    "ci-visibility": (),
    "dashboards": ("/api/v1/dashboard", "/api/v2/dashboard"),
    "deployment-gates": ("/api/v2/deployment_gates",),
    "error-tracking": (),
    "incidents": ("/api/v2/incidents",),
    "llm-observability": ("/api/v2/llm-obs/", "/api/unstable/llm-obs/"),
    "log-pipelines": ("/api/v1/logs/config/pipeline",),
    "logs": ("/api/v1/logs/config/index", "/api/v2/logs/config/archive", "/api/v2/logs/config/metrics"),
    "metrics": ("/api/v1/metrics/", "/api/v2/metrics/"),
    "monitors": ("/api/v1/monitor", "/api/v2/monitor", "/api/v2/downtime"),
    "notebooks": ("/api/v1/notebooks",),
    "on-call": ("/api/v2/on-call/",),
    "product-analytics": (),
    "rum": ("/api/v2/rum/",),
    "sensitive-data-scanner": ("/api/v2/sensitive-data-scanner/",),
    "service-map": ("/api/v2/catalog",),
    "slos": ("/api/v1/slo", "/api/v2/slo"),
    "synthetics": ("/api/v1/synthetics", "/api/v2/synthetics"),
    "watchdog": (),
    "workflow-automation": ("/api/v2/workflows", "/api/v2/actions/connections"),
}
"""By product: the paths that answer 403 without it. A deployment calls no API of a product that has none."""


@dataclass(frozen=True)
class Case:
    """One first deployment. product: the one that the organisation lacks; policy: the constraint that is enforced."""

    product: str = ""
    policy: str = ""

    @property
    def name(self) -> str:
        """The name in reports."""
        if self.product:
            return f"without {self.product}"
        return f"with {self.policy}" if self.policy else "first deployment"

    @property
    def is_refused(self) -> bool:
        """Return whether the environment's deployment is refused. Only infra/org describes metrics."""
        return bool(self.policy or self.refused_paths) and self.product != "metrics"

    @property
    def refused_paths(self) -> tuple[str, ...]:
        """The paths of Datadog's API that answer 403."""
        return REFUSED.get(self.product, ())


def chosen(products: Sequence[str], policies: Sequence[str], *, every: bool) -> list[Case]:
    """Return the cases of a command's options; without any, the plain one.

    Raises:
        KnownFailure: a product or a policy is unknown.
    """
    for name, known, kind in (
        *((product, list(REFUSED), "product") for product in products),
        *((policy, list(ORGANISATION_POLICIES), "policy") for policy in policies),
    ):
        if name not in known:
            raise KnownFailure(f"there is no {kind} {name} to rehearse: choose one of {', '.join(known)}")
    if every:
        return [Case(), *map(Case, REFUSED), *(Case(policy=policy) for policy in ORGANISATION_POLICIES)]
    cases = [*map(Case, products), *(Case(policy=policy) for policy in policies)]
    return cases or [Case()]
