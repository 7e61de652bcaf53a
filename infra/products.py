"""The Datadog products that the stack uses, each of which an organisation may lack: ``productsOff`` leaves it out.

docs/deploy.md has this table; tests/unit/infra/test_products_off.py compares them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Product = Literal[
    "apm", "ci-visibility", "dashboards", "deployment-gates", "error-tracking", "incidents", "llm-observability",
    "log-pipelines", "logs", "metrics", "monitors", "notebooks", "on-call", "product-analytics", "rum",
    "sensitive-data-scanner", "service-map", "slos", "synthetics", "watchdog", "workflow-automation",
]  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """A product's name, the plan that has it, and what the stack loses without it. with_it: what is off then, too."""

    name: str
    plan: str
    lost: str
    with_it: tuple[Product, ...] = ()


PLANS: Mapping[Product, Plan] = {
    "apm": Plan(
        "APM",
        "APM",
        "traces, alerts and graphs on spans, issues of the service",
        ("error-tracking", "service-map"),
    ),
    "ci-visibility": Plan("CI Visibility", "CI Visibility", "the alerts on a red main and its tests"),
    "dashboards": Plan("Dashboards", "Infrastructure", "all dashboards; incidents have no link to one"),
    "deployment-gates": Plan(
        "Deployment Gates", "a preview, which Datadog opens on request", "the gate; tests and monitors still decide"
    ),
    "error-tracking": Plan("Error Tracking", "APM, RUM or Error Tracking", "the alerts on new and growing errors"),
    "incidents": Plan("Incidents", "Incident Management seats", "incidents that alerts open, and their templates"),
    "llm-observability": Plan(
        "LLM Observability", "LLM Observability", "evaluators, prompts in traces, alerts on LLM spans"
    ),
    "log-pipelines": Plan("Log Pipelines", "Log Management", "enriched log lines; the service's own fields stay"),
    "logs": Plan(
        "Logs",
        "Log Management",
        "log lines in Datadog, their alerts and metrics; Cloud Logging keeps them",
        ("log-pipelines", "sensitive-data-scanner"),
    ),
    "metrics": Plan("Metrics", "Infrastructure", "alerts, graphs and SLOs on the service's own metrics", ("slos",)),
    "monitors": Plan(
        "Monitors",
        "Infrastructure",
        "every alert, and what depends on one",
        ("slos", "synthetics", "on-call", "deployment-gates", "watchdog"),
    ),
    "notebooks": Plan("Notebooks", "Infrastructure", "the templates, and the workflow that copies one"),
    "on-call": Plan("On-Call", "On-Call seats", "schedules and escalation: pages go to the team's handle"),
    "product-analytics": Plan(
        "Product Analytics", "Product Analytics", "events kept for 15 months, the funnel, metrics of product use"
    ),
    "rum": Plan("RUM", "RUM", "the chat page's sessions, errors and alerts", ("product-analytics",)),
    "sensitive-data-scanner": Plan(
        "Sensitive Data Scanner", "Sensitive Data Scanner", "a second redaction; the service's own stays"
    ),
    "service-map": Plan("Service Map", "APM", "the entries of the software catalog and the map of dependencies"),
    "slos": Plan("SLOs", "Infrastructure", "error budgets and burn rates; requests-fail still alerts"),
    "synthetics": Plan("Synthetics", "Synthetic Monitoring", "the tests from outside, also those of a deployment"),
    "watchdog": Plan("Watchdog", "APM or Log Management", "the alert on Watchdog's findings"),
    "workflow-automation": Plan(
        "Workflow Automation", "Workflow Automation", "remedies at a click and those that alerts start"
    ),
}
"""By key of ``productsOff``."""


def closure(off: Iterable[Product]) -> frozenset[Product]:
    """Return the products that are off, with those that need one of them."""
    missing: set[Product] = set()
    waiting = list(off)
    while waiting:
        product = waiting.pop()
        if product not in missing:
            missing.add(product)
            waiting += PLANS[product].with_it
    return frozenset(missing)
