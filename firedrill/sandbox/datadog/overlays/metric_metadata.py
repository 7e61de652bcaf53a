"""Metadata of metrics, and rules' exemptions of them: https://docs.datadoghq.com/api/latest/metrics/ ."""

from firedrill.sandbox.datadog.forms import zulu
from firedrill.sandbox.datadog.overlays.metrics import known_metrics, metric
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

METADATA = "metric_metadata"
EXEMPTIONS = "tag_indexing_rule_exemptions"
FIELDS = ("type", "description", "short_name", "unit", "per_unit", "statsd_interval")


def metadata(call: Call) -> Body:
    """What is known of the metric of the path. Raises :class:`ApiError` 404 for one that never came.

    https://github.com/DataDog/terraform-provider-datadog/issues/918 and 3526 have the answer.
    """
    name = metric(call)
    kept, arrived = call.get(METADATA, name), TelemetryStore(call.directory.store.path, call.org).metrics()
    if kept is None and name not in arrived:
        raise ApiError(404, f"{name} not found")
    unknown: Body = dict.fromkeys(("description", "short_name", "unit", "per_unit", "integration", "statsd_interval"))
    return {**unknown, "type": arrived.get(name, "gauge"), **(kept or {})}


@serves("v1.get_metric_metadata")
def get(call: Call) -> Answer:
    """Metadata of a metric."""
    return Answer(metadata(call))


@serves("v1.update_metric_metadata")
def update(call: Call) -> Answer:
    """Change the metadata of a metric that came: a zero or empty value unsets one."""
    name, kept = metric(call), metadata(call)
    given = {key: call.body[key] or None for key in FIELDS if key in call.body}
    call.put(METADATA, name, {**kept, **given})
    return Answer(metadata(call))


@serves("v1.list_active_metrics")
def active(call: Call) -> Answer:
    """Names of the metrics that came since ``from`` (epoch seconds)."""
    start = call.integer("from", 0, 0, 10**11)
    if "from" not in call.query:
        raise ApiError(400, "The parameter 'from' is required")
    names = sorted(TelemetryStore(call.directory.store.path, call.org).metrics(start))
    return Answer({"from": str(start), "metrics": names})


@serves("v2.list_tags_by_metric_name")
def tags(call: Call) -> Answer:
    """All tags that a metric came with."""
    name = metric(call)
    if name not in known_metrics(call):
        raise ApiError(404, f"Metric {name} not found")
    found = TelemetryStore(call.directory.store.path, call.org).series(name, 0, call.seconds + 1)
    attributes = {"tags": sorted({tag for series in found for tag in series.tags})}
    return Answer({"data": {"type": "metrics", "id": name, "attributes": attributes}})


@serves("v2.create_tag_indexing_rule_exemption")
def exempt(call: Call) -> Answer:
    """Exempt a metric from the rules of tag indexing."""
    name = metric(call)
    attributes = {
        **(call.body["data"].get("attributes") or {}),
        "created_at": zulu(call),
        "created_by_handle": call.me["attributes"]["handle"],
        "kind": "exclusion",
    }
    body = {"id": name, "type": "tag_indexing_rule_exemptions", "attributes": attributes}
    call.put(EXEMPTIONS, name, body)
    return Answer({"data": body}, 201)


def exemption(call: Call) -> Body:
    """The exemption of the path's metric. Raises :class:`ApiError` 404."""
    found = call.get(EXEMPTIONS, metric(call))
    if found is None:
        raise ApiError(404, "Tag indexing rule exemption not found")
    return found


@serves("v2.get_tag_indexing_rule_exemption")
def exempted(call: Call) -> Answer:
    """The exemption of a metric."""
    return Answer({"data": exemption(call)})


@serves("v2.delete_tag_indexing_rule_exemption")
def include(call: Call) -> Answer:
    """Take the exemption back."""
    call.delete(EXEMPTIONS, exemption(call)["id"])
    return NO_CONTENT
