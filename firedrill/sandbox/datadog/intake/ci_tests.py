"""Test Optimization: tests that ddtrace reports, on the track "citest"."""

from typing import Any

from firedrill.evaluate.telemetry import Event


def read_tests(body: Any, now: float) -> list[Event]:
    """Return the events of ``POST /api/v2/citestcycle`` for tests, without those for suites, modules and sessions."""
    test_runs = []
    for event in body["events"]:
        content = event["content"]
        if event["type"] != "test":
            continue
        meta = {str(key): value for key, value in content["meta"].items()}
        nested: dict[str, Any] = {"duration": content["duration"]}
        for key, value in meta.items():
            *outer, last = key.split(".")
            level = nested
            for part in outer:
                level = level.setdefault(part, {}) if isinstance(level.get(part, {}), dict) else {}
            level[last] = value
        attributes = {
            "service": content["service"],
            "status": "error" if content["error"] else "info",
            "message": content["resource"],
            "tags": [f"env:{meta.get('env', 'none')}", f"test.status:{meta.get('test.status')}", "test_level:test"],
            "attributes": nested,
            "test_level": "test",
        }
        test_runs.append(Event(now, "citest", attributes))
    return test_runs
