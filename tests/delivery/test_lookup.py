"""Whatever an interrupted update could leave behind is found again: tried on every resource of the whole stack."""

import json
from typing import Any

import pytest

from firedrill.engine import google, stack
from firedrill.engine.lookup import LISTS, candidates, kind_of, row_of
from firedrill.sandbox.providers.datadog.api import Api
from firedrill.sandbox.settings import API_KEY, APP_KEY
from tests.e2e.conftest import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1200)]

MADE_BY_PUT = {
    # Their create writes over what is there: an order, a policy, a description of something that exists.
    "apmRetentionFilterOrder", "logsArchiveOrder", "logsIndexOrder", "logsPipelineOrder", "metricMetadata",
    "onCallTeamRoutingRules", "restrictionPolicy", "rumRetentionFiltersOrder", "sensitiveDataScannerGroupOrder",
    "softwareCatalog", "syntheticsConcurrencyCap",
}  # fmt: skip
GRANTS = {"IAMMember", "Service", "SecretIamMember", "BucketIAMMember", "ServiceIamMember", "JobIamMember"}
"""Google's kinds whose creates may be repeated: grants, and APIs that are switched on."""


def declared(account: Sandbox) -> list[dict[str, Any]]:
    """The resources of both states, without components."""
    found: list[dict[str, Any]] = []
    for folder in ("", stack.ORGANISATION):
        exported = json.loads(account.pulumi("stack", "export", "-s", "local", folder=folder).stdout)
        found += [one for one in exported["deployment"]["resources"] if one.get("custom") and one.get("id")]
    return found


def test_every_object_of_the_stack_is_found_by_its_declaration(account: Sandbox) -> None:
    api = Api(f"http://127.0.0.1:{account.settings.datadog_port}", API_KEY, APP_KEY)
    tried, lost = set(), []
    for one in declared(account):
        kind = kind_of(one["type"])
        if not one["type"].startswith("datadog:") or kind in MADE_BY_PUT:
            continue
        assert row_of(one["type"]) is not None, f"{one['type']} could be made twice, and no row says how it is found"
        if str(one["id"]) not in candidates(api, one["type"], one["inputs"]):
            lost.append(one["urn"].rpartition("::")[2])
        tried.add(kind)
    assert lost == []
    assert tried == set(LISTS), "rows that nothing in the stack tries"


def test_every_google_resource_is_known_by_its_declaration(account: Sandbox) -> None:
    tried = set()
    for one in declared(account):
        if one["type"] in google.IDS:
            assert google.id_of(one) == one["id"], one["urn"]
            tried.add(one["type"])
        elif one["type"].startswith("gcp:") and one["type"] not in {google.VERSION, google.KEY}:
            assert one["type"].rpartition(":")[2] in GRANTS, (
                f"{one['type']} could exist already, and nothing knows its id"
            )
    assert tried == set(google.IDS)


def test_versions_and_keys_that_no_state_records_are_found(account: Sandbox) -> None:
    client = google.Google(base=f"http://127.0.0.1:{account.settings.google_port}")
    resources = declared(account)
    for wanted in (google.VERSION, google.KEY):
        one = next(one for one in resources if one["type"] == wanted)
        others = [other for other in resources if other["urn"] != one["urn"]]
        if wanted == google.VERSION:
            [found], _ = google.left(client, [one], others)
            assert found["id"] == one["id"]
        else:  # nothing is deleted: every key is recorded
            assert google.left(client, [one], resources) == ([], [])
