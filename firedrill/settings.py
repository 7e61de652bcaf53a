"""The settings of a sandbox: the folder of its state, the ports of its processes, and its keys."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

API_KEY = "f17ed8111a2b3c4d5e6f708192a3b4c5"
"""The key of the sandbox's organisation. Not a secret: it opens only a process on this machine."""
APP_KEY = "f17ed8111a2b3c4d5e6f708192a3b4c5d6e7f809"
ACCOUNT_TOKEN = "sandbox-token-of/"  # noqa: S105 - not a secret: it opens only processes on this machine
"""The prefix of a service account's token for the sandbox's Google Cloud; the account's e-mail address follows."""
KEEP_ALIVE_SECONDS = 75
"""Seconds for which the servers keep an idle connection: longer than their clients do (httpx: 5 s), since a request on
a connection that is being closed fails. The load balancers of the real APIs do the same."""

GOOGLE_URL = "FIREDRILL_GOOGLE_URL"
"""The variable with the URL that replaces every host of Google's APIs, as DD_HOST does with Datadog's."""


class Provider(StrEnum):
    """A Datadog provider that Pulumi can use against the sandbox's API."""

    OURS = "ours"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Settings:
    """One sandbox: its checkout, its state folder and its six consecutive ports."""

    root: Path
    home: Path
    port: int = 8000
    telemetry_days: float = 3.0
    """Days for which the sandbox keeps logs, spans and other events; points of metrics stay for 35."""
    telemetry_gigabytes: float = 12.0
    """Size of the sandbox's telemetry beyond which the oldest events go."""
    provider: Provider = Provider.OURS
    """The Datadog provider of the sandbox's stack."""

    @property
    def service_url(self) -> str:
        """The URL of the service, behind Cloud Run's front."""
        return f"http://localhost:{self.port}"

    @property
    def datadog_port(self) -> int:
        """The HTTP port of Datadog's public API, agent endpoints and log intake."""
        return self.port + 1

    @property
    def datadog_url(self) -> str:
        """The base URL of Datadog's API."""
        return f"http://localhost:{self.datadog_port}"

    @property
    def statsd_port(self) -> int:
        """The UDP port of DogStatsD."""
        return self.port + 2

    @property
    def google_port(self) -> int:
        """The HTTP port of Vertex AI, Cloud Storage, Secret Manager and the metadata server."""
        return self.port + 3

    @property
    def google_url(self) -> str:
        """The base URL of the sandbox's Google Cloud."""
        return f"http://localhost:{self.google_port}"

    @property
    def datadog_provider_port(self) -> int:
        """The gRPC port of the Datadog resource provider."""
        return self.port + 4

    @property
    def gcp_provider_port(self) -> int:
        """The gRPC port of the Google Cloud resource provider."""
        return self.port + 5

    @property
    def logs(self) -> Path:
        """The folder of the processes' logs."""
        return self.home / "logs"


def from_environment() -> Settings:
    """Return the settings of FIREDRILL_ROOT, FIREDRILL_HOME and FIREDRILL_PORT; by default this checkout, port 8000.

    FIREDRILL_TELEMETRY_DAYS and FIREDRILL_TELEMETRY_GB limit what the sandbox keeps; FIREDRILL_PROVIDER is the Datadog
    provider, as the option --provider.

    Raises:
        SystemExit: FIREDRILL_PORT is not a port, a limit not a positive number, or the provider unknown.
    """
    root = Path(os.environ.get("FIREDRILL_ROOT") or Path(__file__).parents[1]).resolve()
    home = Path(os.environ.get("FIREDRILL_HOME") or root / ".sandbox").resolve()
    port = os.environ.get("FIREDRILL_PORT") or "8000"
    if not port.isdecimal() or not 1024 <= int(port) <= 65529:
        raise SystemExit(f"FIREDRILL_PORT is {port!r}: give a port between 1024 and 65529 (six in a row are used)")
    provider = os.environ.get("FIREDRILL_PROVIDER") or Provider.OURS
    if provider not in list(Provider):
        raise SystemExit(f"FIREDRILL_PROVIDER is {provider!r}: give {' or '.join(Provider)}")
    days = _positive("FIREDRILL_TELEMETRY_DAYS", Settings.telemetry_days)
    gigabytes = _positive("FIREDRILL_TELEMETRY_GB", Settings.telemetry_gigabytes)
    return Settings(root, home, int(port), days, gigabytes, Provider(provider))


def _positive(name: str, default: float) -> float:
    """Return the positive number in an environment variable."""
    text = os.environ.get(name) or str(default)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise SystemExit(f"{name} is {text!r}: give a positive number")
    return number
