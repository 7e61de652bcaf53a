"""Every command of datadog-products.txt, run verbatim in bash, and its effect in the account."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.datadog.routes import ENDPOINTS
from tests.e2e.conftest import Sandbox
from tests.integration.service.sandbox import eventually

pytestmark = pytest.mark.e2e

TEXT = (Path(__file__).parent / "datadog-products.txt").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)
ROUTES = re.findall(r"^- `(GET|POST) /datadog(\S+)`", TEXT, re.MULTILINE)
Call = Callable[..., httpx.Response]


def run(sandbox: Sandbox, block: str, folder: Path) -> list[dict[str, Any]]:
    """Run a block in bash, curl redirected from port 8000 to this sandbox's; return its JSON answers, unordered."""
    (folder / ".curlrc").write_text(
        f'connect-to = "localhost:8000:localhost:{sandbox.settings.port}"\nsilent\nwrite-out = "\\n"\n'
    )
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "CURL_HOME": str(folder), "HOME": str(folder)}
    # bash ends before the commands that it started with "&"; the pipe stays open until they have ended too.
    done = subprocess.run(
        ["bash", "-c", block], check=False, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    decoder, answers, text = json.JSONDecoder(), [], done.stdout.strip()
    while text:
        answer, end = decoder.raw_decode(text)
        answers.append(answer)
        text = text[end:].lstrip()
    return answers


@pytest.fixture
def call(sandbox: Sandbox) -> Call:
    """Return a function that calls the service's API."""
    return lambda method, path, **options: httpx.request(
        method, f"http://localhost:{sandbox.settings.port}/datadog{path}", timeout=30, **options
    )


def pages(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the pages of the account."""
    answer = httpx.get(f"http://localhost:{sandbox.settings.datadog_port}/-/status", timeout=10).json()
    return list(answer.get("pages") or [])


def test_each_endpoint_of_the_text_is_there() -> None:
    assert len(ROUTES) == 21
    declared = {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    assert set(ROUTES) <= declared


def test_create_synthetic_test(sandbox: Sandbox, tmp_path: Path) -> None:
    [created] = run(sandbox, BLOCKS[0], tmp_path)
    test = sandbox.datadog("GET", f"/api/v1/synthetics/tests/{created['public_id']}")
    assert (test["name"], test["options"]["tick_every"]) == ("LLM Health Check", 60)
    assert test["config"]["request"]["url"] == "https://your-app.run.app/health"
    assert "managed_by:service" in test["tags"]
    [again] = run(sandbox, BLOCKS[0], tmp_path)
    assert again["public_id"] == created["public_id"]


def test_create_root_cause_notebook(sandbox: Sandbox, tmp_path: Path) -> None:
    [created] = run(sandbox, BLOCKS[1], tmp_path)
    notebook = sandbox.datadog("GET", f"/api/v1/notebooks/{created['notebook_id']}")["data"]["attributes"]
    assert "Cost Spike" in notebook["name"]
    text = json.dumps(notebook["cells"])
    assert "knows no incident `inc-123`" in text
    assert "llm.chat.cost" in text and "Slowest traces" in text and "Watchdog" in text


def test_trigger_workflow_of_an_unknown_name_lists_the_handles(sandbox: Sandbox, tmp_path: Path) -> None:
    [answer] = run(sandbox, BLOCKS[2], tmp_path)
    assert answer["status"] == 404
    assert "switch-model" in answer["detail"]


def test_page_on_call(sandbox: Sandbox, tmp_path: Path) -> None:
    [created] = run(sandbox, BLOCKS[3], tmp_path)
    assert (created["status"], created["team"], created["urgency"]) == ("sent", "llm-platform", "high")
    assert created["page_id"]

    def outbox_lines() -> list[Any]:
        search = {"filter": {"query": f"@event:outbox @write_id:{created['id']}", "from": "now-15m"}}
        return list(sandbox.datadog("POST", "/api/v2/logs/events/search", json=search)["data"])

    assert eventually(outbox_lines, what="the outbox's line")


def test_all_the_verification_calls(sandbox: Sandbox, tmp_path: Path) -> None:
    answers = run(sandbox, BLOCKS[4], tmp_path)
    assert len(answers) == 5
    products = next(answer for answer in answers if "products" in answer)
    assert products["count"] == 19
    check = next(answer for answer in answers if "public_id" in answer)
    assert check["name"] == "your-app.run.app answers /health"
    notebook = next(answer for answer in answers if "notebook_id" in answer)
    assert sandbox.datadog("GET", f"/api/v1/notebooks/{notebook['notebook_id']}")
    switched = next(answer for answer in answers if "instance_id" in answer)
    assert (switched["model"], switched["model_asked"]) == ("gemini-3.5-flash-lite", "gemini-1.5-flash")
    assert switched["status"] == "succeeded"
    page = next(answer for answer in answers if "page_id" in answer)
    assert page["schedule"] == "Primary LLM On-Call"


def test_an_idempotency_key_makes_one_incident_with_its_notebook(sandbox: Sandbox, call: Call) -> None:
    headers = {"Idempotency-Key": "one-incident"}
    first, again = (call("POST", "/incidents", json={"title": "Once"}, headers=headers) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json()["notebook"]
    assert call("POST", "/incidents", json={"title": "Other"}, headers=headers).status_code == 422
    incidents = [incident for incident in call("GET", "/incidents").json()["incidents"] if incident["title"] == "Once"]
    assert len(incidents) == 1
    path = f"/incidents/{incidents[0]['id']}"
    assert call("POST", path, params={"severity": "SEV-1"}).is_success
    assert call("POST", f"{path}/context").is_success
    assert call("POST", f"{path}/resolve").is_success
    incident = sandbox.datadog("GET", f"/api/v2/incidents/{incidents[0]['id']}")["data"]["attributes"]
    assert (incident["severity"], incident["state"]) == ("SEV-1", "resolved")


def test_what_pulumi_manages_is_not_touched(sandbox: Sandbox, call: Call) -> None:
    tests = sandbox.datadog("GET", "/api/v1/synthetics/tests")["tests"]
    managed = [test for test in tests if "managed_by:pulumi" in test["tags"]]
    assert managed
    for declared in managed:
        answer = call("POST", "/synthetics/tests", json={"name": declared["name"], "url": "https://example.com"})
        assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
        assert declared["public_id"] in answer.json()["detail"]


def test_a_write_while_the_api_is_down_is_accepted_and_arrives_once(sandbox: Sandbox, call: Call) -> None:
    faults = {"faults": [{"kind": "bad_gateway", "path": "/api/v2/dora"}]}
    sandbox.datadog("PUT", "/-/faults", json=faults)
    try:
        answer = call("POST", "/ci/deployment", json={"version": "while-down"})
        assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
        assert call("GET", f"/writes/{answer.json()['id']}").json()["status"] == "accepted"
    finally:
        sandbox.datadog("DELETE", "/-/faults")

    def sent() -> dict[str, Any] | None:
        status: dict[str, Any] = call("GET", f"/writes/{answer.json()['id']}").json()
        return status if status["status"] == "sent" else None

    written = eventually(sent, 40, "the write's delivery")
    assert written["deployment_id"]
    query = {"query": "version:while-down", "from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}
    body = {"data": {"type": "dora_deployments_list_request", "attributes": query}}
    assert len(sandbox.datadog("POST", "/api/v2/dora/deployments", json=body)["data"]) == 1


def test_a_caller_from_elsewhere_needs_a_token(call: Call) -> None:
    answer = call("GET", "/products", headers={"X-Forwarded-For": "203.0.113.7"})
    assert answer.status_code == 401
    assert call("GET", "/products", headers={"Authorization": "Bearer wrong"}).status_code == 401
