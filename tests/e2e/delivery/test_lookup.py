"""Recovery finds every resource of the whole stack that an interrupted update could leave unrecorded."""

import json
from typing import Any

import pytest

from firedrill.datadog.client import DatadogClient
from firedrill.engine import recovery_google, stack
from firedrill.engine.recovery_datadog import LOOKUPS, candidate_ids, kind_of, lookup_for
from firedrill.google import GoogleClient
from firedrill.settings import API_KEY, APP_KEY
from tests.e2e.conftest import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1200)]

CREATED_BY_PUT = {
    # Creating these overwrites what exists: an order, a policy, metadata.
    "apmRetentionFilterOrder", "logsArchiveOrder", "logsIndexOrder", "logsPipelineOrder", "metricMetadata",
    "onCallTeamRoutingRules", "restrictionPolicy", "rumRetentionFiltersOrder", "sensitiveDataScannerGroupOrder",
    "softwareCatalog", "syntheticsConcurrencyCap",
}  # fmt: skip
GRANTS = {"IAMMember", "Service", "SecretIamMember", "BucketIAMMember", "ServiceIamMember", "JobIamMember"}
"""Google's kinds whose creates may be repeated: grants, and APIs that are switched on."""


def declared(account: Sandbox) -> list[dict[str, Any]]:
    """Return the resources of both states, without components."""
    matches: list[dict[str, Any]] = []
    for folder in ("", stack.ORGANISATION):
        exported = json.loads(account.pulumi("stack", "export", "-s", "local", folder=folder).stdout)
        matches += [
            resource
            for resource in exported["deployment"]["resources"]
            if resource.get("custom") and resource.get("id")
        ]
    return matches


def test_every_object_of_the_stack_is_found_by_its_declaration(account: Sandbox) -> None:
    client = DatadogClient(f"http://127.0.0.1:{account.settings.datadog_port}", API_KEY, APP_KEY)
    tried, not_found = set(), []
    for resource in declared(account):
        kind = kind_of(resource["type"])
        if not resource["type"].startswith("datadog:") or kind in CREATED_BY_PUT:
            continue
        assert lookup_for(resource["type"]) is not None, (
            f"{resource['type']} could be created twice, and LOOKUPS has no row for it"
        )
        if str(resource["id"]) not in candidate_ids(client, resource["type"], resource["inputs"]):
            not_found.append(resource["urn"].rpartition("::")[2])
        tried.add(kind)
    assert not_found == []
    assert tried == set(LOOKUPS), "rows for kinds that the stack does not declare"


def test_every_google_resource_has_the_id_that_its_declaration_implies(account: Sandbox) -> None:
    tried = set()
    for resource in declared(account):
        if resource["type"] in recovery_google.IDS:
            assert recovery_google.import_id(resource) == resource["id"], resource["urn"]
            tried.add(resource["type"])
        elif resource["type"].startswith("gcp:") and resource["type"] not in {
            recovery_google.SECRET_VERSION,
            recovery_google.KEY,
        }:
            assert resource["type"].rpartition(":")[2] in GRANTS, (
                f"{resource['type']} could exist already, and IDS has no row for it"
            )
    assert tried == set(recovery_google.IDS)


def test_versions_and_keys_that_no_state_records_are_found(account: Sandbox) -> None:
    client = GoogleClient(base=f"http://127.0.0.1:{account.settings.google_port}")
    resources = declared(account)
    for kind in (recovery_google.SECRET_VERSION, recovery_google.KEY):
        resource = next(resource for resource in resources if resource["type"] == kind)
        others = [other for other in resources if other["urn"] != resource["urn"]]
        if kind == recovery_google.SECRET_VERSION:
            [match], _ = recovery_google.unrecorded(client, [resource], others)
            assert match["id"] == resource["id"]
        else:  # nothing is deleted: every key is recorded
            assert recovery_google.unrecorded(client, [resource], resources) == ([], [])
