"""Policies on Google Cloud beyond their cases: jobs, every kind of grant, switches, volumes."""

from typing import Any

import pytest

from policies.pack import violations
from policies.policy import POLICIES
from tests.unit.policies.cases import stack

EVERYBODY = {"member": "allUsers"}
TAGGED = "europe-docker.pkg.dev/p/app/app:latest"
JOB: dict[str, Any] = {
    "kind": "gcp:cloudrunv2:Job",
    "name": "job",
    "properties": {
        "template": {"template": {"containers": [{"image": TAGGED, "envs": [{"name": "DD_API_KEY", "value": "k"}]}]}}
    },
}


def service(*variables: dict[str, Any]) -> dict[str, Any]:
    """Return a service with environment variables."""
    template = {"containers": [{"image": TAGGED, "envs": list(variables)}]}
    return {"kind": "gcp:cloudrunv2:Service", "name": "app", "properties": {"template": template}}


def grant(kind: str, role: str, **properties: Any) -> dict[str, Any]:
    """Return an IAM grant."""
    return {"kind": kind, "name": "grant", "properties": {"role": role, **properties}}


def secret(name: str) -> dict[str, Any]:
    """Return a variable from Secret Manager."""
    return {"name": name, "valueSource": {"secretKeyRef": {"secret": "s", "version": "1"}}}


def messages_of(policy: str, *resources: dict[str, Any]) -> list[str]:
    """Return a policy's messages on some resources."""
    declared = stack(list(resources))
    return [message for _, message in violations(POLICIES[policy], declared.resources, declared)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("run-own-account", "template.template.serviceAccount"),
        ("run-secrets-by-reference", "DD_API_KEY"),
        ("run-image-by-digest", "by digest"),
        ("run-bounded", "template.template.timeout"),
    ],
)
def test_a_job_is_checked_like_a_service(policy: str, expected: str) -> None:
    assert expected in " ".join(messages_of(policy, JOB))


def test_a_job_needs_no_settings_of_services() -> None:
    assert "maxInstance" not in " ".join(messages_of("run-bounded", JOB))


@pytest.mark.parametrize("version", [{}, {"version": "latest"}])
def test_a_secret_in_a_volume_is_pinned_too(version: dict[str, str]) -> None:
    mounted = service()
    mounted["properties"]["template"]["volumes"] = [
        {"name": "keys", "secret": {"secret": "s", "items": [{"path": "k", **version}]}}
    ]
    assert messages_of("run-secret-version-pinned", mounted) == ["Pin the versions of the items of volume keys."]
    mounted["properties"]["template"]["volumes"][0]["secret"]["items"][0]["version"] = "3"
    assert messages_of("run-secret-version-pinned", mounted) == []


@pytest.mark.parametrize(
    "kind", ["gcp:serviceaccount:IAMMember", "gcp:organizations:IAMBinding", "gcp:artifactregistry:RepositoryIamMember"]
)
def test_every_kind_of_grant_is_checked(kind: str) -> None:
    assert messages_of("iam-no-basic-roles", grant(kind, "roles/owner", member="user:a@example.com"))
    assert messages_of("iam-public-nothing-else", grant(kind, "roles/viewer", **EVERYBODY))


def test_only_invoking_a_service_may_be_granted_to_everybody() -> None:
    kind = "gcp:cloudrunv2:ServiceIamMember"
    assert messages_of("iam-public-nothing-else", grant(kind, "roles/run.admin", **EVERYBODY))
    assert messages_of("iam-public-nothing-else", grant(kind, "roles/run.invoker", **EVERYBODY)) == []
    [message] = messages_of("iam-public-only-with-authentication", grant(kind, "roles/run.invoker", **EVERYBODY))
    assert "not declared here" in message


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ([secret("OPERATOR_TOKEN"), {"name": "API_AUTH", "value": "off"}], "API_AUTH turns it off"),
        ([secret("OPERATOR_TOKEN"), {"name": "API_AUTH", "value": "loopback"}], "API_AUTH turns it off"),
        ([secret("GITHUB_TOKEN")], "with a secret from Secret Manager"),
        ([secret("OPERATOR_TOKEN"), {"name": "API_AUTH", "value": "token"}], None),
    ],
)
def test_a_public_service_authenticates_its_callers(variables: list[dict[str, Any]], expected: str | None) -> None:
    public = {**grant("gcp:cloudrunv2:ServiceIamMember", "roles/run.invoker", **EVERYBODY), "links": {"name": ["app"]}}
    messages = messages_of("iam-public-only-with-authentication", service(*variables), public)
    assert [expected in message for message in messages if expected] == ([True] if expected else [])
    assert bool(messages) == bool(expected)
