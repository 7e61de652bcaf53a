"""Benchmark of a month of evaluations: ``python -m benchmarks.evaluator``.

Measures a monitor of each kind over 30 days at 1-minute steps, a naive program for the first of them, promtool on
equivalent rules and the same series, the growth at 1, 10 and 100 times the groups, days and monitors, and every monitor
of the stack. Writes the result to docs/benchmarks.md, between its markers.
"""

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from firedrill.evaluate import Account, Event, Recording, Series, run
from firedrill.prove.collect import from_program
from firedrill.prove.months import BEGIN, month
from firedrill.prove.ordinary import load

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"

MINUTE, DAY = 60, 86400
QUERIES = {
    "average, 5 minutes": ("query alert", "avg(last_5m):avg:app.q{*} > 65"),
    "average, 4 hours": ("query alert", "avg(last_4h):avg:app.q{*} > 65"),
    "average, 1 day": ("query alert", "avg(last_1d):avg:app.q{*} > 65"),
    "four groups": ("query alert", "max(last_5m):avg:app.q{*} by {host} > 69"),
    "ratio of counts": (
        "query alert",
        "sum(last_10m):sum:app.errors{*}.as_count() / sum:app.hits{*}.as_count() > 0.12",
    ),
    "p95, 5 minutes": ("query alert", "percentile(last_5m):p95:app.latency{*} > 3"),
    "p95, 4 hours": ("query alert", "percentile(last_4h):p95:app.latency{*} > 3"),
    "change over an hour": ("query alert", "change(avg(last_5m),1h_ago):avg:app.q{*} > 15"),
    "explicit rollup": ("query alert", "avg(last_1h):avg:app.q{host:0}.rollup(max, 300) > 69"),
    "counter deltas": ("query alert", "sum(last_1h):monotonic_diff(max:app.q{host:0}) > 500"),
    "logs by model": ("log alert", 'logs("status:error").index("*").rollup("count").by("@model").last("5m") > 2'),
    "burn rate": ("slo alert", 'burn_rate("s").over("30d").long_window("1h").short_window("5m") > 1.2'),
}


def monitor(identifier: int, type: str, query: str) -> dict[str, Any]:
    """Return a monitor's API JSON."""
    return {"id": identifier, "type": type, "query": query, "options": {}, "tags": [], "message": "", "name": "n"}


SLO = {
    "id": "s",
    "type": "metric",
    "query": {
        "numerator": "sum:app.hits{*}.as_count() - sum:app.errors{*}.as_count()",
        "denominator": "sum:app.hits{*}.as_count()",
    },
    "thresholds": [{"timeframe": "30d", "target": 90}],
}


def recording(days: int, hosts: int = 4) -> Recording:
    """Return points each minute, 20 raw latencies a minute, a log every two minutes."""
    rng = np.random.default_rng(1)
    times = np.arange(1, days * 1440 + 1, dtype=np.float64) * MINUTE
    series = []
    for host in range(hosts):
        tags = frozenset({f"host:{host}"})
        level = 50 + 20 * np.sin(times / DAY * 2 * np.pi) + rng.normal(0, 3, times.size)
        series.append(Series("app.q", "gauge", tags, times, level))
        hits = rng.integers(50, 100, times.size).astype(np.float64)
        series.append(Series("app.hits", "count", tags, times, hits, MINUTE))
        series.append(
            Series("app.errors", "count", tags, times, np.floor(hits * rng.uniform(0, 0.2, times.size)), MINUTE)
        )
    raw = np.sort(rng.uniform(0, days * DAY, days * 1440 * 20))
    series.append(Series("app.latency", "distribution", frozenset(), raw, rng.gamma(2, 0.5, raw.size)))
    logs = [
        Event(float(at), "logs", {"status": status, "tags": [], "attributes": {"model": model}})
        for at, status, model in zip(
            times[::2],
            rng.choice(["error", "info"], times.size // 2),
            rng.choice(["a", "b"], times.size // 2),
            strict=True,
        )
    ]
    return Recording(series, logs)


def seconds(account: Account, telemetry: Recording, days: int, turns: int = 3) -> float:
    """Return the processor seconds of a run over these days: the best of some turns."""
    best = float("inf")
    for _ in range(turns):
        begin = time.process_time()
        run(account, telemetry, MINUTE, days * DAY)
        best = min(best, time.process_time() - begin)
    return best


def naive(telemetry: Recording, days: int) -> float:
    """Return the processor seconds of a naive program for the first query: a list comprehension for each minute."""
    begin = time.process_time()
    rows = [dict(zip(series.times, series.values, strict=True)) for series in telemetry.series("app.q", 0, days * DAY)]
    alerts = 0
    for minute in range(1, days * 1440 + 1):
        window = range(max(1, minute - 4), minute + 1)
        points = [sum(values) / len(values) for at in window if (values := [row[at * 60.0] for row in rows])]
        alerts += sum(points) / len(points) > 65
    return time.process_time() - begin


PROMETHEUS = {
    "average, 5 minutes": "avg_over_time((avg(a))[4m:1m]) > 65",
    "average, 4 hours": "avg_over_time((avg(a))[239m:1m]) > 65",
    "ratio of counts": "sum(sum_over_time(errors[9m59s])) / sum(sum_over_time(hits[9m59s])) > 0.12",
}
"""Equivalent rules, over the same series with shorter names."""


def promtool(expression: str, telemetry: Recording, days: int) -> float | None:
    """Return the processor seconds of ``promtool test rules`` for a rule on the same series; None without promtool.

    The time to read the series, measured with a rule that evaluates nothing, is subtracted.
    """
    tool = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if tool is None:
        return None
    inputs = [
        {
            "series": f'{metric.removeprefix("app.").replace("q", "a")}{{host="{place}"}}',
            "values": "_ " + " ".join(f"{value:g}" for value in series.values),
        }
        for metric in ("app.q", "app.hits", "app.errors")
        for place, series in enumerate(telemetry.series(metric, 0, days * DAY))
    ]
    took = []
    for evaluated in (expression, "vector(0) > 1"):
        with tempfile.TemporaryDirectory() as folder:
            rules = {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": evaluated}]}]}
            (Path(folder) / "rules.json").write_text(json.dumps(rules))
            check = {"eval_time": f"{days * 1440}m", "alertname": "none", "exp_alerts": []}
            test = {"interval": "1m", "input_series": inputs, "alert_rule_test": [check]}
            document = {"rule_files": ["rules.json"], "evaluation_interval": "1m", "tests": [test]}
            (Path(folder) / "test.json").write_text(json.dumps(document))
            begin = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([tool, "test", "rules", "test.json"], cwd=folder, check=True, capture_output=True)
            end = resource.getrusage(resource.RUSAGE_CHILDREN)
            took.append(end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime)
    return took[0] - took[1]


def stack_monitors() -> list[str]:
    """Run every monitor of the stack over an ordinary month; return the report's line."""
    definitions = from_program(ROOT, "local")
    telemetry = month(load(ROOT / "drills" / "ordinary.yaml"), 0)
    account = definitions.account
    end = BEGIN + 30 * DAY - MINUTE
    begin = time.process_time()
    run(account, telemetry, BEGIN, end)
    took = time.process_time() - begin
    count = len(account.monitors)
    return [f"All {count} monitors of the stack over an ordinary month: {took:.1f} s, {took / count:.2f} s each."]


def kinds(telemetry: Recording, days: int) -> list[str]:
    """Return a row for each kind of monitor, with promtool and, for the first kind, the naive program."""
    rows = ["| monitor | Firedrill | other | ratio |", "|---|---|---|---|"]
    for place, (name, (type, query)) in enumerate(QUERIES.items()):
        own = seconds(Account([monitor(place, type, query)], [SLO]), telemetry, days)
        other = promtool(PROMETHEUS[name], telemetry, days) if name in PROMETHEUS else None
        shown = f"promtool {other:.2f} s | **{other / own:.0f} x**" if other is not None else " | "
        rows.append(f"| {name} | {own:.3f} s | {shown} |")
        if place == 0:
            slow = naive(telemetry, days)
            rows.append(f"| the same | {own:.3f} s | a list comprehension a minute {slow:.2f} s | {slow / own:.0f} x |")
    return rows


def growth(telemetry: Recording, days: int) -> list[str]:
    """Return rows with the times at 1, 10 and 100 times the groups, days and monitors, and the ratio of the last."""
    rows = ["| | 1 | 10 | 100 | ratio for 100 times |", "|---|---|---|---|---|"]
    simple = QUERIES["average, 5 minutes"]

    def groups(factor: int) -> float:
        return seconds(Account([monitor(0, *QUERIES["four groups"])]), recording(1, 4 * factor), 1)

    def longer(factor: int) -> float:
        return seconds(Account([monitor(0, *simple)]), recording(3 * factor, 1), 3 * factor)

    def more(factor: int) -> float:
        many = Account([monitor(place, *simple) for place in range(factor)])
        return seconds(many, telemetry, days, turns=1 if factor == 100 else 3)

    for name, measure in (("4 groups, a day", groups), ("3 days", longer), (f"one monitor, {days} days", more)):
        took = [measure(factor) for factor in (1, 10, 100)]
        rows.append(f"| {name} | {' | '.join(f'{duration:.3f} s' for duration in took)} | {took[2] / took[0]:.0f} x |")
    return rows


def page_with(text: str) -> str:
    """Return the page with a text between its markers."""
    page = PAGE.read_text()
    begin, end = "<!-- evaluator -->", "<!-- /evaluator -->"
    assert page.count(begin) == page.count(end) == 1
    return f"{page.partition(begin)[0]}{begin}\n\n{text}\n\n{end}{page.partition(end)[2]}"


def main() -> None:
    """Measure, print, and write the page."""
    days = 30
    telemetry = recording(days)
    version = platform.python_version()
    text = [
        f"Processor seconds for {days} days at 1-minute steps ({days * 1440:,} evaluations), the best of three turns; "
        f"the time that promtool takes to read the series is subtracted (Python {version}, NumPy {np.__version__}, "
        f"{platform.machine()}).",
        "",
        *kinds(telemetry, days),
        "",
        *growth(telemetry, days),
        "",
        *stack_monitors(),
    ]
    if promtool("vector(1) > 2", recording(1, 1), 1) is None:
        text += ["", "promtool is missing: no comparison with Prometheus."]
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    text += ["", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit:.0f} MB of memory at most."]
    sys.stdout.write("\n".join(text) + "\n")
    PAGE.write_text(page_with("\n".join(text)))


if __name__ == "__main__":
    main()
