"""Runs an organisation's synthetic tests when they are due, or when the API asked for a run, and keeps the results."""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np

from firedrill.evaluate.telemetry import Event, Series
from firedrill.sandbox.datadog.account import SYNTHETICS_RUNS, SYNTHETICS_TESTS, SYNTHETICS_VARIABLES, Directory
from firedrill.sandbox.datadog.intake import Receiver
from firedrill.sandbox.datadog.live import synthetics
from firedrill.sandbox.datadog.live.journal import Journal
from firedrill.sandbox.datadog.live.synthetic_variables import config_variables

Json = dict[str, Any]
KEPT = 150
"""Results that are kept of each test, as many as the API lists."""
AT_ONCE = 4


class SyntheticRunner:
    """Results become ``synthetics_runs`` objects, events of the track "synthetics" and two metrics."""

    def __init__(
        self,
        directory: Directory,
        receiver: Receiver,
        journal: Journal,
        http: httpx.Client,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._directory, self._receiver, self._org = directory, receiver, receiver.agent_org
        self._journal, self._http, self._clock = journal, http, clock
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="synthetic")
        self._last: dict[str, float] = {}
        directory.subscribe(SYNTHETICS_RUNS, self._changed)

    def start_due(self, now: float) -> None:
        """Start every test whose time has come.

        While a drill records, tests of several steps wait: their chats would be part of a segment, which is repeated
        over hours, and would fail by a fault that only the drill's copy of the account may see.
        """
        for test in self._directory.objects(self._org, SYNTHETICS_TESTS):
            if self._receiver.recording and test.get("subtype") == "multi":
                continue
            if synthetics.due(test, self._last.get(test["public_id"]), now):
                self._last[test["public_id"]] = now
                self._pool.submit(self.run, test, "scheduled", None)

    def run(self, test: Json, trigger: str, queued: Json | None) -> list[Json]:
        """Run a test now and keep its results. ``queued`` is the run that the API asked for."""
        if (reason := synthetics.not_run(test)) is not None:
            self._not_run(test, trigger, queued, reason)
            return []
        known = self._directory.objects(self._org, SYNTHETICS_VARIABLES)
        try:
            results = synthetics.run(
                synthetics.led(test, (queued or {}).get("start_url")),
                self._http,
                locations=None if queued is None else [queued.get("location") or test["locations"][0]],
                variables={**config_variables(test, known), **((queued or {}).get("variables") or {})},
                run_type=synthetics.SCHEDULED if trigger == "scheduled" else synthetics.TRIGGERED,
                now=self._clock,
            )
        except Exception as error:  # noqa: BLE001  # a malformed test must show in the journal, not vanish with the thread
            self._failed(test, queued, error)
            return []
        if queued is not None:
            self._finish(queued, results[0])
        else:
            for result in results:
                self._put(test, result["result_id"], trigger, result)
        self._report(test, results)
        self._forget_oldest()
        return results

    def close(self) -> None:
        """Let running tests end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _changed(self, org: str, kind: str, identifier: str) -> None:
        asked = self._directory.get(org, kind, identifier)
        if org != self._org or asked is None or asked.get("status") != "queued":
            return
        test = self._directory.get(org, SYNTHETICS_TESTS, asked["public_id"])
        if test is not None:
            self._pool.submit(self.run, test, str(asked.get("trigger") or "api"), asked)

    def _failed(self, test: Json, queued: Json | None, error: Exception) -> None:
        """A test that could not be run at all."""
        self._journal.error(f"synthetic test {test['public_id']}", error)
        if queued is not None:
            self._finish(queued, {"status": 1, "result": {"passed": False, "errorMessage": str(error)}})

    def _not_run(self, test: Json, trigger: str, queued: Json | None, reason: str) -> None:
        """A result that says so, and neither an event nor a metric: the test's monitor stays without data."""
        result: Json = {
            "status": synthetics.NO_DATA,
            "check_time": int(self._clock() * 1000),
            "result": {"errorCode": "NOT_RUN", "errorMessage": reason},
        }
        if queued is not None:
            self._finish(queued, result)
        else:
            self._put(test, str(secrets.randbelow(2**62)), trigger, result)

    def _finish(self, queued: Json, result: Json) -> None:
        done = {**queued, "status": "done", "result": result}
        self._directory.put(self._org, SYNTHETICS_RUNS, queued["result_id"], done)

    def _put(self, test: Json, result_id: str, trigger: str, result: Json) -> None:
        run = {"result_id": result_id, "public_id": test["public_id"], "status": "done", "trigger": trigger,
               "created": result["check_time"] / 1000, "result": result}  # fmt: skip
        self._directory.put(self._org, SYNTHETICS_RUNS, result_id, run)

    def _report(self, test: Json, results: list[Json]) -> None:
        """Events for the test's monitor; metrics synthetics.test_runs and synthetics.http.response.time (ms)."""
        events, series = [], []
        for result in results:
            passed, at = not result["status"], result["check_time"] / 1000
            tags = [*(test.get("tags") or ()), f"check_id:{test['public_id']}", f"probe_dc:{result['probe_dc']}"]
            events.append(
                Event(
                    at,
                    "synthetics",
                    {
                        "public_id": test["public_id"],
                        "passed": passed,
                        "location": result["probe_dc"],
                        "message": result["result"].get("errorMessage") or "",
                        "tags": tags,
                        "attributes": result["result"],
                    },
                )
            )
            named = frozenset([*tags, f"status:{'success' if passed else 'failure'}"])
            total = result["result"]["timings"]["total"]
            for metric, type_, value in (("synthetics.test_runs", "count", 1.0),
                                         ("synthetics.http.response.time", "gauge", total)):  # fmt: skip
                series.append(Series(metric, type_, named, np.array([at]), np.array([float(value)])))  # type: ignore[arg-type]  # both are types
        store = self._receiver.store(self._org)
        store.append_events(events)
        store.append_series(series)
        self._receiver.count("synthetics.runs", len(results))

    def _forget_oldest(self) -> None:
        by_test: dict[str, list[str]] = defaultdict(list)
        for one in self._directory.objects(self._org, SYNTHETICS_RUNS):
            if one.get("status") == "done":
                by_test[one["public_id"]].append(one["result_id"])
        for results in by_test.values():
            for old in results[: max(0, len(results) - KEPT)]:
                self._directory.store.delete(self._org, SYNTHETICS_RUNS, old)
