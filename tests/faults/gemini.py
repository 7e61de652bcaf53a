"""Gemini fails: each failure has its status, no retry storm, the breaker opens and closes, all costs are counted."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx

from service.llm.models import cost
from tests.faults.row import Report, Row
from tests.integration.service import sandbox
from tests.integration.service.sandbox import Metrics, Service, eventually

MOST_CALLS = 1.2
"""The most calls to Gemini for each request."""


@dataclass(frozen=True)
class Mode:
    """A way to fail: the sandbox's failure, the expected status, and whether a breaker must open."""

    failure: Mapping[str, object]
    status: int
    opens: bool


@dataclass(frozen=True)
class Trial:
    """A number of chats while Gemini fails in one way."""

    name: str
    mode: Mode
    stream: bool
    count: int


MODES = {
    "429": Mode({"mode": "throttled"}, 429, True),
    "503": Mode({"mode": "down"}, 503, True),
    "slow": Mode({"mode": "slow", "seconds": 0.3}, 200, False),
    "hanging": Mode({"mode": "slow", "seconds": 60}, 504, True),
    "blocked": Mode({"mode": "blocked"}, 422, False),
    "empty": Mode({"mode": "empty"}, 502, False),
    "malformed": Mode({"mode": "malformed"}, 502, True),
    "cut": Mode({"mode": "cut"}, 502, True),
}
SPARED = {429, 503}
"""Statuses while the breaker is open, always with Retry-After."""


def run(folder: Path, report: Report, quick: bool) -> None:
    """Try each way to fail in turn, with plain answers and with streams."""
    # Two workers remember 20 calls each: with fewer chats, good ones from before would keep a breaker closed.
    count = 60 if quick else 300
    with (
        sandbox.google(folder) as google,
        sandbox.statsd() as metrics,
        sandbox.service(
            folder, google, "", metrics, CHAT_TIMEOUT_SECONDS="5", BREAKER_SECONDS="1", CALLER_TOKENS_PER_HOUR="1e12"
        ) as service,
    ):
        for name, mode in MODES.items():
            for stream in (False, True):
                _run_trial(report, Trial(f"{name}{', stream' if stream else ''}", mode, stream, count), google, service)
        _check_costs(report, service, metrics)


def _run_trial(report: Report, trial: Trial, google: str, service: Service) -> None:
    name, mode, stream, count = trial.name, trial.mode, trial.stream, trial.count
    failures = f"{google}/-/gemini/failures"
    before = len(service.lines("breaker"))
    httpx.post(failures, json=mode.failure).raise_for_status()
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _ask(service, stream), range(count)))
    seconds = time.monotonic() - began
    [failure] = httpx.get(failures).json()["failures"]
    httpx.delete(failures).raise_for_status()
    statuses = Counter(status for status, _ in answers)
    allowed = {mode.status} | (SPARED if mode.opens else set())
    report.check(f"{name}: statuses of {count} chats", dict(statuses),
                 set(statuses) <= allowed and bool(statuses[mode.status]))  # fmt: skip
    waits = [wait for status, wait in answers if status in SPARED]
    if waits:
        report.check(f"{name}: Retry-After on each 429 and 503", f"{sum(map(bool, waits))} of {len(waits)}", all(waits))
    calls = failure["calls"] / count
    report.check(f"{name}: calls to Gemini for a request", f"{calls:.2f}", calls <= MOST_CALLS)
    eventually(lambda: _all_succeed(service), 20, "chats that succeed again, in both workers")
    healed = time.monotonic() - began - seconds
    states = [line["state"] for line in service.lines("breaker")[before:]]
    if mode.opens:
        report.check(f"{name}: the breaker opened, and closed when it was over", _times(states) or "never",
                     "open" in states and "closed" in states)  # fmt: skip
    else:
        report.check(f"{name}: the breaker stays closed", _times(states) or "closed", not states)
    report.note(f"{name}: {seconds:.1f} s; {healed:.1f} s after its end all chats succeed")


def _times(states: list[str]) -> str:
    """Return a text such as `open 72 times, then closed 2 times`."""
    return ", then ".join(f"{state} {len(list(same))} times" for state, same in groupby(states))


def _all_succeed(service: Service) -> bool:
    with ThreadPoolExecutor(4) as pool:
        return all(status == 200 for status, _ in pool.map(lambda _: _ask(service, False), range(12)))


def _ask(service: Service, stream: bool) -> tuple[int, str | None]:
    """Return the status, also of a stream that failed midway, and Retry-After."""
    answer = httpx.post(f"{service.url}/v1/chat", json={"message": "hi", "stream": stream}, timeout=60)
    status, wait = answer.status_code, answer.headers.get("retry-after")
    if answer.headers["content-type"].startswith("text/event-stream"):
        last = answer.text.strip().rsplit("event: ", 1)[1]
        body: dict[str, Any] = json.loads(last.split("data: ", 1)[1])
        status = int(body["status"]) if last.startswith("error") else status
    return status, wait


def _check_costs(report: Report, service: Service, metrics: Metrics) -> None:
    """Check that each log line's cost is that of its tokens, and that the metric's sum is that of the lines."""
    lines = service.lines("chat")
    priced = [line for line in lines if line["model"] != "none"]
    expected_costs = [cost(line["model"], line["input_tokens"], line["output_tokens"]) for line in priced]
    mismatches = [
        line for line, dollars in zip(priced, expected_costs, strict=True) if abs(line["cost_usd"] - dollars) > 1e-9
    ]
    report.check("lines whose cost is not that of their tokens", f"{len(mismatches)} of {len(lines)}", not mismatches)
    logged = sum(line["cost_usd"] for line in lines)
    sent = sum(metrics.values_of("llm.chat.cost"))
    report.check("cost of all chats, logged and sent as a metric, dollars", f"{logged:.6f}, {sent:.6f}",
                 logged > 0 and abs(sent - logged) <= 0.01 * logged)  # fmt: skip
    paid = [
        line for line in lines if line["outcome"] in ("empty", "blocked", "provider_error") and line["cost_usd"] > 0
    ]
    report.check("failed chats that Gemini bills, with their cost", len(paid), bool(paid))


ROW = Row("gemini", "Gemini 429, 503, slow, hanging, blocked, empty, malformed stream, cut stream", run)
