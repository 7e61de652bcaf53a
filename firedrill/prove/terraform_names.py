"""The names of Pulumi's Datadog provider for the values of a Terraform resource.

Pulumi's bridge writes names in camel case, a block that occurs at most once as an object, other lists in the plural.
"""

from typing import Any

from firedrill.evaluate.model import Json

ONCE = frozenset(
    {
        *("monitor_thresholds", "monitor_threshold_windows", "scheduling_options", "evaluation_window"),
        *("custom_schedule", "recurrence", "variables", "search", "sort", "monitor_options"),
        *("sli_specification", "time_slice", "count", "query", "formula", "metric_query"),
        *("good_events_formula", "bad_events_formula", "total_events_formula"),
    }
)
"""Blocks that occur at most once, which are lists in Terraform's JSON."""
PLURALS = {
    "notify_by": "notifyBies",
    "group_by": "groupBies",
    "event_query": "eventQueries",
    "cloud_cost_query": "cloudCostQueries",
    "data_quality_query": "dataQualityQueries",
    "data_jobs_query": "dataJobsQueries",
    "compute": "computes",
}


def pulumi_names(values: Json, block: str = "") -> Json:
    """Return values under Pulumi's names, without those that are not set. ``block`` is the name of their block."""
    result = {}
    for key, value in values.items():
        if value is None or value in ([], [None]):
            continue
        if key == "query" and block == "query" and isinstance(value, list):
            result["queries"] = _items(value, key)
        elif key in ONCE and isinstance(value, list):
            result[_camel_case(key)] = _items(value, key)[0]
        else:
            result[PLURALS.get(key) or _camel_case(key)] = _items(value, key)
    return result


def _items(value: Any, block: str) -> Any:
    if isinstance(value, dict):
        return pulumi_names(value, block)
    return [_items(item, block) for item in value if item is not None] if isinstance(value, list) else value


def _camel_case(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(part.capitalize() for part in rest)
