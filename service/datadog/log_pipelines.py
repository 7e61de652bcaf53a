"""Log pipelines: created or updated by name, after those of the stack."""

from functools import partial

from service.context import Context
from service.datadog.client import Managed
from service.datadog.endpoint import MANAGED_BY, PULUMI, Endpoint, Json, NoParameters, Parameters, manager


class Pipeline(Parameters):
    """The state of a pipeline to create."""

    enabled: bool = True


def _remap(field: str, target: str, kind: str) -> Json:
    return {
        "type": "attribute-remapper", "name": f"{field} as {target}", "is_enabled": True, "sources": [field],
        "source_type": "attribute", "target": target, "target_type": "attribute", "target_format": kind,
        "preserve_source": True, "override_on_conflict": False,
    }  # fmt: skip


def _category(target: str, name: str, *categories: tuple[str, str]) -> Json:
    return {
        "type": "category-processor", "name": name, "is_enabled": True, "target": target,
        "categories": [{"name": label, "filter": {"query": query}} for label, query in categories],
    }  # fmt: skip


KINDS: dict[str, tuple[str, list[Json]]] = {
    "llm-request": (
        "@event:chat",
        [
            _remap("model", "llm.model", "string"),
            _remap("input_tokens", "llm.tokens.input", "integer"),
            _remap("output_tokens", "llm.tokens.output", "integer"),
            _category(
                "llm.result", "How the request ended",
                ("answered", "@outcome:ok"), ("refused", "@outcome:(throttled OR blocked OR caller_error)"),
                ("failed", "@outcome:*"),
            ),
        ],
    ),
    "cost": (
        "@event:chat @cost_usd:>0",
        [
            _remap("cost_usd", "llm.cost.usd", "double"),
            _category(
                "llm.cost.band", "What the request cost",
                ("expensive", "@cost_usd:>0.01"), ("normal", "@cost_usd:>0.001"), ("cheap", "@cost_usd:*"),
            ),
        ],
    ),
    "security": (
        "*",
        [
            _category(
                "security.signal", "Signals of the detectors",
                ("prompt_injection", "@signal:prompt_injection"), ("data_leak", "@signal:data_leak"),
                ("unauthorized", "@http.status_code:401"),
            ),
        ],
    ),
}  # fmt: skip
"""By kind, the last part of the path: a filter on the service's lines, and the processors."""


def _create_pipeline(kind: str, context: Context, pipeline: Pipeline) -> Json:
    """Create a pipeline, or update the one of its name, unless Pulumi manages it."""
    query, processors = KINDS[kind]
    settings = context.settings
    body = {
        "name": f"{settings.service} {kind} (by the service)",
        "is_enabled": pipeline.enabled,
        "description": "Created through the service's API",
        "tags": [MANAGED_BY, f"service:{settings.service}"],
        "filter": {"query": f"service:{settings.service}{'' if query == '*' else f' {query}'}"},
        "processors": processors,
    }
    pipelines = context.datadog.call("v1.LogsPipelinesApi.list_logs_pipelines")
    existing = next((other for other in pipelines if other["name"] == body["name"]), None)
    if existing and PULUMI in (existing.get("tags") or ()):
        raise Managed(f"the pipeline {existing['id']} of this name is managed by Pulumi")
    if existing is None:
        stored = context.datadog.call("v1.LogsPipelinesApi.create_logs_pipeline", body)
    else:
        stored = context.datadog.call("v1.LogsPipelinesApi.update_logs_pipeline", existing["id"], body)
    return {
        "id": stored["id"],
        "name": stored["name"],
        "is_enabled": stored["is_enabled"],
        "created": existing is None,
    }


def list_pipelines(context: Context, _: NoParameters) -> Json:
    """Return all pipelines: ``GET /datadog/log-pipelines``."""
    return {
        "pipelines": [
            {
                "id": pipeline["id"],
                "name": pipeline["name"],
                "is_enabled": pipeline["is_enabled"],
                "filter": (pipeline.get("filter") or {}).get("query"),
                "processors": len(pipeline.get("processors") or ()),
                "managed_by": manager(pipeline.get("tags")),
            }
            for pipeline in context.datadog.call("v1.LogsPipelinesApi.list_logs_pipelines")
        ]
    }


def _creation(kind: str, summary: str) -> Endpoint:
    channel = "LogsPipelinesApi.create_logs_pipeline, update_logs_pipeline (v1)"
    run = partial(_create_pipeline, kind)
    return Endpoint("POST", f"/log-pipelines/{kind}", summary, channel, Pipeline, run, creates=True)


ENDPOINTS = (
    _creation("llm-request", "Create the pipeline for LLM requests"),
    _creation("cost", "Create the pipeline for costs"),
    _creation("security", "Create the pipeline for security signals"),
    Endpoint("GET", "/log-pipelines", "List all pipelines", "LogsPipelinesApi.list_logs_pipelines (v1)", NoParameters,
             list_pipelines),
)  # fmt: skip
