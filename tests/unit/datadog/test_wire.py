"""The provider sends the requests that the published provider sent for the same inputs (recorded in wire.jsonl)."""

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.provider import provider
from firedrill.sandbox.wire.examples import ExampleResult, RecordingTransport, compare

EXAMPLES: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "wire.jsonl").read_text().splitlines()
]
DIFFERENT = {"webhook-custom-variable-1": "the recording lost the secret inputs"}
"""The examples that differ, and why."""
NOT_DECLARED = {
    "api-key-1", "application-key-1", "dashboard-1", "dashboard-list-1", "dataset-1", "datastore-1", "datastore-item-1",
    "logs-custom-destination-1", "logs-restriction-query-1", "org-connection-1", "powerpack-1", "powerpack-v2-1",
    "reference-table-1", "service-definition-yaml-1", "synthetics-private-location-1", "team-membership-1",
    "team-sync-1",
}  # fmt: skip
"""The examples with requests of kinds that the stack does not declare."""


def comparison(example: dict[str, Any]) -> ExampleResult:
    recorder = RecordingTransport()
    [result] = compare(provider(DatadogClient("http://echo.invalid", "", "", recorder)), recorder, [example])
    return result


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["example"]))
def test_requests_equal_the_published_ones(example: dict[str, Any]) -> None:
    result = comparison(example)

    assert bool(result.not_declared) == (example["example"] in NOT_DECLARED)
    if example["example"] in DIFFERENT:
        assert result.equal < result.compared, "it is equal now: remove it from DIFFERENT"
    else:
        assert result.equal == result.compared, str(result)


def test_compressed_texts_are_compared_inflated() -> None:
    def body(level: int) -> dict[str, Any]:
        return {"compressedProtoFile": base64.b64encode(zlib.compress(b'syntax = "proto3";' * 9, level)).decode()}

    inputs = {"name": "n", "type": "api", "subtype": "grpc", "status": "live", "locations": ["aws:eu-central-1"]}
    inputs |= {"requestDefinition": {"plainProtoFile": 'syntax = "proto3";' * 9}}  # type: ignore[dict-item]
    resource = {"type": "datadog:index/syntheticsTest:SyntheticsTest", "name": "t", "inputs": inputs}
    recorder = RecordingTransport()
    table = provider(DatadogClient("http://echo.invalid", "", "", recorder))
    list(compare(table, recorder, [{"example": "sent", "resources": [resource], "requests": []}]))
    [request] = recorder.requests
    assert body(6)["compressedProtoFile"] != body(1)["compressedProtoFile"]
    request["body"]["config"]["request"] |= body(1)

    result = comparison({"example": "grpc", "resources": [resource], "requests": [request]})

    assert (result.equal, result.compared) == (1, 1), str(result)
