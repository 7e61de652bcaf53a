"""A deployment says what it waits for while Datadog's gate judges a version."""

import pytest

from firedrill.datadog.client import DatadogClient
from firedrill.delivery import checks
from firedrill.evaluate.model import Json


class Gate(DatadogClient):
    """Datadog's API whose gate evaluates two rules, one after the other."""

    def __init__(self, *states: tuple[str, str, str]) -> None:
        super().__init__("http://datadog.invalid", "api", "app")
        self.states = list(states)

    def call(self, request: str, body: Json | None = None) -> Json:
        """Answer a request for an evaluation, or for its next state."""
        if request.startswith("POST"):
            return {"data": {"attributes": {"evaluation_id": "7"}}}
        status, monitors, faults = self.states.pop(0)
        rules = [{"name": "monitors", "status": monitors}, {"name": "faulty deployment", "status": faults}]
        return {"data": {"attributes": {"gate_status": status, "rules": rules}}}


def test_each_change_of_a_rule_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PAUSE", 0)
    running = ("in_progress", "in_progress", "in_progress")
    client = Gate(running, running, ("in_progress", "pass", "in_progress"), ("pass", "pass", "pass"))
    said: list[str] = []
    result = checks.evaluate_gate(client, "llm-api", "dev", "abc", said.append)
    assert result == checks.CheckResult(True, "pass (monitors: pass, faulty deployment: pass)")
    assert said == [
        "version abc, at most 30 min (monitors: in_progress, faulty deployment: in_progress)",
        "version abc, at most 30 min (monitors: pass, faulty deployment: in_progress)",
    ]
