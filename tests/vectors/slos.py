"""Kinds of SLOs: status, budgets, burn rates, corrections."""

from collections.abc import Callable
from typing import Any

import numpy as np

from firedrill.evaluate.context import MeasureContext
from firedrill.evaluate.evaluation import evaluate_at
from firedrill.evaluate.model import UNGROUPED, Account, Json
from firedrill.evaluate.slo import budget
from firedrill.evaluate.slo.indicator import indicator, slice_is_up
from firedrill.evaluate.slo.status import slo_status
from firedrill.evaluate.slo.uptime import no_data_is_down
from firedrill.evaluate.state.thresholds import holds
from firedrill.evaluate.telemetry import Recording, Series
from firedrill.query import parse
from firedrill.query.tree import ChainMonitor

Case = dict[str, Any]
MINUTE, DAY = 60, 86400
_LETTERS = {"O": "OK", "W": "WARN", "A": "ALERT", "N": "NO DATA"}


def error_budget(inputs: Case) -> Case:
    """Return the remaining and the consumed budget."""
    left = budget.remaining_percent(inputs["status"], inputs["target"])
    return {"remaining_pct": left, "consumed_pct": 100 - left}


def _counts(buckets: list[tuple[float, float, float]]) -> Recording:
    times = np.array([time for time, _, _ in buckets])
    rows = {"good": [good for _, good, _ in buckets], "total": [total for _, _, total in buckets]}
    return Recording(
        [Series(name, "count", frozenset(), times, np.array(values, float), 60) for name, values in rows.items()]
    )


def _metric_slo(target: float, timeframe: str) -> Json:
    return {
        "id": "id",
        "type": "metric",
        "query": {"numerator": "sum:good{*}.as_count()", "denominator": "sum:total{*}.as_count()"},
        "thresholds": [{"timeframe": timeframe, "target": target}],
    }


def slo_alert(inputs: Case) -> Case:
    """Evaluate an error budget or burn rate monitor on a metric SLO whose window holds these events."""
    body = parse("slo alert", inputs["query"]).body
    assert isinstance(body, ChainMonitor)
    over = body.call("over")
    assert over is not None
    definition = {**_metric_slo(inputs["target"], over.values()[0]), "id": body.argument.value}
    recording = _counts([(DAY - 30.0, inputs["good"], inputs["total"])])
    options = {"thresholds": inputs.get("thresholds") or {}}
    monitor = {"id": 1, "type": "slo alert", "query": inputs["query"], "options": options}
    timeline = evaluate_at(Account([monitor], [definition]), recording, [float(DAY)])
    status = budget.status_percent(inputs["good"], inputs["total"])
    assert status is not None
    consumed = 100 - budget.remaining_percent(status, inputs["target"])
    return {"status": status, "consumed_pct": consumed, "state": str(timeline.states(1)[UNGROUPED][0])}


def slo_metric(inputs: Case) -> Case:
    """Return the status of a metric SLO, with corrections."""
    recording = _counts(
        [(bucket["m"] * MINUTE + 30.0, bucket["good"], bucket["total"]) for bucket in inputs["buckets"]]
    )
    corrections = [
        {"slo_id": "id", "start": low * MINUTE, "end": high * MINUTE} for low, high in inputs.get("corrections") or []
    ]
    account = Account(corrections=corrections)
    end = (max(bucket["m"] for bucket in inputs["buckets"]) + 1) * MINUTE
    return {"status": slo_status(_metric_slo(99, "7d"), account, recording, 0, end).sli}


def slo_monitor(inputs: Case) -> Case:
    """Return the status of a monitor SLO; its members' states are one letter a minute."""
    monitors = [{"id": int(name), "type": "query alert", "options": {}} for name in inputs["monitors"]]
    history = {
        name: {"history": [[(minute + 1) * 60.0, "*", _LETTERS[letter]] for minute, letter in enumerate(states)]}
        for name, states in inputs["monitors"].items()
    }
    end = max(len(states) for states in inputs["monitors"].values()) * MINUTE

    def status(members: list[str]) -> float | None:
        definition = {"id": "id", "type": "monitor", "monitor_ids": [int(name) for name in members]}
        context = MeasureContext(Account(monitors), Recording(), {"monitors": history})
        sli = indicator(definition, context, 0.0, float(end))
        return budget.status_percent(float(sli.good.sum()), float(sli.total.sum()))

    return {"per": {name: status([name]) for name in inputs["monitors"]}, "overall": status(list(inputs["monitors"]))}


def slo_slice(inputs: Case) -> Case:
    """Return the status of a time slice SLO with bad slices by group."""
    minutes, total = int(inputs["slice_minutes"]), int(inputs["total_minutes"])
    slices = total // minutes
    series = []
    for group, bad in inputs["bad_slices"].items():
        values = np.ones(slices)
        values[bad] = 0.0
        times = np.array([(place + 0.5) * minutes * MINUTE for place in range(slices)])
        series.append(Series("v", "gauge", frozenset({f"g:{group}"}), times, values))

    def status(scope: str) -> float | None:
        query = {
            "formulas": [{"formula": "q"}],
            "queries": [{"name": "q", "data_source": "metrics", "query": f"avg:v{{{scope}}} by {{g}}"}],
        }
        specification = {
            "query": query,
            "comparator": ">",
            "threshold": 0.5,
            "query_interval_seconds": minutes * MINUTE,
        }
        definition = {
            "id": "id",
            "type": "time_slice",
            "sli_specification": {"time_slice": specification},
            "thresholds": [{"timeframe": "7d", "target": 99}],
        }
        return slo_status(definition, Account(), Recording(series), 0, total * MINUTE).sli

    return {"per": {group: status(f"g:{group}") for group in inputs["bad_slices"]}, "overall": status("*")}


def slo_missing(inputs: Case) -> Case:
    """Return how a monitor SLO counts missing data, by the member's setting.

    ``last_known:STATE`` and ``zero:STATE`` follow the state that the monitor then has.
    """
    setting, _, state = inputs["monitor_setting"].partition(":")
    down = no_data_is_down({"on_missing_data": setting}) or state.strip().upper() == "ALERT"
    return {"slo": "downtime" if down else "uptime"}


def slice_up(inputs: Case) -> Case:
    """Return whether a slice is up."""
    value = np.nan if inputs["value"] is None else float(inputs["value"])
    return {"uptime": bool(slice_is_up(np.array([value]), inputs["comparator"], inputs["threshold"])[0])}


def downtime_share(inputs: Case) -> Case:
    """Return the share of downtime when some of the SLO's time is corrected."""
    total, corrected, down = inputs["slo_minutes"], inputs["correction_minutes"], inputs["down_minutes"]
    corrections = [{"slo_id": "id", "start": 0, "end": corrected * MINUTE}]
    end = float(total * MINUTE)
    if inputs["type"] == "monitor":
        entries = [[float((corrected + 1) * MINUTE), "*", "ALERT"], [float((corrected + 1 + down) * MINUTE), "*", "OK"]]
        account = Account([{"id": 1, "type": "query alert", "options": {}}], corrections=corrections)
        definition: Json = {"id": "id", "type": "monitor", "monitor_ids": [1]}
        context = MeasureContext(account, Recording(), {"monitors": {"1": {"history": entries}}})
    else:
        bad = (corrected + np.arange(down)) * MINUTE + 30.0
        series = Series("v", "gauge", frozenset(), bad, np.zeros(down))
        query = {"formulas": [{"formula": "q"}], "queries": [{"name": "q", "query": "avg:v{*}"}]}
        specification = {"query": query, "comparator": ">", "threshold": 0.5, "query_interval_seconds": MINUTE}
        definition = {"id": "id", "type": "time_slice", "sli_specification": {"time_slice": specification}}
        context = MeasureContext(Account(corrections=corrections), Recording([series]), {"monitors": {}})
    sli = indicator(definition, context, 0.0, end)
    status = budget.status_percent(float(sli.good.sum()), float(sli.total.sum()))
    assert status is not None
    return {"down_pct": 100 - status}


def burn_rate(inputs: Case) -> Case:
    """Return the burn rates of two windows and whether both breach."""
    burns = [
        float(budget.burn_rate(np.array([float(good)]), np.array([float(total)]), inputs["target"])[0])
        for good, total in (inputs["long"], inputs["short"])
    ]
    alert = all(holds(burn, inputs["op"], inputs["threshold"]) for burn in burns)
    return {"long_burn": burns[0], "short_burn": burns[1], "alert": alert}


def max_burn(inputs: Case) -> Case:
    """Return the largest burn rate."""
    return {"max": budget.largest_burn(inputs["target"])}


def burn_valid(inputs: Case) -> Case:
    """Return whether a burn rate threshold can be reached."""
    return {
        "valid": budget.burn_is_reachable(
            inputs["target"], inputs["threshold"] if "threshold" in inputs else inputs["burn"]
        )
    }


def burn_table(inputs: Case) -> Case:
    """Return short window (minutes) and consumed budget (percent) for days, burn rate and long window (hours)."""
    return {"rows": [[hours * 60 / 12, burn * hours / (days * 24) * 100] for days, burn, hours in inputs["rows"]]}


def depletion(inputs: Case) -> Case:
    """Return the days until a budget is spent."""
    days, burn = inputs["days"], inputs["burn"]
    return {"days_to_empty": days / burn if burn > 0 else float("inf")}


KINDS: dict[str, Callable[[Case], Case]] = {
    "error_budget": error_budget,
    "slo_alert": slo_alert,
    "slo_metric": slo_metric,
    "slo_monitor": slo_monitor,
    "slo_slice": slo_slice,
    "slo_missing": slo_missing,
    "slice": slice_up,
    "downtime_share": downtime_share,
    "burn_rate": burn_rate,
    "max_burn": max_burn,
    "burn_valid": burn_valid,
    "burn_table": burn_table,
    "depletion": depletion,
}
