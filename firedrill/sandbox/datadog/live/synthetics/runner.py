"""Runner of an organisation's synthetic tests: on schedule and on request of the API, with stored results."""

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
from firedrill.sandbox.datadog.live.journal import Journal
from firedrill.sandbox.datadog.live.synthetics import execution, screenshots
from firedrill.sandbox.datadog.live.synthetics.variables import config_variables

Json = dict[str, Any]
MAX_RESULTS = 150
"""Results that are kept of each test, as many as the API lists."""
MAX_CONCURRENT = 4


class SyntheticRunner:
    """Runs tests; stores results as ``synthetics_runs`` objects, events of the track "synthetics" and metrics."""

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
        self._pool = ThreadPoolExecutor(MAX_CONCURRENT, thread_name_prefix="synthetic")
        self._last: dict[str, float] = {}
        directory.subscribe(SYNTHETICS_RUNS, self._changed)

    def start_due(self, now: float) -> None:
        """Start every test that is due.

        While a drill records, multistep and browser tests wait: their chats would be part of a segment that is repeated
        over hours, and would fail because of a fault that only the drill's copy of the account may see.
        """
        for test in self._directory.objects(self._org, SYNTHETICS_TESTS):
            if self._receiver.recording and (test.get("subtype") == "multi" or test.get("type") == "browser"):
                continue
            if execution.is_due(test, self._last.get(test["public_id"]), now):
                self._last[test["public_id"]] = now
                self._pool.submit(self.run, test, "scheduled", None)

    def run(self, test: Json, trigger: str, queued: Json | None) -> list[Json]:
        """Run a test now and store its results. ``queued`` is a run that the API requested."""
        if (reason := execution.reason_not_run(test)) is not None:
            self._record_not_run(test, trigger, queued, reason)
            return []
        global_variables = self._directory.objects(self._org, SYNTHETICS_VARIABLES)
        try:
            results = execution.run_test(
                execution.with_start_url(test, (queued or {}).get("start_url")),
                self._http,
                locations=None if queued is None else [queued.get("location") or test["locations"][0]],
                variables={**config_variables(test, global_variables), **((queued or {}).get("variables") or {})},
                run_type=execution.SCHEDULED if trigger == "scheduled" else execution.TRIGGERED,
                now=self._clock,
                result_id=None if queued is None else queued["result_id"],
            )
        except Exception as error:  # noqa: BLE001  # a malformed test must be recorded, not end the thread silently
            self._record_error(test, queued, error)
            return []
        for result in results:
            screenshots.store(self._directory, self._org, result)
        if queued is not None:
            self._finish(queued, results[0])
        else:
            for result in results:
                self._store(test, result["result_id"], trigger, result)
        self._emit(test, results)
        self._delete_oldest()
        return results

    def close(self) -> None:
        """Let running tests end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _changed(self, org: str, kind: str, identifier: str) -> None:
        requested = self._directory.get(org, kind, identifier)
        if org != self._org or requested is None or requested.get("status") != "queued":
            return
        test = self._directory.get(org, SYNTHETICS_TESTS, requested["public_id"])
        if test is not None:
            self._pool.submit(self.run, test, str(requested.get("trigger") or "api"), requested)

    def _record_error(self, test: Json, queued: Json | None, error: Exception) -> None:
        """Record an error of a test that could not be run."""
        self._journal.add_error(f"synthetic test {test['public_id']}", error)
        if queued is not None:
            self._finish(queued, {"status": 1, "result": {"passed": False, "errorMessage": str(error)}})

    def _record_not_run(self, test: Json, trigger: str, queued: Json | None, reason: str) -> None:
        """Store a result without event or metric, so that the test's monitor has no data."""
        result: Json = {
            "status": execution.NO_DATA,
            "check_time": int(self._clock() * 1000),
            "result": {"errorCode": "NOT_RUN", "errorMessage": reason},
        }
        if queued is not None:
            self._finish(queued, result)
        else:
            self._store(test, str(secrets.randbelow(2**62)), trigger, result)

    def _finish(self, queued: Json, result: Json) -> None:
        done = {**queued, "status": "done", "result": result}
        self._directory.put(self._org, SYNTHETICS_RUNS, queued["result_id"], done)

    def _store(self, test: Json, result_id: str, trigger: str, result: Json) -> None:
        run = {"result_id": result_id, "public_id": test["public_id"], "status": "done", "trigger": trigger,
               "created": result["check_time"] / 1000, "result": result}  # fmt: skip
        self._directory.put(self._org, SYNTHETICS_RUNS, result_id, run)

    def _emit(self, test: Json, results: list[Json]) -> None:
        """Store events for the test's monitor, and synthetics.test_runs and synthetics.http.response.time (ms)."""
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
            points = [("synthetics.test_runs", "count", 1.0)]
            if "timings" in result["result"]:
                points.append(("synthetics.http.response.time", "gauge", result["result"]["timings"]["total"]))
            for metric, type_, value in points:
                series.append(Series(metric, type_, named, np.array([at]), np.array([float(value)])))  # type: ignore[arg-type]  # both are types
        store = self._receiver.store(self._org)
        store.append_events(events)
        store.append_series(series)
        self._receiver.count("synthetics.runs", len(results))

    def _delete_oldest(self) -> None:
        by_test: dict[str, list[str]] = defaultdict(list)
        for run in self._directory.objects(self._org, SYNTHETICS_RUNS):
            if run.get("status") == "done":
                by_test[run["public_id"]].append(run["result_id"])
        for results in by_test.values():
            for old in results[: max(0, len(results) - MAX_RESULTS)]:
                self._directory.store.delete(self._org, SYNTHETICS_RUNS, old)
                screenshots.delete(self._directory, self._org, old)
