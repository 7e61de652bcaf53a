"""Datadog's evidence on the service's failures: outcomes, errors, deployments, SLOs. Facts only, no judgement."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from service.datadog.client import Datadog
from service.problems import Problem
from service.telemetry import CHAT_COST, CHAT_REQUESTS

T = TypeVar("T")
Json = dict[str, Any]
CHAT_RESOURCE = "POST /v1/chat"
NO_FAILURE = ("ok", "caller_error")
"""Outcomes for which neither Gemini nor the service is to blame."""
QUIET_MINUTES = 15
"""Failures with a longer pause between them are two episodes."""
MOST_SPANS = 1000
DAYS = {"7d": 7, "30d": 30, "90d": 90}


class Unreadable:
    """Evidence that could not be read, and why."""

    def __init__(self, problem: Problem) -> None:
        self.reason = problem.detail


def read(look: Callable[[], T]) -> T | Unreadable:
    """Return what a look-up finds; where it cannot be made, a notebook still has the rest."""
    try:
        return look()
    except Problem as problem:
        return Unreadable(problem)


@dataclass(frozen=True)
class Failing:
    """An outcome of chats with a model, in its latest episode."""

    outcome: str
    model: str
    count: int
    chats: int
    """Chats with the model since the episode began, failed or not."""
    since: datetime
    until: datetime
    """The last minute in which it happened."""


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of chats: those that failed, the latest and most frequent first, and models without a failure."""

    failing: tuple[Failing, ...]
    healthy_models: tuple[str, ...]


def outcomes(datadog: Datadog, hours: int) -> Outcomes:
    """Return how the chats of a window ended, by outcome and model."""
    scope = f"service:{datadog.settings.service},env:{datadog.settings.env}"
    query = f"sum:{CHAT_REQUESTS.name}{{{scope}}} by {{outcome,model}}.as_count()"
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for line in _series(datadog, query, hours):
        tags = dict(tag.partition(":")[::2] for tag in line["tag_set"])
        key = tags.get("outcome", ""), tags.get("model", "")
        points[key] = [(at / 1000, value) for at, value in line["pointlist"] if value]
    failing = []
    for (outcome, model), counts in points.items():
        if outcome in NO_FAILURE or not counts:
            continue
        episode = _latest_episode(counts)
        since = episode[0][0]
        chats = sum(value for (_, other), values in points.items() if other == model
                    for at, value in values if at >= since)  # fmt: skip
        failing.append(Failing(outcome, model, round(sum(value for _, value in episode)), round(chats),
                               _moment(since), _moment(episode[-1][0])))  # fmt: skip
    latest = max((failure.until for failure in failing), default=_moment(0))
    quiet = timedelta(minutes=QUIET_MINUTES)
    failing.sort(key=lambda failure: (latest - failure.until <= quiet, failure.count), reverse=True)
    suspects = {failure.model for failure in failing}
    healthy = {model for (outcome, model), counts in points.items() if outcome == "ok" and counts} - suspects
    return Outcomes(tuple(failing), tuple(sorted(healthy)))


def _latest_episode(counts: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points after the last pause, of more than :data:`QUIET_MINUTES` and than one interval of the query."""
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(counts)]
    pause = max(QUIET_MINUTES * 60, min(gaps, default=0) * 1.5)
    start = next((number + 1 for number in reversed(range(len(gaps))) if gaps[number] > pause), 0)
    return counts[start:]


@dataclass(frozen=True)
class TopError:
    """An error of chats, one for each request that failed with it."""

    kind: str
    message: str
    count: int
    first_seen: str
    last_seen: str
    versions: tuple[str, ...]
    trace_id: str
    """Of the latest one."""


def failed_requests(datadog: Datadog, hours: int, resource: str = "") -> list[TopError]:
    """Return the errors of entry spans in a window, grouped by type and message, the most frequent first."""
    only = f' resource_name:"{resource}"' if resource else ""
    groups: dict[tuple[str, str], list[Json]] = {}
    for span in search_spans(datadog, f"operation_name:flask.request status:error{only}", hours):
        error = _member(span, "error")
        kind, message = str(error.get("type") or "unknown"), str(error.get("message") or "")
        groups.setdefault((kind, message), []).append(span)
    errors = [_top_error(kind, message, spans) for (kind, message), spans in groups.items()]
    return sorted(errors, key=lambda error: error.count, reverse=True)


def _top_error(kind: str, message: str, spans: list[Json]) -> TopError:
    latest = max(spans, key=lambda span: span.get("start_timestamp") or "")
    times = sorted(span.get("start_timestamp") or "" for span in spans)
    traces = {span.get("trace_id") for span in spans} - {None}
    versions = {version for span in spans if (version := _version(span))}
    return TopError(kind, message, len(traces) or len(spans), times[0], times[-1], tuple(sorted(versions)),
                    str(latest.get("trace_id") or ""))  # fmt: skip


def _version(span: Json) -> str:
    tags = dict(tag.partition(":")[::2] for tag in span.get("tags") or ())
    return str(tags.get("version") or (span.get("custom") or {}).get("version") or "")


def search_spans(datadog: Datadog, query: str, hours: int) -> list[Json]:
    """Return the attributes of the service's latest spans that match."""
    settings = datadog.settings
    search = {
        "filter": {"query": f"service:{settings.service} {query}", "from": f"now-{hours}h", "to": "now"},
        "page": {"limit": MOST_SPANS},
    }
    body = {"data": {"type": "search_request", "attributes": search}}
    return [span["attributes"] for span in datadog.call("v2.SpansApi.list_spans", body)["data"]]


def _member(span: Json, name: str) -> Json:
    for attributes in (span.get("custom"), span.get("attributes")):
        if isinstance(attributes, dict) and isinstance(attributes.get(name), dict):
            member: Json = attributes[name]
            return member
    return {}


@dataclass(frozen=True)
class Deployed:
    """A deployment of the service."""

    version: str
    at: datetime
    author: str
    """Empty where nobody is named."""
    commit: str


def deployments(datadog: Datadog, hours: int) -> list[Deployed]:
    """Return the deployments of a window and of the day before it, the latest first."""
    now = datetime.now(UTC)
    attributes = {
        "query": f"service:{datadog.settings.service} env:{datadog.settings.env}",
        "from": (now - timedelta(hours=hours + 24)).isoformat(),
        "to": now.isoformat(),
        "limit": 100,
    }
    request = {"data": {"type": "dora_deployments_list_request", "attributes": attributes}}
    stored = datadog.call("v2.DORAMetricsApi.list_dora_deployments", request)["data"]
    deployed = [_deployed(deployment["attributes"]) for deployment in stored]
    return sorted(deployed, key=lambda deployment: deployment.at, reverse=True)


def _deployed(attributes: Json) -> Deployed:
    tags = dict(tag.partition(":")[::2] for tag in attributes.get("custom_tags") or ())
    # Requests have both times in nanoseconds, responses have them as dates.
    finished = datetime.fromisoformat(attributes.get("finished_at") or attributes["started_at"])
    return Deployed(str(attributes.get("version") or "?"), finished, tags.get("author", ""),
                    str((attributes.get("git") or {}).get("commit_sha") or ""))  # fmt: skip


@dataclass(frozen=True)
class Costs:
    """List prices in dollars: in all, in the window before, and by the values of each tag, the highest first."""

    total: float
    total_before: float
    by_tag: dict[str, list[tuple[str, float]]]


COST_TAGS = ("model", "feature", "caller")


def costs(datadog: Datadog, hours: int) -> Costs:
    """Return what the chats of a window cost."""
    scope = f"service:{datadog.settings.service},env:{datadog.settings.env}"
    query = f"sum:{CHAT_COST.name}{{{scope}}} by {{{','.join(COST_TAGS)}}}.as_count()"
    totals: dict[str, dict[str, float]] = {tag: {} for tag in COST_TAGS}
    for line in _series(datadog, query, hours):
        dollars = sum(value or 0 for _, value in line["pointlist"])
        for tag in line["tag_set"]:
            key, _, value = tag.partition(":")
            if key in totals:
                totals[key][value] = totals[key].get(value, 0.0) + dollars
    before = _total(datadog, f"sum:{CHAT_COST.name}{{{scope}}}.as_count()", hours, ended_hours_ago=hours)
    by_tag = {tag: sorted(dollars.items(), key=lambda item: item[1], reverse=True) for tag, dollars in totals.items()}
    return Costs(sum(totals["model"].values()), before, by_tag)


@dataclass(frozen=True)
class Budget:
    """An SLO that counts requests, and what is left of its error budget."""

    identifier: str
    name: str
    target: float
    timeframe: str
    reached: float
    left: float
    """1 is all, 0 none, negative overspent."""


def budgets(datadog: Datadog) -> list[Budget]:
    """Return the service's SLOs that count requests; others have no query that could be asked here."""
    query = f"service:{datadog.settings.service}"
    slos = datadog.call("v1.ServiceLevelObjectivesApi.list_slos", tags_query=query)["data"]
    return [budget for slo in slos if slo["type"] == "metric" and (budget := _budget(datadog, slo))]


def _budget(datadog: Datadog, slo: Json) -> Budget | None:
    threshold = next((limit for limit in slo["thresholds"] if limit["timeframe"] in DAYS), None)
    if threshold is None or not slo.get("query"):
        return None
    hours = DAYS[threshold["timeframe"]] * 24
    good, total = (_total(datadog, slo["query"][part], hours) for part in ("numerator", "denominator"))
    if not total:
        return None
    target = float(threshold["target"])
    reached = 100 * good / total
    return Budget(slo["id"], slo["name"], target, threshold["timeframe"], reached,
                  1 - (100 - reached) / (100 - target))  # fmt: skip


def _total(datadog: Datadog, query: str, hours: int, ended_hours_ago: int = 0) -> float:
    lines = _series(datadog, query, hours, ended_hours_ago)
    return float(sum(value or 0 for line in lines for _, value in line["pointlist"]))


def _series(datadog: Datadog, query: str, hours: int, ended_hours_ago: int = 0) -> list[Json]:
    end = int(time.time()) - ended_hours_ago * 3600
    keywords = {"_from": end - hours * 3600, "to": end, "query": query}
    series: list[Json] = datadog.call("v1.MetricsApi.query_metrics", **keywords).get("series") or []
    return series


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
