"""Read captured traffic of a service in any language: DogStatsD datagrams, and log lines in JSON.

A capture has no times: its amounts are spread evenly over the minutes that it took.
https://docs.datadoghq.com/developers/dogstatsd/datagram_shell
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from firedrill.errors import KnownFailure
from firedrill.evaluate import Event, Recording, Series, recording_file
from firedrill.evaluate.telemetry import MetricType

DATAGRAM = re.compile(
    r"(?P<name>[\w./-]+):(?P<values>[-+\d.eE:]+)\|(?P<type>c|g|d|h|ms)"
    r"(?:\|@(?P<rate>[\d.]+))?(?:\|#(?P<tags>[^|]*))?(\|.*)?"
)
TYPES: dict[str, MetricType] = {
    "c": "count",
    "g": "gauge",
    "d": "distribution",
    "h": "distribution",
    "ms": "distribution",
}
OTHER_DATAGRAMS = ("_e{", "_sc|")
"""Events and service checks, which are not metrics."""
RESERVED = ("status", "message", "service", "source", "host")
BEGIN = 1_772_000_040.0
Values = dict[tuple[str, MetricType, frozenset[str]], list[float]]


def read_traffic(paths: list[Path], minutes: float, tags: list[str]) -> Recording:
    """Return the telemetry in files, each with these tags: ``.npz``, ``.jsonl`` (log lines), else DogStatsD datagrams.

    Raises:
        KnownFailure: A file cannot be read.
    """
    telemetry = Recording()
    for path in paths:
        try:
            if path.suffix == ".npz":
                recorded = recording_file.load(path)
                telemetry.extend(recorded.all_series, recorded.all_events)
            elif path.suffix == ".jsonl":
                telemetry.extend([], list(_log_lines(path, minutes, tags)))
            else:
                telemetry.extend(_series(path, minutes, tags), [])
        except (OSError, UnicodeDecodeError, recording_file.RecordingError) as error:
            raise KnownFailure(f"{path} cannot be read: {error}") from error
    return telemetry


def _series(path: Path, minutes: float, tags: list[str]) -> Iterator[Series]:
    values: Values = defaultdict(list)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith(OTHER_DATAGRAMS):
            continue
        match = DATAGRAM.fullmatch(line.strip())
        if match is None:
            raise KnownFailure(f"{path}:{number}: not a DogStatsD datagram: {line[:80]!r}")
        own = [tag for tag in (match["tags"] or "").split(",") if tag]
        kind = TYPES[match["type"]]
        scale = 1 / float(match["rate"]) if match["rate"] and kind == "count" else 1.0
        key = match["name"], kind, frozenset([*tags, *own])
        values[key] += [float(value) * scale for value in match["values"].split(":")]
    for (name, kind, key_tags), amounts in values.items():
        yield Series(name, kind, key_tags, _times(len(amounts), minutes), np.array(amounts))


def _log_lines(path: Path, minutes: float, tags: list[str]) -> Iterator[Event]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.lstrip().startswith("{")]
    for number, (time, line) in enumerate(zip(_times(len(lines), minutes), lines, strict=True), 1):
        try:
            content: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise KnownFailure(f"{path}: the log line {number} is not JSON: {error}") from error
        reserved = {key: str(content.pop(key)) for key in RESERVED if key in content}
        service = dict(tag.partition(":")[::2] for tag in tags).get("service", "")
        yield Event(float(time), "logs", {"service": service, **reserved, "tags": tags, "attributes": content})


def _times(count: int, minutes: float) -> Any:
    return BEGIN + minutes * 60 * (np.arange(count) + 0.5) / max(count, 1)
