"""``GET /datadog/products``: the 19 products, how the service uses each, and whether it can now."""

from typing import Literal

from service.context import Context
from service.products.endpoint import Answer, Endpoint
from service.products.synthetics import All

Needs = Literal["agent", "api", "nothing"]

PRODUCTS: tuple[tuple[str, Needs, str], ...] = (
    ("APM", "agent", "spans of every request and of every call to Gemini"),
    ("Metrics", "agent", "the contract's distributions through DogStatsD"),
    ("Logs", "nothing", "one JSON line a request, with the trace's ids"),
    ("Monitors", "api", "declared by the stack; states are read for lists and notebooks"),
    ("Dashboards", "nothing", "declared by the stack"),
    ("SLOs", "nothing", "declared by the stack"),
    ("Incidents", "api", "opened, updated, resolved; each gets a notebook"),
    ("LLM Observability", "agent", "workflow and llm spans with tokens and cost"),
    ("Watchdog", "api", "its stories are read into notebooks"),
    ("Synthetics", "api", "tests made, and listed with their results"),
    ("Notebooks", "api", "root cause, cost and anomaly notebooks"),
    ("Workflow Automation", "api", "workflows triggered, the model switched"),
    ("On-Call", "api", "pages, and who is on call"),
    ("Log Pipelines", "api", "pipelines of requests, cost and security"),
    ("Service Map", "api", "catalog tags, and edges from spans"),
    ("CI Visibility", "api", "deployments, builds and test results"),
    ("RUM", "nothing", "the page at / sends it from the browser"),
    ("Product Analytics", "agent", "decisive events, from the server"),
    ("Error Tracking", "agent", "errors on entry spans and in logs"),
)


def problems(context: Context) -> list[str]:
    """One line for each product that is off, and why."""
    return [f"{name}: off, {why}" for name, needs, _ in PRODUCTS if (why := _off(context, needs))]


def products(context: Context, _: All) -> Answer:
    """``GET /datadog/products``."""
    rows = [
        {"name": name, "use": use, "status": "off" if (why := _off(context, needs)) else "on"}
        | ({"reason": why} if why else {})
        for name, needs, use in PRODUCTS
    ]
    return {"count": len(rows), "products": rows}


def _off(context: Context, needs: Needs) -> str | None:
    if needs == "api":
        return context.datadog.off
    return None


ENDPOINTS = (Endpoint("GET", "/products", "List all products", "none: what this service is configured for", All,
                      products),)  # fmt: skip
