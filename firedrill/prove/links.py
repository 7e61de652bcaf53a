"""Check that everything an alert refers to exists: handles, runbooks, searches in links, and recorded metrics."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from firedrill.evaluate.model import Json
from firedrill.logs.search import SearchError, parse_search
from firedrill.notify.deliver import unresolved_reason
from firedrill.notify.lint import UNKNOWN_VALUE, possible_handles
from firedrill.notify.template import TemplateError
from firedrill.prove.dependencies import readable_text
from firedrill.prove.findings import Finding
from firedrill.prove.ordinary import Ordinary
from firedrill.prove.staging import TRACK, StagedScenario
from firedrill.scenario.definitions import Definitions
from firedrill.scenario.outcome import SIGNAL

LINK = re.compile(r"https?://[^\s)>\]\"']+")
REPOSITORY_LINK = re.compile(r"https?://[^/]+/[^/]+/[^/]+/blob/[^/]+/(?P<path>[^#?]+)(?:#(?P<anchor>\S+))?")


def broken_links(definitions: Definitions, root: Path) -> list[Finding]:
    """Return the handles, runbooks and searches of a checkout's alerts that do not exist."""
    return [
        Finding(definitions.alert(monitor), kind, text)
        for monitor in definitions.account.monitors
        for kind, text in (*_handles(definitions, monitor), *_links(monitor, root))
    ]


def _handles(definitions: Definitions, monitor: Json) -> Iterator[tuple[str, str]]:
    try:
        handles = possible_handles(str(monitor.get("message") or ""))
    except TemplateError:  # a finding of the message itself
        return
    for handle in handles:
        if UNKNOWN_VALUE not in handle.name:
            reason = unresolved_reason(definitions.directory, handle)
            if reason is not None:
                yield "handle", f"@{handle} reaches nobody: {reason}"
    if not handles and SIGNAL not in (monitor.get("tags") or ()):
        yield "handle", "its message has no handle, so that it notifies nobody"


def _links(monitor: Json, root: Path) -> Iterator[tuple[str, str]]:
    links = linked_urls(monitor)
    files = [match for link in links if (match := REPOSITORY_LINK.fullmatch(link))]
    if not any("runbook" in match["path"] for match in files):
        yield "runbook", "its message links to no runbook"
    for match in files:
        file = root / match["path"]
        if not file.is_file():
            yield "runbook", f"{match['path']} does not exist in this checkout"
        elif match["anchor"] and match["anchor"] not in anchors(file.read_text()):
            yield "runbook", f"{match['path']} has no heading #{match['anchor']}"
    for link in links:
        for search in parse_qs(urlsplit(link).query).get("query", []):
            try:
                parse_search(search)
            except SearchError as error:
                yield "link", f"the search in a link is not valid: {error}"


def linked_urls(monitor: Json) -> list[str]:
    """Return the URLs in a monitor's message."""
    return [link.rstrip(".,;") for link in LINK.findall(str(monitor.get("message") or ""))]


def anchors(markdown: str) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    titles = re.findall(r"^#+ +(.+?) *$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def unrecorded_metrics(definitions: Definitions, ordinary: Ordinary, staged: Sequence[StagedScenario]) -> list[Finding]:
    """Return the alerts that read a metric of the service which no recording has, so that it may never be sent.

    The list ``unrecorded`` of the ordinary telemetry names exceptions with their reason. A metric on the list that a
    recording has is a finding, too.
    """
    recorded = {name for item in staged if item.real for name in item.digests if not name.startswith(TRACK)}
    sent = {signal.metric for signal in ordinary.signals.values() if signal.metric and signal.source == "service"}
    results = []
    for monitor in definitions.account.monitors:
        text = readable_text(definitions, monitor)
        for metric in sorted(sent):
            is_read = re.search(rf"(?<![\w.]){re.escape(metric)}(?![\w.])", text)
            if is_read and metric not in recorded and metric not in ordinary.unrecorded:
                reason = f"no recording has {metric}: does the service ever send it?"
                results.append(Finding(definitions.alert(monitor), "not-recorded", reason))
    results += (
        Finding(metric, "not-recorded", "a recording has it: remove it from the list `unrecorded`")
        for metric in ordinary.unrecorded
        if metric in recorded
    )
    return results
