"""The usual telemetry of a service, in the words of ``ordinary.yaml``, from what was recorded of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from firedrill.evaluate import Event, Recording
from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import FloatArray
from firedrill.logs.search import parse_search


def usual(telemetry: Recording, searches: Mapping[str, Iterable[str]]) -> Json:
    """Signals with the rates and medians that they had; the rhythm of days is the default one.

    Events that the same ``searches`` of their track find, of one service and status, are one signal.
    """
    times = [one.times for one in telemetry.all_series]
    times += [telemetry.events(track, -np.inf, np.inf).times for track in telemetry.tracks()]
    span = [float(one[place]) for one in times if one.size for place in (0, -1)]
    minutes = max(1.0, (max(span) - min(span)) / 60) if span else 1.0
    signals: Json = {}
    for one in telemetry.all_series:
        tags = dict(sorted(tag.partition(":")[::2] for tag in one.tags))
        signal: Json = {"metric": one.metric, "type": one.type, "tags": tags}
        if one.type in {"count", "rate"}:
            amount = one.values.sum() * (one.interval if one.type == "rate" else 1)
            signal |= {"type": "count", "rate": _round(amount / minutes)}
        elif one.type == "gauge":
            signal |= {"rate": 1, "steady": True, **_levels(one.values)}
        else:
            signal |= {"rate": _round(one.times.size / minutes), **_levels(one.values)}
        signals[f"{one.metric} {len(signals) + 1}"] = signal
    for track, wanted in searches.items():
        asked = [parse_search(one) for one in sorted(wanted)]
        alike: dict[object, list[Event]] = defaultdict(list)
        for event in telemetry.events(track, -np.inf, np.inf):
            said = event.attributes
            found = tuple(one.matches(said) for one in asked)
            alike[found, said.get("service"), said.get("status")].append(event)
        for events in alike.values():
            signals[f"{track} {len(signals) + 1}"] = _line(events[0], _round(len(events) / minutes))
    return {"signals": signals}


def _line(event: Event, rate: float) -> Json:
    said = event.attributes
    line = {key: said[key] for key in ("status", "message", "source", "host") if said.get(key)}
    tags = dict(tag.partition(":")[::2] for tag in said.get("tags") or () if ":" in tag)
    if said.get("service"):
        tags["service"] = said["service"]
    return {"track": event.track, "log": {**line, **(said.get("attributes") or {})}, "tags": tags, "rate": rate}


def _levels(values: FloatArray) -> Json:
    positive = values[values > 0]
    if not positive.size:
        return {"value": 0.0, "spread": 0.0}
    spread = float(np.std(np.log(positive)))
    return {"value": _round(float(np.median(values))), "spread": _round(min(spread, 2.0))}


def _round(value: float) -> float:
    return float(f"{value:.4g}")
