"""Policies of the Google organisation: created with Google's API, they refuse keys and members from outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from firedrill.delivery.google_project import GoogleProject
from firedrill.google import GoogleClient
from tests.integration.sandbox.google.sandbox import Sandbox

ACCOUNT = "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com"
MEMBERS = "gcp:projects/iAMMember:IAMMember"


@contextmanager
def enforced(sandbox: Sandbox, constraint: str, rule: dict[str, Any]) -> Iterator[None]:
    """Enforce a policy of project p for a while."""
    policies = f"{sandbox.settings.google_url}/v2/projects/p/policies"
    body = {"name": f"projects/p/policies/{constraint}", "spec": {"rules": [rule]}}
    httpx.post(policies, json=body).raise_for_status()
    try:
        yield
    finally:
        httpx.delete(f"{policies}/{constraint}").raise_for_status()


def create(sandbox: Sandbox, kind: str, name: str, **properties: str) -> httpx.Response:
    """Create a resource."""
    return httpx.post(f"{sandbox.settings.google_url}/-/resources/{kind}/{name}", json={"properties": properties})


def forbids(sandbox: Sandbox, constraint: str) -> bool:
    """Ask as the doctor does."""
    return GoogleProject(GoogleClient(base=sandbox.settings.google_url), "p").forbids(constraint)


@pytest.mark.parametrize("managed", ["", "managed."])
def test_no_key_is_created_where_keys_are_forbidden(sandbox: Sandbox, managed: str) -> None:
    constraint = f"iam.{managed}disableServiceAccountKeyCreation"
    kind, name = "gcp:serviceaccount/key:Key", f"{ACCOUNT}/keys/{managed}1"
    assert not forbids(sandbox, constraint)
    with enforced(sandbox, constraint, {"enforce": True}):
        assert forbids(sandbox, constraint)
        refused = create(sandbox, kind, name, serviceAccountId=ACCOUNT)
        assert refused.status_code == 400
        assert refused.json()["error"]["message"] == "Key creation is not allowed on this service account."
    assert create(sandbox, kind, name, serviceAccountId=ACCOUNT).status_code == 200


@pytest.mark.parametrize("member", ["allUsers", "serviceAccount:d@datadog-sts.iam.gserviceaccount.com"])
def test_no_member_from_outside_is_granted_anything_where_domains_are_restricted(sandbox: Sandbox, member: str) -> None:
    create(sandbox, "gcp:serviceaccount/account:Account", ACCOUNT, accountId="a").raise_for_status()
    own = "serviceAccount:a@p.iam.gserviceaccount.com"
    with enforced(sandbox, "iam.allowedPolicyMemberDomains", {"values": {"allowedValues": ["C0abc"]}}):
        assert forbids(sandbox, "iam.allowedPolicyMemberDomains")
        assert create(sandbox, MEMBERS, f"p/r/{own}", member=own).status_code == 200
        refused = create(sandbox, MEMBERS, f"p/r/{member}", member=member)
        assert refused.status_code == 400
        assert "do not belong to a permitted customer" in refused.json()["error"]["message"]
    assert create(sandbox, MEMBERS, f"p/r/{member}", member=member).status_code == 200


def test_a_policy_that_exists_or_has_no_rules_is_refused(sandbox: Sandbox) -> None:
    policies = f"{sandbox.settings.google_url}/v2/projects/p/policies"
    constraint = "iam.disableServiceAccountKeyCreation"
    assert httpx.post(policies, json={"name": f"projects/p/policies/{constraint}", "spec": {}}).status_code == 400
    with enforced(sandbox, constraint, {"enforce": True}):
        body = {"name": f"projects/p/policies/{constraint}", "spec": {"rules": [{"enforce": True}]}}
        assert httpx.post(policies, json=body).status_code == 409
    assert httpx.delete(f"{policies}/{constraint}").status_code == 404
