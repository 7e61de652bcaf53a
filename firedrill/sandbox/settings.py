"""Where a sandbox keeps its state and where its processes listen."""

import os
from dataclasses import dataclass
from pathlib import Path

API_KEY = "f17ed8111a2b3c4d5e6f708192a3b4c5"
"""The organisation that a sandbox's stack deploys to. Not a secret: it opens nothing but a process on this machine."""
APP_KEY = "f17ed8111a2b3c4d5e6f708192a3b4c5d6e7f809"
ACCOUNT_TOKEN = "sandbox-token-of/"  # noqa: S105 - not a secret: it opens nothing but processes on this machine
"""Before a service account's e-mail address: the token with which the sandbox's Google Cloud takes a call as its."""
KEEP_ALIVE_SECONDS = 75
"""How long the servers keep an idle connection: longer than their clients do (httpx: 5 s), or a request is sent on one
that is being closed. Load balancers of the real APIs keep theirs as long."""


@dataclass(frozen=True)
class Settings:
    """One sandbox: its checkout, its state folder and its six consecutive ports."""

    root: Path
    home: Path
    port: int = 8000

    @property
    def service_url(self) -> str:
        """Cloud Run's front for the service."""
        return f"http://localhost:{self.port}"

    @property
    def datadog_port(self) -> int:
        """HTTP: Datadog's public API, agent endpoints and log intake."""
        return self.port + 1

    @property
    def datadog_url(self) -> str:
        """Base URL of Datadog's API."""
        return f"http://localhost:{self.datadog_port}"

    @property
    def statsd_port(self) -> int:
        """UDP: DogStatsD."""
        return self.port + 2

    @property
    def google_port(self) -> int:
        """HTTP: Vertex AI, Cloud Storage, Secret Manager, metadata server."""
        return self.port + 3

    @property
    def google_url(self) -> str:
        """Base URL of the sandbox's Google Cloud."""
        return f"http://localhost:{self.google_port}"

    @property
    def datadog_provider_port(self) -> int:
        """gRPC: the Datadog resource provider."""
        return self.port + 4

    @property
    def gcp_provider_port(self) -> int:
        """gRPC: the Google Cloud resource provider."""
        return self.port + 5

    @property
    def logs(self) -> Path:
        """Folder of the processes' logs."""
        return self.home / "logs"


def from_environment() -> Settings:
    """The sandbox that FIREDRILL_ROOT, FIREDRILL_HOME and FIREDRILL_PORT name; by default this checkout's, at 8000."""
    root = Path(os.environ.get("FIREDRILL_ROOT") or Path(__file__).parents[2]).resolve()
    home = Path(os.environ.get("FIREDRILL_HOME") or root / ".sandbox").resolve()
    port = os.environ.get("FIREDRILL_PORT") or "8000"
    if not port.isdecimal() or not 1024 <= int(port) <= 65529:
        raise SystemExit(f"FIREDRILL_PORT is {port!r}: give a port between 1024 and 65529 (six in a row are used)")
    return Settings(root, home, int(port))
