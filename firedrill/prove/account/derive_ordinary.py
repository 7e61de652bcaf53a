"""Derive the ordinary telemetry of a service, in the form of ``ordinary.yaml``, from recorded telemetry."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from firedrill.evaluate import Event, Recording, Series
from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import FloatArray
from firedrill.logs.search import parse_search


def derive_ordinary(telemetry: Recording, searches: Mapping[str, Iterable[str]]) -> Json:
    """Return signals with the rates and medians of the telemetry. The rhythm of the day is the default one.

    ``searches`` are the monitors' searches by track. Events of one service and status that match the same searches are
    one signal.
    """
    minutes = _minutes(telemetry)
    signals: Json = {}
    for series in telemetry.all_series:
        signals[f"{series.metric} {len(signals) + 1}"] = _metric_signal(series, minutes)
    for track, texts in searches.items():
        parsed = [parse_search(text) for text in sorted(texts)]
        alike: dict[object, list[Event]] = defaultdict(list)
        for event in telemetry.events(track, -np.inf, np.inf):
            body = event.attributes
            matches = tuple(search.matches(body) for search in parsed)
            alike[matches, body.get("service"), body.get("status")].append(event)
        for events in alike.values():
            signals[f"{track} {len(signals) + 1}"] = _event_signal(events[0], _round(len(events) / minutes))
    return {"signals": signals}


def _minutes(telemetry: Recording) -> float:
    """Return the minutes between the first and the last point or event, at least 1."""
    times = [series.times for series in telemetry.all_series]
    times += [telemetry.events(track, -np.inf, np.inf).times for track in telemetry.tracks()]
    ends = [float(ascending[place]) for ascending in times if ascending.size for place in (0, -1)]
    return max(1.0, (max(ends) - min(ends)) / 60) if ends else 1.0


def _metric_signal(series: Series, minutes: float) -> Json:
    tags = dict(sorted(tag.partition(":")[::2] for tag in series.tags))
    signal: Json = {"metric": series.metric, "type": series.type, "tags": tags}
    if series.type in {"count", "rate"}:
        amount = series.values.sum() * (series.interval if series.type == "rate" else 1)
        return signal | {"type": "count", "rate": _round(amount / minutes)}
    if series.type == "gauge":
        return signal | {"rate": 1, "steady": True, **_distribution(series.values)}
    return signal | {"rate": _round(series.times.size / minutes), **_distribution(series.values)}


def _event_signal(event: Event, rate: float) -> Json:
    body = event.attributes
    reserved = {key: body[key] for key in ("status", "message", "source", "host") if body.get(key)}
    tags = dict(tag.partition(":")[::2] for tag in body.get("tags") or () if ":" in tag)
    if body.get("service"):
        tags["service"] = body["service"]
    return {"track": event.track, "log": {**reserved, **(body.get("attributes") or {})}, "tags": tags, "rate": rate}


def _distribution(values: FloatArray) -> Json:
    """Return the median of values and the standard deviation of their logarithm."""
    positive = values[values > 0]
    if not positive.size:
        return {"value": 0.0, "spread": 0.0}
    spread = float(np.std(np.log(positive)))
    return {"value": _round(float(np.median(values))), "spread": _round(min(spread, 2.0))}


def _round(value: float) -> float:
    return float(f"{value:.4g}")
