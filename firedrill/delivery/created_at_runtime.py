"""Objects that the service, workflows and ``firedrill deploy`` created in the account: not declared, and not drift."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from firedrill.datadog.client import DatadogClient

SERVICE, WORKFLOW, DEPLOY = "managed_by:service", "managed_by:workflow", "managed_by:deploy"
"""The tags of objects that the service, a workflow's step and the deploy command create. Notebooks and downtimes have
no tags: a notebook has it in a cell's text, a downtime in its message."""
PAGE = 100


@dataclass(frozen=True)
class RuntimeObject:
    """One object. collection: the sandbox's name of its kind; kind: its name for people."""

    collection: str
    kind: str
    name: str
    tag: str


def created_at_runtime(client: DatadogClient) -> list[RuntimeObject]:
    """Return all objects that were created at run time.

    Raises:
        DatadogError: a list cannot be read.
    """
    return [*_monitors(client), *_tests(client), *_pipelines(client), *_notebooks(client), *_downtimes(client)]


def _monitors(client: DatadogClient) -> Iterator[RuntimeObject]:
    """Yield the service's monitors, without those that Datadog creates for synthetic tests."""
    for monitor in client.call(f"GET /api/v1/monitor?monitor_tags={SERVICE}"):
        if SERVICE in (monitor.get("tags") or ()) and monitor["type"] != "synthetics alert":
            yield RuntimeObject("monitors", "monitor", monitor["name"], SERVICE)


def _tests(client: DatadogClient) -> Iterator[RuntimeObject]:
    for number in count():
        page = client.call(f"GET /api/v1/synthetics/tests?page_size={PAGE}&page_number={number}")["tests"]
        for test in page:
            if SERVICE in (test.get("tags") or ()):
                yield RuntimeObject("synthetics_tests", "synthetic test", test["name"], SERVICE)
        if len(page) < PAGE:
            return


def _pipelines(client: DatadogClient) -> Iterator[RuntimeObject]:
    for pipeline in client.call("GET /api/v1/logs/config/pipelines"):
        if SERVICE in (pipeline.get("tags") or ()):
            yield RuntimeObject("logs_pipelines", "log pipeline", pipeline["name"], SERVICE)


def _notebooks(client: DatadogClient) -> Iterator[RuntimeObject]:
    for start in count(0, PAGE):
        page = client.call(f"GET /api/v1/notebooks?start={start}&count={PAGE}&include_cells=true")["data"]
        for notebook in page:
            attributes = notebook["attributes"]
            text = _text(attributes)
            tag = next((tag for tag in (SERVICE, WORKFLOW) if tag in text), None)
            if tag is not None:
                yield RuntimeObject("notebooks", "notebook", attributes["name"], tag)
        if len(page) < PAGE:
            return


def _downtimes(client: DatadogClient) -> Iterator[RuntimeObject]:
    for downtime in client.call("GET /api/v2/downtime?page[limit]=1000")["data"]:
        message = str(downtime["attributes"].get("message") or "")
        if DEPLOY in message:
            yield RuntimeObject("downtimes", "downtime", message.partition(" (")[0], DEPLOY)


def _text(attributes: Any) -> str:
    """Return the text of a notebook's cells."""
    definitions = (cell["attributes"].get("definition") or {} for cell in attributes.get("cells") or ())
    return " ".join(str(definition.get("text") or "") for definition in definitions)
