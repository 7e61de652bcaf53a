"""The lengths that Datadog allows: a longer text is cut, because it would fail the whole write."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

ELLIPSIS = "…"


class Limit(NamedTuple):
    """The most characters of a text in the body of some operations."""

    operations: tuple[str, ...]
    path: tuple[str, ...]
    """Members of the body on the way to the text; ``*`` stands for each item of a list."""
    characters: int
    source: str


_API_SPEC = "maxLength in Datadog's API specification: datadog-api-client"
_TAGS = "https://docs.datadoghq.com/getting_started/tagging/#define-tags"

NOTEBOOK_NAME = Limit(
    ("v1.NotebooksApi.create_notebook", "v1.NotebooksApi.update_notebook"), ("data", "attributes", "name"), 80,
    f"{_API_SPEC}, v1.model.notebook_create_data_attributes",
)  # fmt: skip
LIMITS = (
    NOTEBOOK_NAME,
    # API v1 does not state one for the title; v2 stores events of both.
    Limit(("v1.EventsApi.create_event",), ("title",), 500, f"{_API_SPEC}, v2.model.event_payload"),
    Limit(("v1.EventsApi.create_event",), ("text",), 4000, f"{_API_SPEC}, v1.model.event_create_request"),
    Limit(("v1.EventsApi.create_event",), ("tags", "*"), 200, _TAGS),
    Limit(("v2.OnCallPagingApi.create_on_call_page",), ("data", "attributes", "tags", "*"), 200, _TAGS),
    Limit(("v2.DORAMetricsApi.create_dora_deployment",), ("data", "attributes", "custom_tags", "*"), 200, _TAGS),
    Limit(("v2.SoftwareCatalogApi.upsert_catalog_entity",), ("metadata", "tags", "*"), 200, _TAGS),
    Limit(("v2.CIVisibilityPipelinesApi.create_ci_app_pipeline_event",),
          ("data", "attributes", "resource", "tags", "*"), 200, _TAGS),
    Limit(("v1.SyntheticsApi.create_synthetics_api_test", "v1.SyntheticsApi.update_api_test"), ("tags", "*"), 200,
          _TAGS),
    Limit(("v1.LogsPipelinesApi.create_logs_pipeline", "v1.LogsPipelinesApi.update_logs_pipeline"), ("tags", "*"), 200,
          _TAGS),
)  # fmt: skip
"""All of them. On-Call pages, incidents, synthetic tests and DORA deployments have no documented limit besides."""


def cut(text: str, characters: int) -> str:
    """Return the text, shortened with an ellipsis to a maximum number of characters."""
    return text if len(text) <= characters else text[: characters - 1].rstrip() + ELLIPSIS


def cut_to_limits(operation: str, body: Any) -> Any:
    """Return an operation's body with each text cut to its limit."""
    for limit in LIMITS:
        if operation in limit.operations:
            body = _replaced(body, limit.path, partial(cut, characters=limit.characters))
    return body


def _replaced(value: Any, path: tuple[str, ...], change: Callable[[str], str]) -> Any:
    """Return a copy of a JSON value with the texts at a path changed; what is not there stays so."""
    if not path:
        return change(value) if isinstance(value, str) else value
    step, *rest = path
    if step == "*" and isinstance(value, list):
        return [_replaced(item, tuple(rest), change) for item in value]
    if isinstance(value, dict) and step in value:
        return value | {step: _replaced(value[step], tuple(rest), change)}
    return value
