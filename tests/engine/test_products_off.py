"""An error of a product that an organisation does not have names the key that does without it; other errors stay."""

import pytest

from firedrill.engine.products_off import explained

PROGRAM = "urn:pulumi:local::llm-api::"
ON_CALL = f"{PROGRAM}llm-api:datadog:OnCall$datadog:index/onCallSchedule:OnCallSchedule::on-call-schedule"


@pytest.mark.parametrize(
    ("message", "urn", "product"),
    [
        ("POST /api/v2/on-call/schedules?include=layers answered 403: Forbidden", ON_CALL, "on-call"),
        ("error creating schedule: 403 Forbidden", ON_CALL, "on-call"),
        (
            "Traceback (most recent call last):\nApiRefused: PUT /api/unstable/llm-obs/config/evaluators/custom/tone "
            'answered 403: {"errors":["Forbidden"]}',
            f"{PROGRAM}pulumi-python:dynamic/datadog:Evaluator::toxicity",
            "llm-observability",
        ),
    ],
)
def test_a_refused_product_is_told_with_its_key(message: str, urn: str, product: str) -> None:
    said = explained(message, urn)
    assert f"pulumi config set --path 'llm-api:productsOff[0]' {product}" in said
    assert "403" in said and "Traceback" not in said


@pytest.mark.parametrize(
    "message",
    [
        "POST /api/v1/monitor answered 403: Forbidden",
        "POST /api/v2/on-call/schedules answered 400: layer interval must be greater than 0",
    ],
)
def test_another_error_stays_as_it_is(message: str) -> None:
    assert explained(message, f"{PROGRAM}datadog:index/monitor:Monitor::m") == message
