"""docs/deploy.md says what the program needs: products, APIs, roles, scopes and the build's commands."""

import json
import re

from firedrill.delivery import build
from firedrill.delivery.doctor import ORGANISATION_POLICIES
from infra.config import Settings
from infra.gcp.access import APIS
from infra.gcp.deploy_identity import DEPLOY_ROLES
from infra.products import PLANS
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "deploy.md").read_text()


def test_the_table_of_products_is_the_programs() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) ?\|$", PAGE, re.MULTILINE)
    written = {key: (name, plan, lost, re.findall(r"`([a-z-]+)`", others)) for key, name, plan, lost, others in rows}
    assert written == {key: (plan.name, plan.plan, plan.lost, [*plan.with_it]) for key, plan in PLANS.items()}


def test_a_key_of_datadogs_has_each_scope_once_and_reads_what_it_writes() -> None:
    key = json.loads((ROOT / "docs" / "application-key.json").read_text())
    scopes = key["data"]["attributes"]["scopes"]
    assert scopes == sorted({*scopes})
    assert "docs/application-key.json" in PAGE
    for scope in ("monitors", "dashboards", "slos", "synthetics", "notebooks", "on_call", "rum_apps", "workflows"):
        assert {f"{scope}_read", f"{scope}_write"} <= {*scopes}


def test_apis_that_a_first_deployment_calls_before_it_enables_any_are_named() -> None:
    [command] = re.findall(r"gcloud services enable (.*) --project", PAGE)
    assert {"serviceusage.googleapis.com", "cloudresourcemanager.googleapis.com"} <= {*command.split()}
    assert {"cloudbuild.googleapis.com", "cloudresourcemanager.googleapis.com", "sts.googleapis.com"} <= {*APIS}


def test_the_deployer_can_use_the_key_of_the_stacks_secrets() -> None:
    assert "roles/cloudkms.cryptoKeyEncrypterDecrypter" in DEPLOY_ROLES
    assert PAGE.count("gcloud kms keys add-iam-policy-binding") == 2


def test_the_build_by_hand_is_the_commands_build() -> None:
    [by_hand] = re.findall(r"^docker build (.*)$", PAGE, re.MULTILINE)
    written = by_hand.replace("$(git rev-parse HEAD)", "COMMIT").split()
    reference = "REGION-docker.pkg.dev/PROJECT/llm-api/llm-api:COMMIT"
    assert written == build._build_arguments(reference, "COMMIT")
    assert "gcloud auth configure-docker REGION-docker.pkg.dev" in PAGE


def test_each_policy_of_an_organisation_has_its_switch() -> None:
    keys = {field.alias for field in Settings.model_fields.values()}
    for constraint, (_, key, _) in ORGANISATION_POLICIES.items():
        assert constraint in PAGE and f"pulumi config set llm-api:{key} false" in PAGE
        assert key in keys
