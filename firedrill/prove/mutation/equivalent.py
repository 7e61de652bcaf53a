"""Equivalent mutants: those that do the same as the original on random series and on an ordinary month.

There are 200 random series of 8 hours, or fewer that are longer than the monitor's window: 8 hours say nothing about a
budget of 30 days.

Two shortcuts make this fast. Most equivalent mutants are recognised by their signals, without taking the mutant through
its states (:mod:`firedrill.evaluate.equivalence`). And the signals of many random series are measured at once: the
series lie a day apart on the clock, which is further than most monitors look back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from firedrill.evaluate import MeasurementCache, Recording, run
from firedrill.evaluate.context import MeasureContext
from firedrill.evaluate.equivalence import equivalent
from firedrill.evaluate.event.queries import is_metric_formula
from firedrill.evaluate.measure import measure
from firedrill.evaluate.metric.expression import ALGORITHMS, function_names
from firedrill.evaluate.metric.monitor import lookback
from firedrill.evaluate.model import Json
from firedrill.evaluate.parsed_monitor import ParsedMonitor, parse_monitor
from firedrill.evaluate.signals import Signal
from firedrill.evaluate.state.schedule import due
from firedrill.evaluate.telemetry import FloatArray
from firedrill.prove.dependencies import matching_signals, with_members
from firedrill.prove.months import BEGIN, WEEK, concatenated, month, random_series
from firedrill.prove.mutation.mutants import Mutant, mutated
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.simulate import DAY, MINUTE
from firedrill.query import parse
from firedrill.query.chains import duration
from firedrill.query.tree import ChainMonitor, MetricMonitor
from firedrill.scenario.definitions import Definitions

RANDOM_SERIES = 200
FEWEST_SERIES = 3
"""Random series for a monitor with a long window."""
RANDOM_MINUTES = 480
BATCH = 25
"""Random series that are measured together."""
GAP = (DAY - RANDOM_MINUTES) * MINUTE - 4 * 3600
"""Seconds that a monitor may look back without reading the previous random series; buckets may add up to 4 hours."""


@dataclass(frozen=True)
class Stretch:
    """Telemetry and the times of the evaluations on it."""

    telemetry: Recording
    times: FloatArray
    cache: MeasurementCache


@dataclass
class Stretches:
    """Stretches that follow each other, and all of them as one.

    ``behaviours`` caches the original's behaviour by the stretch's index.
    """

    parts: Sequence[Stretch]
    whole: Stretch
    behaviours: dict[int, object] = field(default_factory=dict)

    @classmethod
    def from_parts(cls, parts: Sequence[Stretch]) -> "Stretches":
        """Join the parts."""
        if len(parts) == 1:
            return cls(parts, parts[0])
        telemetry = concatenated([part.telemetry for part in parts])
        return cls(
            parts, Stretch(telemetry, np.concatenate([part.times for part in parts]), MeasurementCache(telemetry))
        )


def equivalent_mutants(
    definitions: Definitions, monitor: Json, survivors: Sequence[Mutant], ordinary: Ordinary
) -> list[Mutant]:
    """Return the mutants that behave like the original on the random series and on an ordinary month.

    The month comes last, since it takes longest.
    """
    remaining = list(survivors)
    signals = matching_signals(definitions, [monitor, *(survivor.monitor for survivor in survivors)], ordinary)
    minutes = _random_minutes(monitor)
    batch = BATCH if minutes == RANDOM_MINUTES else 1
    for first in range(0, max(FEWEST_SERIES, RANDOM_SERIES * RANDOM_MINUTES // minutes), batch):
        if remaining:
            parts = [_random_stretch(signals, seed, minutes) for seed in range(first, first + batch)]
            remaining = _alike(definitions, monitor, remaining, Stretches.from_parts(parts))
    if remaining:
        part = _stretch(month(signals, 0), BEGIN, 30 * DAY)
        remaining = _alike(definitions, monitor, remaining, Stretches.from_parts([part]))
    return remaining


def _stretch(telemetry: Recording, start: float, minutes: int) -> Stretch:
    """Return telemetry with an evaluation each minute."""
    return Stretch(telemetry, start + MINUTE * np.arange(minutes, dtype=np.float64), MeasurementCache(telemetry))


def _random_stretch(ordinary: Ordinary, seed: int, minutes: int) -> Stretch:
    return _stretch(random_series(ordinary, seed, minutes), BEGIN + 86400 * seed, minutes)


def _random_minutes(monitor: Json) -> int:
    """Return the length of a random series: 8 hours, or one and a half times the time that the monitor looks back."""
    if monitor["type"] in ("synthetics alert", "composite"):
        return RANDOM_MINUTES
    query, seconds = parse(monitor["type"], monitor["query"]), 0.0
    if isinstance(query.body, MetricMonitor):
        # An algorithm's history has no upper limit in its query.
        named = function_names(query.body.expression) & ALGORITHMS
        seconds = WEEK if named else lookback(query.body, monitor.get("options") or {})
    elif isinstance(query.body, ChainMonitor):
        calls = [query.body.call(name) for name in ("over", "last")]
        seconds = max((float(duration(query.text, call).seconds) for call in calls if call is not None), default=0.0)
    return max(RANDOM_MINUTES, int(seconds * 1.5 // 60))


def _alike(definitions: Definitions, monitor: Json, mutants: Sequence[Mutant], stretches: Stretches) -> list[Mutant]:
    """Return the mutants that do the same as the original on each of these stretches."""
    original = definitions.with_monitors(with_members(definitions, monitor))
    original_signals = MeasuredSignals(original, monitor, stretches)

    def is_alike(mutant: Mutant) -> bool:
        faulty = mutated(definitions, mutant)
        signals = MeasuredSignals(faulty, mutant.monitor, stretches)
        for index, stretch in enumerate(stretches.parts):
            if mutant.test is None and original_signals.imply_same_behaviour(signals, index):
                continue
            if index not in stretches.behaviours:
                stretches.behaviours[index] = _behaviour(original, monitor, stretch)
            if _behaviour(faulty, monitor, stretch) != stretches.behaviours[index]:
                return False
        return True

    return [mutant for mutant in mutants if is_alike(mutant)]


class MeasuredSignals:
    """A monitor's signal on each of some stretches, measured on demand."""

    def __init__(self, definitions: Definitions, monitor: Json, stretches: Stretches) -> None:
        self.definitions, self.monitor, self.stretches = definitions, monitor, stretches
        # The states of other monitors are not a signal.
        has_signal = len(definitions.account.monitors) == 1 and monitor["type"] != "synthetics alert"
        self.parsed = parse_monitor(monitor) if has_signal else None
        self._signals: dict[int, Signal] = {}

    def imply_same_behaviour(self, other: "MeasuredSignals", index: int) -> bool:
        """Return whether both signals on a stretch are such that both monitors must do the same."""
        if self.parsed is None or other.parsed is None:
            return False
        return equivalent(self.parsed.rules, self.at(index), other.parsed.rules, other.at(index))

    def at(self, index: int) -> Signal:
        """Return the signal on one stretch."""
        if index not in self._signals:
            assert self.parsed is not None
            if _seconds_read_back(self.parsed, self.monitor) <= GAP:
                whole = self._measure(self.parsed, self.stretches.whole)
                self._signals = {
                    place: _cut(whole, self._due(self.parsed, stretch))
                    for place, stretch in enumerate(self.stretches.parts)
                }
            else:
                self._signals[index] = self._measure(self.parsed, self.stretches.parts[index])
        return self._signals[index]

    def _due(self, parsed: ParsedMonitor, stretch: Stretch) -> FloatArray:
        return due(parsed.query, self.monitor.get("options") or {}, stretch.times)

    def _measure(self, parsed: ParsedMonitor, stretch: Stretch) -> Signal:
        context = MeasureContext(self.definitions.account, stretch.telemetry, {"monitors": {}}, stretch.cache)
        return measure(parsed, self.monitor, context, self._due(parsed, stretch))


def _seconds_read_back(parsed: ParsedMonitor, monitor: Json) -> float:
    """Return the seconds before an evaluation that its value depends on; infinity where the query does not say."""
    body, options = parsed.query.body, monitor.get("options") or {}
    if isinstance(body, MetricMonitor) and body.window.kind != "current":
        return float("inf") if function_names(body.expression) & ALGORITHMS else lookback(body, options)
    if isinstance(body, ChainMonitor) and parsed.query.type != "slo alert" and not is_metric_formula(options):
        last = body.call("last")
        if last is not None:
            return duration(parsed.query.text, last).seconds + float(options.get("evaluation_delay") or 0)
    return float("inf")


def _cut(signal: Signal, times: FloatArray) -> Signal:
    """Return the part of a signal at these times, which are consecutive in it."""
    if not times.size:
        return signal if not signal.times.size else _slice(signal, 0, 0)
    first = int(np.searchsorted(signal.times, times[0]))
    return _slice(signal, first, first + times.size)


def _slice(signal: Signal, first: int, end: int) -> Signal:
    part = slice(first, end)
    return Signal(
        signal.times[part], signal.by, signal.keys, signal.status[:, part], signal.values[:, part],
        signal.latest[:, part], signal.first[:, part], signal.default,
        None if signal.absent is None else signal.absent[part],
    )  # fmt: skip


def _behaviour(definitions: Definitions, monitor: Json, stretch: Stretch) -> list[tuple[object, ...]]:
    """Return the transitions of a monitor on a stretch."""
    start, end = float(stretch.times[0]), float(stretch.times[-1])
    timeline = run(definitions.account, stretch.telemetry, start, end, cache=stretch.cache)
    return [
        (transition.time, transition.group_name, transition.old, transition.new, transition.notify)
        for transition in timeline.transitions_of(monitor["id"])
    ]
