"""A sandbox's Google process of a test's own: a checkout with a small service, free ports, a log intake beside it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from firedrill import image
from firedrill.settings import Settings
from tests.conftest import free_ports

PROJECT, LOCATION = "acme-dev", "europe-west1"
SERVICE = "gcp:cloudrunv2/service:Service"
SERVICE_ID = f"projects/{PROJECT}/locations/{LOCATION}/services/llm-api"
ACCOUNT = f"llm-api@{PROJECT}.iam.gserviceaccount.com"
INVOKER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"

APP = """
import json, os, sys, time
from flask import Flask, Response, request

app = Flask(__name__)
VERSION = "one"
held = []

SICK = os.path.join(os.environ["HOME"], "sick")
if os.path.exists(SICK):
    os.remove(SICK)

@app.get("/health")
def health():
    return {"status": "ok"}, 503 if os.path.exists(SICK) else 200

@app.post("/sicken")
def sicken():
    open(SICK, "w").close()
    return {}

@app.get("/version")
def version():
    return {"version": VERSION, "port": os.environ["PORT"], "pid": os.getpid()}

@app.get("/environment")
def environment():
    return dict(os.environ)

@app.route("/echo", methods=["GET", "POST", "HEAD"])
def echo():
    response = Response(request.get_data(), 418, content_type=request.content_type)
    response.headers.add("set-cookie", "a=1")
    response.headers.add("set-cookie", "b=2")
    response.headers["x-seen"] = json.dumps([request.full_path, dict(request.headers)])
    return response

@app.get("/stream")
def stream():
    def events():
        for number in range(3):
            yield f"data: {number}\\n\\n"
            time.sleep(0.3)
    return Response(events(), content_type="text/event-stream")

@app.get("/slow")
def slow():
    time.sleep(float(request.args["seconds"]))
    return {"slept": True}

@app.post("/say")
def say():
    print(request.get_data(as_text=True), flush=True)
    return {}

@app.post("/leak")
def leak():
    held.append(bytearray(int(request.args["bytes"])))
    return {}

@app.post("/die")
def die():
    os.kill(os.getppid(), 9)
    return {}
"""
DOCKERFILE = """FROM python:3.11-slim
ENV GREETING="hello there"
COPY . service/
ENTRYPOINT ["/app/datadog-init"]
CMD ["gunicorn", "--workers", "2", "--threads", "4", "service.app:app"]
"""


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    """Poll a condition until it holds and return its value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


class _Intake(BaseHTTPRequestHandler):
    server: "Intake"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, self.headers["dd-api-key"], json.loads(body)))
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class Intake(ThreadingHTTPServer):
    """Stands for Datadog's log intake."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Intake)
        self.received: list[tuple[str, str, list[dict[str, Any]]]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def entries(self) -> list[dict[str, Any]]:
        """Return all log entries so far."""
        return [entry for _, _, batch in self.received for entry in batch]


@dataclass
class Sandbox:
    """A running Google process."""

    settings: Settings
    process: subprocess.Popen[bytes] | None = None
    # A new connection for each request: a busy server may close an idle one just as it is used again.
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(
            timeout=60, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )
    )

    def start(self) -> None:
        """Start the process and wait until it answers."""
        environment = os.environ | {
            "FIREDRILL_ROOT": str(self.settings.root),
            "FIREDRILL_HOME": str(self.settings.home),
            "FIREDRILL_PORT": str(self.settings.port),
            "LEAKED_FROM_OUTSIDE": "yes",
        }
        self.settings.logs.mkdir(parents=True, exist_ok=True)
        with (self.settings.logs / "google.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "firedrill.sandbox.google"], env=environment, stderr=log, start_new_session=True
            )
        wait_for(self._healthy, "the google process answers")

    def _healthy(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.settings.logs / "google.log").read_text()
        try:
            return self.http.get(f"{self.settings.google_url}/-/health").status_code == 200
        except httpx.TransportError:
            return False

    def signal(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(12)

    def write_service(self, app: str = APP, dockerfile: str = DOCKERFILE) -> str:
        """Make this the checkout's service; the reference of its image."""
        folder = self.settings.root / "service"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
        (folder / "app.py").write_text(app)
        (folder / "Dockerfile").write_text(dockerfile)
        return f"{LOCATION}-docker.pkg.dev/{PROJECT}/llm/llm-api@{image.digest(folder)}"

    def resource(self, method: str, kind: str, name: str, properties: dict[str, Any] | None = None) -> httpx.Response:
        """One call of the control API for a resource."""
        body = None if properties is None else properties if method == "PATCH" else {"properties": properties}
        return self.http.request(
            method, f"{self.settings.google_url}/-/resources/{kind}/{quote(name, safe='/')}", json=body
        )

    def create(self, kind: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
        """Create a resource that must succeed; the answer's JSON."""
        answer = self.resource("POST", kind, name, properties)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def template(self, reference: str, **container: Any) -> dict[str, Any]:
        """Return a template that starts quickly."""
        probe = {"httpGet": {"path": "/health"}, "periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 15}
        return {
            "serviceAccount": ACCOUNT,
            "scaling": {"minInstanceCount": 2},
            "containers": [{"image": reference, "startupProbe": probe, **container}],
        }

    def deploy(self, **container: Any) -> dict[str, Any]:
        """Declare the service, open to everyone."""
        properties = {"name": "llm-api", "template": self.template(self.write_service(), **container)}
        self.resource(
            "POST", INVOKER, "invoker", {"name": "llm-api", "role": "roles/run.invoker", "member": "allUsers"}
        )
        return self.create(SERVICE, SERVICE_ID, properties)

    def status(self) -> dict[str, Any]:
        """``/-/status``."""
        result: dict[str, Any] = self.http.get(f"{self.settings.google_url}/-/status").json()
        return result

    def instances(self) -> list[dict[str, Any]]:
        """Return all instances of all running revisions."""
        return [
            instance
            for service in self.status()["services"]
            for revision in service["revisions"]
            for instance in revision["instances"]
        ]

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Return a request to the service's front."""
        return self.http.get(f"{self.settings.service_url}{path}", **options)


def make(folder: Path) -> Sandbox:
    """Return a sandbox in a folder, not started."""
    return Sandbox(Settings(folder / "checkout", folder / "home", free_ports(6)))
