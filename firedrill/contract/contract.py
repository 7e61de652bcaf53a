"""A contract file: the metrics that services emit with their tags, and the fields of their logs and spans."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from firedrill.errors import KnownFailure
from firedrill.evaluate import Recording
from firedrill.evaluate.telemetry import MetricType

MOST_VALUES = 20
"""The largest number of values that are listed; of a tag or field with more, any value is allowed."""
Values = dict[str, list[str]]
"""The values of each key, or an empty list if any value is allowed."""
RESERVED = ("service", "status", "host", "source", "operation_name", "resource_name", "type", "env")
"""Fields of an event that a search names without ``@``."""


class EmittedMetric(BaseModel):
    """A metric: its type, and the values of each tag."""

    model_config = ConfigDict(extra="forbid")

    type: MetricType
    tags: Values = Field(default_factory=dict)


class Contract(BaseModel):
    """All that services emit. ``events`` has the fields of each track: ``@path`` for attributes, else the key."""

    model_config = ConfigDict(extra="forbid")

    metrics: dict[str, EmittedMetric] = Field(default_factory=dict)
    events: dict[str, Values] = Field(default_factory=dict)


def load_contract(path: Path) -> Contract:
    """Read a contract file.

    Raises:
        KnownFailure: The file is not a contract.
    """
    try:
        return Contract.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise KnownFailure(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise KnownFailure(f"{path}: {place}: {first['msg']}; `firedrill contract` writes such a file") from error


def merged(contracts: Iterable[Contract]) -> Contract:
    """Return the contract of several services together."""
    result = Contract()
    for contract in contracts:
        for name, metric in contract.metrics.items():
            known = result.metrics.get(name)
            tags = metric.tags if known is None else _joined(known.tags, metric.tags)
            result.metrics[name] = EmittedMetric(type=metric.type, tags=tags)
        for track, fields in contract.events.items():
            result.events[track] = _joined(result.events[track], fields) if track in result.events else fields
    return result


def _joined(first: Values, second: Values) -> Values:
    """Return all keys of both; where one of them allows any value, the result does."""
    return {
        key: sorted({*first.get(key, ()), *second.get(key, ())})
        if first.get(key, ["?"]) and second.get(key, ["?"])
        else []
        for key in sorted({*first, *second})
    }


def derive_contract(telemetry: Recording) -> Contract:
    """Return the contract of everything in a recording."""
    metrics: dict[str, EmittedMetric] = {}
    for name in sorted({series.metric for series in telemetry.all_series}):
        of_metric = [series for series in telemetry.all_series if series.metric == name]
        pairs = (tag.partition(":")[::2] for series in of_metric for tag in series.tags)
        metrics[name] = EmittedMetric(type=of_metric[0].type, tags=_values(pairs))
    events = {
        track: _values(
            pair
            for event in telemetry.events(track, float("-inf"), float("inf"))
            for pair in event_fields(event.attributes)
        )
        for track in sorted(telemetry.tracks())
    }
    return Contract(metrics=metrics, events=events)


def event_fields(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and value of each field of an event, by the name that a search gives it."""
    for key in RESERVED:
        if body.get(key) is not None:
            yield key, str(body[key])
    for tag in body.get("tags") or ():
        yield tag.partition(":")[0], tag.partition(":")[2]
    yield from _attributes("@", body.get("attributes") or {})


def _attributes(prefix: str, content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _attributes(f"{prefix}{key}.", value)
        else:
            # Numbers are measured: their values are not listed.
            yield f"{prefix}{key}", value if isinstance(value, str) else ""


def _values(pairs: Iterable[tuple[str, str]]) -> Values:
    found: dict[str, set[str]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return {
        key: [] if len(values) > MOST_VALUES or "" in values else sorted(values)
        for key, values in sorted(found.items())
    }


def to_yaml(contract: Contract) -> str:
    """Return the text of a contract file."""
    return yaml.safe_dump(contract.model_dump(), sort_keys=False, width=120, default_flow_style=None)
