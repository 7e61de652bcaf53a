"""``firedrill doctor``: what an account lacks for this stack, before anything is deployed to it. Only reads.

What is asked for is what the program declares, run under Pulumi's mocks: its kinds of Datadog objects, the Google APIs
that it switches on, the models and people that its configuration names.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firedrill.delivery.google import Google
from firedrill.delivery.target import Target
from firedrill.errors import KnownFailure
from firedrill.prove.collect import registered
from firedrill.sandbox.providers.datadog.api import Api, ApiError

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
"""By kind: the product's name, and a read of it. 403 says that the key lacks the scope or the account the product."""
SWITCHES = {"onCallSchedule": "on-call"}
"""Kinds whose product a stack can do without, and what ``productsOff`` calls it."""
OFF = "productsOff"


@dataclass(frozen=True)
class Finding:
    """One check: ``good``, or what is wrong and what to do. ``off`` is the product that the stack can do without."""

    what: str
    good: bool
    told: str
    off: str = ""


def examine(target: Target) -> list[Finding]:
    """Every check; none stops the others."""
    declared = registered(target.root, target.name)
    kinds = {one["type"].removeprefix("datadog:index/").partition(":")[0] for one in declared}
    checks: list[Callable[[], Iterator[Finding]]] = [
        lambda: _keys(target.datadog),
        lambda: _site(target),
        lambda: _products(target.datadog, kinds),
        lambda: _people(target),
        lambda: _google(target, declared),
    ]
    found: list[Finding] = []
    for check in checks:
        try:
            found += check()
        except KnownFailure as error:
            found.append(Finding("could not look", False, str(error)))
    return found


def _keys(api: Api) -> Iterator[Finding]:
    valid = _asked(lambda: api.call("GET /api/v1/validate"))
    yield Finding("Datadog API key", valid == "", valid or f"is valid at {api.url}")
    own = _asked(lambda: api.call("GET /api/v2/current_user/application_keys?page%5Bsize%5D=1"))
    yield Finding("Datadog application key", own == "", own or "is known")
    registered_ = _asked(lambda: api.call("GET /api/v2/actions/app_key_registrations"))
    advice = f"{registered_}; register the key: Organization Settings, Application Keys, Actions API Access"
    yield Finding("Actions API", registered_ == "", advice if registered_ else "answers this key")


def _site(target: Target) -> Iterator[Finding]:
    site = target.own("datadogSite") or ""
    api = target.configuration.get("datadog:apiUrl", "https://api.datadoghq.com/")
    if target.settings is None and site and f"api.{site}" not in api:
        yield Finding("Datadog site", False, f"datadog:apiUrl is {api}, but the service sends to {site}: make them one")
    else:
        yield Finding("Datadog site", True, site)


def _products(api: Api, kinds: set[str]) -> Iterator[Finding]:
    for kind in sorted(kinds & PROBES.keys()):
        name, path = PROBES[kind]
        wrong = _asked(lambda path=path: api.call(f"GET {path}"))  # type: ignore[misc]  # bound at once
        yield Finding(name, wrong == "", wrong or "answers", SWITCHES.get(kind, ""))
    if "onCallSchedule" in kinds:
        wrong = _on_call(api)
        yield Finding("On-Call", wrong == "", wrong or "answers", SWITCHES["onCallSchedule"])


def _on_call(api: Api) -> str:
    """On-Call has no list: what is not there answers 404, what is not bought 403."""
    try:
        api.call("GET /api/v2/on-call/schedules/00000000-0000-0000-0000-000000000000")
    except ApiError as error:
        return "" if error.status == 404 else str(error)
    return ""


def _people(target: Target) -> Iterator[Finding]:
    on_call = json.loads(target.own("onCall") or "{}")
    for email in on_call.get("emails") or ():
        users = target.datadog.call(f"GET /api/v2/users?filter={quote(email, safe='')}")["data"]
        states = [one["attributes"]["status"] for one in users if one["attributes"]["email"] == email]
        told = "is a user" if states else "is no user of the account: invite them, or change onCall.emails"
        yield Finding(f"on call: {email}", bool(states) and "Disabled" not in states, told)


def _google(target: Target, declared: list[dict[str, Any]]) -> Iterator[Finding]:
    project = target.configuration.get("gcp:project", "")
    google = Google.of(target, project)
    name = _asked(google.project)
    yield Finding(f"Google project {project}", name == "", name or "is there")
    if name:
        return
    wanted = sorted(
        {str(one["inputs"]["service"]) for one in declared if one["type"] == "gcp:projects/service:Service"}
    )
    off = [one for one in wanted if not google.enabled(one)]
    told = f"{', '.join(off)} off: the first deployment switches them on" if off else f"{len(wanted)} are on"
    yield Finding("Google APIs", True, told)
    lacking = google.lacking()
    told = f"missing: {', '.join(lacking)}" if lacking else "may do what the program does"
    yield Finding("Google permissions", not lacking, told)
    location = target.own("modelLocation") or "global"
    for key in ("modelPrimary", "modelFallback"):
        model = target.own(key) or ""
        wrong = _asked(lambda model=model: google.model(location, model))  # type: ignore[misc]  # bound at once
        yield Finding(f"Vertex AI: {model} at {location}", wrong == "", wrong or "is served")


def _asked(question: Callable[[], object]) -> str:
    """Empty where the answer is good, else why it is not."""
    try:
        question()
    except KnownFailure as error:
        return str(error)
    return ""


def show(found: list[Finding], target: Target, console: Console) -> bool:
    """The screen, with the configuration that turns off what is missing; False where something is wrong."""
    table = Table("check", "", "result")
    for one in found:
        table.add_row(escape(one.what), "[green]ok[/green]" if one.good else "[red]wrong[/red]", escape(one.told))
    console.print(table)
    off = sorted({one.off for one in found if one.off and not one.good})
    if off:
        console.print("The stack can do without these products:")
        for place, product in enumerate(off):
            path = f"{target.project}:{OFF}[{place}]"
            console.print(f"  pulumi config set -s {target.name} --path '{escape(path)}' {product}", soft_wrap=True)
    wrong = [one for one in found if not one.good]
    console.print(f"{len(found)} checks, {len(wrong)} wrong." if wrong else f"{len(found)} checks, all well.")
    return not wrong
