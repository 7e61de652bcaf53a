"""Log pipelines: made or updated by name, after those of the stack."""

from service.context import Context
from service.products.client import Json, Managed
from service.products.endpoint import MANAGED_BY, PULUMI, Answer, Asked, Endpoint
from service.products.synthetics import All


class Pipeline(Asked):
    """No parameters but whether it runs."""

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
"""By the last part of the path: the filter beside the service's, and the processors."""


def _create(kind: str, context: Context, asked: Pipeline) -> Answer:
    query, processors = KINDS[kind]
    settings = context.settings
    body = {
        "name": f"{settings.service} {kind} (by the service)",
        "is_enabled": asked.enabled,
        "description": "Made through the service's API",
        "tags": [MANAGED_BY, f"service:{settings.service}"],
        "filter": {"query": f"service:{settings.service}{'' if query == '*' else f' {query}'}"},
        "processors": processors,
    }
    listed = context.datadog.call("v1.LogsPipelinesApi.list_logs_pipelines")
    known = next((one for one in listed if one["name"] == body["name"]), None)
    if known and PULUMI in (known.get("tags") or ()):
        raise Managed(f"the pipeline {known['id']} of this name is managed by Pulumi")
    if known is None:
        made = context.datadog.call("v1.LogsPipelinesApi.create_logs_pipeline", body)
    else:
        made = context.datadog.call("v1.LogsPipelinesApi.update_logs_pipeline", known["id"], body)
    return {"id": made["id"], "name": made["name"], "is_enabled": made["is_enabled"], "created": known is None}


def llm_request(context: Context, asked: Pipeline) -> Answer:
    """``POST /datadog/log-pipelines/llm-request``."""
    return _create("llm-request", context, asked)


def cost(context: Context, asked: Pipeline) -> Answer:
    """``POST /datadog/log-pipelines/cost``."""
    return _create("cost", context, asked)


def security(context: Context, asked: Pipeline) -> Answer:
    """``POST /datadog/log-pipelines/security``."""
    return _create("security", context, asked)


def listed(context: Context, _: All) -> Answer:
    """``GET /datadog/log-pipelines``."""
    found = context.datadog.call("v1.LogsPipelinesApi.list_logs_pipelines")
    return {
        "pipelines": [
            {
                "id": one["id"],
                "name": one["name"],
                "is_enabled": one["is_enabled"],
                "filter": (one.get("filter") or {}).get("query"),
                "processors": len(one.get("processors") or ()),
                "managed_by": next(
                    (tag.partition(":")[2] for tag in one.get("tags") or () if tag.startswith("managed_by:")), None
                ),
            }
            for one in found
        ]
    }


_CREATES = "LogsPipelinesApi.create_logs_pipeline, update_logs_pipeline (v1)"
ENDPOINTS = (
    Endpoint("POST", "/log-pipelines/llm-request", "Create the pipeline of LLM requests", _CREATES, Pipeline,
             llm_request, creates=True),
    Endpoint("POST", "/log-pipelines/cost", "Create the pipeline of costs", _CREATES, Pipeline, cost, creates=True),
    Endpoint("POST", "/log-pipelines/security", "Create the pipeline of security signals", _CREATES, Pipeline,
             security, creates=True),
    Endpoint("GET", "/log-pipelines", "List all pipelines", "LogsPipelinesApi.list_logs_pipelines (v1)", All, listed),
)  # fmt: skip
