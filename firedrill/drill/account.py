"""What the sandbox's account declares as it stands now: a drill judges what is deployed, edits by hand included."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from firedrill.drill.control import DrillError
from firedrill.drill.story import Notification, Story, pagings
from firedrill.evaluate import Account, Recording, Timeline, Transition
from firedrill.notify import render
from firedrill.notify.deliver import PageAnswers, PageResolved, WorkflowRun, deliver
from firedrill.notify.directory import Directory
from firedrill.query import metric_references, parse
from firedrill.sandbox import this_machine
from firedrill.sandbox.datadog import account
from firedrill.sandbox.datadog.live import workflows
from firedrill.sandbox.datadog.live.notifications import source_of
from firedrill.sandbox.datadog.live.pages import routing
from firedrill.sandbox.datadog.own_api import Refused
from firedrill.sandbox.datadog.store import Store
from firedrill.sandbox.settings import API_KEY, APP_KEY, Settings

WORKFLOW_TIMEOUT = 60.0
"""Seconds that one HTTP step may take."""


@dataclass(frozen=True)
class Definitions:
    """The account, and how the program calls its monitors: resource name by monitor id."""

    account: Account
    directory: Directory
    names: Mapping[str, str]
    connections: Mapping[str, Mapping[str, Any]]

    def alert(self, monitor: Mapping[str, Any]) -> str:
        """The monitor's name in the program; its own name when no program declared it."""
        return self.names.get(str(monitor["id"]), str(monitor["name"]))


def read(settings: Settings, names: Mapping[str, str]) -> Definitions:
    """Everything that alerts need, from the sandbox's store."""
    objects = account.Directory(Store(settings.home / "datadog.sqlite"))

    def of(kind: str) -> list[dict[str, Any]]:
        return objects.objects(API_KEY, kind)

    if not of(account.MONITORS):
        raise DrillError("the account has no monitors: run `firedrill up` first")
    return Definitions(
        Account(
            of(account.MONITORS), of(account.SLOS), of(account.DOWNTIMES), of(account.SLO_CORRECTIONS),
            of(account.SYNTHETICS_TESTS),
        ),
        routing(objects, API_KEY),
        names,
        {str(one["id"]): one for one in of(account.CONNECTIONS)},
    )  # fmt: skip


def stories(definitions: Definitions, timeline: Timeline, telemetry: Recording) -> dict[str, Story]:
    """What each monitor did, and where its notifications went, by its name in the program."""
    told = {}
    emitted = set(telemetry.metrics())
    for monitor in sorted(definitions.account.monitors, key=definitions.alert):
        story = Story(definitions.alert(monitor), monitor)
        story.transitions = list(timeline.of(monitor["id"]))
        story.notifications = _notifications(definitions.directory, monitor, story.transitions)
        story.pagings = [one for page in story.pages() for one in pagings(page, definitions.directory)]
        if monitor["type"] in {"query alert", "metric alert"}:
            read_metrics = {one.metric for one in metric_references(parse(monitor["type"], monitor["query"]))}
            story.missing_metrics = sorted(read_metrics - emitted)
        told[story.alert] = story
    return told


def _notifications(
    directory: Directory, monitor: Mapping[str, Any], transitions: Sequence[Transition]
) -> list[Notification]:
    """What was sent. Nobody answers a drill's pages: they go on until the recovery's own text resolves them."""
    rendered = [(change, render(monitor, change)) for change in transitions if change.notify]
    sent: list[Notification] = []
    resolved: dict[str, float] = {}
    for change, text in reversed(rendered):
        answers = PageAnswers(resolved=resolved.get(change.notified_name))
        deliveries = deliver(directory, monitor, change, text, answers)
        if any(isinstance(one, PageResolved) for one in deliveries):
            resolved[change.notified_name] = change.time
        sent.append(Notification(change, text, deliveries))
    return sent[::-1]


def run_workflow(settings: Settings, definitions: Definitions, started: WorkflowRun, story: Story) -> workflows.Run:
    """Run a workflow that a notification started: its steps are real calls."""
    document = definitions.directory.workflow(started.handle)
    if document is None:
        raise DrillError(f"there is no workflow {started.handle}")
    sent = next(one for one in story.notifications if started in one.deliveries)
    source = source_of(story.monitor, sent.transition, sent.rendered)
    run = workflows.start(document, "monitor", started.parameters, source=source, now=sent.transition.time)
    with this_machine.client(settings, WORKFLOW_TIMEOUT) as client:

        def datadog(request: str, body: Any = None) -> Any:
            verb, _, path = request.partition(" ")
            headers = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
            answer = client.request(verb, f"{settings.datadog_url}{path}", headers=headers, json=body)
            if answer.is_error:
                raise Refused(f"{request}: status {answer.status_code}: {answer.text[:300]}")
            return answer.json()

        workflows.execute(document, run, workflows.Means(client, definitions.connections, datadog))
    if run.status != "succeeded":
        raise DrillError(f"the workflow {started.handle} failed: {run.error}")
    return run
