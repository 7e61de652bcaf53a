"""Status of an SLO over a window (docs: service_level_objectives)."""

import math
from dataclasses import dataclass
from typing import Literal

from firedrill.evaluate.context import MeasureContext
from firedrill.evaluate.metric.windows import CELL
from firedrill.evaluate.model import Account, Json, State
from firedrill.evaluate.slo.budget import remaining_percent, status_percent
from firedrill.evaluate.slo.indicator import indicator
from firedrill.evaluate.slo.sli import Sli
from firedrill.evaluate.telemetry import Telemetry

SloState = Literal["ok", "warning", "breached", "no_data"]


@dataclass(frozen=True)
class SloStatus:
    """An SLO over one window: the SLI in percent (None without events), budget left in percent, and its state."""

    sli: float | None
    good: float
    total: float
    target: float
    remaining: float | None
    state: SloState


def slo_history(
    slo: Json, account: Account, telemetry: Telemetry, start: float, end: float, *, state: State | None = None
) -> Sli:
    """Return the SLI of each minute from start to end. ``state`` holds the monitors' histories, for monitor SLOs."""
    low, high = math.floor(start / CELL) * CELL, math.ceil(end / CELL) * CELL
    context = MeasureContext(account, telemetry, (state or State()).data)
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
    """Return the status of an SLO over a window; the default target is that of its first threshold."""
    sli = slo_history(slo, account, telemetry, start, end, state=state)
    thresholds = slo.get("thresholds") or [
        {"target": slo.get("target_threshold"), "warning": slo.get("warning_threshold")}
    ]
    objective = float(thresholds[0]["target"]) if target is None else target
    warning = thresholds[0].get("warning")
    good, total = float(sli.good.sum()), float(sli.total.sum())
    percent = status_percent(good, total)
    return SloStatus(
        sli=percent,
        good=good,
        total=total,
        target=objective,
        remaining=None if percent is None else remaining_percent(percent, objective),
        state=_state(percent, objective, None if warning is None else float(warning)),
    )


def _state(percent: float | None, target: float, warning: float | None) -> SloState:
    """Return the state; a warning threshold lies above the target."""
    if percent is None:
        return "no_data"
    if percent < target:
        return "breached"
    return "warning" if warning is not None and percent < warning else "ok"
