"""The ordinary telemetry of a service in the form of ``ordinary.yaml``, from traffic without a failure."""

from collections import Counter
from typing import Any

import yaml

from firedrill.contract.contract import Contract, event_fields
from firedrill.evaluate import Recording
from firedrill.evaluate.model import Json
from firedrill.prove.account.derive_ordinary import derive_ordinary

MOST_SIGNALS = 60
"""The largest number of kinds of events; the rarest are left out."""


def derive_signals(telemetry: Recording, contract: Contract, minutes: float) -> Json:
    """Return the signals of a recording: each series, and each combination of the listed fields of events."""
    signals = {_name(signal, text): signal for text, signal in derive_ordinary(telemetry, {})["signals"].items()}
    for track, fields in contract.events.items():
        listed = {key for key, values in fields.items() if values}
        counts: Counter[tuple[tuple[str, str], ...]] = Counter()
        for event in telemetry.events(track, float("-inf"), float("inf")):
            counts[tuple(sorted({pair for pair in event_fields(event.attributes) if pair[0] in listed}))] += 1
        for number, (pairs, count) in enumerate(counts.most_common(MOST_SIGNALS), 1):
            signals[f"{track}_{number}"] = _event(track, dict(pairs), count / minutes)
    return {"signals": signals}


def _name(signal: Json, text: str) -> str:
    """Return a name for a series: the metric with words for dots, and its number."""
    return f"{signal['metric'].replace('.', '_')}_{text.rpartition(' ')[2]}"


def _event(track: str, fields: dict[str, str], rate: float) -> Json:
    tags = {key: value for key, value in fields.items() if not key.startswith("@") and key != "status"}
    own: dict[str, Any] = {key.removeprefix("@"): value for key, value in fields.items() if key.startswith("@")}
    if "status" in fields:
        own = {"@status" if key == "status" else key: value for key, value in own.items()} | {
            "status": fields["status"]
        }
    member = "log" if track == "logs" else "event"
    return {"track": track, member: own, "tags": tags, "rate": float(f"{rate:.4g}")}


def to_yaml(signals: Json) -> str:
    """Return the text of an ``ordinary.yaml``."""
    return yaml.safe_dump(signals, sort_keys=False, width=160, default_flow_style=None)
