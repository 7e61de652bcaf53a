"""Budgets and burn rates of service level objectives, and alerts on them (docs: service_level_objectives)."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from firedrill.evaluate.indicators import Sli, SloContext, indicator
from firedrill.evaluate.model import Account, Json, Note, Refused, State
from firedrill.evaluate.signals import EMPTY, VALUE, Signal
from firedrill.evaluate.telemetry import FloatArray, Telemetry
from firedrill.evaluate.timeline import Timeline
from firedrill.evaluate.windows import CELL, windowed
from firedrill.query import Query
from firedrill.query.chains import duration
from firedrill.query.tree import ChainMonitor


@dataclass(frozen=True)
class SloStatus:
    """An SLO over one window: the SLI in percent (None without events), budget left in percent, and its state."""

    sli: float | None
    good: float
    total: float
    target: float
    remaining: float | None
    state: Literal["ok", "warning", "breached", "no_data"]


def status_percent(good: float, total: float) -> float | None:
    """The SLI in percent; zero events have none."""
    return 100.0 * good / total if total > 0 else None


def remaining_percent(status: float, target: float) -> float:
    """Budget left in percent of the budget; negative once it is overspent."""
    return 100.0 * (status - target) / (100.0 - target)


def burn_rate(good: FloatArray, total: FloatArray, target: float) -> FloatArray:
    """Error rate over allowed error rate; 0 without events (undocumented)."""
    bad = np.divide(total - good, total, out=np.zeros(total.shape), where=total > 0)
    return bad * 100.0 / (100.0 - target)


def largest_burn(target: float) -> float:
    """The burn rate when everything fails."""
    return 100.0 / (100.0 - target)


def short_window(long_hours: float) -> float:
    """Seconds of the short window that belongs to a long one: a twelfth."""
    return long_hours * 3600 / 12


def consumed_percent(days: float, burn: float, long_hours: float) -> float:
    """Percent of the budget that a burn rate spends in its long window."""
    return burn * long_hours / (days * 24) * 100


def depletion(days: float, burn: float) -> float:
    """Days until the whole budget is spent; infinity at no burn."""
    return days / burn if burn > 0 else float("inf")


def slo_state(
    status: float | None, target: float, warning: float | None
) -> Literal["ok", "warning", "breached", "no_data"]:
    """Under the target is breached, under the warning is warning; a warning stands above the target."""
    if status is None:
        return "no_data"
    if status < target:
        return "breached"
    return "warning" if warning is not None and status < warning else "ok"


def find_slo(account: Account, slo_id: str) -> Json:
    """An SLO of the account."""
    for slo in account.slos:
        if str(slo.get("id")) == slo_id:
            return slo
    raise Refused("slo alert", f"SLO {slo_id} is not in this account")


def target_of(slo: Json, timeframe: str) -> tuple[float, float | None]:
    """Target and warning of a timeframe."""
    for threshold in slo.get("thresholds") or []:
        if threshold.get("timeframe") == timeframe:
            warning = threshold.get("warning")
            return float(threshold["target"]), None if warning is None else float(warning)
    if slo.get("target_threshold") is not None and slo.get("timeframe") in {None, timeframe}:
        warning = slo.get("warning_threshold")
        return float(slo["target_threshold"]), None if warning is None else float(warning)
    raise Refused("slo alert", f"SLO {slo.get('id')} has no target for {timeframe}")


def measure_slo(query: Query, body: ChainMonitor, context: SloContext, times: FloatArray) -> Signal:
    """Consumed budget in percent, or the smaller of two burn rates, at the times."""
    slo = find_slo(context.account, body.argument.value)
    over = body.step("over")
    assert over is not None
    length = duration(query.text, over)
    target, _ = target_of(slo, length.text)
    _check_alert(slo, body, target, context)
    start = math.floor(float(times[0]) / CELL) * CELL - length.seconds - 300.0
    sli = indicator(slo, context, start, math.floor(float(times[-1]) / CELL) * CELL)
    notes = set(sli.notes)
    ends = np.floor(times / sli.step) * sli.step
    good, total = _over(sli, ends, length.seconds)
    if body.head.text == "error_budget":
        status = np.divide(100 * good, total, out=np.full(total.shape, 100.0), where=total > 0)
        values = 100.0 - 100.0 * (status - target) / (100.0 - target)
    else:
        long, short = body.step("long_window"), body.step("short_window")
        assert long is not None
        assert short is not None
        burns = []
        for step in (long, short):
            seconds = duration(query.text, step).seconds
            part = _over(sli, ends, max(sli.step, seconds))
            if not part[1].all():
                notes.add(Note("empty burn window", "a window without events counts as a burn rate of 0"))
            burns.append(burn_rate(*part, target))
        values = np.minimum(*burns)
    some = total > 0
    state = np.where(some, VALUE, EMPTY).astype(np.int8)[None]
    latest = np.where(some, times, -np.inf)[None]
    return Signal(times, (), ((),), state, np.where(some, values, np.nan)[None], latest, latest, notes=notes)


def _over(sli: Sli, ends: FloatArray, seconds: float) -> tuple[FloatArray, FloatArray]:
    size = round(seconds / CELL)
    rows = np.rint((ends - sli.ends[0]) / CELL).astype(np.int64) - size + 1
    return windowed(sli.good, size, np.add)[rows], windowed(sli.total, size, np.add)[rows]


def _check_alert(slo: Json, body: ChainMonitor, target: float, context: SloContext) -> None:
    if body.head.text == "burn_rate" and not burn_is_valid(target, body.threshold.value):
        raise Refused(
            "burn_rate()", f"{body.threshold.text} is above the largest possible burn, {largest_burn(target):g}"
        )
    if slo.get("type") == "monitor":
        known = {str(monitor["id"]): monitor["type"] for monitor in context.account.monitors}
        for identifier in slo.get("monitor_ids") or []:
            if known.get(str(identifier)) not in {"query alert", "metric alert"}:
                raise Refused(
                    "slo alert", f"member {identifier} is no metric monitor: Datadog has no alerts on such an SLO"
                )


def burn_is_valid(target: float, threshold: float) -> bool:
    """Whether a burn rate can be reached at all."""
    return threshold <= largest_burn(target) * (1 + 1e-9)


def slo_history(
    slo: Json, account: Account, telemetry: Telemetry, start: float, end: float, *, state: State | None = None
) -> Sli:
    """The SLI of each minute from start to end. ``state`` holds the monitors' histories, for monitor SLOs."""
    low, high = math.floor(start / CELL) * CELL, math.ceil(end / CELL) * CELL
    context = SloContext(account, telemetry, (state or State()).data, Timeline())
    return indicator(slo, context, float(low), float(high))


def slo_status(
    slo: Json,
    account: Account,
    telemetry: Telemetry,
    start: float,
    end: float,
    *,
    target: float | None = None,
    state: State | None = None,
) -> SloStatus:
    """An SLO over a window; without a target that of its first threshold."""
    sli = slo_history(slo, account, telemetry, start, end, state=state)
    thresholds = slo.get("thresholds") or [
        {"target": slo.get("target_threshold"), "warning": slo.get("warning_threshold")}
    ]
    objective = float(thresholds[0]["target"]) if target is None else target
    warning = thresholds[0].get("warning")
    good, total = float(sli.good.sum()), float(sli.total.sum())
    percent = status_percent(good, total)
    left = None if percent is None else remaining_percent(percent, objective)
    return SloStatus(
        percent,
        good,
        total,
        objective,
        left,
        slo_state(percent, objective, None if warning is None else float(warning)),
    )
