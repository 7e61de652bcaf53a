"""Random monitors of every type, and random telemetry with gaps, late groups and groups that end."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from firedrill.evaluate import Account, Event, Recording, Series
from firedrill.evaluate.model import Json
from firedrill.evaluate.telemetry import MetricType
from tests.unit.evaluate.accounts import MINUTE, monitor

METRICS: dict[str, MetricType] = {
    "g": "gauge", "g2": "gauge", "c": "count", "c2": "count", "r": "rate", "d": "distribution",
}  # fmt: skip
HOSTS = ("x", "y", "z")
DAY = 86400


@dataclass(frozen=True)
class RandomCase:
    """Monitors, and telemetry over some minutes after ``start``."""

    account: Account
    telemetry: Recording
    start: float
    minutes: int


def random_case(seed: int, monitors: int = 10, minutes: int = 45) -> RandomCase:
    """Return a case; the same seed gives the same case."""
    rng = np.random.default_rng(seed)
    start = float(DAY + 60 * int(rng.integers(0, 240)))
    draw = RandomMonitors(rng)
    account = Account([], _slos(), corrections=[{"slo_id": "m", "start": start + 600, "end": start + 1200}])
    for place in range(monitors):
        account.monitors.append(draw.monitor(place + 1))
    account.synthetics.append({"public_id": "s", "options": {"min_location_failed": int(rng.integers(1, 3))}})
    for place in range(int(rng.integers(0, 3))):
        first = start + 60 * int(rng.integers(0, minutes))
        schedule = {"start": first, "end": first + 60 * int(rng.integers(1, 30)) + int(rng.integers(0, 60))}
        scope = str(rng.choice(["*", "h:x", "h:y"]))
        account.downtimes.append({"id": place, "scope": scope, "monitor_identifier": {"monitor_tags": ["*"]},
                                  "schedule": schedule})  # fmt: skip
    return RandomCase(account, random_telemetry(rng, start, minutes), start, minutes)


class RandomMonitors:
    """Source of random monitors."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.members: list[int] = []

    def pick(self, *choices: Any) -> Any:
        """Return one of some values."""
        return choices[int(self.rng.integers(len(choices)))]

    def monitor(self, identifier: int) -> Json:
        """Return a monitor of a random type; composites combine two that came before."""
        kinds = ["metric"] * 7 + ["events"] * 4 + ["check", "synthetics", "slo", "slo"]
        kind = self.pick(*kinds, *(["composite", "composite"] if len(self.members) > 1 else []))
        type, query, options = getattr(self, f"_{kind}")()
        if kind != "composite":
            self.members.append(identifier)
        return monitor(identifier, query, type, **self._options(type, options))

    def _metric(self) -> tuple[str, str, Json]:
        by = self.pick("", "", " by {h}", " by {h}", " by {h,zone}")
        window, kind = self.pick(1, 5, 5, 10, 15, 30), self.pick("sums", "plain", "plain", "plain", "special")
        end = f"{self._comparator()} {self.pick(0, 0.1, 0.5, 1, 3, 10, 40)}"
        if kind == "sums":
            return "query alert", f"sum(last_{window}m):{self._formula(by, self._count)} {end}", {}
        if kind == "special":
            return "query alert", self._special(by, window, end), {}
        aggregator = self.pick("avg", "sum", "min", "max")
        return "query alert", f"{aggregator}(last_{window}m):{self._formula(by, self._points)} {end}", {}

    def _special(self, by: str, window: int, end: str) -> str:
        shift = self.pick(5, 10, 15)
        query = self._formula(by, self.pick(self._count, self._points))
        return str(
            self.pick(
                f"change({'sum' if 'as_count' in query else 'avg'}(last_5m),{shift}m_ago):{query} {end}",
                f"percentile(last_{window}m):p{self.pick(50, 90, 95)}:d{{*}}{by} {end}",
                f"sum(current_1h):{self._formula(by, self._points)} {end}",
                f"sum(current_1h):{self._formula(by, self._count)} {end}",
                f"avg(last_10m):avg:g{{*}}{by}.rollup({self.pick('max', 'sum')}, {self.pick(60, 120, 300)}) {end}",
                f"avg(last_10m):default_zero(avg:g{{*}}{by}.rollup(avg, 120)) {end}",
                f"sum(last_10m):timeshift(sum:c{{*}}{by}.as_count(), -600) - sum:c{{*}}{by}.as_count() {end}",
                f"avg(last_15m):anomalies(avg:g{{*}}{by}, 'basic', 2, direction='both', alert_window='last_15m', "
                "interval=60, count_default_zero='true') >= 0.3",
                "avg(last_15m):outliers(avg:g{*} by {h}, 'mad', 2) > 0",
                f"max(next_30m):forecast(avg:g{{*}}{by}, 'linear', 1, interval='5m', history='1h') >= 30",
            )
        )

    def _formula(self, by: str, operand: Any) -> str:
        coarser = " by {h}" if "zone" in by else ""
        left, right = operand(by), operand(self.pick(by, by, by, coarser, ""))
        return str(
            self.pick(
                left,
                f"default_zero({left})",
                f"{left} / {right}",
                f"{left} / ({right} + 20)",
                f"default_zero({left}) / ({right} + 20)",
                f"{left} - default_zero({right})",
                f"default_zero({left}) - {right}",
                f"abs({left} - {right}) * 2",
                f"clamp_min({left}, {self.pick(0, 2)}) + {right}",
                self._function(left),
                f"{self._function(left)} / ({right} + 1)",
                f"default({left}, {self.pick(1, 5)}) * {right}",
                f"moving_rollup({left}, {self.pick(120, 600)}, '{self.pick('avg', 'sum', 'max')}') - {left}",
            )
        )

    def _function(self, operand: str) -> str:
        name = self.pick("ewma_3", "median_3", "count_nonzero", "exclude_null", "trend_line", "abs", "top", "bottom")
        if name == "top":
            return f"top({operand}, {self.pick(1, 2)}, '{self.pick('mean', 'last', 'sum')}', 'desc')"
        return f"bottom10_min({operand})" if name == "bottom" else f"{name}({operand})"

    def _count(self, by: str) -> str:
        metric = self.pick("c", "c", "c2", "r")
        return f"{self.pick('sum', 'sum', 'sum', 'avg')}:{metric}{{{self._scope()}}}{by}.as_count()"

    def _points(self, by: str) -> str:
        metric = self.pick("g", "g", "g2", "c", "c2", "r", "d")
        text = f"{self.pick('avg', 'sum', 'min', 'max')}:{metric}{{{self._scope()}}}{by}"
        modifier = self.pick("", "", "", ".fill(zero)", ".fill(last)", ".fill(linear)", ".rollup(max)")
        if METRICS[metric] in {"count", "rate"}:
            modifier = self.pick(modifier, ".as_rate()")
        function = self.pick("", "", "", "", "diff", "monotonic_diff", "per_second")
        return f"{function}({text}{modifier})" if function else f"{text}{modifier}"

    def _scope(self) -> str:
        return str(self.pick("*", "*", "*", "h:x", "!h:x", "zone:e", "h IN (x,y)", "h:none"))

    def _comparator(self) -> str:
        return str(self.pick(">", ">", ">=", "<", "<="))

    def _events(self) -> tuple[str, str, Json]:
        window = self.pick("5m", "10m", "30m")
        end = f'.last("{window}") {self._comparator()} {self.pick(0, 0.3, 1, 2, 5, 20)}'
        facets = self.pick("", "", "@model", "@model", "@model,service")
        if self.pick(True, True, False):
            method = self.pick('"count"', '"count"', '"avg", "@took"', '"pc95", "@took"', '"sum", "@took"',
                               '"cardinality", "@user"')  # fmt: skip
            search = self.pick("*", "status:error", "status:error service:a", "@model:pro")
            by = f'.by("{facets}")' if facets else ""
            return "log alert", f'logs("{search}").index("*").rollup({method}){by}{end}', {}
        formula = self.pick("bad / all", "bad / (all + 2)", "all - bad", "default_zero(bad) / all", "bad * 2")
        variables = [self._variable("bad", "status:error", facets), self._variable("all", "*", facets)]
        return "log alert", f'formula("{formula}"){end}', {"variables": variables}

    def _variable(self, name: str, search: str, facets: str) -> Json:
        compute = self.pick({"aggregation": "count"}, {"aggregation": "count"},
                            {"aggregation": "avg", "metric": "@took"})  # fmt: skip
        group_by = [{"facet": facet, "limit": 10} for facet in facets.split(",") if facet]
        return {"name": name, "data_source": "logs", "search": {"query": search}, "compute": compute,
                "group_by": group_by}  # fmt: skip

    def _check(self) -> tuple[str, str, Json]:
        thresholds = {name: int(self.rng.integers(1, 4)) for name in ("ok", "warning", "critical")}
        by = self.pick('"h"', '"*"')
        return "service check", f'"up".over("env:prod").by({by}).last(5).count_by_status()', {"thresholds": thresholds}

    def _synthetics(self) -> tuple[str, str, Json]:
        return "synthetics alert", "no_query", {"synthetics_check_id": "s"}

    def _slo(self) -> tuple[str, str, Json]:
        slo = self.pick("m", "g", "t")
        if self.pick(True, False):
            return "slo alert", f'error_budget("{slo}").over("7d") > {self.pick(5, 40, 90)}', {}
        query = f'burn_rate("{slo}").over("7d").long_window("1h").short_window("5m") > {self.pick(0.5, 1, 2)}'
        return "slo alert", query, {}

    def _composite(self) -> tuple[str, str, Json]:
        left, right = self.rng.choice(self.members, 2, replace=False)
        return "composite", self.pick(f"{left} && {right}", f"{left} || {right}", f"{left} && !{right}"), {}

    def _options(self, type: str, options: Json) -> Json:
        options = {"new_group_delay": self.pick(0, 0, 60, 120), **options}
        if type in {"service check", "composite", "slo alert"}:
            options |= self.pick({}, {"notify_no_data": True, "no_data_timeframe": 10})
        elif type != "synthetics alert":
            options |= self.pick(
                {}, {}, {"notify_no_data": True, "no_data_timeframe": self.pick(2, 10)},
                {"on_missing_data": self.pick("default", "show_no_data", "show_and_notify_no_data", "resolve")},
            )  # fmt: skip
            if type == "log alert":
                options |= self.pick({}, {"group_retention_duration": self.pick("5m", "20m")})
            else:
                options |= self.pick({}, {}, {}, {"require_full_window": True})
                options |= self.pick({}, {}, {}, {"evaluation_delay": self.pick(60, 90, 300)})
        options |= self.pick({}, {}, {"timeout_h": self.pick(0.1, 0.5)})
        options |= self.pick({}, {}, {"renotify_interval": self.pick(5, 10), "renotify_statuses": ["alert", "no data"]})
        return options


def _slos() -> list[Json]:
    def metric(identifier: str, by: str) -> Json:
        bad, all = f"sum:c2{{*}}{by}.as_count()", f"sum:c{{*}}{by}.as_count()"
        return {"id": identifier, "type": "metric", "thresholds": [{"timeframe": "7d", "target": 60}],
                "query": {"numerator": f"{all} - {bad}", "denominator": all}}  # fmt: skip

    query = {"formulas": [{"formula": "q"}], "queries": [{"name": "q", "query": "avg:g{*} by {h}"}]}
    slices = {"comparator": "<", "threshold": 30, "query_interval_seconds": 300, "query": query}
    return [
        metric("m", ""),
        metric("g", " by {h}"),
        {"id": "t", "type": "time_slice", "thresholds": [{"timeframe": "7d", "target": 60}],
         "sli_specification": {"time_slice": slices}},
    ]  # fmt: skip


def random_telemetry(rng: np.random.Generator, start: float, minutes: int) -> Recording:
    """Return series and events from an hour before the start to its end."""
    low, high = start - 3600, start + minutes * MINUTE
    series = []
    for metric, type in METRICS.items():
        for host in HOSTS:
            if rng.random() < 0.8:
                tags = frozenset({f"h:{host}", f"zone:{'e' if host == 'x' else 'w'}"})
                times = _times(rng, low, high)
                values = np.round(rng.gamma(2, 8, times.size), 1) if type in {"gauge", "distribution"} else (
                    rng.poisson(4, times.size).astype(np.float64)
                )  # fmt: skip
                series.append(Series(metric, type, tags, times, values, 60))
    return Recording([line for line in series if line.times.size], _events(rng, low, high))


def _times(rng: np.random.Generator, low: float, high: float) -> Any:
    """Return the times of points: of some rhythm, from some time on, until some time, with gaps."""
    rhythm = float(rng.choice([20, 60, 60, 60, 120, 300]))
    times = np.arange(low + float(rng.choice([0, 0, 7, 30])), high, rhythm)
    begin = rng.choice([low, low, float(rng.uniform(low, high)), float(rng.uniform(high - 2400, high))])
    end = rng.choice([high, high, float(rng.uniform(begin, high))])
    kept = (times >= begin) & (times <= end) & (rng.random(times.size) >= rng.choice([0, 0, 0.3, 0.9]))
    if rng.random() < 0.4:
        gap = float(rng.uniform(low, high))
        kept &= (times < gap) | (times > gap + float(rng.uniform(60, 2400)))
    return times[kept]


def _events(rng: np.random.Generator, low: float, high: float) -> list[Event]:
    events = []
    for model in ("pro", "flash", "mini"):
        for service in ("a", "b"):
            for time in _times(rng, low, high):
                attributes = {"model": model, "took": float(rng.gamma(2, 5)), "user": int(rng.integers(8))}
                status = str(rng.choice(["error", "info"]))
                body: Json = {
                    "service": service,
                    "status": status,
                    "message": "m",
                    "tags": [],
                    "attributes": attributes,
                }
                events.append(Event(float(time), "logs", body))
    for host in ("x", "y"):
        for time in _times(rng, low, high):
            body = {"check": "up", "status": int(rng.choice([0, 0, 1, 2, 2])), "tags": [f"h:{host}", "env:prod"]}
            events.append(Event(float(time), "service_checks", body))
    for location in ("eu", "us"):
        for time in _times(rng, low, high):
            body = {"public_id": "s", "location": location, "passed": bool(rng.random() < 0.6)}
            events.append(Event(float(time), "synthetics", body))
    return events
