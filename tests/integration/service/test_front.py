"""A large body gets one answer, from an instance and through the front of the sandbox's Cloud Run."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from firedrill import image
from tests.conftest import ROOT
from tests.integration.sandbox.google.sandbox import (
    INVOKER,
    LOCATION,
    PROJECT,
    SERVICE,
    SERVICE_ID,
    Sandbox,
    make,
    wait_for,
)

MEGABYTES = 10
pytestmark = pytest.mark.slow
JSON = {"Content-Type": "application/json"}
Content = Callable[[], Any]
"""A function, since a stream can be sent once."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Provide the sandbox's Google process with one instance of the service, started from its image's command."""
    sandbox = make(tmp_path_factory.mktemp("front"))
    folder = sandbox.settings.root / "service"
    shutil.copytree(ROOT / "service", folder, ignore=shutil.ignore_patterns("__pycache__"))
    sandbox.start()
    try:
        _deploy(sandbox, folder)
        yield sandbox
    finally:
        sandbox.signal()


def _deploy(sandbox: Sandbox, folder: Path) -> None:
    reference = f"{LOCATION}-docker.pkg.dev/{PROJECT}/llm/llm-api@{image.digest(folder)}"
    template = sandbox.template(reference, envs=[{"name": "WEB_CONCURRENCY", "value": "1"}])
    template["scaling"] = {"minInstanceCount": 1}
    template["containers"][0]["startupProbe"] |= {"timeoutSeconds": 5, "periodSeconds": 5, "failureThreshold": 30}
    open_to_all = {"name": "llm-api", "role": "roles/run.invoker", "member": "allUsers"}
    sandbox.resource("POST", INVOKER, "invoker", open_to_all)
    sandbox.create(SERVICE, SERVICE_ID, {"name": "llm-api", "template": template})
    wait_for(lambda: sandbox.get("/health").status_code == 200, "the service answers", 120)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: b'{"message": "' + b"x" * (MEGABYTES * 2**20) + b'"}', id="known length"),
        pytest.param(lambda: iter([b"x" * 2**20] * MEGABYTES), id="chunked"),
        pytest.param(lambda: b"x" * (MEGABYTES * 2**20), id="not JSON"),
    ],
)
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/chat", {}, 413),
        ("/v1/feedback", {}, 413),
        ("/nowhere", {}, 404),
        ("/health", {}, 405),
        ("/v1/chat", {"Origin": "http://evil.example"}, 403),
        ("/v1/control/model", {}, 503),
        ("/datadog/oncall/page", {}, 503),
    ],
)
def test_both_answer_the_same(
    sandbox: Sandbox, path: str, headers: dict[str, str], status: int, content: Content
) -> None:
    [instance] = sandbox.instances()
    addresses = (f"http://127.0.0.1:{instance['port']}", sandbox.settings.service_url)
    answers = [sandbox.http.post(f"{url}{path}", content=content(), headers=JSON | headers) for url in addresses]
    assert [answer.status_code for answer in answers] == [status, status]
    assert _document(answers[0]) == _document(answers[1])


def _document(answer: httpx.Response) -> dict[str, Any]:
    """Return a problem without the id of its request's trace."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    return {key: value for key, value in answer.json().items() if key != "trace_id"}
