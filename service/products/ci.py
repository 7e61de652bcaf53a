"""CI Visibility and DORA: deployments, builds and test results."""

import secrets
import time
import uuid
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from service.context import Context
from service.products.endpoint import MANAGED_BY, Answer, Asked, Endpoint

NANOSECONDS = 1_000_000_000
SHA = r"^([0-9a-f]{40})?$"


class Deployment(Asked):
    """A version that was deployed, now unless it says otherwise."""

    service: str = Field(default="", max_length=100, description="by default this service")
    version: str = Field(default="", max_length=100, description="by default this version")
    environment: str = Field(default="", max_length=100, description="by default this environment")
    status: Literal["success", "failed"] = "success"
    duration_seconds: float = Field(default=60, ge=0, le=86_400)
    commit_sha: str = Field(default="", pattern=SHA)
    repository_url: str = Field(default="https://github.com/example/llm-api.git", max_length=500)


class TestResult(Asked):
    """A test that ran."""

    test_name: str = Field(default="test", min_length=1, max_length=300)
    status: Literal["pass", "fail", "skip"] = "pass"
    duration_ms: float = Field(default=0, ge=0, le=86_400_000)
    suite: str = Field(default="api", min_length=1, max_length=300)


class Build(Asked):
    """A pipeline that ran."""

    name: str = Field(default="build", min_length=1, max_length=200)
    status: Literal["success", "error", "canceled", "skipped"] = "success"
    duration_seconds: float = Field(default=60, ge=0, le=86_400)
    url: str = Field(default="https://github.com/example/llm-api/actions", max_length=500)


def deployment(context: Context, asked: Deployment) -> Answer:
    """``POST /datadog/ci/deployment``: DORA's deployment, and an event that graphs can show."""
    settings, now = context.settings, time.time_ns()
    service, version = asked.service or settings.service, asked.version or settings.version
    env = asked.environment or settings.env
    body = {
        "started_at": now - int(asked.duration_seconds * NANOSECONDS),
        "finished_at": now,
        "service": service,
        "env": env,
        "version": version,
        "custom_tags": [MANAGED_BY, f"status:{asked.status}"],
    }
    if asked.commit_sha:
        body["git"] = {"commit_sha": asked.commit_sha, "repository_url": asked.repository_url}
    made = context.outbox.write(context, "deployment", body, order=f"deployments of {service}")
    event = {
        "title": f"{service} {version} was deployed to {env}: {asked.status}",
        "text": "Told through the service's API",
        "tags": [MANAGED_BY, f"service:{service}", f"env:{env}", f"version:{version}", "event_type:deployment"],
        "alert_type": "success" if asked.status == "success" else "error",
        "date_happened": now // NANOSECONDS,
    }
    told = context.outbox.write(context, "event", event)
    return {**made, "event_write_id": told["id"], "service": service, "version": version, "environment": env}


def test_result(context: Context, asked: TestResult) -> Answer:
    """``POST /datadog/ci/test-result``: a test event of Test Optimization's intake, through the agent."""
    settings, duration = context.settings, int(asked.duration_ms * 1_000_000)
    trace_id, span_id = secrets.randbits(63), secrets.randbits(63)
    content = {
        "trace_id": trace_id, "span_id": span_id, "parent_id": 0, "name": "test", "service": settings.service,
        "resource": f"{asked.suite}.{asked.test_name}", "type": "test", "start": time.time_ns() - duration,
        "duration": duration, "error": int(asked.status == "fail"), "metrics": {"_dd.top_level": 1},
        "meta": {
            "test.name": asked.test_name, "test.suite": asked.suite, "test.module": settings.service,
            "test.status": asked.status, "test.framework": "api", "test.type": "test", "span.kind": "test",
            "env": settings.env, "managed_by": "service",
        },
    }  # fmt: skip
    metadata = {"*": {"language": "python", "env": settings.env, "runtime-id": str(uuid.uuid4())}}
    body = {"version": 1, "metadata": metadata, "events": [{"type": "test", "version": 2, "content": content}]}
    context.datadog.agent("/evp_proxy/v2/api/v2/citestcycle", "citestcycle-intake", body)
    return {"test_name": asked.test_name, "status": asked.status, "trace_id": f"{trace_id:032x}"}


def build(context: Context, asked: Build) -> Answer:
    """``POST /datadog/ci/build``: a pipeline's execution."""
    end, identifier = datetime.now(UTC), str(uuid.uuid4())
    start = datetime.fromtimestamp(end.timestamp() - asked.duration_seconds, UTC)
    resource = {
        "level": "pipeline", "unique_id": identifier, "name": asked.name, "url": asked.url, "partial_retry": False,
        "start": start.isoformat(timespec="milliseconds"), "end": end.isoformat(timespec="milliseconds"),
        "status": asked.status, "tags": [MANAGED_BY],
    }  # fmt: skip
    attributes = {"provider_name": "service-api", "service": context.settings.service, "env": context.settings.env,
                  "resource": resource}  # fmt: skip
    body = {"data": {"type": "cipipeline_resource_request", "attributes": attributes}}
    context.datadog.call("v2.CIVisibilityPipelinesApi.create_ci_app_pipeline_event", body)
    return {"pipeline_id": identifier, "name": asked.name, "status": asked.status}


ENDPOINTS = (
    Endpoint("POST", "/ci/deployment", "Track a deployment",
             "DORAMetricsApi.create_dora_deployment (v2), EventsApi.create_event (v1)", Deployment, deployment,
             creates=True, lasting=True),
    Endpoint("POST", "/ci/test-result", "Track a test result", "agent: citestcycle intake", TestResult, test_result,
             creates=True),
    Endpoint("POST", "/ci/build", "Track a build", "CIVisibilityPipelinesApi.create_ci_app_pipeline_event (v2)", Build,
             build, creates=True),
)  # fmt: skip
