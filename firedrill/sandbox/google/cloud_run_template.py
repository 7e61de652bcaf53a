"""A revision's template as ``gcp:cloudrunv2/service:Service`` declares it, read into what the sandbox acts on.

Defaults: https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services (Probe, Container).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firedrill.sandbox.google.errors import GoogleError

UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


@dataclass(frozen=True)
class Probe:
    """A health check. ``path`` None: a TCP connection is enough. Times in seconds."""

    path: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0
    period: float = 10
    timeout: float = 1
    failures: int = 3


DEFAULT_STARTUP = Probe(period=240, timeout=240, failures=1)
"""What Cloud Run uses where no startup probe is declared."""


@dataclass(frozen=True)
class SecretKey:
    """An environment variable's value that Secret Manager holds."""

    secret: str
    version: str


@dataclass(frozen=True)
class Template:
    """One revision: what to start, how many times, and how to judge it."""

    image: str
    command: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: Mapping[str, str | SecretKey]
    startup: Probe
    liveness: Probe | None
    readiness: Probe | None
    memory: int
    """Bytes that one instance may hold."""
    instances: int
    """How many run: the sandbox does not scale beyond the declared minimum."""
    timeout: float
    """Seconds until a request ends with 504."""
    service_account: str


def parse(template: Mapping[str, Any]) -> Template:
    """Read a template; GoogleError for what Cloud Run refuses and for what the sandbox cannot run."""
    containers = template.get("containers") or []
    if len(containers) != 1:
        names = ", ".join(str(container.get("name", "?")) for container in containers) or "none"
        raise GoogleError(
            400,
            f"template.containers: the sandbox's Cloud Run runs exactly one container a revision, here: {names}. "
            "Use the in-container form of serverless-init in place of a sidecar",
        )
    container = containers[0]
    if not container.get("image"):
        raise GoogleError(400, "template.containers[0].image: Required field not provided.")
    scaling = template.get("scaling") or {}
    limits = (container.get("resources") or {}).get("limits") or {}
    return Template(
        image=container["image"],
        command=tuple(container.get("commands") or ()),
        arguments=tuple(container.get("args") or ()),
        environment={variable["name"]: _value(variable) for variable in container.get("envs") or []},
        startup=probe(container.get("startupProbe")) or DEFAULT_STARTUP,
        liveness=probe(container.get("livenessProbe")),
        readiness=probe(container.get("readinessProbe")),
        memory=memory(limits.get("memory", "512Mi")),
        instances=max(1, int(scaling.get("minInstanceCount") or 0)),
        timeout=seconds(template.get("timeout") or "300s"),
        service_account=template.get("serviceAccount") or "",
    )


def _value(variable: Mapping[str, Any]) -> str | SecretKey:
    if variable["name"] in ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"):
        raise GoogleError(
            400, f"template.containers[0].env: The following reserved env names were provided: {variable['name']}."
        )
    key = (variable.get("valueSource") or {}).get("secretKeyRef")
    return SecretKey(key["secret"], key.get("version") or "latest") if key else str(variable.get("value") or "")


def probe(declared: Mapping[str, Any] | None) -> Probe | None:
    """A declared probe; gRPC probes are refused."""
    if not declared:
        return None
    if declared.get("grpc") is not None:
        raise GoogleError(400, "grpc probe: the sandbox's Cloud Run knows httpGet and tcpSocket probes only")
    http = declared.get("httpGet")
    headers = (http or {}).get("httpHeaders") or []
    return Probe(
        path=None if http is None else http.get("path") or "/",
        headers=tuple((header["name"], header.get("value") or "") for header in headers),
        delay=declared.get("initialDelaySeconds") or 0,
        period=declared.get("periodSeconds") or Probe.period,
        timeout=declared.get("timeoutSeconds") or Probe.timeout,
        failures=declared.get("failureThreshold") or Probe.failures,
    )


def memory(quantity: str) -> int:
    """Bytes of a Kubernetes quantity such as ``512Mi``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([A-Za-z]*)", quantity)
    if not found or found[2] not in UNITS:
        raise GoogleError(400, f"template.containers[0].resources.limits.memory: {quantity!r} is not like 512Mi or 1Gi")
    return int(float(found[1]) * UNITS[found[2]])


def seconds(duration: str) -> float:
    """Seconds of a duration such as ``300s``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)s", duration)
    if not found:
        raise GoogleError(400, f"template.timeout: {duration!r} is not like 300s")
    return float(found[1])
