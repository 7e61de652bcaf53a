"""Series that a client posts to the public API: https://docs.datadoghq.com/api/latest/metrics."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from firedrill.evaluate.telemetry import MetricType, Series
from firedrill.sandbox.datadog.intake.request_body import InvalidPayload

V2_TYPES: dict[object, MetricType] = {0: "gauge", 1: "count", 2: "rate", 3: "gauge"}
V1_TYPES: dict[object, MetricType] = {"gauge": "gauge", "count": "count", "rate": "rate"}


def series_v2(body: Any) -> list[Series]:
    """Return the series of ``POST /api/v2/series``. Raises :class:`InvalidPayload`."""
    return [
        _series(entry, V2_TYPES.get(entry.get("type") or 0, "gauge"),
                [(point["timestamp"], [point["value"]]) for point in _points(entry)],
                [f"{resource['type']}:{resource['name']}" for resource in entry.get("resources") or ()])
        for entry in _entries(body)
    ]  # fmt: skip


def series_v1(body: Any) -> list[Series]:
    """Return the series of ``POST /api/v1/series``. Raises :class:`InvalidPayload`."""
    return [
        _series(entry, V1_TYPES.get(entry.get("type") or "gauge", "gauge"),
                [(time, [value]) for time, value in _points(entry)],
                [f"host:{entry['host']}"] if entry.get("host") else [])
        for entry in _entries(body)
    ]  # fmt: skip


def distribution_points(body: Any) -> list[Series]:
    """Return the series of ``POST /api/v1/distribution_points``, with points ``[time, [raw values]]``."""
    return [
        _series(entry, "distribution", [(time, list(values)) for time, values in _points(entry)],
                [f"host:{entry['host']}"] if entry.get("host") else [])
        for entry in _entries(body)
    ]  # fmt: skip


def _entries(body: Any) -> Iterator[dict[str, Any]]:
    entries = body.get("series") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        raise InvalidPayload("'series' must be a list")
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("metric"), str) or not entry["metric"]:
            raise InvalidPayload("each series needs a 'metric'")
        yield entry


def _points(entry: Mapping[str, Any]) -> list[Any]:
    points = entry.get("points")
    if not isinstance(points, list) or not points:
        raise InvalidPayload(f"series {entry['metric']}: 'points' must be a list of points")
    return points


def _series(
    entry: Mapping[str, Any], type_: MetricType, points: list[tuple[float, list[float]]], extra_tags: list[str]
) -> Series:
    points = sorted(points, key=lambda point: point[0])
    try:
        times = np.repeat(np.array([float(time) for time, _ in points]), [len(values) for _, values in points])
        flat = np.array([float(value) for _, values in points for value in values], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidPayload(f"series {entry['metric']}: a point is not a number") from error
    if not flat.size or not (np.isfinite(times).all() and np.isfinite(flat).all()):
        raise InvalidPayload(f"series {entry['metric']}: a point is not a number")
    tags = frozenset([*map(str, entry.get("tags") or ()), *extra_tags])
    return Series(entry["metric"], type_, tags, times.astype(np.float64), flat, int(entry.get("interval") or 10))
