"""Health checks of instances: startup, liveness and readiness probes, with Cloud Run's periods and thresholds.

https://cloud.google.com/run/docs/configuring/healthchecks. An HTTP probe passes with a status from 200 to 399.
"""

import asyncio

import httpx

from firedrill.sandbox.google.cloud_run.template import Probe


def client() -> httpx.AsyncClient:
    """Return an HTTP client that keeps no connections, so a probe sees what a new caller would see."""
    return httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))


async def passes(probe: Probe, port: int, http: httpx.AsyncClient) -> bool:
    """Return whether one check of the instance on ``port`` passes within the probe's timeout."""
    if probe.path is None:
        return await _connects(port, probe.timeout)
    try:
        async with asyncio.timeout(probe.timeout):
            url = f"http://127.0.0.1:{port}/{probe.path.lstrip('/')}"
            response = await http.get(url, headers=list(probe.headers), timeout=probe.timeout)
    except (httpx.HTTPError, TimeoutError):
        return False
    return 200 <= response.status_code < 400


async def _connects(port: int, timeout: float) -> bool:
    """Return whether the port accepts a connection before the timeout, which for Cloud Run's own probe is minutes."""
    try:
        async with asyncio.timeout(timeout):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1)
                    continue
                writer.close()
                return True
    except TimeoutError:
        return False


async def until_passed(probe: Probe, port: int, http: httpx.AsyncClient) -> bool:
    """Return whether a startup probe passes before it has failed ``failures`` times."""
    await asyncio.sleep(probe.delay)
    for attempt in range(probe.failures):
        if attempt:
            await asyncio.sleep(probe.period)
        if await passes(probe, port, http):
            return True
    return False


async def until_failed(probe: Probe, port: int, http: httpx.AsyncClient) -> None:
    """Return once a liveness probe has failed ``failures`` times in a row."""
    await asyncio.sleep(probe.delay)
    failures = 0
    while failures < probe.failures:
        await asyncio.sleep(probe.period)
        failures = 0 if await passes(probe, port, http) else failures + 1
