"""The 19 products of Datadog: what the service uses each for, and whether it can at present."""

from typing import Literal, NamedTuple

from service.context import Context
from service.datadog.endpoint import Endpoint, Json, NoParameters
from service.telemetry.last_seen import last_seen


class Product(NamedTuple):
    """A product; ``needs`` is what the service must reach to use it at run time."""

    name: str
    needs: Literal["agent", "api", "nothing"]
    use: str
    channels: tuple[str, ...] = ()
    """The groups of the API client, and the intakes of the agent, that belong to it."""

    @property
    def last_seen(self) -> str | None:
        """The time when this process last sent something to it, or received something; None for never."""
        return max(filter(None, map(last_seen, (self.name, *self.channels))), default=None)


PRODUCTS = (
    Product("APM", "agent", "spans of every request and of every call to Gemini"),
    Product("Metrics", "agent", "the contract's distributions through DogStatsD"),
    Product("Logs", "nothing", "one JSON line for each request, with its trace's ids"),
    Product("Monitors", "api", "declared by the stack; the service reads their states for lists and notebooks",
            ("MonitorsApi",)),
    Product("Dashboards", "nothing", "declared by the stack"),
    Product("SLOs", "nothing", "declared by the stack; notebooks show their error budgets",
            ("ServiceLevelObjectivesApi",)),
    Product("Incidents", "api", "opened, updated and resolved; each gets a notebook", ("IncidentsApi",)),
    Product("LLM Observability", "agent", "workflow and llm spans with tokens and cost"),
    Product("Watchdog", "api", "its stories are read into notebooks", ("EventsApi",)),
    Product("Synthetics", "api", "tests created, and listed with their results", ("SyntheticsApi",)),
    Product("Notebooks", "api", "root cause, cost and anomaly notebooks", ("NotebooksApi",)),
    Product("Workflow Automation", "api", "workflows triggered, the model switched",
            ("WorkflowAutomationApi",)),
    Product("On-Call", "api", "pages, and who is on call", ("OnCallApi", "OnCallPagingApi")),
    Product("Log Pipelines", "api", "pipelines for requests, cost and security", ("LogsPipelinesApi",)),
    Product("Service Map", "api", "catalog tags, and edges from spans", ("SoftwareCatalogApi",)),
    Product("CI Visibility", "api", "deployments, builds and test results",
            ("DORAMetricsApi", "CIVisibilityPipelinesApi", "citestcycle-intake")),
    Product("RUM", "nothing", "the page at / sends it from the browser"),
    Product("Product Analytics", "agent", "events of endpoints, features and ratings, sent by the server"),
    Product("Error Tracking", "agent", "errors on entry spans and in logs", ("ErrorTrackingApi",)),
)  # fmt: skip


def problems(context: Context) -> list[str]:
    """Return one line for each product that is off, with the reason."""
    return [f"{product.name}: off, {reason}" for product in PRODUCTS if (reason := _off_reason(context, product))]


def list_products(context: Context, _: NoParameters) -> Json:
    """Return the products, whether each is on, and what was last seen of it: ``GET /datadog/products``.

    The times are those of the process that answers, and the answer says so: the account itself has those of all.
    """
    rows = []
    for product in PRODUCTS:
        reason = _off_reason(context, product)
        row = {"name": product.name, "use": product.use, "status": "off" if reason else "on",
               "last_seen": product.last_seen}  # fmt: skip
        rows.append(row | ({"reason": reason} if reason else {}))
    return {"count": len(rows), "last_seen_of": "the process that answers", "products": rows}


def _off_reason(context: Context, product: Product) -> str | None:
    return context.datadog.off_reason if product.needs == "api" else None


ENDPOINTS = (
    Endpoint("GET", "/products", "List all products", "none: the service's own configuration", NoParameters,
             list_products),
)  # fmt: skip
