"""A sandbox's two servers as processes, without a deployed stack, and the service in front of them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from firedrill.settings import API_KEY, APP_KEY, Settings
from firedrill.settings import from_environment as sandbox_settings
from tests.conftest import free_ports
from tests.integration.service import sandbox
from tests.integration.service.sandbox import Service, eventually


@contextmanager
def _server(module: str, health: str, environment: dict[str, str], log: Path) -> Iterator[None]:
    """Run one of the sandbox's servers."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module], stdout=output, stderr=output, env={**os.environ, **environment}
        )
    try:
        eventually(lambda: process.poll() is not None or sandbox.answers(health), 60, f"the start of {module}")
        assert process.poll() is None, log.read_text()[-2000:]
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def servers(folder: Path, **variables: str) -> Iterator[tuple[Settings, Service]]:
    """Provide the sandbox's settings and the service; ``variables`` are more of the service's environment."""
    environment = {"FIREDRILL_HOME": str(folder / "sandbox"), "FIREDRILL_PORT": str(free_ports(6))}
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        settings = sandbox_settings()
        for name, url in (("datadog", settings.datadog_url), ("google", settings.google_url)):
            module = f"firedrill.sandbox.{name}"
            stack.enter_context(_server(module, f"{url}/-/health", environment, folder / f"{name}.log"))
        own = {"DD_API_URL": settings.datadog_url, "DD_API_KEY": API_KEY, "DD_APP_KEY": APP_KEY, "API_AUTH": "loopback"}
        own |= {"DD_DOGSTATSD_URL": f"udp://127.0.0.1:{settings.statsd_port}", "STATE_BUCKET": ""}
        own |= {"WEB_CONCURRENCY": "1"} | variables
        yield settings, stack.enter_context(sandbox.service(folder, settings.google_url, "", None, (), **own))
