"""Metadata of metrics: https://docs.datadoghq.com/api/latest/metrics/ ."""

from firedrill.sandbox.datadog.handlers.metric_tag_configurations import metric_of_path
from firedrill.sandbox.datadog.http.handler import ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore

METADATA = "metric_metadata"
FIELDS = ("type", "description", "short_name", "unit", "per_unit", "statsd_interval")


def metadata(call: Call) -> Body:
    """Return the metadata of the metric of the path.

    Raises :class:`ApiError` 404 for a metric that never arrived:
    https://github.com/DataDog/terraform-provider-datadog/issues/918 and 3526 show the response.
    """
    name = metric_of_path(call)
    stored, arrived = call.get(METADATA, name), TelemetryStore(call.directory.store.path, call.org).metrics()
    if stored is None and name not in arrived:
        raise ApiError(404, f"{name} not found")
    unknown: Body = dict.fromkeys(("description", "short_name", "unit", "per_unit", "integration", "statsd_interval"))
    return {**unknown, "type": arrived.get(name, "gauge"), **(stored or {})}


@serves("v1.get_metric_metadata")
def get(call: Call) -> ApiResponse:
    """Return the metadata of a metric."""
    return ApiResponse(metadata(call))


@serves("v1.update_metric_metadata")
def update(call: Call) -> ApiResponse:
    """Change the metadata of a metric; a zero or an empty text unsets a member."""
    name, stored = metric_of_path(call), metadata(call)
    changes = {key: call.body[key] or None for key in FIELDS if key in call.body}
    call.put(METADATA, name, {**stored, **changes})
    return ApiResponse(metadata(call))


@serves("v1.list_active_metrics")
def list_active_metrics(call: Call) -> ApiResponse:
    """Return the names of the metrics that arrived since ``from`` (epoch seconds)."""
    start = call.integer("from", 0, 0, 10**11)
    if "from" not in call.query:
        raise ApiError(400, "The parameter 'from' is required")
    names = sorted(TelemetryStore(call.directory.store.path, call.org).metrics(start))
    return ApiResponse({"from": str(start), "metrics": names})


@serves("v2.list_tags_by_metric_name")
def list_tags(call: Call) -> ApiResponse:
    """Return every tag that a metric arrived with."""
    name = metric_of_path(call)
    series = TelemetryStore(call.directory.store.path, call.org).series(name, 0.0, float("inf"))
    if not series:
        raise ApiError(404, f"{name} not found")
    tags = sorted({tag for item in series for tag in item.tags})
    return ApiResponse({"data": {"id": name, "type": "metrics", "attributes": {"tags": tags}}})
