"""What the service, workflows and `firedrill deploy` made in the account: nobody declared it, and it is no drift."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from firedrill.sandbox.providers.datadog.api import Api

SERVICE, WORKFLOW, DEPLOY = "managed_by:service", "managed_by:workflow", "managed_by:deploy"
"""The tags of what the service makes when it is asked to, a workflow's step, and the deploy command. A notebook has no
tags: there it stands in a cell's text; a downtime has none either: there it stands in its message."""
PAGE = 100


@dataclass(frozen=True)
class Made:
    """One object. ``kind`` is the sandbox's name of its kind, ``what`` people's."""

    kind: str
    what: str
    name: str
    tag: str


def by_the_running(api: Api) -> list[Made]:
    """All of them.

    Raises:
        ApiError: a list cannot be read.
    """
    return [*_monitors(api), *_tests(api), *_pipelines(api), *_notebooks(api), *_downtimes(api)]


def _monitors(api: Api) -> Iterator[Made]:
    """Datadog makes a monitor for each synthetic test: it goes with its test."""
    for one in api.call(f"GET /api/v1/monitor?monitor_tags={SERVICE}"):
        if SERVICE in (one.get("tags") or ()) and one["type"] != "synthetics alert":
            yield Made("monitors", "monitor", one["name"], SERVICE)


def _tests(api: Api) -> Iterator[Made]:
    for number in count():
        page = api.call(f"GET /api/v1/synthetics/tests?page_size={PAGE}&page_number={number}")["tests"]
        for one in page:
            if SERVICE in (one.get("tags") or ()):
                yield Made("synthetics_tests", "synthetic test", one["name"], SERVICE)
        if len(page) < PAGE:
            return


def _pipelines(api: Api) -> Iterator[Made]:
    for one in api.call("GET /api/v1/logs/config/pipelines"):
        if SERVICE in (one.get("tags") or ()):
            yield Made("logs_pipelines", "log pipeline", one["name"], SERVICE)


def _notebooks(api: Api) -> Iterator[Made]:
    for start in count(0, PAGE):
        page = api.call(f"GET /api/v1/notebooks?start={start}&count={PAGE}&include_cells=true")["data"]
        for one in page:
            tag = next((tag for tag in (SERVICE, WORKFLOW) if tag in _text(one["attributes"])), None)
            if tag is not None:
                yield Made("notebooks", "notebook", one["attributes"]["name"], tag)
        if len(page) < PAGE:
            return


def _downtimes(api: Api) -> Iterator[Made]:
    for one in api.call("GET /api/v2/downtime?page[limit]=1000")["data"]:
        message = str(one["attributes"].get("message") or "")
        if DEPLOY in message:
            yield Made("downtimes", "downtime", message.partition(" (")[0], DEPLOY)


def _text(attributes: Any) -> str:
    """A notebook's own words."""
    definitions = (cell["attributes"].get("definition") or {} for cell in attributes.get("cells") or ())
    return " ".join(str(one.get("text") or "") for one in definitions)
