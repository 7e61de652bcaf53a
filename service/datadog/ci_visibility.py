"""CI Visibility and DORA metrics: deployments, builds and test results."""

import secrets
import time
import uuid
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from service.context import Context
from service.datadog.endpoint import MANAGED_BY, Endpoint, Json, Parameters

NANOSECONDS = 1_000_000_000
SHA = r"^([0-9a-f]{40})?$"


class Deployment(Parameters):
    """A deployment that has just ended."""

    service: str = Field(default="", max_length=100, description="by default this service")
    version: str = Field(default="", max_length=100, description="by default this version")
    environment: str = Field(default="", max_length=100, description="by default this environment")
    status: Literal["success", "failed"] = "success"
    duration_seconds: float = Field(default=60, ge=0, le=86_400)
    commit_sha: str = Field(default="", pattern=SHA)
    author: str = Field(default="", max_length=100, description="who deployed it, as notebooks name them")
    repository_url: str = Field(default="https://github.com/example/llm-api.git", max_length=500)


class TestResult(Parameters):
    """The result of a test."""

    test_name: str = Field(default="test", min_length=1, max_length=300)
    status: Literal["pass", "fail", "skip"] = "pass"
    duration_ms: float = Field(default=0, ge=0, le=86_400_000)
    suite: str = Field(default="api", min_length=1, max_length=300)


class Build(Parameters):
    """A run of a pipeline."""

    name: str = Field(default="build", min_length=1, max_length=200)
    status: Literal["success", "error", "canceled", "skipped"] = "success"
    duration_seconds: float = Field(default=60, ge=0, le=86_400)
    url: str = Field(default="https://github.com/example/llm-api/actions", max_length=500)


def track_deployment(context: Context, deployment: Deployment) -> Json:
    """Send a deployment to DORA metrics, and an event that graphs can show: ``POST /datadog/ci/deployment``."""
    settings, now = context.settings, time.time_ns()
    service, version = deployment.service or settings.service, deployment.version or settings.version
    env = deployment.environment or settings.env
    author = [f"author:{deployment.author}"] if deployment.author else []
    body = {
        "started_at": now - int(deployment.duration_seconds * NANOSECONDS),
        "finished_at": now,
        "service": service,
        "env": env,
        "version": version,
        "custom_tags": [MANAGED_BY, f"status:{deployment.status}", *author],
    }
    if deployment.commit_sha:
        body["git"] = {"commit_sha": deployment.commit_sha, "repository_url": deployment.repository_url}
    write = context.outbox.write("deployment", body, order=f"deployments of {service}")
    event = {
        "title": f"{service} {version} was deployed to {env}: {deployment.status}",
        "text": "Reported through the service's API",
        "tags": [
            MANAGED_BY,
            f"service:{service}",
            f"env:{env}",
            f"version:{version}",
            "event_type:deployment",
            *author,
        ],
        "alert_type": "success" if deployment.status == "success" else "error",
        "date_happened": now // NANOSECONDS,
    }
    event_write = context.outbox.write("event", event)
    return {**write, "event_write_id": event_write["id"], "service": service, "version": version, "environment": env}


def track_test_result(context: Context, result: TestResult) -> Json:
    """Send a test event to Test Optimization's intake, through the agent: ``POST /datadog/ci/test-result``."""
    settings, duration = context.settings, int(result.duration_ms * 1_000_000)
    trace_id, span_id = secrets.randbits(63), secrets.randbits(63)
    content = {
        "trace_id": trace_id, "span_id": span_id, "parent_id": 0, "name": "test", "service": settings.service,
        "resource": f"{result.suite}.{result.test_name}", "type": "test", "start": time.time_ns() - duration,
        "duration": duration, "error": int(result.status == "fail"), "metrics": {"_dd.top_level": 1},
        "meta": {
            "test.name": result.test_name, "test.suite": result.suite, "test.module": settings.service,
            "test.status": result.status, "test.framework": "api", "test.type": "test", "span.kind": "test",
            "env": settings.env, "managed_by": "service",
        },
    }  # fmt: skip
    metadata = {"*": {"language": "python", "env": settings.env, "runtime-id": str(uuid.uuid4())}}
    body = {"version": 1, "metadata": metadata, "events": [{"type": "test", "version": 2, "content": content}]}
    context.datadog.send_through_agent("/evp_proxy/v2/api/v2/citestcycle", "citestcycle-intake", body)
    return {"test_name": result.test_name, "status": result.status, "trace_id": f"{trace_id:032x}"}


def track_build(context: Context, build: Build) -> Json:
    """Send the execution of a pipeline: ``POST /datadog/ci/build``."""
    end, identifier = datetime.now(UTC), str(uuid.uuid4())
    start = datetime.fromtimestamp(end.timestamp() - build.duration_seconds, UTC)
    resource = {
        "level": "pipeline", "unique_id": identifier, "name": build.name, "url": build.url, "partial_retry": False,
        "start": start.isoformat(timespec="milliseconds"), "end": end.isoformat(timespec="milliseconds"),
        "status": build.status, "tags": [MANAGED_BY],
    }  # fmt: skip
    attributes = {"provider_name": "service-api", "service": context.settings.service, "env": context.settings.env,
                  "resource": resource}  # fmt: skip
    body = {"data": {"type": "cipipeline_resource_request", "attributes": attributes}}
    context.datadog.call("v2.CIVisibilityPipelinesApi.create_ci_app_pipeline_event", body)
    return {"pipeline_id": identifier, "name": build.name, "status": build.status}


ENDPOINTS = (
    Endpoint("POST", "/ci/deployment", "Track a deployment",
             "DORAMetricsApi.create_dora_deployment (v2), EventsApi.create_event (v1)", Deployment, track_deployment,
             creates=True, lasting=True),
    Endpoint("POST", "/ci/test-result", "Track a test result", "agent: citestcycle intake", TestResult,
             track_test_result, creates=True),
    Endpoint("POST", "/ci/build", "Track a build", "CIVisibilityPipelinesApi.create_ci_app_pipeline_event (v2)", Build,
             track_build, creates=True),
)  # fmt: skip
