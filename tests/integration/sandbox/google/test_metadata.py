"""google.auth gets its default credentials from the sandbox's metadata server, as in a Cloud Run instance."""

import json
import os
import subprocess
import sys

import httpx

from tests.integration.sandbox.google.sandbox import Sandbox

PROGRAM = """
import json, google.auth, google.auth.transport.requests
from google.auth.compute_engine import _metadata
request = google.auth.transport.requests.Request()
credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"], request=request)
credentials.refresh(request)
print(json.dumps([project, credentials.service_account_email, bool(credentials.token), _metadata.ping(request)]))
"""


def test_default_credentials_are_found(sandbox: Sandbox) -> None:
    host = f"localhost:{sandbox.settings.google_port}"
    environment = {"PATH": os.environ["PATH"], "GCE_METADATA_HOST": host, "GCE_METADATA_IP": host}
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(output) == ["sandbox", "123456789012-compute@developer.gserviceaccount.com", True, True]


def test_a_request_without_the_header_is_refused(sandbox: Sandbox) -> None:
    url = f"{sandbox.settings.google_url}/computeMetadata/v1/project/project-id"
    assert httpx.get(url).status_code == 403
    assert httpx.get(url, headers={"Metadata-Flavor": "Google"}).text == "sandbox"
    absent = f"{sandbox.settings.google_url}/computeMetadata/v1/absent"
    assert httpx.get(absent, headers={"Metadata-Flavor": "Google"}).status_code == 404
