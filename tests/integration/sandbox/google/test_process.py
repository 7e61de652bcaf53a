"""The Google process responds to bad requests as Google does, and reports a taken port in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.sandbox.google.sandbox import Intake, Sandbox, make


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    sandbox = make(tmp_path)
    holder = Intake(sandbox.settings.port)
    environment = {"FIREDRILL_HOME": str(tmp_path), "FIREDRILL_PORT": str(sandbox.settings.port)}
    ended = subprocess.run(
        [sys.executable, "-m", "firedrill.sandbox.google"], env=environment, capture_output=True, text=True, check=False
    )
    holder.server_close()
    assert ended.returncode == 1
    assert ended.stderr == f"cannot listen on port {sandbox.settings.port} (the service): Address already in use\n"


@pytest.mark.parametrize(
    ("request_line", "body", "status", "message"),
    [
        ("POST /storage/v1/b", "{", 400, "Invalid JSON payload"),
        ("POST /storage/v1/b", "{}", 400, "Required parameter: name"),
        ("GET /storage/v1/b/absent", "", 404, "The specified bucket does not exist."),
        ("GET /storage/v1/b/bad/o/x?ifGenerationMatch=new", "", 400, "Invalid value for ifGenerationMatch"),
        ("POST /upload/storage/v1/b/bad/o?uploadType=other", "", 400, "use media, multipart or resumable"),
        ("POST /upload/storage/v1/b/bad/o?uploadType=media", "x", 400, "Required parameter: name"),
        ("PUT /upload/storage/v1/b/bad/o?upload_id=none", "x", 404, "No such upload"),
        ("GET /v1/projects/p/secrets/s/versions/1:access", "", 404, "not found"),
        ("GET /-/resources/nonsense", "", 400, "does not have the form gcp:MODULE/KIND/ID"),
        ("PUT /-/resources/gcp:pubsub/topic:Topic/x", "[]", 400, 'must be {"properties"'),
        ("PUT /-/resources/gcp:pubsub/topic:Topic/x", '{"properties": {}}', 404, "not found"),
        ("DELETE /-/resources/gcp:pubsub/topic:Topic/x", "", 404, "not found"),
    ],
)
def test_a_bad_request_gets_google_s_form_of_error(
    sandbox: Sandbox, request_line: str, body: str, status: int, message: str
) -> None:
    method, path = request_line.split(" ")
    sandbox.http.post(f"{sandbox.settings.google_url}/storage/v1/b", json={"name": "bad"})
    answer = sandbox.http.request(method, f"{sandbox.settings.google_url}{path}", content=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, status)
    assert message in error["message"]
