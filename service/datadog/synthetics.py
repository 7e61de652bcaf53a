"""Synthetics: tests created or updated by name, and listed with their last results."""

import hashlib
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from service.context import Context
from service.datadog.client import Managed
from service.datadog.endpoint import MANAGED_BY, PULUMI, Endpoint, Json, NoParameters, Parameters, manager
from service.datadog.targets import check_target, parse_web_url, with_path
from service.problems import CallerError

MOST_MILLISECONDS = 10_000
"""The longest response time that passes a test."""
PAGE_SIZE = 100
MAX_NAME = 200


class HealthCheck(Parameters):
    """A test of a service's ``/health``."""

    service_url: str = Field(max_length=2000, description="the service, such as https://llm-api.run.app")
    frequency: int = Field(default=60, ge=30, le=604_800, description="seconds between two runs")

    @field_validator("service_url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        return parse_web_url(url).geturl()


class Test(Parameters):
    """An HTTP test."""

    name: str = Field(default="Service health", min_length=1, max_length=MAX_NAME)
    url: str = Field(max_length=2000)
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    frequency: int = Field(default=60, ge=30, le=604_800, description="seconds between two runs")
    status: int = Field(default=200, ge=100, le=599, description="the status that passes the test")

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        return parse_web_url(url).geturl()


def create_test(context: Context, test: Test) -> Json:
    """Create a test, or update the one of this name that the service manages: ``POST /datadog/synthetics/tests``."""
    settings = context.settings
    check_target(test.url, settings.private_targets)
    body = {
        "name": test.name,
        "type": "api",
        "subtype": "http",
        "status": "live",
        "message": f"{test.name} fails. Created by {settings.service}'s API.",
        "locations": list(settings.synthetics_locations),
        "tags": [MANAGED_BY, f"service:{settings.service}", f"env:{settings.env}"],
        "config": {
            "request": {"method": test.method, "url": test.url, "timeout": 30},
            "assertions": [
                {"type": "statusCode", "operator": "is", "target": test.status},
                {"type": "responseTime", "operator": "lessThan", "target": MOST_MILLISECONDS},
            ],
        },
        "options": {"tick_every": test.frequency, "min_location_failed": 1, "retry": {"count": 1, "interval": 300}},
    }
    same_name = [existing for existing in _all_tests(context) if existing["name"] == test.name]
    existing_test = next((existing for existing in same_name if MANAGED_BY in existing.get("tags", ())), None)
    if existing_test is None and same_name:
        other = same_name[0]
        owner = "Pulumi" if PULUMI in other.get("tags", ()) else "somebody else"
        raise Managed(f"the test {other['public_id']} of this name is managed by {owner}: choose another name")
    if existing_test is None:
        stored = context.datadog.call("v1.SyntheticsApi.create_synthetics_api_test", body)
    else:
        stored = context.datadog.call("v1.SyntheticsApi.update_api_test", existing_test["public_id"], body)
    return {
        "public_id": stored["public_id"],
        "monitor_id": stored["monitor_id"],
        "name": stored["name"],
        "created": existing_test is None,
    }


def create_health_check(context: Context, check: HealthCheck) -> Json:
    """Create a test of a service's ``/health``: ``POST /datadog/synthetics/health-check``."""
    url = with_path(check.service_url, "health")
    name = health_check_name(url)
    return create_test(context, Test(name=name, url=url, frequency=check.frequency))


def health_check_name(url: str) -> str:
    """Return the name of a URL's test. It is short for ``https://HOST/health``; all of another URL is part of it."""
    parts = urlsplit(url)
    is_plain = (parts.scheme, parts.netloc, parts.path, parts.query) == ("https", parts.hostname, "/health", "")
    shown = parts.hostname if is_plain else url.removesuffix("/health")
    name = f"{shown} answers /health"
    if len(name) <= MAX_NAME:
        return name
    return f"{name[: MAX_NAME - 20]}... {hashlib.sha256(url.encode()).hexdigest()[:16]}"


def list_tests(context: Context, _: NoParameters) -> Json:
    """Return each test with its last result, its time and its monitor's state: ``GET /datadog/synthetics/tests``."""
    # Without group_states the API leaves the states of groups out.
    monitors = context.datadog.call("v1.MonitorsApi.list_monitors")
    states = {monitor["id"]: monitor.get("overall_state") for monitor in monitors}
    return {"tests": [_row(context, test, states) for test in _all_tests(context)]}


def _row(context: Context, test: Json, states: dict[int, str | None]) -> Json:
    last = None
    if test["type"] == "api":
        answer = context.datadog.call("v1.SyntheticsApi.get_api_test_latest_results", test["public_id"])
        last = max(answer.get("results") or (), key=lambda result: result["check_time"], default=None)
    return {
        "public_id": test["public_id"],
        "name": test["name"],
        "status": test["status"],
        "url": (test.get("config") or {}).get("request", {}).get("url"),
        "managed_by": manager(test["tags"]),
        "monitor_state": states.get(test["monitor_id"]),
        "last_result": last and ("passed" if last["result"].get("passed", last.get("status") == 0) else "failed"),
        "last_run": last and last["check_time"],
    }


def _all_tests(context: Context) -> list[Json]:
    tests: dict[str, Json] = {}
    for number in range(100):
        page = context.datadog.call("v1.SyntheticsApi.list_tests", page_size=PAGE_SIZE, page_number=number)["tests"]
        for test in page:
            tests.setdefault(test["public_id"], test)
        if len(page) < PAGE_SIZE:
            return list(tests.values())
    raise CallerError("there are more than 10,000 synthetic tests")


ENDPOINTS = (
    Endpoint(
        "POST", "/synthetics/tests", "Create a synthetic test", "SyntheticsApi.create_synthetics_api_test (v1)",
        Test, create_test, creates=True,
    ),
    Endpoint(
        "POST", "/synthetics/health-check", "Create a test of /health",
        "SyntheticsApi.create_synthetics_api_test (v1)", HealthCheck, create_health_check, creates=True,
    ),
    Endpoint(
        "GET", "/synthetics/tests", "List all tests with their last results",
        "SyntheticsApi.list_tests, get_api_test_latest_results, MonitorsApi.list_monitors (v1)", NoParameters,
        list_tests,
    ),
)  # fmt: skip
