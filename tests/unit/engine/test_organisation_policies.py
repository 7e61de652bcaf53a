"""A policy of the Google organisation refuses as Google does, and the engine's error names the key that avoids it."""

import pytest

from firedrill.delivery.doctor import ORGANISATION_POLICIES
from firedrill.engine.organisation_policies import SWITCHES, explain_policy

KEY = "urn:pulumi:dev::llm-api::gcp:serviceaccount/key:Key::roll-back"


@pytest.mark.parametrize(
    ("message", "switch"),
    [
        ("Error creating key: googleapi: Error 400: Key creation is not allowed on this service account.",
         "serviceAccountKeys"),
        ("googleapi: Error 400: One or more users named in the policy do not belong to a permitted customer,  perhaps "
         "due to an organization policy.", "outsideMembers"),
    ],
)  # fmt: skip
def test_a_refusal_of_a_policy_names_its_switch(message: str, switch: str) -> None:
    explained = explain_policy(message, KEY)
    assert explained.startswith(message)
    assert f"`pulumi config set llm-api:{switch} false`" in explained


def test_another_error_stays_as_it_is() -> None:
    assert explain_policy("Error 403: Permission denied", KEY) == "Error 403: Permission denied"


def test_the_doctor_and_the_errors_name_the_same_switches() -> None:
    assert {key for _, key, _ in ORGANISATION_POLICIES.values()} == SWITCHES.keys()
