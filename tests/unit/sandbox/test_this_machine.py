"""Redirection of hosts to the sandbox's processes; nothing leaves this machine."""

from pathlib import Path

import httpx
import pytest

from firedrill.sandbox import this_machine
from firedrill.settings import Settings
from tests.integration.sandbox.live.target import serving


def test_googles_and_datadogs_hosts_are_the_sandboxs_own_processes(tmp_path: Path) -> None:
    with serving() as google:
        settings = Settings(tmp_path, tmp_path, google.server_port - 3)
        with this_machine.client(settings) as client:
            client.post("https://run.googleapis.com/v2/x?updateMask=traffic", json={"model": "m"})
            client.post("https://europe-west1-run.googleapis.com/apis/y", json={})
    assert [path for _, path, *_ in google.requests] == ["/v2/x?updateMask=traffic", "/apis/y"]

    with serving() as datadog:
        settings = Settings(tmp_path, tmp_path, datadog.server_port - 1)
        with this_machine.client(settings) as client:
            client.post("https://api.datadoghq.eu/api/v1/notebooks", json={})
            client.post(f"http://localhost:{datadog.server_port}/v1/control/cache", json={})
    assert [path for _, path, *_ in datadog.requests] == ["/api/v1/notebooks", "/v1/control/cache"]


@pytest.mark.parametrize("host", ["example.com", "api.datadoghq.com.example.com", "evil-googleapis.com"])
def test_another_host_is_refused(tmp_path: Path, host: str) -> None:
    with (
        this_machine.client(Settings(tmp_path, tmp_path)) as client,
        pytest.raises(httpx.ConnectError, match="reaches no host outside this machine"),
    ):
        client.get(f"https://{host}/")
