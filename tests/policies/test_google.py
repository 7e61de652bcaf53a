"""What the policies on Google Cloud look at beyond their cases: jobs, every kind of grant, switches, volumes."""

from typing import Any

import pytest

from policies.pack import violations
from policies.policy import POLICIES
from tests.policies.cases import stack

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
    """A service with some variables."""
    template = {"containers": [{"image": TAGGED, "envs": list(variables)}]}
    return {"kind": "gcp:cloudrunv2:Service", "name": "app", "properties": {"template": template}}


def grant(kind: str, role: str, **properties: Any) -> dict[str, Any]:
    """A grant that stands alone."""
    return {"kind": kind, "name": "grant", "properties": {"role": role, **properties}}


def secret(name: str) -> dict[str, Any]:
    """A variable from Secret Manager."""
    return {"name": name, "valueSource": {"secretKeyRef": {"secret": "s", "version": "1"}}}


def told(policy: str, *resources: dict[str, Any]) -> list[str]:
    """What a policy says of some resources."""
    made = stack(list(resources))
    return [message for _, message in violations(POLICIES[policy], made.resources, made)]


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("run-own-account", "template.template.serviceAccount"),
        ("run-secrets-by-reference", "DD_API_KEY"),
        ("run-image-by-digest", "by digest"),
        ("run-bounded", "template.template.timeout"),
    ],
)
def test_a_job_is_held_to_what_a_service_is(policy: str, says: str) -> None:
    assert says in " ".join(told(policy, JOB))


def test_a_job_needs_nothing_that_only_a_service_has() -> None:
    assert "maxInstance" not in " ".join(told("run-bounded", JOB))


@pytest.mark.parametrize("version", [{}, {"version": "latest"}])
def test_a_secret_in_a_volume_is_pinned_too(version: dict[str, str]) -> None:
    mounted = service()
    mounted["properties"]["template"]["volumes"] = [
        {"name": "keys", "secret": {"secret": "s", "items": [{"path": "k", **version}]}}
    ]
    assert told("run-secret-version-pinned", mounted) == ["Pin the versions of the items of volume keys."]
    mounted["properties"]["template"]["volumes"][0]["secret"]["items"][0]["version"] = "3"
    assert told("run-secret-version-pinned", mounted) == []


@pytest.mark.parametrize(
    "kind", ["gcp:serviceaccount:IAMMember", "gcp:organizations:IAMBinding", "gcp:artifactregistry:RepositoryIamMember"]
)
def test_every_kind_of_grant_is_looked_at(kind: str) -> None:
    assert told("iam-no-basic-roles", grant(kind, "roles/owner", member="user:a@example.com"))
    assert told("iam-public-nothing-else", grant(kind, "roles/viewer", **EVERYBODY))


def test_only_the_call_of_a_service_may_be_everybodys() -> None:
    kind = "gcp:cloudrunv2:ServiceIamMember"
    assert told("iam-public-nothing-else", grant(kind, "roles/run.admin", **EVERYBODY))
    assert told("iam-public-nothing-else", grant(kind, "roles/run.invoker", **EVERYBODY)) == []
    [lonely] = told("iam-public-only-with-authentication", grant(kind, "roles/run.invoker", **EVERYBODY))
    assert "not declared here" in lonely


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ([secret("OPERATOR_TOKEN"), {"name": "API_AUTH", "value": "off"}], "API_AUTH says off"),
        ([secret("OPERATOR_TOKEN"), {"name": "API_AUTH", "value": "loopback"}], "API_AUTH says off"),
        ([secret("GITHUB_TOKEN")], "with a secret that it refers to"),
        ([secret("OPERATOR_TOKEN"), {"name": "API_AUTH", "value": "token"}], None),
    ],
)
def test_a_public_service_has_its_authentication_on(variables: list[dict[str, Any]], says: str | None) -> None:
    public = {**grant("gcp:cloudrunv2:ServiceIamMember", "roles/run.invoker", **EVERYBODY), "links": {"name": ["app"]}}
    messages = told("iam-public-only-with-authentication", service(*variables), public)
    assert [says in message for message in messages if says] == ([True] if says else [])
    assert bool(messages) == bool(says)
