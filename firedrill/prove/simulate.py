"""Simulate telemetry from ordinary signals: series and events by the minute, deterministic unless there is a seed.

Counts are whole multiples of the signal's ``step``, and what is 0 is not sent: with a seed a minute's amount is from
the Poisson distribution, without one the amounts are as even as whole numbers allow. A gauge that is reported less than
once a minute has gaps in the same way.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from firedrill.evaluate import Recording, Series
from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import Events, FloatArray
from firedrill.prove.ordinary import Ordinary, OrdinarySignal
from firedrill.scenario.scenario import ScenarioError, SignalChange

MINUTE, DAY = 60.0, 1440
"""Seconds of a minute, and minutes of a day."""
QUANTILES = np.array([NormalDist().inv_cdf((part + 0.5) / 20) for part in range(20)])
"""The middles of twenty equally likely parts of the normal distribution."""
RESERVED = ("status", "message", "source", "host", "title", "operation_name", "resource_name", "index")
"""Fields of an event beside its attributes. ``@status`` is an attribute of that name."""


@dataclass(frozen=True)
class Course:
    """A signal by the minute: its rate, its median, and the locations from which a test fails.

    ``spreads`` is the standard deviation of the values' logarithm, or None for the signal's own.
    """

    rates: FloatArray
    values: FloatArray
    failed: tuple[frozenset[str], ...] = ()
    spreads: FloatArray | None = None


def course_of(signal: OrdinarySignal, phases: list[tuple[int, SignalChange | None]]) -> Course:
    """Return a signal through phases, each with its minutes and its change."""
    rates, values, spreads = [], [], []
    failed: list[frozenset[str]] = []
    for minutes, given in phases:
        change = given or SignalChange()
        spread = _amounts(signal.spread, change.spread, minutes)
        value = _amounts(signal.value or 0.0, change.value, minutes)
        if change.spread is not None and change.value is None:
            # The mean of a log-normal distribution is its median times exp(spread^2 / 2).
            value = value * np.exp((signal.spread**2 - spread**2) / 2)
        rates.append(_amounts(signal.rate, change.rate, minutes))
        values.append(value)
        spreads.append(spread)
        if signal.locations:
            failed += [frozenset(change.failed or ())] * minutes
    return Course(np.concatenate(rates), np.concatenate(values), tuple(failed), np.concatenate(spreads))


def _amounts(ordinary: float, changed: float | str | None, minutes: int) -> FloatArray:
    """Return the amount of each minute of a phase: the ordinary one, or as the scenario changes it."""
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
        raise ScenarioError(f"{text!r} is not an amount: write 5, x3, 0..20 or none") from None


def simulate(
    ordinary: Ordinary, courses: Mapping[str, Course], start: float, seed: Sequence[int] | None = None
) -> Recording:
    """Return series and events from ``start`` (epoch seconds), of the signals that have a course.

    With a seed, each signal's amounts and values vary at random, independently of the other signals.
    """
    series: list[Series] = []
    events: list[Events] = []
    for name, course in courses.items():
        signal = ordinary.signals[name]
        if not course.rates.any():
            continue
        times: FloatArray = start + MINUTE * np.arange(course.rates.size, dtype=np.float64) + MINUTE / 2
        tags = {**ordinary.common, **signal.tags}
        rng = None if seed is None else np.random.default_rng([*seed, zlib.crc32(name.encode())])
        if signal.metric:
            whole = _series(signal, frozenset(f"{key}:{value}" for key, value in tags.items()), course, times, rng)
            if whole.times.size:
                series += _split(whole, signal)
        elif signal.test:
            events.append(_test_results(signal, course, times))
        else:
            events.append(_events(signal, tags, course, times, rng))
    return Recording(series, tables=events)


def event_body(signal: OrdinarySignal, tags: Mapping[str, str]) -> Json:
    """Return the body of each event of a signal."""
    fields = signal.log or signal.event
    reserved: Json = {key: fields[key] for key in RESERVED if key in fields}
    return {
        **reserved,
        "service": tags.get("service", ""),
        "tags": [f"{key}:{value}" for key, value in tags.items()],
        "attributes": {key.removeprefix("@"): value for key, value in fields.items() if key not in reserved},
    }


def _split(series: Series, signal: OrdinarySignal) -> list[Series]:
    """Return the series, or if a tag shares it, a part for each value of the tag."""
    for key, count in signal.shared.items():
        parts = [
            replace(series, tags=series.tags | {f"{key}:{value:02}"}, times=series.times[rows], values=amounts[rows])
            for value in range(count)
            for amounts, rows in [_share(series, signal, value, count)]
        ]
        return [part for part in parts if part.times.size]
    return [series]


def _share(series: Series, signal: OrdinarySignal, value: int, count: int) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the values of a series for one value of a tag, and which points it has: steps or points in turn."""
    if signal.is_gauge:
        return series.values, np.ones(series.times.size, np.bool_)
    if signal.value is not None:
        return series.values, np.arange(series.times.size) % count == value
    steps = np.rint(np.cumsum(series.values) / signal.step)
    amounts: FloatArray = np.diff((steps + count - 1 - value) // count, prepend=0.0) * signal.step
    return amounts, amounts > 0


def _counts(rates: FloatArray, rng: np.random.Generator | None) -> FloatArray:
    """Return whole numbers for each minute: random ones, or as even as whole numbers allow."""
    if rng is not None:
        return rng.poisson(rates).astype(np.float64)
    return np.diff(np.floor(np.concatenate([[0.0], np.cumsum(rates)]) + 1e-9))


def _series(
    signal: OrdinarySignal, tags: frozenset[str], course: Course, times: FloatArray, rng: np.random.Generator | None
) -> Series:
    spreads = np.full(times.size, signal.spread) if course.spreads is None else course.spreads
    if signal.value is None:
        amounts = _counts(course.rates / signal.step, rng) * signal.step
        sent = amounts > 0
        return Series(signal.metric, signal.type, tags, times[sent], amounts[sent], 60)
    if signal.is_gauge:
        noise = np.exp(spreads * rng.standard_normal(times.size)) if rng is not None else 1.0
        sent = (course.rates >= 1) | (_counts(np.minimum(course.rates, 1), rng) > 0)
        return Series(signal.metric, signal.type, tags, times[sent], (course.values * noise)[sent], 60)
    counts = _counts(course.rates, rng).astype(np.int64)
    value_times, medians = np.repeat(times, counts), np.repeat(course.values, counts)
    if rng is not None:
        normal = rng.standard_normal(value_times.size)
    else:
        # Each of the twenty parts equally often, in an order that is the same each time.
        order = np.random.default_rng(zlib.crc32(" ".join([signal.metric, *sorted(tags)]).encode()))
        normal = order.permutation(QUANTILES[np.arange(value_times.size) % QUANTILES.size])
    values = medians * np.exp(np.repeat(spreads, counts) * normal)
    return Series(signal.metric, signal.type, tags, value_times, values, 60)


def _events(
    signal: OrdinarySignal, tags: Mapping[str, str], course: Course, times: FloatArray, rng: np.random.Generator | None
) -> Events:
    """Return a signal's events, spread evenly over each minute."""
    counts = _counts(course.rates, rng).astype(np.int64)
    count = np.repeat(counts, counts)
    place = np.arange(count.size) - np.repeat(np.cumsum(counts) - counts, counts)
    event_times = np.repeat(times, counts) - MINUTE / 2 + MINUTE * (place + 0.5) / count
    contents = _shared_bodies(signal, tags)
    return Events(signal.track, event_times, contents, np.arange(event_times.size) % len(contents))


def _shared_bodies(signal: OrdinarySignal, tags: Mapping[str, str]) -> list[Json]:
    """Return the body of a signal's events, one for each value of a tag or attribute that they share."""
    for key, count in signal.shared.items():
        if not key.startswith("@"):
            return [event_body(signal, {**tags, key: f"{value:02}"}) for value in range(count)]
        field = "log" if signal.log else "event"
        bodies = ({**getattr(signal, field), key: f"{value:02}"} for value in range(count))
        return [event_body(signal.model_copy(update={field: body}), tags) for body in bodies]
    return [event_body(signal, tags)]


def _test_results(signal: OrdinarySignal, course: Course, times: FloatArray) -> Events:
    """Return a synthetic test's results: in each of its runs one from each location."""
    results = [
        {"public_id": signal.test, "location": location, "passed": passed}
        for passed in (True, False)
        for location in signal.locations
    ]
    ran = (course.rates > 0) & (np.arange(course.rates.size) % signal.every == 0)
    by_minute = [[location in failing for location in signal.locations] for failing in course.failed]
    by_minute = by_minute or [[False] * len(signal.locations)]
    failed = np.broadcast_to(np.array(by_minute), (times.size, len(signal.locations)))[ran]
    places = np.arange(len(signal.locations))
    result_times = (times[ran][:, None] + places).ravel()
    return Events("synthetics", result_times, results, (places + len(places) * failed).ravel())
