"""Errors of a Datadog organisation that lacks a product: 403, explained with the key that turns the product off."""

import re

FORBIDDEN = re.compile(r"\b403\b")
PRODUCTS = {
    "on-call": ("On-Call", r"/api/v2/on-call/|:OnCall"),
    "llm-observability": ("LLM Observability", r"/llm-obs/|:(Evaluator|LlmProject)$"),
    "deployment-gates": ("Deployment Gates", r"/api/v2/deployment_gates|:DeploymentGate$"),
    "incidents": ("Incidents", r"/api/v2/incidents|:Incident\w+$"),
    "rum": ("RUM", r"/api/v2/rum/|:Rum\w+$"),
    "sensitive-data-scanner": ("Sensitive Data Scanner", r"/sensitive-data-scanner/|:SensitiveDataScanner\w+$"),
    "synthetics": ("Synthetics", r"/api/v[12]/synthetics|:Synthetics\w+$"),
    "workflow-automation": (
        "Workflow Automation",
        r"/api/v2/(workflows|actions)|:(WorkflowAutomation|ActionConnection)$",
    ),
    "service-map": ("Service Map", r"/api/v2/catalog|:SoftwareCatalog$"),
    "apm": ("APM", r"/api/v2/apm/|:(ApmRetentionFilter(Order)?|SpansMetric)$"),
    "log-pipelines": ("Log Pipelines", r"/logs/config/pipeline|:Logs(CustomPipeline|PipelineOrder)$"),
    "logs": ("Logs", r"/logs/config/(index|archive|metric)|:Logs(Index|Archive|Metric)\w*$"),
    "slos": ("SLOs", r"/api/v[12]/slo|:(ServiceLevelObjective|SloCorrection)$"),
    "metrics": ("Metrics", r"/api/v[12]/metrics|:Metric(Metadata|TagConfiguration)$"),
    "dashboards": ("Dashboards", r"/api/v[12]/dashboard|:Dashboard\w+$"),
    "notebooks": ("Notebooks", r"/api/v1/notebooks|:Notebook$"),
    "monitors": (
        "Monitors",
        r"/api/v[12]/(monitor|downtime|restriction_policy)|:(Monitor\w*|DowntimeSchedule|RestrictionPolicy)$",
    ),
    "error-tracking": ("Error Tracking", r"/api/v2/error-tracking"),
    "ci-visibility": ("CI Visibility", r"/api/v2/ci/"),
    "product-analytics": ("Product Analytics", r"/api/v2/(prodlytics|product-analytics)"),
}
"""By the name in ``productsOff``: the product's name, and a pattern of its API's errors or kinds of resources."""


def product_of(text: str) -> str:
    """Return the name in ``productsOff`` of the product of an API's path or of a resource's type, "" where none is."""
    return next((name for name, (_, pattern) in PRODUCTS.items() if re.search(pattern, text)), "")


def explain_error(message: str, urn: str) -> str:
    """Return an error of the engine; of a product that the organisation lacks, with the command that turns it off."""
    text = message.strip()
    if not FORBIDDEN.search(text):
        return text
    project, kind = [*urn.split("::"), "", "", ""][1:3]
    name = product_of(text) or product_of(kind.rpartition("$")[2])
    if not name:
        return text
    key = f"{project or 'PROJECT'}:productsOff"
    return (
        f"{text}\nThe Datadog organisation has no {PRODUCTS[name][0]}, or the application key may not use it. "
        f"To deploy without it: `pulumi config set --path '{key}[0]' {name}` ({key} is a list, and "
        "infra/org has one of its own)."
    )
