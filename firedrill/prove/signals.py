"""The ordinary telemetry of a service, signal by signal, and how it is laid out as series and events.

``drills/ordinary.yaml`` declares it. Rates are per minute: the amount by which a count grows, how many values a
distribution gets, how many lines are logged. Everything is deterministic but for a given random generator.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import yaml
from pydantic import Field, ValidationError

from firedrill.drill.scenario import Change, Model, ScenarioError
from firedrill.evaluate import Recording, Series
from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import Events, FloatArray

MINUTE, DAY = 60.0, 1440
QUANTILES = np.array([NormalDist().inv_cdf((part + 0.5) / 20) for part in range(20)])
"""The middles of twenty equally likely parts of the normal distribution."""


RESERVED = ("status", "message", "source", "host", "title", "operation_name", "resource_name", "index")
"""Fields of an event that stand beside its attributes; ``@status`` is an attribute of that name."""


class Signal(Model):
    """One metric series, one kind of log line or other event, or one synthetic test's results."""

    metric: str = ""
    type: Literal["count", "distribution", "gauge", "rate"] = "count"
    tags: dict[str, str] = Field(default_factory=dict)
    log: dict[str, Any] = Field(
        default_factory=dict, description="attributes of each line; `status` and `message` are reserved ones"
    )
    event: dict[str, Any] = Field(
        default_factory=dict, description="attributes of each event; those of RESERVED are reserved fields"
    )
    track: str = Field(default="logs", description="of its events: spans, llmobs, rum, events, cipipeline, citest ...")
    test: str = Field(default="", description="the synthetic test's resource name, or its public id")
    locations: list[str] = Field(default_factory=list)
    every: int = Field(default=1, ge=1, description="minutes between two runs of a synthetic test")
    source: Literal["service", "external"] = Field(
        default="service", description="who sends it: the service, of which `firedrill record` keeps telemetry, or not"
    )
    rate: float = Field(default=1, ge=0, description="per minute")
    value: float | None = Field(default=None, description="the median of a distribution or gauge; a count has none")
    spread: float = Field(default=0.35, ge=0, description="the logarithm's standard deviation")
    shared: dict[str, int] = Field(
        default_factory=dict, description="a tag and how many values of it share a count evenly: `caller: 8`"
    )
    steady: bool = Field(default=False, description="does not follow the day's rhythm")


class Rhythm(Model):
    """How traffic goes over a day and a week, in shares of the peak."""

    peak_hour: float = 14
    night: float = 0.05
    weekend: float = 0.5
    holiday: float = 0.3
    deploys_a_week: float = 4
    restarts_a_week: float = 2
    deploy: dict[str, Change] = Field(default_factory=dict)


class Ordinary(Model):
    """What the service sends when nothing is wrong, and how many pages a week a team accepts then."""

    common: dict[str, str] = Field(default_factory=dict)
    rhythm: Rhythm = Rhythm()
    noise_budget: dict[str, float] = Field(default_factory=dict, description="notifications a week by team handle")
    elsewhere: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="other environments and services: `staging: {env: staging}` makes a signal `staging_X` of each X, "
        "at rate 0, with these tags and attributes instead",
    )
    unrecorded: dict[str, str] = Field(
        default_factory=dict, description="metrics of the service that no recording has, and why"
    )
    signals: dict[str, Signal]


def load(path: Path) -> Ordinary:
    """Read a file. Raises :class:`ScenarioError`."""
    try:
        return _everywhere(Ordinary.model_validate(yaml.safe_load(path.read_text())))
    except (OSError, yaml.YAMLError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ScenarioError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _everywhere(ordinary: Ordinary) -> Ordinary:
    """With the signals that other environments and services would send."""
    copies = {}
    for place, changed in ordinary.elsewhere.items():
        for name, signal in ordinary.signals.items():
            own = {**ordinary.common, **signal.tags}
            tags = {**signal.tags, **{key: value for key, value in changed.items() if key in own}}
            event = {**signal.event, **{key: value for key, value in changed.items() if key in signal.event}}
            if not signal.test:
                copies[f"{place}_{name}"] = signal.model_copy(update={"rate": 0.0, "tags": tags, "event": event})
    return ordinary.model_copy(update={"signals": {**ordinary.signals, **copies}})


@dataclass(frozen=True)
class Course:
    """A signal over minutes: its rate and value in each, and the locations that fail in each."""

    rates: FloatArray
    values: FloatArray
    failed: tuple[frozenset[str], ...] = ()


def course(signal: Signal, changes: list[tuple[int, Change | None]]) -> Course:
    """A signal through phases of so many minutes, each with its change."""
    rates, values = [], []
    failed: list[frozenset[str]] = []
    for minutes, change in changes:
        rates.append(_amount(signal.rate, change.rate if change else None, minutes))
        values.append(_amount(signal.value or 0.0, change.value if change else None, minutes))
        if signal.locations:
            failed += [frozenset((change.failed if change else None) or ())] * minutes
    return Course(np.concatenate(rates), np.concatenate(values), tuple(failed))


def _amount(ordinary: float, changed: float | str | None, minutes: int) -> FloatArray:
    if changed is None:
        return np.full(minutes, ordinary)
    text = str(changed)
    if text == "none":
        return np.zeros(minutes)
    if match := re.fullmatch(r"x([0-9.]+)", text):
        return np.full(minutes, ordinary * float(match[1]))
    if match := re.fullmatch(r"([0-9.]+?)\.\.([0-9.]+)", text):
        return np.linspace(float(match[1]), float(match[2]), minutes)
    try:
        return np.full(minutes, float(text))
    except ValueError:
        raise ScenarioError(f"{text!r} is no amount: write 5, x3, 0..20 or none") from None


def recording(
    ordinary: Ordinary, courses: Mapping[str, Course], start: float, seed: Sequence[int] | None = None
) -> Recording:
    """Series and events from ``start``. With a seed, amounts and values vary as in life, each signal's by itself."""
    series: list[Series] = []
    events: list[Events] = []
    for name, signal in ordinary.signals.items():
        one = courses[name]
        if not one.rates.any():
            continue
        moments: FloatArray = start + MINUTE * np.arange(one.rates.size, dtype=np.float64) + MINUTE / 2
        tags = {**ordinary.common, **signal.tags}
        rng = None if seed is None else np.random.default_rng([*seed, zlib.crc32(name.encode())])
        if signal.metric:
            made = _series(signal, frozenset(f"{key}:{value}" for key, value in tags.items()), one, moments, rng)
            if made.times.size:
                series += _shared(made, signal.shared)
        elif signal.test:
            events.append(_checks(signal, one, moments))
        else:
            events.append(_lines(signal, tags, one, moments, rng))
    return Recording(series, tables=events)


def _shared(series: Series, parts: Mapping[str, int]) -> list[Series]:
    """The series, or as many equal parts of it as a tag has values."""
    for key, count in parts.items():
        return [
            replace(series, tags=series.tags | {f"{key}:{value:02}"}, values=series.values / count)
            for value in range(count)
        ]
    return [series]


def _counts(rates: FloatArray, rng: np.random.Generator | None) -> FloatArray:
    """How many fall into each minute: by chance, or as evenly as whole numbers allow."""
    if rng is not None:
        return rng.poisson(rates).astype(np.float64)
    return np.diff(np.floor(np.concatenate([[0.0], np.cumsum(rates)]) + 1e-9))


def _series(
    signal: Signal, tags: frozenset[str], one: Course, moments: FloatArray, rng: np.random.Generator | None
) -> Series:
    if signal.value is None:
        whole = signal.rate >= 1 or rng is None
        amounts = rng.poisson(one.rates).astype(np.float64) if rng is not None and whole else one.rates
        kept = amounts > 0
        return Series(signal.metric, signal.type, tags, moments[kept], amounts[kept], 60)
    if signal.type in ("gauge", "rate"):
        noise = np.exp(signal.spread * rng.standard_normal(moments.size)) if rng is not None else 1.0
        kept = one.rates > 0
        return Series(signal.metric, signal.type, tags, moments[kept], (one.values * noise)[kept], 60)
    counts = _counts(one.rates, rng).astype(np.int64)
    times, medians = np.repeat(moments, counts), np.repeat(one.values, counts)
    if rng is not None:
        normal = rng.standard_normal(times.size)
    else:
        # Each of the twenty parts equally often, in an order that is the same each time.
        order = np.random.default_rng(zlib.crc32(" ".join([signal.metric, *sorted(tags)]).encode()))
        normal = order.permutation(QUANTILES[np.arange(times.size) % QUANTILES.size])
    return Series(signal.metric, signal.type, tags, times, medians * np.exp(signal.spread * normal), 60)


def said(signal: Signal, tags: Mapping[str, str]) -> Json:
    """What each event of a signal says."""
    given = signal.log or signal.event
    top: Json = {key: given[key] for key in RESERVED if key in given}
    return {
        **top,
        "service": tags.get("service", ""),
        "tags": [f"{key}:{value}" for key, value in tags.items()],
        "attributes": {key.removeprefix("@"): value for key, value in given.items() if key not in top},
    }


def _lines(
    signal: Signal, tags: Mapping[str, str], one: Course, moments: FloatArray, rng: np.random.Generator | None
) -> Events:
    body = said(signal, tags)
    counts = _counts(one.rates, rng).astype(np.int64)
    count = np.repeat(counts, counts)
    place = np.arange(count.size) - np.repeat(np.cumsum(counts) - counts, counts)
    times = np.repeat(moments, counts) - MINUTE / 2 + MINUTE * (place + 0.5) / count
    return Events(signal.track, times, [body], np.zeros(times.size, np.int64))


def _checks(signal: Signal, one: Course, moments: FloatArray) -> Events:
    results = [
        {"public_id": signal.test, "location": where, "passed": passed}
        for passed in (True, False)
        for where in signal.locations
    ]
    ran = (one.rates > 0) & (np.arange(one.rates.size) % signal.every == 0)
    away = [[where in gone for where in signal.locations] for gone in one.failed] or [[False] * len(signal.locations)]
    failed = np.broadcast_to(np.array(away), (moments.size, len(signal.locations)))[ran]
    places = np.arange(len(signal.locations))
    times = (moments[ran][:, None] + places).ravel()
    return Events("synthetics", times, results, (places + len(places) * failed).ravel())
