"""Every kind is created, read without drift, edited, updated and deleted; ids and outputs have Google's form."""

import re
from typing import Any

import pytest

from firedrill.provider.resource import ProviderError
from firedrill.provider.values import UNKNOWN, Secret
from firedrill.sandbox.providers.gcp import provider
from firedrill.sandbox.providers.gcp.kind import GoogleKind
from tests.integration.sandbox.google.sandbox import INVOKER, SERVICE, SERVICE_ID
from tests.integration.sandbox.providers_gcp.conftest import Engine

ACCOUNT = "serviceAccount:robot@acme-dev.iam.gserviceaccount.com"
EXAMPLES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "gcp:serviceaccount/account:Account": (
        {"accountId": "llm-api", "displayName": "x"},
        "projects/acme-dev/serviceAccounts/llm-api@acme-dev.iam.gserviceaccount.com",
        {
            "email": "llm-api@acme-dev.iam.gserviceaccount.com",
            "member": "serviceAccount:llm-api@acme-dev.iam.gserviceaccount.com",
        },
    ),
    "gcp:serviceaccount/iAMMember:IAMMember": (
        {"serviceAccountId": "projects/acme-dev/serviceAccounts/a@b", "role": "roles/x", "member": ACCOUNT},
        f"projects/acme-dev/serviceAccounts/a@b/roles/x/{ACCOUNT}",
        {},
    ),
    "gcp:projects/iAMMember:IAMMember": (
        {"role": "roles/aiplatform.user", "member": ACCOUNT, "condition": {"title": "office hours", "expression": "x"}},
        f"acme-dev/roles/aiplatform.user/{ACCOUNT}/office hours",
        {},
    ),
    "gcp:projects/service:Service": ({"service": "run.googleapis.com"}, "acme-dev/run.googleapis.com", {}),
    "gcp:secretmanager/secretIamMember:SecretIamMember": (
        {"secretId": "projects/acme-dev/secrets/s", "role": "roles/secretmanager.secretAccessor", "member": ACCOUNT},
        f"projects/acme-dev/secrets/s/roles/secretmanager.secretAccessor/{ACCOUNT}",
        {},
    ),
    "gcp:secretmanager/secret:Secret": (
        {"secretId": "key", "replication": {"auto": {}}, "labels": {"env": "dev"}},
        "projects/acme-dev/secrets/key",
        {
            "name": "projects/123456789012/secrets/key",
            "pulumiLabels": {"env": "dev"},
            "effectiveLabels": {"env": "dev", "goog-pulumi-provisioned": "true"},
        },
    ),
    "gcp:storage/bucket:Bucket": (
        {"name": "acme-state", "location": "EUROPE-WEST1", "forceDestroy": True},
        "acme-state",
        {"url": "gs://acme-state", "storageClass": "STANDARD"},
    ),
    "gcp:storage/bucketIAMMember:BucketIAMMember": (
        {"bucket": "acme-state", "role": "roles/storage.objectUser", "member": ACCOUNT},
        f"b/acme-state/roles/storage.objectUser/{ACCOUNT}",
        {},
    ),
    "gcp:artifactregistry/repository:Repository": (
        {"repositoryId": "llm", "format": "DOCKER"},
        "projects/acme-dev/locations/europe-west1/repositories/llm",
        {"name": "llm", "registryUri": "europe-west1-docker.pkg.dev/acme-dev/llm", "location": "europe-west1"},
    ),
    "gcp:cloudtasks/queue:Queue": (
        {"name": "drain", "rateLimits": {"maxConcurrentDispatches": 3}},
        "projects/acme-dev/locations/europe-west1/queues/drain",
        {"state": "RUNNING"},
    ),
    "gcp:cloudscheduler/job:Job": (
        {"name": "nightly", "schedule": "0 3 * * *", "httpTarget": {"uri": "https://run"}},
        "projects/acme-dev/locations/europe-west1/jobs/nightly",
        {"state": "ENABLED", "timeZone": "Etc/UTC"},
    ),
    "gcp:cloudrunv2/job:Job": (
        {"name": "evaluate", "template": {"template": {"containers": [{"image": "x"}]}}, "deletionProtection": False},
        "projects/acme-dev/locations/europe-west1/jobs/evaluate",
        {"executionCount": 0},
    ),
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": (
        {"workloadIdentityPoolId": "github"},
        "projects/acme-dev/locations/global/workloadIdentityPools/github",
        {"name": "projects/123456789012/locations/global/workloadIdentityPools/github", "state": "ACTIVE"},
    ),
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": (
        {"workloadIdentityPoolId": "github", "workloadIdentityPoolProviderId": "actions", "oidc": {"issuerUri": "x"}},
        "projects/acme-dev/locations/global/workloadIdentityPools/github/providers/actions",
        {},
    ),
}

GRANT = {"role": "roles/x", "member": ACCOUNT}
NUMBERED: dict[str, tuple[dict[str, Any], str]] = {
    "gcp:serviceaccount/key:Key": (
        {"serviceAccountId": "projects/acme-dev/serviceAccounts/a@b"},
        r"projects/acme-dev/serviceAccounts/a@b/keys/[-0-9a-f]{36}",
    ),
    "gcp:cloudrunv2/jobIamMember:JobIamMember": ({"name": "evaluate", **GRANT}, r".*/jobs/evaluate/roles/x/.*"),
}
ELSEWHERE = {
    SERVICE,
    INVOKER,
    "gcp:secretmanager/secretVersion:SecretVersion",
}
"""The kinds that have tests of their own."""


def test_every_kind_of_the_table_has_a_test(engine: Engine) -> None:
    assert set(engine.table.kinds) == {*EXAMPLES, *NUMBERED, *ELSEWHERE}


@pytest.mark.parametrize("token", NUMBERED)
def test_a_kind_has_an_id_of_google_s_form_and_no_drift(engine: Engine, token: str) -> None:
    inputs, pattern = NUMBERED[token]
    checked, id, state = engine.create(token, inputs)
    assert re.fullmatch(pattern, id)
    assert engine.read(token, id, checked, state) == (checked, state)
    engine.table.kinds[token].delete(engine.call(token), id, checked, state)
    assert engine.read(token, id, checked, state) is None


@pytest.mark.parametrize("token", EXAMPLES)
def test_a_kind_is_made_and_has_no_drift_until_it_is_edited(engine: Engine, token: str) -> None:
    inputs, expected_id, outputs = EXAMPLES[token]
    checked, id, state = engine.create(token, inputs)
    assert id == expected_id
    assert outputs.items() <= state.items()
    assert checked.items() <= state.items()
    assert engine.read(token, id, checked, state) == (checked, state)

    engine.sandbox.resource("PATCH", token, id, {"description": "edited by hand"})
    assert engine.drift(token, id, checked, state) == {"description": "delete"}
    call = engine.call(token)
    kind = engine.table.kind(call)
    assert isinstance(kind, GoogleKind)
    actual, now = engine.read(token, id, checked, state)
    updated = kind.update(call, id, actual, now, checked)
    assert updated == state
    assert engine.drift(token, id, checked, updated) == {}

    imported, _ = engine.read(token, id, {}, {})
    assert imported == {key: value for key, value in checked.items() if value != kind.defaults.get(key)}
    kind.delete(call, id, checked, updated)
    assert engine.read(token, id, checked, updated) is None
    kind.delete(call, id, checked, updated)


def test_the_status_lists_a_kind_that_is_recorded_only(engine: Engine) -> None:
    engine.create("gcp:cloudtasks/queue:Queue", {"name": "seen"})
    listed = engine.sandbox.status()["resources"]
    queue = "projects/acme-dev/locations/europe-west1/queues/seen"
    assert listed["gcp:cloudtasks/queue:Queue"] == {"does": "recorded only", "ids": [queue]}


def test_a_secret_version_is_numbered_and_its_value_is_a_secret_that_a_refresh_reads_back(engine: Engine) -> None:
    _, secret, state = engine.create(
        "gcp:secretmanager/secret:Secret", {"secretId": "token", "replication": {"auto": {}}}
    )
    token = "gcp:secretmanager/secretVersion:SecretVersion"
    inputs, id, state = engine.create(token, {"secret": secret, "secretData": "hush"})
    assert (id, state["version"], state["name"]) == (f"{secret}/versions/1", "1", f"{secret}/versions/1")
    assert state["secretData"] == Secret("hush")
    actual, now = engine.read(token, id, inputs, state)
    assert actual == {"secret": secret, "secretData": Secret("hush")}
    assert now == state
    call = engine.call(token)
    changed = engine.table.kind(call).diff(call, id, inputs, state, inputs | {"secretData": "new"})
    assert set(changed.replaces) == {"secretData"}
    assert not changed.delete_before_replace


def test_a_service_runs_with_google_s_computed_properties_and_shows_edits_as_drift(engine: Engine) -> None:
    reference = engine.sandbox.write_service()
    template = engine.sandbox.template(reference)
    inputs, id, state = engine.create(SERVICE, {"name": "llm-api", "template": template, "deletionProtection": False})
    engine.create(INVOKER, {"name": id, "role": "roles/run.invoker", "member": "allUsers"})
    assert id == SERVICE_ID
    assert re.fullmatch(rf"{SERVICE_ID}/revisions/llm-api-00001-[a-z]{{3}}", state["latestReadyRevision"])
    assert (state["generation"], state["uri"]) == ("1", engine.sandbox.settings.service_url)
    assert engine.sandbox.get("/health").status_code == 200
    assert engine.read(SERVICE, id, inputs, state) == (inputs, state)
    edited = engine.sandbox.resource("PATCH", SERVICE, id, {"template": {"timeout": "60s"}, "ingress": "internal"})
    assert edited.status_code == 200
    assert engine.drift(SERVICE, id, inputs, state) == {"template.timeout": "delete", "ingress": "delete"}
    call = engine.call(SERVICE)
    kind = engine.table.kind(call)
    actual, now = engine.read(SERVICE, id, inputs, state)
    preview = kind.update(engine.call(SERVICE, preview=True), id, actual, now, inputs)
    assert (preview["uri"], preview["latestReadyRevision"]) == (state["uri"], UNKNOWN)
    restored = kind.update(call, id, actual, now, inputs)
    assert restored["generation"] == "3"
    with pytest.raises(ProviderError, match="protected from deletion"):
        kind.delete(call, id, inputs, restored | {"deletionProtection": True})
    kind.delete(call, id, inputs, restored)
    assert engine.sandbox.get("/health").status_code == 404


def test_a_preview_of_a_create_knows_what_follows_from_known_properties(engine: Engine) -> None:
    token = "gcp:serviceaccount/account:Account"
    call = engine.call(token, preview=True)
    inputs = engine.check(token, {"accountId": "robot-one"})
    _, state = engine.table.kind(call).create(call, inputs)
    assert (state["email"], state["uniqueId"]) == ("robot-one@acme-dev.iam.gserviceaccount.com", UNKNOWN)
    _, state = engine.table.kind(call).create(call, inputs | {"project": UNKNOWN})
    assert state["email"] is UNKNOWN
    assert engine.read(token, "projects/acme-dev/serviceAccounts/robot-one@acme-dev", {}, {}) is None


@pytest.mark.parametrize(
    ("token", "inputs", "property"),
    [
        ("gcp:serviceaccount/account:Account", {"accountId": "bot"}, "accountId"),
        ("gcp:storage/bucket:Bucket", {"name": "Acme_State", "location": "EU"}, "name"),
        (SERVICE, {"name": "a" * 50, "template": {}}, "name"),
        (SERVICE, {"name": "a", "template": {"labels": {"version": "1.2.3"}}}, "template.labels.version"),
        ("gcp:secretmanager/secret:Secret", {"secretId": "k", "labels": {"team": "LLM"}}, "labels.team"),
    ],
)
def test_names_and_labels_that_google_refuses_fail_the_check(
    engine: Engine, token: str, inputs: dict[str, Any], property: str
) -> None:
    call = engine.call(token)
    _, failures = engine.table.kind(call).check(call, inputs, {})
    assert [failure.property for failure in failures] == [property]


def test_a_generated_name_is_kept(engine: Engine) -> None:
    call = engine.call("gcp:cloudtasks/queue:Queue", "exports")
    kind = engine.table.kind(call)
    first, _ = kind.check(call, {}, {})
    assert re.fullmatch(r"exports-[0-9a-f]{7}", first["name"])
    again, _ = kind.check(call, {}, first)
    assert again == first
    moved = first | {"project": "other"}
    assert not kind.diff(call, "id", first, first, moved).delete_before_replace
    named = first | {"name": "given"}
    assert kind.diff(call, "id", named, named, named | {"project": "other"}).delete_before_replace


def test_a_missing_project_and_an_unknown_kind_are_reported() -> None:
    table = provider("http://127.0.0.1:1")
    engine = Engine(table, None)  # type: ignore[arg-type] # nothing is called
    call = engine.call("gcp:storage/bucket:Bucket")
    _, failures = table.kind(call).check(call, {"name": "logs"}, {})
    assert [(failure.property, "gcp:project" in failure.reason) for failure in failures] == [("project", True)]
    with pytest.raises(ProviderError, match="no resource kind gcp:compute/instance:Instance"):
        table.kind(engine.call("gcp:compute/instance:Instance"))
    with pytest.raises(ProviderError, match=r"does not respond .* start it with `firedrill up`"):
        table.kind(call).create(call, {"name": "logs", "project": "p"})


def test_the_project_can_be_looked_up(engine: Engine) -> None:
    project = engine.table.function("gcp:organizations/getProject:getProject")({})
    assert (project["projectId"], project["number"]) == ("acme-dev", "123456789012")
