"""Error Tracking: errors in spans, logs and RUM events, grouped into issues.

Sources of errors: https://docs.datadoghq.com/error_tracking/backend/ (service-entry spans with a type, a message and a
stack), /logs/error_tracking/ (status error or worse, a kind and a stack), /error_tracking/frontend/ (a stack).
Grouping: https://docs.datadoghq.com/error_tracking/error_grouping/, by service, type, words of the message (without
numbers, punctuation and quoted text) and file and function of the first frame, or by the error's ``fingerprint``.
States of issues: https://docs.datadoghq.com/error_tracking/explorer/.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from firedrill.evaluate.telemetry import Event

ISSUES = "error_tracking_issues"
NEW_SECONDS = 2 * 86400.0
"""Age at which an issue's errors are no longer new."""
ERROR_STATUSES = frozenset({"error", "critical", "alert", "emergency"})
PLATFORMS = {"spans": "BACKEND", "logs": "BACKEND", "rum": "BROWSER"}
TRACKS = {"spans": "trace", "logs": "logs", "rum": "rum"}
"""Track of the events -> its name in a search for issues."""
PYTHON_FRAME = re.compile(r'File "(?P<file>[^"]+)", line \d+, in (?P<function>\S+)')
SCRIPT_FRAME = re.compile(r"at (?P<function>\S+) (?:@ |\()?(?P<file>[^\s()]+?)(?::\d+)*\)?$", re.MULTILINE)
NOT_WORDS = re.compile(r"\"[^\"]*\"|'[^']*'|\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|\S*\d\S*|[^\w\s]")
Objects = Callable[[str, str], list[dict[str, Any]]]
Put = Callable[[str, str, str, dict[str, Any]], None]


@dataclass(frozen=True)
class Error:
    """An error; ``version`` is that of the service or page that raised it."""

    time: float
    track: str
    service: str
    version: str
    tags: tuple[str, ...]
    type: str
    message: str
    stack: str
    fingerprint: str = ""

    @property
    def frame(self) -> tuple[str, str]:
        """File and function of the frame that raised it: the last one in Python, the first one in a browser."""
        frames = list(PYTHON_FRAME.finditer(self.stack))[-1:] or list(SCRIPT_FRAME.finditer(self.stack))[:1]
        return (frames[0]["file"], frames[0]["function"]) if frames else ("", "")

    @property
    def issue(self) -> str:
        """The id of the error's issue, stable across processes."""
        words = " ".join(NOT_WORDS.sub(" ", self.message).lower().split())
        grouped = (self.fingerprint,) if self.fingerprint else (self.type, words, *self.frame)
        parts = (self.service, *grouped)
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "\0".join(parts)))


def read_errors(events: Iterable[Event]) -> Iterator[Error]:
    """Yield the errors in events that Error Tracking considers."""
    for event in events:
        body = event.attributes
        attributes = body.get("attributes") or {}
        error = attributes.get("error")
        if event.track not in TRACKS or not isinstance(error, dict) or not error.get("stack"):
            continue
        if event.track == "spans":
            is_tracked = (
                body.get("entry") and body.get("status") == "error" and error.get("type") and error.get("message")
            )
        else:
            is_tracked = (
                attributes.get("type") == "error" if event.track == "rum" else body.get("status") in ERROR_STATUSES
            )
        kind = str(error.get("type") or error.get("kind") or "")
        if is_tracked and (kind or event.track == "rum"):
            tags = tuple(map(str, body.get("tags") or ()))
            yield Error(
                event.time,
                event.track,
                str(body.get("service") or ""),
                next((tag.partition(":")[2] for tag in tags if tag.startswith("version:")), ""),
                tags,
                kind,
                str(error.get("message") or body.get("message") or ""),
                str(error["stack"]),
                str(error.get("fingerprint") or ""),
            )


class Issues:
    """The issues of all organisations, stored as objects of their accounts."""

    def __init__(self, objects: Objects, put: Put) -> None:
        self._objects, self._put = objects, put

    def group(self, org: str, events: Iterable[Event]) -> list[Event]:
        """Group the errors in events into issues and return their events of the track "error-tracking".

        Errors of excluded issues are ignored.
        """
        errors = list(read_errors(events))
        if not errors:
            return []
        issues = {issue["id"]: issue for issue in self._objects(org, ISSUES)}
        error_events, changed = [], set[str]()
        for error in errors:
            issue = issues.setdefault(error.issue, _new_issue(error))
            if issue["attributes"]["state"] == "EXCLUDED":
                continue
            _count_error(issue, error)
            changed.add(issue["id"])
            error_events.append(_event(issue, error))
        for identifier in sorted(changed):
            self._put(org, ISSUES, identifier, issues[identifier])
        return error_events


def _new_issue(error: Error) -> dict[str, Any]:
    """Return a new issue in the API's form: https://docs.datadoghq.com/api/latest/error-tracking/."""
    file, function = error.frame
    return {
        "id": error.issue,
        "type": "issue",
        "total_count": 0,
        "tracks": [],
        "attributes": {
            "error_message": error.message,
            "error_type": error.type,
            "file_path": file,
            "first_seen": round(error.time * 1000),
            "first_seen_version": error.version,
            "function_name": function,
            "is_crash": False,
            "languages": ["PYTHON" if PYTHON_FRAME.search(error.stack) else "JAVASCRIPT"],
            "last_seen": 0,
            "last_seen_version": "",
            "platform": PLATFORMS[error.track],
            "service": error.service,
            "state": "OPEN",
        },
        "relationships": {},
    }


def _count_error(issue: dict[str, Any], error: Error) -> None:
    """Count an error. A resolved issue that occurs in another version is a regression and opens again."""
    attributes = issue["attributes"]
    issue["total_count"] += 1
    if attributes["state"] == "RESOLVED" and error.version != attributes["last_seen_version"]:
        attributes["state"] = "OPEN"
    if TRACKS[error.track] not in issue["tracks"]:
        issue["tracks"].append(TRACKS[error.track])
    if round(error.time * 1000) >= attributes["last_seen"]:
        attributes |= {
            "error_message": error.message,
            "last_seen": round(error.time * 1000),
            "last_seen_version": error.version,
        }


def _event(issue: dict[str, Any], error: Error) -> Event:
    age = error.time - issue["attributes"]["first_seen"] / 1000
    return Event(
        error.time,
        "error-tracking",
        {
            "service": error.service,
            "status": "error",
            "message": error.message,
            "tags": list(error.tags),
            "attributes": {
                "issue": {"id": issue["id"], "source": "browser" if error.track == "rum" else "backend"},
                "error": {"type": error.type, "message": error.message, "stack": error.stack},
                "new": age < NEW_SECONDS,
                "impact": True,
            },
        },
    )
