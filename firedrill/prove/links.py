"""Whether what an alert points at is there: handles, runbooks, searches behind links, and recorded telemetry."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from firedrill.drill.account import Definitions
from firedrill.drill.story import SIGNAL
from firedrill.evaluate.model import Json
from firedrill.logs.search import SearchError, parse_search
from firedrill.notify.deliver import unresolved
from firedrill.notify.lint import UNKNOWN, handles_of
from firedrill.notify.template import TemplateError
from firedrill.prove.findings import Finding
from firedrill.prove.proof import Staged
from firedrill.prove.reads import reads
from firedrill.prove.signals import Ordinary

LINK = re.compile(r"https?://[^\s)>\]\"']+")
IN_REPOSITORY = re.compile(r"https?://[^/]+/[^/]+/[^/]+/blob/[^/]+/(?P<path>[^#?]+)(?:#(?P<anchor>\S+))?")


def links(definitions: Definitions, root: Path) -> list[Finding]:
    """What a checkout's alerts point at in vain."""
    return [
        Finding(definitions.alert(monitor), fault, text)
        for monitor in definitions.account.monitors
        for fault, text in (*_handles(definitions, monitor), *_links(monitor, root))
    ]


def _handles(definitions: Definitions, monitor: Json) -> Iterator[tuple[str, str]]:
    try:
        handles = handles_of(str(monitor.get("message") or ""))
    except TemplateError:  # a finding of the message itself
        return
    for handle in handles:
        if UNKNOWN not in handle.name:
            reason = unresolved(definitions.directory, handle)
            if reason is not None:
                yield "handle", f"@{handle} reaches nobody: {reason}"
    if not handles and SIGNAL not in (monitor.get("tags") or ()):
        yield "handle", "its message names nobody"


def _links(monitor: Json, root: Path) -> Iterator[tuple[str, str]]:
    found = [link.rstrip(".,;") for link in LINK.findall(str(monitor.get("message") or ""))]
    files = [match for link in found if (match := IN_REPOSITORY.fullmatch(link))]
    if not any("runbook" in match["path"] for match in files):
        yield "runbook", "its message links to no runbook"
    for match in files:
        file = root / match["path"]
        if not file.is_file():
            yield "runbook", f"there is no {match['path']} in this checkout"
        elif match["anchor"] and match["anchor"] not in anchors(file.read_text()):
            yield "runbook", f"{match['path']} has no heading #{match['anchor']}"
    for link in found:
        for search in parse_qs(urlsplit(link).query).get("query", []):
            try:
                parse_search(search)
            except SearchError as error:
                yield "link", f"the search of a link is none: {error}"


def anchors(markdown: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ +(.+?) *$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def recorded(definitions: Definitions, ordinary: Ordinary, staged: Sequence[Staged]) -> list[Finding]:
    """Alerts that read a metric of the service of which no recording has a point: whether it is ever sent, nobody saw.

    ``unrecorded`` of the ordinary telemetry says of which metrics that is so, and why; one that is recorded after all
    has to leave the list.
    """
    seen = {metric for one in staged if one.real for metric in one.telemetry.metrics()}
    sent = {one.metric for one in ordinary.signals.values() if one.metric and one.source == "service"}
    found = []
    for monitor in definitions.account.monitors:
        text = reads(definitions, monitor)
        for metric in sorted(sent):
            named = re.search(rf"(?<![\w.]){re.escape(metric)}(?![\w.])", text)
            if named and metric not in seen and metric not in ordinary.unrecorded:
                text_of = f"no recording has {metric}: does the service ever send it?"
                found.append(Finding(definitions.alert(monitor), "not-recorded", text_of))
    stale = [metric for metric in ordinary.unrecorded if metric in seen]
    return found + [Finding(one, "not-recorded", "is recorded: take it off the list `unrecorded`") for one in stale]
