"""SLOs: status, budgets, burn rates, corrections."""

from collections.abc import Callable
from typing import Any

import numpy as np

from firedrill.evaluate import indicators, slo
from firedrill.evaluate.engine import evaluate_at
from firedrill.evaluate.model import UNGROUPED, Account, Json
from firedrill.evaluate.telemetry import Recording, Series
from firedrill.evaluate.thresholds import holds
from firedrill.evaluate.timeline import Timeline
from firedrill.evaluate.uptime import missing_counts_as

Case = dict[str, Any]
MINUTE, DAY = 60, 86400
_LETTERS = {"O": "OK", "W": "WARN", "A": "ALERT", "N": "NO DATA"}


def error_budget(given: Case) -> Case:
    """What is left of a budget."""
    left = slo.remaining_percent(given["status"], given["target"])
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


def slo_alert(given: Case) -> Case:
    """An error budget or burn rate monitor on a metric SLO whose window holds these events."""
    from firedrill.query import parse
    from firedrill.query.tree import ChainMonitor

    body = parse("slo alert", given["query"]).body
    assert isinstance(body, ChainMonitor)
    over = body.step("over")
    assert over is not None
    definition = {**_metric_slo(given["target"], over.values()[0]), "id": body.argument.value}
    recording = _counts([(DAY - 30.0, given["good"], given["total"])])
    options = {"thresholds": given.get("thresholds") or {}}
    monitor = {"id": 1, "type": "slo alert", "query": given["query"], "options": options}
    timeline = evaluate_at(Account([monitor], [definition]), recording, [float(DAY)])
    status = slo.status_percent(given["good"], given["total"])
    assert status is not None
    consumed = 100 - slo.remaining_percent(status, given["target"])
    return {"status": status, "consumed_pct": consumed, "state": str(timeline.states(1)[UNGROUPED][0])}


def slo_metric(given: Case) -> Case:
    """Good and total by minute, with corrections."""
    recording = _counts([(one["m"] * MINUTE + 30.0, one["good"], one["total"]) for one in given["buckets"]])
    corrections = [
        {"slo_id": "id", "start": low * MINUTE, "end": high * MINUTE} for low, high in given.get("corrections") or []
    ]
    account = Account(corrections=corrections)
    end = (max(one["m"] for one in given["buckets"]) + 1) * MINUTE
    return {"status": slo.slo_status(_metric_slo(99, "7d"), account, recording, 0, end).sli}


def slo_monitor(given: Case) -> Case:
    """Members' states by minute, one letter each."""
    monitors = [{"id": int(name), "type": "query alert", "options": {}} for name in given["monitors"]]
    history = {
        name: {"history": [[(minute + 1) * 60.0, "*", _LETTERS[letter]] for minute, letter in enumerate(states)]}
        for name, states in given["monitors"].items()
    }
    end = max(len(states) for states in given["monitors"].values()) * MINUTE

    def status(members: list[str]) -> float | None:
        definition = {"id": "id", "type": "monitor", "monitor_ids": [int(name) for name in members]}
        context = indicators.SloContext(Account(monitors), Recording(), {"monitors": history}, Timeline())
        sli = indicators.indicator(definition, context, 0.0, float(end))
        return slo.status_percent(float(sli.good.sum()), float(sli.total.sum()))

    return {"per": {name: status([name]) for name in given["monitors"]}, "overall": status(list(given["monitors"]))}


def slo_slice(given: Case) -> Case:
    """Bad slices by group, of one value each."""
    minutes, total = int(given["slice_minutes"]), int(given["total_minutes"])
    slices = total // minutes
    series = []
    for group, bad in given["bad_slices"].items():
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
        return slo.slo_status(definition, Account(), Recording(series), 0, total * MINUTE).sli

    return {"per": {group: status(f"g:{group}") for group in given["bad_slices"]}, "overall": status("*")}


def slo_missing(given: Case) -> Case:
    """What missing data is to a monitor SLO."""
    return {"slo": missing_counts_as(given["monitor_setting"])}


def slice_up(given: Case) -> Case:
    """Whether one slice is up."""
    value = np.nan if given["value"] is None else float(given["value"])
    return {"uptime": bool(indicators.slice_is_up(np.array([value]), given["comparator"], given["threshold"])[0])}


def downtime_share(given: Case) -> Case:
    """The share of downtime when some of the SLO's time is corrected."""
    total, corrected, down = given["slo_minutes"], given["correction_minutes"], given["down_minutes"]
    corrections = [{"slo_id": "id", "start": 0, "end": corrected * MINUTE}]
    end = float(total * MINUTE)
    if given["type"] == "monitor":
        entries = [[float((corrected + 1) * MINUTE), "*", "ALERT"], [float((corrected + 1 + down) * MINUTE), "*", "OK"]]
        account = Account([{"id": 1, "type": "query alert", "options": {}}], corrections=corrections)
        definition: Json = {"id": "id", "type": "monitor", "monitor_ids": [1]}
        context = indicators.SloContext(account, Recording(), {"monitors": {"1": {"history": entries}}}, Timeline())
    else:
        bad = (corrected + np.arange(down)) * MINUTE + 30.0
        series = Series("v", "gauge", frozenset(), bad, np.zeros(down))
        query = {"formulas": [{"formula": "q"}], "queries": [{"name": "q", "query": "avg:v{*}"}]}
        specification = {"query": query, "comparator": ">", "threshold": 0.5, "query_interval_seconds": MINUTE}
        definition = {"id": "id", "type": "time_slice", "sli_specification": {"time_slice": specification}}
        context = indicators.SloContext(
            Account(corrections=corrections), Recording([series]), {"monitors": {}}, Timeline()
        )
    sli = indicators.indicator(definition, context, 0.0, end)
    status = slo.status_percent(float(sli.good.sum()), float(sli.total.sum()))
    assert status is not None
    return {"down_pct": 100 - status}


def burn_rate(given: Case) -> Case:
    """Two windows of good and total events."""
    burns = [
        float(slo.burn_rate(np.array([float(good)]), np.array([float(total)]), given["target"])[0])
        for good, total in (given["long"], given["short"])
    ]
    alert = all(holds(burn, given["op"], given["threshold"]) for burn in burns)
    return {"long_burn": burns[0], "short_burn": burns[1], "alert": alert}


def max_burn(given: Case) -> Case:
    """The largest burn rate."""
    return {"max": slo.largest_burn(given["target"])}


def burn_valid(given: Case) -> Case:
    """Whether a burn rate threshold can be reached."""
    return {"valid": slo.burn_is_valid(given["target"], given["threshold"] if "threshold" in given else given["burn"])}


def burn_table(given: Case) -> Case:
    """Short window in minutes and budget consumed in percent, for days, burn and long window in hours."""
    return {
        "rows": [
            [slo.short_window(hours) / 60, slo.consumed_percent(days, burn, hours)]
            for days, burn, hours in given["rows"]
        ]
    }


def depletion(given: Case) -> Case:
    """Days until a budget is spent."""
    return {"days_to_empty": slo.depletion(given["days"], given["burn"])}


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
