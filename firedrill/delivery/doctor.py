"""``firedrill doctor``: checks before a deployment that the accounts have what this stack needs. Only reads.

The program runs under Pulumi's mocks. Checked are the Datadog products and Google APIs of the resources that it
declares, and the models and people of its configuration.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firedrill.datadog.client import DatadogClient, DatadogError
from firedrill.delivery.google_project import GoogleProject
from firedrill.delivery.target import Target
from firedrill.engine.products_off import product_of
from firedrill.errors import KnownFailure
from firedrill.google import GoogleError
from firedrill.prove.collect import registered

PROBES: Mapping[str, tuple[str, str]] = {
    "monitor": ("Monitors", "/api/v1/monitor?page=0&page_size=1"),
    "serviceLevelObjective": ("SLOs", "/api/v1/slo?limit=1"),
    "dashboardJson": ("Dashboards", "/api/v1/dashboard?count=1"),
    "syntheticsTest": ("Synthetics", "/api/v1/synthetics/tests?page_size=1"),
    "syntheticsGlobalVariable": ("Global variables of synthetic tests", "/api/v1/synthetics/variables"),
    "logsCustomPipeline": ("Log Management", "/api/v1/logs/config/pipelines"),
    "logsMetric": ("Metrics from logs", "/api/v2/logs/config/metrics"),
    "spansMetric": ("Metrics from spans", "/api/v2/apm/config/metrics"),
    "apmRetentionFilter": ("APM retention filters", "/api/v2/apm/config/retention-filters"),
    "team": ("Teams", "/api/v2/team?page%5Bsize%5D=1"),
    "workflowAutomation": ("Workflow Automation", "/api/v2/workflows?limit=1"),
    "incidentType": ("Incidents", "/api/v2/incidents/config/types"),
    "rumApplication": ("RUM", "/api/v2/rum/applications"),
    "sensitiveDataScannerGroup": ("Sensitive Data Scanner", "/api/v2/sensitive-data-scanner/config"),
    "deploymentGate": ("Deployment gates", "/api/v2/deployment_gates"),
    "softwareCatalog": ("Software Catalog", "/api/v2/catalog/entity?page%5Blimit%5D=1"),
}
"""By kind: the product's name, and a read of it. On 403 the key lacks the scope, or the account the product."""
NO_KEYS = (
    "gcp:serviceaccount/key:Key",
    "serviceAccountKeys",
    "the workflow roll-back is then left out, and `firedrill rollback` does the same",
)
KNOWN_MEMBERS = (
    "allUsers",
    "outsideMembers",
    "Cloud Run then checks no caller, and Datadog's integration and log archive are left out",
)
ORGANISATION_POLICIES: Mapping[str, tuple[str, str, str]] = {
    "iam.disableServiceAccountKeyCreation": NO_KEYS,
    "iam.managed.disableServiceAccountKeyCreation": NO_KEYS,
    "iam.allowedPolicyMemberDomains": KNOWN_MEMBERS,
    "iam.managed.allowedPolicyMembers": KNOWN_MEMBERS,
}
"""By constraint: what the program must not declare where it is enforced, the key that leaves it out, and the effect."""
OFF = "productsOff"
LOOPBACK = ("localhost", "127.0.0.1")
"""The hosts of a sandbox, which is of every site."""


State = Literal["ok", "wrong", "unknown"]
STYLES: Mapping[State, str] = {"ok": "green", "wrong": "red", "unknown": "yellow"}


class NotReached(KnownFailure):
    """An account that did not answer: what it has is not known."""


@dataclass(frozen=True)
class CheckedItem:
    """The result of one check. message: the finding, or the fault and the next step; off: a product that can be off."""

    name: str
    state: State
    message: str
    off: str = ""


def examine(target: Target) -> list[CheckedItem]:
    """Run every check. One that fails does not stop the others; an account that does not answer is asked once."""
    declared = registered(target.root, target.name)
    kinds = {resource["type"].removeprefix("datadog:index/").partition(":")[0] for resource in declared}
    accounts: list[tuple[str, tuple[Callable[[], Iterator[CheckedItem]], ...]]] = [
        ("Configuration", (lambda: _site(target),)),
        (
            "Datadog",
            (
                lambda: _keys(target.datadog),
                lambda: _products(target.datadog, kinds),
                lambda: _people(target),
            ),
        ),
        ("Google Cloud", (lambda: _google(target, declared),)),
    ]
    return [item for name, checks in accounts for item in _examine_account(name, checks)]


def _examine_account(name: str, checks: tuple[Callable[[], Iterator[CheckedItem]], ...]) -> list[CheckedItem]:
    items: list[CheckedItem] = []
    for check in checks:
        try:
            items += check()
        except NotReached as error:
            items.append(CheckedItem(name, "unknown", f"{error}: what it has is not known; run this where it answers"))
            break
        except KnownFailure as error:
            items.append(CheckedItem(name, "wrong", str(error)))
            break
    return items


def _item(name: str, error: str, good: str, off: str = "") -> CheckedItem:
    return CheckedItem(name, "wrong" if error else "ok", error or good, off)


def _keys(client: DatadogClient) -> Iterator[CheckedItem]:
    error = _error(lambda: client.call("GET /api/v1/validate"))
    yield _item("Datadog API key", error, f"is valid at {client.url}")
    error = _error(lambda: client.call("GET /api/v2/current_user/application_keys?page%5Bsize%5D=1"))
    yield _item("Datadog application key", error, "is valid")
    error = _error(lambda: client.call("GET /api/v2/actions/app_key_registrations"))
    advice = f"{error}; register the key: Organization Settings, Application Keys, Actions API Access"
    yield _item("Actions API", advice if error else "", "accepts this key")


def _site(target: Target) -> Iterator[CheckedItem]:
    site = target.setting("datadogSite") or ""
    url = target.configuration.get("datadog:apiUrl", "https://api.datadoghq.com/")
    differs = target.settings is None and site and f"api.{site}" not in url and urlsplit(url).hostname not in LOOPBACK
    error = f"datadog:apiUrl is {url}, but the service sends to {site}: set both to the same site" if differs else ""
    yield _item("Datadog site", error, site)


def _products(client: DatadogClient, kinds: set[str]) -> Iterator[CheckedItem]:
    for kind in sorted(kinds & PROBES.keys()):
        name, path = PROBES[kind]
        error = _error(lambda path=path: client.call(f"GET {path}"))  # type: ignore[misc]  # bound at once
        yield _item(name, error, "is available", product_of(path))
    if "onCallSchedule" in kinds:
        yield _item("On-Call", _on_call_error(client), "is available", "on-call")


def _on_call_error(client: DatadogClient) -> str:
    """Return why On-Call is not available. It has no list: a missing schedule is 404, a missing product 403."""
    path = "/api/v2/on-call/schedules/00000000-0000-0000-0000-000000000000"
    error = _error(lambda: client.call(f"GET {path}"))
    return "" if "answered 404" in error else error


def _people(target: Target) -> Iterator[CheckedItem]:
    on_call = json.loads(target.setting("onCall") or "{}")
    for email in on_call.get("emails") or ():
        try:
            users = target.datadog.call(f"GET /api/v2/users?filter={quote(email, safe='')}")["data"]
        except DatadogError as error:
            raise _not_reached(error) from error
        states = [user["attributes"]["status"] for user in users if user["attributes"]["email"] == email]
        missing = "is not a user of the account: invite them, or change onCall.emails"
        disabled = "is a disabled user: enable it, or change onCall.emails"
        error_text = missing if not states else disabled if "Disabled" in states else ""
        yield _item(f"on call: {email}", error_text, "is a user")


def _google(target: Target, declared: list[dict[str, Any]]) -> Iterator[CheckedItem]:
    project_id = target.configuration.get("gcp:project", "")
    project = GoogleProject(target.google, project_id)
    error = _error(project.get)
    yield _item(f"Google project {project_id}", error, "exists")
    if error:
        return
    apis = {str(each["inputs"]["service"]) for each in declared if each["type"] == "gcp:projects/service:Service"}
    try:
        disabled = [api for api in sorted(apis) if not project.is_enabled(api)]
        missing = project.missing_permissions()
    except GoogleError as refused:
        raise _not_reached(refused) from refused
    message = f"the first deployment enables {', '.join(disabled)}" if disabled else f"{len(apis)} are enabled"
    yield _item("Google APIs", "", message)
    yield _item("Google permissions", f"missing: {', '.join(missing)}" if missing else "", "are sufficient")
    yield from _organisation_policies(target, project, declared)
    location = target.setting("modelLocation") or "global"
    for key in ("modelPrimary", "modelFallback"):
        model = target.setting(key) or ""
        error = _error(lambda model=model: project.model(location, model))  # type: ignore[misc]  # bound at once
        yield _item(f"Vertex AI: {model} at {location}", error, "is available")


def _organisation_policies(
    target: Target, project: GoogleProject, declared: list[dict[str, Any]]
) -> Iterator[CheckedItem]:
    """Check the policies that many organisations have, where the program declares what they forbid."""
    text = json.dumps(declared)
    for constraint, (needed, key, advice) in ORGANISATION_POLICIES.items():
        if needed not in text:
            yield CheckedItem(constraint, "ok", f"nothing that it forbids is declared ({target.project}:{key})")
            continue
        try:
            forbidden = project.forbids(constraint)
        except GoogleError as error:
            message = f"{error}: ask who manages the Google organisation, or enable orgpolicy.googleapis.com"
            yield CheckedItem(constraint, "unknown", message)
            continue
        command = f"`pulumi config set -s {target.name} {target.project}:{key} false`"
        yield _item(constraint, f"is enforced: {command}; {advice}" if forbidden else "", "is not enforced")


def _error(request: Callable[[], object]) -> str:
    """Send a request; return its error, "" where it succeeds.

    Raises:
        NotReached: nobody answered, so that nothing is known.
    """
    try:
        request()
    except (DatadogError, GoogleError) as error:
        if error.status == 0:
            raise _not_reached(error) from error
        return str(error)
    return ""


def _not_reached(error: DatadogError | GoogleError) -> KnownFailure:
    """Return the failure of an account that did not answer; of one that refused, its own."""
    return NotReached(str(error)) if error.status == 0 else KnownFailure(str(error))


def print_items(items: list[CheckedItem], target: Target, console: Console) -> None:
    """Print the results, with the commands that turn missing products off."""
    table = Table("check", "", "result")
    for item in items:
        style = STYLES[item.state]
        table.add_row(escape(item.name), f"[{style}]{item.state}[/{style}]", escape(item.message))
    console.print(table)
    off = sorted({item.off for item in items if item.off and item.state == "wrong"})
    if off:
        console.print("The stack can be deployed without these products:")
        for position, product in enumerate(off):
            path = f"{target.project}:{OFF}[{position}]"
            console.print(f"  pulumi config set -s {target.name} --path '{escape(path)}' {product}", soft_wrap=True)
    wrong, unknown = (sum(item.state == state for item in items) for state in ("wrong", "unknown"))
    results = [*([f"{wrong} failed"] if wrong else []), *([f"{unknown} not known"] if unknown else [])]
    console.print(f"{len(items)} checks, {', '.join(results) or 'all passed'}.")


def exit_code(items: list[CheckedItem]) -> int:
    """Return 1 where something is wrong, 3 where only something is not known, else 0."""
    states = {item.state for item in items}
    return 1 if "wrong" in states else 3 if "unknown" in states else 0
