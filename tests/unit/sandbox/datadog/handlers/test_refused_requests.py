"""Requests that the real API refuses, with its recorded errors: malformed ids, wrong types, ids that contradict."""

from typing import Any

import pytest
from starlette.testclient import TestClient

TITLED = {"status": "400", "title": "Bad Request"}
INVALID_WORKFLOW = {"code": "INVALID_FIELD_VALUE", "detail": "value <no value> is invalid for field workflow_id"}
CASES: list[tuple[str, str, dict[str, Any] | None, Any]] = [
    (
        "GET",
        "/api/v2/error-tracking/issues/invalid-issue-id",
        None,
        {**TITLED, "detail": "issue id is not an uuid"},
    ),
    (
        "PUT",
        "/api/v2/error-tracking/issues/5f8ebd5c-6dd9-11f0-8a28-da7ad0900002/state",
        {"data": {"type": "error_tracking_issue", "attributes": {"state": "invalid-state"}}},
        {**TITLED, "detail": 'invalid json value for IssueState: "invalid-state"'},
    ),
    (
        "GET",
        "/api/v2/restriction_policy/malformed",
        None,
        "Invalid resource: 'malformed' is not in a valid format",
    ),
    (
        "DELETE",
        "/api/v2/restriction_policy/malformed",
        None,
        "Invalid resource: 'malformed' is not in a valid format",
    ),
    ("GET", "/api/v2/workflows/malformed/instances/malformed", None, INVALID_WORKFLOW),
    ("PUT", "/api/v2/workflows/malformed/instances/malformed/cancel", None, INVALID_WORKFLOW),
    (
        "POST",
        "/api/v2/dora/deployments",
        {"data": {"attributes": {"limit": 10}}},
        {**TITLED, "detail": 'got type "" expected one of "dora_deployments_list_request"'},
    ),
    (
        "POST",
        "/api/v2/dora/failures",
        {"data": {"attributes": {"limit": 10}}},
        {**TITLED, "detail": 'got type "" expected one of "dora_failures_list_request"'},
    ),
]
"""Method, path, body and error of the recordings ``test_*_returns_bad_request_response`` of the API's client."""


@pytest.mark.parametrize(("method", "path", "body", "error"), CASES)
def test_a_request_is_refused_as_recorded(
    api: TestClient, method: str, path: str, body: dict[str, Any] | None, error: Any
) -> None:
    response = api.request(method, path, json=body)
    assert response.status_code == 400
    assert response.json() == {"errors": [error]}
