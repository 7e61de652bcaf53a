"""The 19 Datadog products, and the evidence for each: in the stack's state, in the account's API and at run time.

https://docs.datadoghq.com lists them under these names.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """A product and where its evidence is.

    ``resources`` are the kinds of resources that configure it, each with a text that their inputs must contain.
    ``operations`` are the prefixes of the paths of its API. ``behaviour`` is what it does at run time, by its name in
    the response of ``GET /-/seen``.
    """

    name: str
    resources: Mapping[str, str]
    operations: tuple[str, ...]
    behaviour: str


PRODUCTS = (
    Product(
        "APM",
        {"SpansMetric": "", "ApmRetentionFilter": "", "DashboardJson": "trace.flask.request"},
        ("/api/v2/apm", "/api/v2/spans"),
        "spans",
    ),
    Product(
        "Metrics",
        {"MetricMetadata": "", "MetricTagConfiguration": "", "DashboardJson": '"data_source": "metrics"'},
        ("/api/v1/metrics", "/api/v2/metrics", "/api/v1/query", "/api/v2/query", "/api/v2/series"),
        "sent metrics",
    ),
    Product(
        "Logs",
        {"LogsIndex": "", "LogsArchive": "", "LogsMetric": "", "DashboardJson": '"logs_stream"'},
        ("/api/v1/logs/config/index", "/api/v2/logs", "/api/v1/logs-queries"),
        "logs",
    ),
    Product("Monitors", {"Monitor": ""}, ("/api/v1/monitor", "/api/v2/monitor"), "evaluated monitors"),
    Product("Dashboards", {"DashboardJson": ""}, ("/api/v1/dashboard", "/api/v2/dashboard"), "graphed metrics"),
    Product("SLOs", {"ServiceLevelObjective": ""}, ("/api/v1/slo", "/api/v2/slo"), "judged objectives"),
    Product(
        "Incidents",
        {"IncidentType": "", "WorkflowAutomation": "incidents.createIncident"},
        ("/api/v2/incidents",),
        "incidents",
    ),
    Product(
        "LLM Observability",
        {"LlmProject": "", "Evaluator": "", "Monitor": "ml_obs.", "DashboardJson": "llm_observability_stream"},
        ("/api/v2/llm-obs", "/api/unstable/llm-obs", "/api/intake/llm-obs", "/api/v2/llmobs"),
        "LLM spans",
    ),
    Product(
        "Watchdog",
        {"Monitor": "source:watchdog", "DashboardJson": "source:watchdog"},
        ("/api/v2/events", "/api/v1/events"),
        "Watchdog stories",
    ),
    Product("Synthetics", {"SyntheticsTest": ""}, ("/api/v1/synthetics", "/api/v2/synthetics"), "test runs"),
    Product("Notebooks", {"Notebook": ""}, ("/api/v1/notebooks",), "notebooks"),
    Product(
        "Workflow Automation",
        {"WorkflowAutomation": ""},
        ("/api/v2/workflows", "/api/v2/actions"),
        "workflow runs",
    ),
    Product("On-Call", {"OnCallSchedule": ""}, ("/api/v2/on-call",), "pages"),
    Product("Log Pipelines", {"LogsCustomPipeline": ""}, ("/api/v1/logs/config/pipeline",), "logs in a pipeline"),
    Product(
        "Service Map",
        {"SoftwareCatalog": "", "DashboardJson": "topology_map"},
        ("/api/v2/catalog", "/api/v2/services", "/api/v1/service_dependencies"),
        "calls between services",
    ),
    Product(
        "CI Visibility",
        {"DeploymentGate": "", "DashboardJson": "ci_pipeline_stream"},
        ("/api/v2/ci", "/api/v2/deployment", "/api/v2/dora", "/api/v2/citestcycle"),
        "CI events",
    ),
    Product("RUM", {"RumApplication": "", "DashboardJson": "rum_stream"}, ("/api/v2/rum",), "browser events"),
    Product(
        "Product Analytics",
        {"RumApplication": "productAnalyticsRetentionState", "DashboardJson": '"funnel"'},
        ("/api/v2/prodlytics", "/api/v2/product-analytics"),
        "product events",
    ),
    Product(
        "Error Tracking",
        {"Monitor": "error-tracking", "DashboardJson": "issue_stream"},
        ("/api/v2/error-tracking",),
        "errors in issues",
    ),
)
