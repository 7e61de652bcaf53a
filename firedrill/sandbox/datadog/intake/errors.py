"""Error Tracking: errors that arrive in spans, logs and browsers, grouped into issues.

Which errors: https://docs.datadoghq.com/error_tracking/backend/ (service-entry spans with a type, a message and a
stack), /logs/error_tracking/ (status error or worse, a kind and a stack), /error_tracking/frontend/ (a stack).
What is one issue: https://docs.datadoghq.com/error_tracking/error_grouping/ : service, type, the words of the message
(numbers, punctuation and what is quoted do not count) and the first frame's file and function, or the error's own
``fingerprint``. New, resolved and back: https://docs.datadoghq.com/error_tracking/explorer/ .
"""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from firedrill.evaluate.telemetry import Event

ISSUES = "error_tracking_issues"
NEW_SECONDS = 2 * 86400.0
"""How old an issue is when its errors are no longer new."""
LOUD = frozenset({"error", "critical", "alert", "emergency"})
PLATFORMS = {"spans": "BACKEND", "logs": "BACKEND", "rum": "BROWSER"}
TRACKS = {"spans": "trace", "logs": "logs", "rum": "rum"}
"""Track of the events -> what a search for issues calls it."""
PYTHON_FRAME = re.compile(r'File "(?P<file>[^"]+)", line \d+, in (?P<function>\S+)')
SCRIPT_FRAME = re.compile(r"at (?P<function>\S+) (?:@ |\()?(?P<file>[^\s()]+?)(?::\d+)*\)?$", re.MULTILINE)
NO_WORDS = re.compile(r"\"[^\"]*\"|'[^']*'|\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|\S*\d\S*|[^\w\s]")
Objects = Callable[[str, str], list[dict[str, Any]]]
Put = Callable[[str, str, str, dict[str, Any]], None]


@dataclass(frozen=True)
class Error:
    """One error; ``version`` is of what threw it."""

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
        """File and function of the frame in which it was thrown: the last one in Python, the first in a browser."""
        frames = list(PYTHON_FRAME.finditer(self.stack))[-1:] or list(SCRIPT_FRAME.finditer(self.stack))[:1]
        return (frames[0]["file"], frames[0]["function"]) if frames else ("", "")

    @property
    def issue(self) -> str:
        """The id of its issue: the same for the same errors, in every process."""
        words = " ".join(NO_WORDS.sub(" ", self.message).lower().split())
        grouped = (self.fingerprint,) if self.fingerprint else (self.type, words, *self.frame)
        parts = (self.service, *grouped)
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "\0".join(parts)))


def found(events: Iterable[Event]) -> Iterator[Error]:
    """The errors among events that Error Tracking takes."""
    for event in events:
        body = event.attributes
        inner = body.get("attributes") or {}
        error = inner.get("error")
        if event.track not in TRACKS or not isinstance(error, dict) or not error.get("stack"):
            continue
        if event.track == "spans":
            taken = body.get("entry") and body.get("status") == "error" and error.get("type") and error.get("message")
        else:
            taken = inner.get("type") == "error" if event.track == "rum" else body.get("status") in LOUD
        kind = str(error.get("type") or error.get("kind") or "")
        if taken and (kind or event.track == "rum"):
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
    """The issues of all organisations, as objects of their accounts."""

    def __init__(self, objects: Objects, put: Put) -> None:
        self._objects, self._put = objects, put

    def take(self, org: str, events: Iterable[Event]) -> list[Event]:
        """Group the errors among events; each becomes an event of the track "error-tracking", but of an issue that
        somebody excluded."""
        errors = list(found(events))
        if not errors:
            return []
        known = {one["id"]: one for one in self._objects(org, ISSUES)}
        told, changed = [], set[str]()
        for error in errors:
            issue = known.setdefault(error.issue, _opened(error))
            if issue["attributes"]["state"] == "EXCLUDED":
                continue
            _happened(issue, error)
            changed.add(issue["id"])
            told.append(_event(issue, error))
        for identifier in sorted(changed):
            self._put(org, ISSUES, identifier, known[identifier])
        return told


def _opened(error: Error) -> dict[str, Any]:
    """A new issue in the form of the API (https://docs.datadoghq.com/api/latest/error-tracking/)."""
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


def _happened(issue: dict[str, Any], error: Error) -> None:
    """Once more. What was resolved and happens in another version has come back: a regression."""
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
