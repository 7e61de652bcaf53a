"""A revision's template, parsed from what ``gcp:cloudrunv2/service:Service`` declares.

Defaults: https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services (Probe, Container).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firedrill.sandbox.google.errors import ErrorResponse

MEMORY_UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


@dataclass(frozen=True)
class Probe:
    """A health check; ``path`` None is a TCP check. Times are in seconds."""

    path: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0
    period: float = 10
    timeout: float = 1
    failures: int = 3


DEFAULT_STARTUP = Probe(period=240, timeout=240, failures=1)
"""Cloud Run's default where no startup probe is declared."""


@dataclass(frozen=True)
class SecretKey:
    """A reference to a version of a secret as the value of an environment variable."""

    secret: str
    version: str


@dataclass(frozen=True)
class Template:
    """The settings of one revision."""

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
    """Number of instances: the declared minimum, since the sandbox does not scale."""
    timeout: float
    """Seconds until a request ends with 504."""
    service_account: str


def parse_template(template: Mapping[str, Any]) -> Template:
    """Parse a template. Raises ErrorResponse for what Cloud Run refuses or the sandbox cannot run."""
    containers = template.get("containers") or []
    if len(containers) != 1:
        names = ", ".join(str(container.get("name", "?")) for container in containers) or "none"
        raise ErrorResponse(
            400,
            f"template.containers: the sandbox runs exactly one container in a revision, declared are: {names}. "
            "Use serverless-init in the container instead of a sidecar",
        )
    container = containers[0]
    if not container.get("image"):
        raise ErrorResponse(400, "template.containers[0].image: Required field not provided.")
    scaling = template.get("scaling") or {}
    limits = (container.get("resources") or {}).get("limits") or {}
    return Template(
        image=container["image"],
        command=tuple(container.get("commands") or ()),
        arguments=tuple(container.get("args") or ()),
        environment={variable["name"]: _variable_value(variable) for variable in container.get("envs") or []},
        startup=parse_probe(container.get("startupProbe")) or DEFAULT_STARTUP,
        liveness=parse_probe(container.get("livenessProbe")),
        readiness=parse_probe(container.get("readinessProbe")),
        memory=memory_bytes(limits.get("memory", "512Mi")),
        instances=max(1, int(scaling.get("minInstanceCount") or 0)),
        timeout=duration_seconds(template.get("timeout") or "300s"),
        service_account=template.get("serviceAccount") or "",
    )


def _variable_value(variable: Mapping[str, Any]) -> str | SecretKey:
    if variable["name"] in ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"):
        raise ErrorResponse(
            400, f"template.containers[0].env: The following reserved env names were provided: {variable['name']}."
        )
    key = (variable.get("valueSource") or {}).get("secretKeyRef")
    return SecretKey(key["secret"], key.get("version") or "latest") if key else str(variable.get("value") or "")


def parse_probe(declared: Mapping[str, Any] | None) -> Probe | None:
    """Parse a declared probe. Raises ErrorResponse for gRPC probes."""
    if not declared:
        return None
    if declared.get("grpc") is not None:
        raise ErrorResponse(400, "grpc probe: the sandbox's Cloud Run supports only httpGet and tcpSocket")
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


def memory_bytes(quantity: str) -> int:
    """Return the bytes of a Kubernetes quantity such as ``512Mi``."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([A-Za-z]*)", quantity)
    if not match or match[2] not in MEMORY_UNITS:
        raise ErrorResponse(
            400, f"template.containers[0].resources.limits.memory: {quantity!r} is no quantity such as 512Mi or 1Gi"
        )
    return int(float(match[1]) * MEMORY_UNITS[match[2]])


def duration_seconds(duration: str) -> float:
    """Return the seconds of a duration such as ``300s``."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)s", duration)
    if not match:
        raise ErrorResponse(400, f"template.timeout: {duration!r} is no duration such as 300s")
    return float(match[1])
