"""Monitors with a Prometheus equivalent fire in the same minutes as ``promtool test rules`` on the same series.

A Prometheus range is closed at both ends, so a window of N minutes is written one second shorter. promtool comes with
Debian's prometheus package; without it (on PATH, or named by PROMTOOL) these tests are skipped.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from firedrill.evaluate import Account, Recording, Series, run
from firedrill.evaluate.telemetry import FloatArray
from tests.unit.evaluate.accounts import MINUTE, monitor

PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")
MINUTES = 90
RULES = [
    ("avg(last_5m):avg:a{host:x} > 55", 'avg(avg_over_time(a{host="x"}[4m59s])) > 55'),
    ("max(last_5m):avg:a{host:x} > 75", 'avg(max_over_time(a{host="x"}[4m59s])) > 75'),
    ("min(last_5m):avg:a{host:x} > 45", 'avg(min_over_time(a{host="x"}[4m59s])) > 45'),
    ("sum(last_10m):avg:a{host:x} >= 520", 'avg(sum_over_time(a{host="x"}[9m59s])) >= 520'),
    ("avg(last_5m):avg:a{host:x} < 45", 'avg(avg_over_time(a{host="x"}[4m59s])) < 45'),
    ("max(last_3m):avg:a{host:x} <= 44", 'avg(max_over_time(a{host="x"}[2m59s])) <= 44'),
    ("avg(last_5m):avg:a{*} by {host} > 55", "avg by (host) (avg_over_time(a[4m59s])) > 55"),
    ("sum(last_5m):sum:errors{*}.as_count() > 14", "sum(sum_over_time(errors[4m59s])) > 14"),
    ("sum(last_5m):sum:errors{*} by {host}.as_count() > 7", "sum by (host) (sum_over_time(errors[4m59s])) > 7"),
    (
        "sum(last_10m):sum:errors{*}.as_count() / sum:hits{*}.as_count() > 0.034",
        "sum(sum_over_time(errors[9m59s])) / sum(sum_over_time(hits[9m59s])) > 0.034",
    ),
    ("avg(last_5m):avg:a{!host:x} > 55", 'avg_over_time((avg(a{host!="x"}))[4m:1m]) > 55'),
    ("avg(last_5m):sum:a{host IN (x,yy)} > 105", 'avg_over_time((sum(a{host=~"x|yy"}))[4m:1m]) > 105'),
    ("max(last_5m):max:a{host:y*} > 75", 'max_over_time((max(a{host=~"y.*"}))[4m:1m]) > 75'),
    ("min(last_4m):min:a{*} < 30", "min_over_time((min(a))[3m:1m]) < 30"),
    (
        "avg(last_5m):avg:a{host:x} * 2 - avg:a{host:yy} > 60",
        'avg_over_time((avg(a{host="x"}) * 2 - avg(a{host="yy"}))[4m:1m]) > 60',
    ),
    ("avg(last_5m):abs(avg:a{host:x} - 50) > 15", 'avg_over_time(abs(avg(a{host="x"}) - 50)[4m:1m]) > 15'),
    ("avg(last_5m):clamp_min(avg:a{host:x}, 50) > 56", 'avg_over_time(clamp_min(avg(a{host="x"}), 50)[4m:1m]) > 56'),
    (
        "change(avg(last_5m),10m_ago):avg:a{host:x} > 10",
        'avg(avg_over_time(a{host="x"}[4m59s])) - avg(avg_over_time(a{host="x"}[4m59s] offset 10m)) > 10',
    ),
    ("avg(last_1h):avg:a{host:yy} > 51", 'avg(avg_over_time(a{host="yy"}[59m59s])) > 51'),
]
pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing: install Debian's prometheus package")


def telemetry() -> Recording:
    """Return a minute's points from minute 0 on."""
    rng = np.random.default_rng(7)
    times: FloatArray = np.arange(MINUTES + 1, dtype=np.float64) * MINUTE
    series = []
    for place, host in enumerate(("x", "yy", "yz")):
        tags = frozenset({f"host:{host}"})
        level = np.round(50 + 25 * np.sin(times / 700 + 2 * place) + rng.normal(0, 3, times.size), 2)
        series.append(Series("a", "gauge", tags, times, level))
        hits = rng.integers(30, 60, times.size).astype(np.float64)
        errors = rng.integers(0, 4, times.size).astype(np.float64)
        series.append(Series("hits", "count", tags, times, hits, 60))
        series.append(Series("errors", "count", tags, times, errors, 60))
    return Recording(series)


def firing(query: str, recording: Recording) -> list[list[dict[str, Any]]]:
    """Return the evaluator's alerts of each minute, as promtool expects them."""
    timeline = run(Account([monitor(1, query, new_group_delay=0)]), recording, MINUTE, MINUTES * MINUTE)
    minutes: list[list[dict[str, Any]]] = [[] for _ in range(MINUTES)]
    for name, states in timeline.states(1).items():
        labels = {} if name == "*" else {"host": name.partition(":")[2]}
        for minute, state in enumerate(states):
            if state == "ALERT":
                minutes[minute].append({"exp_labels": labels})
    return minutes


def promtool(
    folder: Path, recording: Recording, expected: dict[int, list[list[dict[str, Any]]]]
) -> subprocess.CompletedProcess[str]:
    """Run the rules on the series, expecting these alerts at each minute."""
    alerts = [{"alert": f"R{place}", "expr": RULES[place][1]} for place in expected]
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": alerts}]}))
    inputs = []
    for metric in recording.metrics():
        for line in recording.series(metric, -1, 1e9):
            host = next(iter(line.tags)).partition(":")[2]
            values = " ".join(repr(float(value)) for value in line.values)
            inputs.append({"series": f'{metric}{{host="{host}"}}', "values": values})
    checks = [
        {"eval_time": f"{minute + 1}m", "alertname": f"R{place}", "exp_alerts": alerts}
        for place, minutes in expected.items()
        for minute, alerts in enumerate(minutes)
    ]
    test = {"interval": "1m", "input_series": inputs, "alert_rule_test": checks}
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (folder / "test.yaml").write_text(yaml.safe_dump(document))
    assert PROMTOOL is not None
    command = [PROMTOOL, "test", "rules", "test.yaml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_the_same_rules_fire_in_the_same_minutes(tmp_path: Path) -> None:
    recording = telemetry()
    expected = {place: firing(query, recording) for place, (query, _) in enumerate(RULES)}
    for place, minutes in expected.items():
        assert len({str(alerts) for alerts in minutes}) > 1, f"{RULES[place][0]} does not change: it shows nothing"
    result = promtool(tmp_path, recording, expected)
    assert result.returncode == 0, result.stdout + result.stderr


def test_one_minute_off_is_noticed(tmp_path: Path) -> None:
    recording = telemetry()
    minutes = firing(RULES[0][0], recording)
    result = promtool(tmp_path, recording, {0: [[], *minutes[:-1]]})
    assert result.returncode != 0
