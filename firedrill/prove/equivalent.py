"""Which faults nothing can tell apart: they do the same on 200 random series and on an ordinary month.

Most such faults are seen without taking the faulty monitor through its states (:mod:`firedrill.evaluate.alike`), and
the signals of many random series are measured at once: they lie a day apart on the clock, which is further than most
monitors look back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from firedrill.drill.account import Definitions
from firedrill.evaluate import Memo, Recording, Timeline, run
from firedrill.evaluate.alike import alike
from firedrill.evaluate.event_queries import is_metric_formula
from firedrill.evaluate.expression import SPECIAL, calls
from firedrill.evaluate.indicators import SloContext
from firedrill.evaluate.measure import Plan, measure, plan
from firedrill.evaluate.metrics import lookback
from firedrill.evaluate.model import Json
from firedrill.evaluate.schedule import due
from firedrill.evaluate.signals import Signal
from firedrill.evaluate.telemetry import FloatArray
from firedrill.prove.months import BEGIN, month, random_series, together
from firedrill.prove.mutants import Mutant
from firedrill.prove.proof import only
from firedrill.prove.reads import found_by, mutated, with_members
from firedrill.prove.signals import DAY, MINUTE, Ordinary
from firedrill.query.chains import duration
from firedrill.query.tree import ChainMonitor, MetricMonitor

RANDOM_SERIES = 200
RANDOM_MINUTES = 480
AT_ONCE = 25
"""Random series that are measured together."""
APART = (DAY - RANDOM_MINUTES) * MINUTE - 4 * 3600
"""Seconds that a monitor may look back without seeing the random series before; buckets may add up to 4 hours."""


@dataclass(frozen=True)
class Stretch:
    """Telemetry and the times of the evaluations on it."""

    telemetry: Recording
    times: FloatArray
    memo: Memo


@dataclass
class Stretches:
    """Some of them, one after the other, and all as one. ``behaved``: what the original does, by their number."""

    parts: Sequence[Stretch]
    whole: Stretch
    behaved: dict[int, object] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Sequence[Stretch]) -> "Stretches":
        """From their parts."""
        if len(parts) == 1:
            return cls(parts, parts[0])
        telemetry = together([one.telemetry for one in parts])
        return cls(parts, Stretch(telemetry, np.concatenate([one.times for one in parts]), Memo(telemetry)))


def stretch(telemetry: Recording, start: float, minutes: int) -> Stretch:
    """Evaluations at each minute."""
    return Stretch(telemetry, start + MINUTE * np.arange(minutes, dtype=np.float64), Memo(telemetry))


def indistinguishable(
    definitions: Definitions, monitor: Json, survivors: Sequence[Mutant], ordinary: Ordinary
) -> list[Mutant]:
    """Those that behave the same on the random series and on an ordinary month, which takes longest."""
    left = list(survivors)
    known = found_by(definitions, [monitor, *(one.monitor for one in survivors)], ordinary)
    for first in range(0, RANDOM_SERIES, AT_ONCE):
        if left:
            parts = [_random(known, seed) for seed in range(first, first + AT_ONCE)]
            left = _left(definitions, monitor, left, Stretches.of(parts))
    if left:
        left = _left(definitions, monitor, left, Stretches.of([stretch(month(known, 0), BEGIN, 30 * DAY)]))
    return left


def _random(ordinary: Ordinary, seed: int) -> Stretch:
    return stretch(random_series(ordinary, seed, RANDOM_MINUTES), BEGIN + 86400 * seed, RANDOM_MINUTES)


def _left(definitions: Definitions, monitor: Json, mutants: Sequence[Mutant], on: Stretches) -> list[Mutant]:
    """The mutants that do the same as the original on each of these stretches."""
    original = only(definitions, with_members(definitions, monitor))
    ours = Measured(original, monitor, on)

    def same(mutant: Mutant) -> bool:
        faulty = mutated(definitions, mutant)
        theirs = Measured(faulty, mutant.monitor, on)
        for place, one in enumerate(on.parts):
            if mutant.test is None and ours.must_do_as(theirs, place):
                continue
            if place not in on.behaved:
                on.behaved[place] = _behaviour(_run(original, one), monitor)
            if _behaviour(_run(faulty, one), monitor) != on.behaved[place]:
                return False
        return True

    return [one for one in mutants if same(one)]


class Measured:
    """A monitor's signal on each of some stretches, measured when it is asked for."""

    def __init__(self, definitions: Definitions, monitor: Json, on: Stretches) -> None:
        self.definitions, self.monitor, self.on = definitions, monitor, on
        alone = len(definitions.account.monitors) == 1 and monitor["type"] != "synthetics alert"
        self.plan = plan(monitor) if alone else None  # the states of other monitors are no signal
        self._signals: dict[int, Signal] = {}

    def must_do_as(self, other: "Measured", place: int) -> bool:
        """Whether both must do the same on a stretch, by their signals alone."""
        if self.plan is None or other.plan is None:
            return False
        return alike(self.plan.rules, self.at(place), other.plan.rules, other.at(place))

    def at(self, place: int) -> Signal:
        """The signal on one stretch."""
        if place not in self._signals:
            assert self.plan is not None
            if _looks_back(self.plan, self.monitor) <= APART:
                whole = self._measured(self.plan, self.on.whole)
                self._signals = {at: _cut(whole, self._due(self.plan, one)) for at, one in enumerate(self.on.parts)}
            else:
                self._signals[place] = self._measured(self.plan, self.on.parts[place])
        return self._signals[place]

    def _due(self, prepared: Plan, on: Stretch) -> FloatArray:
        return due(prepared.query, self.monitor.get("options") or {}, on.times)

    def _measured(self, prepared: Plan, on: Stretch) -> Signal:
        context = SloContext(self.definitions.account, on.telemetry, {"monitors": {}}, Timeline(), on.memo)
        return measure(prepared, self.monitor, context, self._due(prepared, on))


def _looks_back(prepared: Plan, monitor: Json) -> float:
    """Seconds before an evaluation that its value depends on; infinity where a query alone does not say."""
    body, options = prepared.query.body, monitor.get("options") or {}
    if isinstance(body, MetricMonitor) and not calls(body.expression) & SPECIAL and body.window.kind != "current":
        return lookback(body, options)
    if isinstance(body, ChainMonitor) and prepared.query.type != "slo alert" and not is_metric_formula(options):
        last = body.step("last")
        if last is not None:
            return duration(prepared.query.text, last).seconds + float(options.get("evaluation_delay") or 0)
    return float("inf")


def _cut(signal: Signal, times: FloatArray) -> Signal:
    """The part at these times, which follow each other in the signal."""
    if not times.size:
        return signal if not signal.times.size else _sliced(signal, 0, 0)
    first = int(np.searchsorted(signal.times, times[0]))
    return _sliced(signal, first, first + times.size)


def _sliced(signal: Signal, first: int, end: int) -> Signal:
    part = slice(first, end)
    return Signal(
        signal.times[part], signal.by, signal.keys, signal.status[:, part], signal.values[:, part],
        signal.latest[:, part], signal.first[:, part], signal.default,
        None if signal.absent is None else signal.absent[part],
    )  # fmt: skip


def _run(definitions: Definitions, on: Stretch) -> Timeline:
    return run(definitions.account, on.telemetry, float(on.times[0]), float(on.times[-1]), memo=on.memo)


def _behaviour(timeline: Timeline, monitor: Json) -> list[tuple[object, ...]]:
    return [(one.time, one.group_name, one.old, one.new, one.notify) for one in timeline.of(monitor["id"])]
