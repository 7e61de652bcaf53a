"""An error of a product that an organisation does not have names the key that does without it; other errors stay."""

import re

import pytest

from firedrill.engine.products_off import PRODUCTS, explain_error
from infra.products import PLANS
from tests.conftest import ROOT
from tests.unit.infra.conftest import record

PROGRAM = "urn:pulumi:local::llm-api::"
ON_CALL = f"{PROGRAM}llm-api:datadog:OnCall$datadog:index/onCallSchedule:OnCallSchedule::on-call-schedule"


@pytest.mark.parametrize(
    ("message", "urn", "product"),
    [
        ("POST /api/v2/on-call/schedules?include=layers answered 403: Forbidden", ON_CALL, "on-call"),
        ("error creating schedule: 403 Forbidden", ON_CALL, "on-call"),
        (
            "ApiRefused: PUT /api/unstable/llm-obs/config/evaluators/custom/tone "
            'answered 403: {"errors":["Forbidden"]}',
            f"{PROGRAM}pulumi-python:dynamic/datadog:Evaluator::toxicity",
            "llm-observability",
        ),
    ],
)
def test_a_refused_product_is_told_with_its_key(message: str, urn: str, product: str) -> None:
    explanation = explain_error(message, urn)
    assert f"pulumi config set --path 'llm-api:productsOff[0]' {product}" in explanation
    assert "403" in explanation


@pytest.mark.parametrize(
    "message",
    [
        "POST /api/v2/team answered 403: Forbidden",
        "POST /api/v2/on-call/schedules answered 400: layer interval must be greater than 0",
    ],
)
def test_another_error_stays_as_it_is(message: str) -> None:
    assert explain_error(message, f"{PROGRAM}datadog:index/team:Team::m") == message


ALWAYS = {"Role", "ServiceAccount", "ServiceAccountApplicationKey", "Team", "TeamLink", "TeamMembership", "Webhook",
          "TeamNotificationRule", "WebhookCustomVariable", "CostBudget", "IntegrationSts"}  # fmt: skip
"""Kinds of every plan, or with a setting of their own (the budget, the chat room)."""


@pytest.mark.parametrize("folder", ["", "infra/org"])
def test_a_403_of_any_declared_kind_names_a_key_that_the_program_takes(folder: str) -> None:
    answer = record(PROGRAM=str(ROOT / folder))
    kinds = {request["type"] for request in answer["requests"] if re.match("datadog:|pulumi-python:", request["type"])}
    assert kinds
    refused = "error: 403 Forbidden"
    named = {kind.rpartition(":")[2]: explain_error(refused, f"{PROGRAM}parent${kind}::x") for kind in kinds}
    assert {kind for kind, text in named.items() if "productsOff" not in text} <= ALWAYS
    keys = {text.rpartition("[0]' ")[2].partition("`")[0] for text in named.values() if "productsOff" in text}
    assert keys <= PLANS.keys()


def test_every_key_has_its_products_name() -> None:
    assert {name: title for name, (title, _) in PRODUCTS.items()}.items() <= {
        key: plan.name for key, plan in PLANS.items()
    }.items()
