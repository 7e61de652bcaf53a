"""Synthetic tests: created or updated by name, and listed with what they saw last."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from service.context import Context
from service.problems import CallerError
from service.products.client import Json, Managed
from service.products.endpoint import MANAGED_BY, PULUMI, Answer, Asked, Endpoint

MOST_MILLISECONDS = 10_000
PAGE = 100


class HealthCheck(Asked):
    """A test of a service's ``/health``."""

    service_url: str = Field(max_length=2000, description="the service, such as https://llm-api.run.app")
    frequency: int = Field(default=60, ge=30, le=604_800, description="seconds between two runs")

    @field_validator("service_url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        return web_address(url)


class Test(Asked):
    """An HTTP test."""

    name: str = Field(default="Service health", min_length=1, max_length=200)
    url: str = Field(max_length=2000)
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    frequency: int = Field(default=60, ge=30, le=604_800, description="seconds between two runs")
    status: int = Field(default=200, ge=100, le=599, description="the status that is right")

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        return web_address(url)


class All(Asked):
    """No parameters."""


def web_address(url: str) -> str:
    """The URL. Raises ValueError where it is none of the web, or carries a password."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ValueError("must be an http or https URL without a user")
    return url


def create(context: Context, asked: Test) -> Answer:
    """``POST /datadog/synthetics/tests``."""
    settings = context.settings
    body = {
        "name": asked.name,
        "type": "api",
        "subtype": "http",
        "status": "live",
        "message": f"{asked.name} fails. Made by {settings.service}'s API.",
        "locations": list(settings.synthetics_locations),
        "tags": [MANAGED_BY, f"service:{settings.service}", f"env:{settings.env}"],
        "config": {
            "request": {"method": asked.method, "url": asked.url, "timeout": 30},
            "assertions": [
                {"type": "statusCode", "operator": "is", "target": asked.status},
                {"type": "responseTime", "operator": "lessThan", "target": MOST_MILLISECONDS},
            ],
        },
        "options": {"tick_every": asked.frequency, "min_location_failed": 1, "retry": {"count": 1, "interval": 300}},
    }
    known = [one for one in _all(context) if one["name"] == asked.name]
    own = next((one for one in known if MANAGED_BY in one.get("tags", ())), None)
    if own is None and known:
        whose = "Pulumi" if PULUMI in known[0].get("tags", ()) else "somebody else"
        raise Managed(f"the test {known[0]['public_id']} of this name is managed by {whose}: choose another name")
    if own is None:
        made = context.datadog.call("v1.SyntheticsApi.create_synthetics_api_test", body)
    else:
        made = context.datadog.call("v1.SyntheticsApi.update_api_test", own["public_id"], body)
    return {
        "public_id": made["public_id"],
        "monitor_id": made["monitor_id"],
        "name": made["name"],
        "created": own is None,
    }


def health_check(context: Context, asked: HealthCheck) -> Answer:
    """``POST /datadog/synthetics/health-check``."""
    url = f"{asked.service_url.rstrip('/')}/health"
    name = f"{urlsplit(url).hostname} answers /health"
    return create(context, Test(name=name, url=url, frequency=asked.frequency))


def listed(context: Context, _: All) -> Answer:
    """``GET /datadog/synthetics/tests``: each test's last result, its time, and its monitor's state."""
    # Without group_states the API leaves the states of groups out, and so do we.
    states = {one["id"]: one.get("overall_state") for one in context.datadog.call("v1.MonitorsApi.list_monitors")}
    return {"tests": [_row(context, one, states) for one in _all(context)]}


def _row(context: Context, test: Json, states: dict[int, str | None]) -> Answer:
    last = None
    if test["type"] == "api":
        answer = context.datadog.call("v1.SyntheticsApi.get_api_test_latest_results", test["public_id"])
        last = max(answer.get("results") or (), key=lambda result: result["check_time"], default=None)
    return {
        "public_id": test["public_id"],
        "name": test["name"],
        "status": test["status"],
        "url": (test.get("config") or {}).get("request", {}).get("url"),
        "managed_by": next((tag.partition(":")[2] for tag in test["tags"] if tag.startswith("managed_by:")), None),
        "monitor_state": states.get(test["monitor_id"]),
        "last_result": last and ("passed" if last["result"].get("passed", last.get("status") == 0) else "failed"),
        "last_run": last and last["check_time"],
    }


def _all(context: Context) -> list[Json]:
    found: list[Json] = []
    for number in range(100):
        page = context.datadog.call("v1.SyntheticsApi.list_tests", page_size=PAGE, page_number=number)["tests"]
        known = {one["public_id"] for one in found}
        found += [one for one in page if one["public_id"] not in known]
        if len(page) < PAGE:
            return found
    raise CallerError("there are more than 10,000 synthetic tests")


ENDPOINTS = (
    Endpoint(
        "POST", "/synthetics/tests", "Create a synthetic test", "SyntheticsApi.create_synthetics_api_test (v1)",
        Test, create, creates=True,
    ),
    Endpoint(
        "POST", "/synthetics/health-check", "Create a test of /health",
        "SyntheticsApi.create_synthetics_api_test (v1)", HealthCheck, health_check, creates=True,
    ),
    Endpoint(
        "GET", "/synthetics/tests", "List all tests with their last results",
        "SyntheticsApi.list_tests, get_api_test_latest_results, MonitorsApi.list_monitors (v1)", All, listed,
    ),
)  # fmt: skip
