"""The sandbox's account as it is now, edits by hand included: its definitions, and runs of its workflows."""

from collections.abc import Mapping
from typing import Any

from firedrill.drill.control import DrillError
from firedrill.evaluate import Account
from firedrill.notify.deliver import WorkflowRun
from firedrill.sandbox import this_machine
from firedrill.sandbox.datadog import account
from firedrill.sandbox.datadog.http.in_process import CallRefused
from firedrill.sandbox.datadog.live.notifications import source_of
from firedrill.sandbox.datadog.live.pages import routing_directory
from firedrill.sandbox.datadog.live.workflows import execution as workflows
from firedrill.sandbox.datadog.store import Store
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.outcome import AlertOutcome
from firedrill.settings import API_KEY, APP_KEY, Settings

WORKFLOW_TIMEOUT = 60.0
"""Seconds that one HTTP step may take."""


def read_definitions(settings: Settings, names: Mapping[str, str]) -> Definitions:
    """Return the account's definitions from the sandbox's store. ``names``: resource names by monitor id."""
    directory = account.Directory(Store(settings.home / "datadog.sqlite"))

    def objects(kind: str) -> list[dict[str, Any]]:
        return directory.objects(API_KEY, kind)

    if not objects(account.MONITORS):
        raise DrillError("the account has no monitors: run `firedrill up` first")
    return Definitions(
        Account(
            monitors=objects(account.MONITORS),
            slos=objects(account.SLOS),
            downtimes=objects(account.DOWNTIMES),
            corrections=objects(account.SLO_CORRECTIONS),
            synthetics=objects(account.SYNTHETICS_TESTS),
        ),
        routing_directory(directory, API_KEY),
        names,
        {str(connection["id"]): connection for connection in objects(account.CONNECTIONS)},
    )


def run_workflow(
    settings: Settings, definitions: Definitions, started: WorkflowRun, outcome: AlertOutcome
) -> workflows.WorkflowInstance:
    """Run a workflow that an alert's notification started. Its steps make real calls."""
    document = definitions.directory.workflow(started.handle)
    if document is None:
        raise DrillError(f"there is no workflow {started.handle}")
    sent = next(notification for notification in outcome.notifications if started in notification.deliveries)
    source = source_of(outcome.monitor, sent.transition, sent.rendered)
    run = workflows.start_workflow(document, "monitor", started.parameters, source=source, now=sent.transition.time)
    with this_machine.client(settings, WORKFLOW_TIMEOUT) as client:

        def call_datadog(request: str, body: Any = None) -> Any:
            method, _, path = request.partition(" ")
            headers = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
            response = client.request(method, f"{settings.datadog_url}{path}", headers=headers, json=body)
            if response.is_error:
                raise CallRefused(f"{request}: status {response.status_code}: {response.text[:300]}")
            return response.json()

        workflows.execute_workflow(
            document, run, workflows.WorkflowEnvironment(client, definitions.connections, call_datadog)
        )
    if run.status != "succeeded":
        raise DrillError(f"the workflow {started.handle} failed: {run.error}")
    return run
