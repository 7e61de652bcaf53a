"""Tag configurations, tag indexing rules, facts of a metric: https://docs.datadoghq.com/api/latest/metrics/ ."""

import copy
import re
import uuid

from firedrill.sandbox.datadog.account import LOGS_METRICS, iso
from firedrill.sandbox.datadog.forms import zulu
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

CONFIGURATIONS = "metric_tag_configurations"
RULES = "tag_indexing_rules"
DELETED_RULES = "deleted_tag_indexing_rules"
COMPUTED = (LOGS_METRICS, "spans_metrics", "rum_metrics")
"""Kinds of metrics that a declaration of their own computes."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*\Z")
AGGREGATIONS = {"count": ("sum", "sum"), "rate": ("sum", "sum"), "gauge": ("avg", "avg")}
"""Time and space aggregation of a type without any of its own."""
EXCLUDE_ONLY = ("exclude_not_queried_window_seconds", "exclude_not_used_in_assets")
DYNAMIC_DEFAULTS = {"related_asset_tags": False, "exclude_not_used_in_assets": False}
"""Dynamic tag options that an answer leaves out when they are off."""


def known_metrics(call: Call) -> list[str]:
    """Names of the metrics that arrived."""
    return sorted(TelemetryStore(call.directory.store.path, call.org).metrics())


def metric(call: Call) -> str:
    """The metric of the path. Raises :class:`ApiError` 400."""
    name = call.path["metric_name"]
    if not NAME.match(name):
        reason = "metric name must start with a letter and only contain letters, numbers, dots, and underscores"
        raise ApiError(400, f"Invalid metric name: {reason}")
    return name


@serves("v2.list_tag_configurations")
def list_metrics(call: Call) -> Answer:
    """Metrics that arrived or are configured; ``filter[configured]`` and ``filter[metric_type]``."""
    configured = {one["id"]: one for one in call.list(CONFIGURATIONS)}
    data: list[Body] = list(configured.values())
    if call.query.get("filter[configured]") != "true":
        data += [{"type": "metrics", "id": name} for name in known_metrics(call) if name not in configured]
    kind = call.query.get("filter[metric_type]")
    if kind is not None:
        data = [one for one in data if one.get("attributes", {}).get("metric_type") == kind]
    size = call.integer("page[size]", 10_000, 1, 10_000)
    start = call.integer("page[cursor]", 0, 0, 10**6)
    following = str(start + size) if start + size < len(data) else None
    pagination = {
        "cursor": call.query.get("page[cursor]"),
        "next_cursor": following,
        "limit": size,
        "type": "cursor_limit",
    }
    base = "https://api.datadoghq.com/api/v2/metrics"
    links = {
        "self": base,
        "first": base,
        "last": None,
        "next": f"{base}?page[cursor]={following}" if following else None,
        "prev": None,
    }
    return Answer({"data": data[start : start + size], "meta": {"pagination": pagination}, "links": links})


def configuration(call: Call, old: Body | None) -> Body:
    """A tag configuration from a body."""
    given = copy.deepcopy(call.body["data"].get("attributes") or {})
    known = old["attributes"] if old else {}
    attributes = {**known, **given}
    attributes["created_at"] = known.get("created_at", iso(call.now))
    attributes["modified_at"] = iso(call.now)
    kind = attributes.get("metric_type", "gauge")
    if kind == "distribution":
        attributes.setdefault("include_percentiles", False)
    elif "include_percentiles" in attributes:
        raise ApiError(400, "include_percentiles can only be set for distributions")
    else:
        time, space = AGGREGATIONS[kind]
        attributes.setdefault("aggregations", [{"space": space, "time": time}])
    return {"type": "manage_tags", "id": call.path["metric_name"], "attributes": attributes}


@serves("v2.create_tag_configuration")
def create(call: Call) -> Answer:
    """Say by which tags a metric can be queried: one that came, and that no other product computes.

    https://github.com/DataDog/terraform-provider-datadog/issues/4016 and 1267 have the two refusals.
    """
    name = metric(call)
    if any(call.get(kind, name) is not None for kind in COMPUTED):
        raise ApiError(
            400,
            "This metric is generated from a source that cannot be configured via this api. "
            "To configure tags on it, use the UI.",
        )
    if name not in known_metrics(call):
        raise ApiError(400, "Cannot configure tags on a metric that does not exist.")
    if call.get(CONFIGURATIONS, name) is not None:
        raise ApiError(409, f"Tag configuration for metric {name} already exists")
    body = configuration(call, None)
    call.put(CONFIGURATIONS, name, body)
    return Answer({"data": body}, 201)


def find(call: Call) -> Body:
    """The tag configuration of the path. Raises :class:`ApiError` 404."""
    found = call.get(CONFIGURATIONS, call.path["metric_name"])
    if found is None:
        raise ApiError(404, f"Tag configuration for metric {call.path['metric_name']} not found")
    return found


@serves("v2.list_tag_configuration_by_name")
def get(call: Call) -> Answer:
    """The tag configuration of a metric."""
    return Answer({"data": find(call)})


@serves("v2.update_tag_configuration")
def update(call: Call) -> Answer:
    """Change a tag configuration."""
    body = configuration(call, find(call))
    call.put(CONFIGURATIONS, body["id"], body)
    return Answer({"data": body})


@serves("v2.delete_tag_configuration")
def delete(call: Call) -> Answer:
    """Delete a tag configuration."""
    call.delete(CONFIGURATIONS, find(call)["id"])
    return NO_CONTENT


@serves("v2.create_bulk_tags_metrics_configuration")
def configure_many(call: Call) -> Answer:
    """Accept a configuration of all metrics with a prefix."""
    data = call.body["data"]
    given = data.get("attributes") or {}
    attributes = {
        "exclude_tags_mode": None,
        "include_actively_queried_tags_window": None,
        "override_existing_configurations": True,
        **given,
        "status": "Accepted",
    }
    return Answer({"data": {"type": data["type"], "id": data["id"], "attributes": attributes}}, 202)


@serves("v2.delete_bulk_tags_metrics_configuration")
def unconfigure_many(call: Call) -> Answer:
    """Accept the end of the configurations of all metrics with a prefix."""
    data = call.body["data"]
    attributes = {"override_existing_configurations": True, **(data.get("attributes") or {}), "status": "Accepted"}
    for one in call.list(CONFIGURATIONS):
        if one["id"].startswith(data["id"]):
            call.delete(CONFIGURATIONS, one["id"])
    return Answer({"data": {"type": data["type"], "id": data["id"], "attributes": attributes}}, 202)


@serves("v2.list_active_metric_configurations")
def active(call: Call) -> Answer:
    """Tags and aggregations that somebody queries: not recorded here."""
    attributes: Body = {"active_tags": [], "active_aggregations": []}
    return Answer({"data": {"type": "actively_queried_configurations", "id": metric(call), "attributes": attributes}})


@serves("v2.list_volumes_by_metric_name")
def volumes(call: Call) -> Answer:
    """Series of a metric in the last hour."""
    name, now = metric(call), call.now.timestamp()
    count = len(TelemetryStore(call.directory.store.path, call.org).series(name, now - 3600, now))
    attributes = {"indexed_volume": count, "ingested_volume": count}
    return Answer({"data": {"type": "metric_volumes", "id": name, "attributes": attributes}})


@serves("v2.estimate_metrics_output_series")
def estimate(call: Call) -> Answer:
    """Series that a metric would have with the tags ``filter[groups]``, by those of the last day."""
    name, now = metric(call), call.now.timestamp()
    keys = {key for key in call.query.get("filter[groups]", "").split(",") if key}
    found = TelemetryStore(call.directory.store.path, call.org).series(name, now - 86_400, now)
    combinations = {frozenset(tag for tag in one.tags if tag.split(":")[0] in keys) for one in found}
    attributes = {
        "estimated_output_series": len(combinations),
        "estimate_type": "count_or_gauge",
        "estimated_at": zulu(call),
    }
    return Answer({"data": {"type": "metric_cardinality_estimate", "id": name, "attributes": attributes}})


def rule_attributes(call: Call, old: Body | None) -> Body:
    """A tag indexing rule from a body. Raises :class:`ApiError` 400."""
    given = copy.deepcopy(call.body["data"].get("attributes") or {})
    known = old["attributes"] if old else {}
    handle = call.me["attributes"]["handle"]
    options = given.get("options") or known.get("options") or {"version": 1, "data": {}}
    data = options.setdefault("data", {})
    data |= {"override_previous_rules": False, "manage_preexisting_metrics": True, **data}
    dynamic = data.get("dynamic_tags") or {}
    if not given.get("exclude_tags_mode", known.get("exclude_tags_mode", False)) and any(
        dynamic.get(key) for key in EXCLUDE_ONLY
    ):
        raise ApiError(
            400,
            "Invalid request body: exclude_not_queried_window_seconds/exclude_not_used_in_assets cannot be set when "
            'exclude_tags_mode is false — "by tag usage" is Exclude-mode only',
        )
    for key, default in DYNAMIC_DEFAULTS.items():
        if dynamic.get(key) == default:
            dynamic.pop(key)
    return {
        **known,
        "exclude_tags_mode": False,
        **given,
        "options": options,
        "created_at": known.get("created_at", zulu(call)),
        "created_by_handle": known.get("created_by_handle", handle),
        "modified_at": zulu(call),
        "modified_by_handle": handle,
        "rule_order": given.get("rule_order") or known.get("rule_order") or len(call.list(RULES)) + 1,
    }


@serves("v2.create_tag_indexing_rule")
def create_rule(call: Call) -> Answer:
    """Create a rule, last in the order."""
    body = {"id": str(uuid.uuid4()), "type": "tag_indexing_rules", "attributes": rule_attributes(call, None)}
    call.put(RULES, str(body["id"]), body)
    return Answer({"data": body}, 201)


def find_rule(call: Call) -> Body:
    """The rule of the path. Raises :class:`ApiError` 404."""
    found = call.get(RULES, call.path["id"])
    if found is None:
        raise ApiError(404, "Tag indexing rule not found")
    return found


@serves("v2.get_tag_indexing_rule")
def get_rule(call: Call) -> Answer:
    """One rule."""
    return Answer({"data": find_rule(call)})


def ordered_rules(call: Call) -> list[Body]:
    """All rules in their order."""
    return sorted(call.list(RULES), key=lambda one: int(one["attributes"]["rule_order"]))


@serves("v2.list_tag_indexing_rules")
def list_rules(call: Call) -> Answer:
    """All rules in their order."""
    return Answer({"data": ordered_rules(call)})


@serves("v2.list_tag_indexing_rules_for_metric")
def rules_of(call: Call) -> Answer:
    """The rules that match a metric."""
    name = metric(call)
    data = []
    for one in ordered_rules(call):
        attributes = one["attributes"]
        if matches(attributes.get("metric_name_matches"), name) and not matches(
            attributes.get("ignored_metric_name_matches"), name
        ):
            data.append(one)
    return Answer({"data": data})


def matches(patterns: list[str] | None, name: str) -> bool:
    """Whether a pattern with ``*`` matches the name."""
    return any(re.fullmatch(re.escape(one).replace(r"\*", ".*"), name) for one in patterns or [])


@serves("v2.update_tag_indexing_rule")
def update_rule(call: Call) -> Answer:
    """Replace a rule."""
    old = find_rule(call)
    body = {**old, "attributes": rule_attributes(call, old)}
    call.put(RULES, body["id"], body)
    return Answer({"data": body})


@serves("v2.delete_tag_indexing_rule")
def delete_rule(call: Call) -> Answer:
    """Delete a rule; what was deleted can be deleted again."""
    if call.get(DELETED_RULES, call.path["id"]) is None:
        call.put(DELETED_RULES, find_rule(call)["id"], {})
    call.delete(RULES, call.path["id"])
    return NO_CONTENT


@serves("v2.reorder_tag_indexing_rules")
def reorder(call: Call) -> Answer:
    """Put the rules in another order: all of them, each once."""
    wanted = (call.body["data"].get("attributes") or {}).get("rule_ids") or []
    if not wanted:
        raise ApiError(400, "rule_ids must not be empty")
    known = {one["id"]: one for one in ordered_rules(call)}
    if sorted(wanted) != sorted(known):
        raise ApiError(400, "rule_ids must contain every rule exactly once")
    for place, identifier in enumerate(wanted, 1):
        known[identifier]["attributes"]["rule_order"] = place
        call.put(RULES, identifier, known[identifier])
    return NO_CONTENT
