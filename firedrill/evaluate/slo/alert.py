"""Alerts on SLOs: error budget and burn rate (docs: service_level_objectives/burn_rate, error_budget)."""

import math

import numpy as np

from firedrill.evaluate.context import MeasureContext
from firedrill.evaluate.metric.windows import CELL, fold_windows
from firedrill.evaluate.model import Account, Json, Note, Refused
from firedrill.evaluate.signals import EMPTY, VALUE, Signal
from firedrill.evaluate.slo.budget import burn_is_reachable, burn_rate, largest_burn
from firedrill.evaluate.slo.indicator import indicator
from firedrill.evaluate.slo.sli import Sli
from firedrill.evaluate.telemetry import FloatArray
from firedrill.query import Query
from firedrill.query.chains import duration
from firedrill.query.tree import ChainMonitor


def measure_slo(query: Query, body: ChainMonitor, context: MeasureContext, times: FloatArray) -> Signal:
    """Return a signal of the consumed budget in percent, or of the smaller of two burn rates."""
    slo = _find_slo(context.account, body.argument.value)
    over = body.call("over")
    assert over is not None
    length = duration(query.text, over)
    target = _target(slo, length.text)
    _check_alert(slo, body, target, context)
    if body.head.text == "error_budget":
        sli, ends = _indicator(slo, context, times, length.seconds)
        notes = set(sli.notes)
        good, total = _window_sums(sli, ends, length.seconds)
        status = np.divide(100 * good, total, out=np.full(total.shape, 100.0), where=total > 0)
        values = 100.0 - 100.0 * (status - target) / (100.0 - target)
    else:
        long, short = body.call("long_window"), body.call("short_window")
        assert long is not None
        assert short is not None
        windows = [duration(query.text, call).seconds for call in (long, short)]
        sli, ends = _indicator(slo, context, times, max(windows))
        notes, burns = set(sli.notes), []
        for seconds in windows:
            window_good, window_total = _window_sums(sli, ends, max(sli.step, seconds))
            if not window_total.all():
                notes.add(Note("empty burn window", "a window without events counts as a burn rate of 0"))
            burns.append(burn_rate(window_good, window_total, target))
        values = np.minimum(*burns)
        _, total = _window_sums(sli, ends, max(sli.step, *windows))
        if not total.all():  # without events in the burn windows, the SLO's own decides whether there is data
            _, total = _window_sums(*_indicator(slo, context, times, length.seconds), length.seconds)
    has_data = total > 0
    status_row = np.where(has_data, VALUE, EMPTY).astype(np.int8)[None]
    latest = np.where(has_data, times, -np.inf)[None]
    return Signal(
        times, (), ((),), status_row, np.where(has_data, values, np.nan)[None], latest, first=latest, notes=notes
    )


def _indicator(slo: Json, context: MeasureContext, times: FloatArray, seconds: float) -> tuple[Sli, FloatArray]:
    """Return the SLI of the windows before the times, ``seconds`` long, and the ends of their last full slices."""
    start = math.floor(float(times[0]) / CELL) * CELL - seconds - 300.0
    sli = indicator(slo, context, start, math.floor(float(times[-1]) / CELL) * CELL)
    return sli, np.floor(times / sli.step) * sli.step


def _find_slo(account: Account, slo_id: str) -> Json:
    for slo in account.slos:
        if str(slo.get("id")) == slo_id:
            return slo
    raise Refused("slo alert", f"SLO {slo_id} is not in this account")


def _target(slo: Json, timeframe: str) -> float:
    for threshold in slo.get("thresholds") or []:
        if threshold.get("timeframe") == timeframe:
            return float(threshold["target"])
    if slo.get("target_threshold") is not None and slo.get("timeframe") in {None, timeframe}:
        return float(slo["target_threshold"])
    raise Refused("slo alert", f"SLO {slo.get('id')} has no target for {timeframe}")


def _window_sums(sli: Sli, ends: FloatArray, seconds: float) -> tuple[FloatArray, FloatArray]:
    """Return good and total amounts of the windows, ``seconds`` long, that end at these times."""
    size = round(seconds / CELL)
    rows = np.rint((ends - sli.ends[0]) / CELL).astype(np.int64) - size + 1
    return fold_windows(sli.good, size, np.add)[rows], fold_windows(sli.total, size, np.add)[rows]


def _check_alert(slo: Json, body: ChainMonitor, target: float, context: MeasureContext) -> None:
    if body.head.text == "burn_rate" and not burn_is_reachable(target, body.threshold.value):
        raise Refused(
            "burn_rate()", f"{body.threshold.text} is above the largest possible burn, {largest_burn(target):g}"
        )
    if slo.get("type") == "monitor":
        types = {str(monitor["id"]): monitor["type"] for monitor in context.account.monitors}
        for identifier in slo.get("monitor_ids") or []:
            if types.get(str(identifier)) not in {"query alert", "metric alert"}:
                raise Refused(
                    "slo alert",
                    f"member {identifier} is not a metric monitor: Datadog has no alerts on such an SLO",
                )
