"""An organisation of the sandbox for one case, with the resources that the case refers to."""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.provider import provider
from firedrill.evaluate.telemetry import Series
from firedrill.provider.resource import ProviderError, ResourceCall
from firedrill.provider.values import Properties, Secret
from firedrill.sandbox.datadog.account import USERS
from firedrill.sandbox.datadog.handlers.permissions import permission
from firedrill.sandbox.datadog.telemetry_store import TelemetryStore
from firedrill.sandbox.wire.account import AccountTransport

Json = Any

PLACEHOLDER = re.compile(r"<(?:permission:[a-z_]+|user:[^<>]+|secret|[\w.-]+-id|other-[\w-]+)>")
MADE_ID = re.compile(r"(?<![\w-])(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|UUID)(?![\w-])")
SHORT_ID = re.compile(r"[a-z0-9]{3}-[a-z0-9]{3}-[a-z0-9]{3}\Z")
SECRET = "a secret of 32 characters or so."  # noqa: S105 the stand-in of a value that the recording left out
SECRET_MARK = "4dabf18193072939515e22adb298388d"  # noqa: S105 the protocol's marker


@dataclass
class Stand:
    """An organisation of its own for one case, with the resources that the case refers to."""

    transport: AccountTransport
    inputs: Mapping[str, tuple[str, Properties]]
    """The type and inputs of each resource that may be referred to, by name."""
    ids: dict[str, str] = field(default_factory=dict)
    """The actual value of each placeholder."""

    def __post_init__(self) -> None:
        self.table = provider(DatadogClient("http://sandbox.invalid", "key", "app", self.transport, lambda _: None))

    def resolved(self, value: Json) -> Json:
        """Return a value with actual ids in place of placeholders."""
        match value:
            case dict() if SECRET_MARK in value:
                return self.resolved(value["value"])
            case dict():
                return {key: self.resolved(item) for key, item in value.items()}
            case list():
                return [self.resolved(item) for item in value]
            case str():
                whole = PLACEHOLDER.fullmatch(value) is not None
                return PLACEHOLDER.sub(lambda match: self._id(match[0], whole), value)
        return value

    def placed(self, value: Json) -> Json:
        """Return what our provider sent with placeholders in place of the ids that the API made."""
        match value:
            case dict():
                return {key: self.placed(item) for key, item in value.items()}
            case list():
                return [self.placed(item) for item in value]
            case bool() | None:
                return value
            case int() if str(value) in self.ids.values():
                return self.placed(str(value))
            case str():
                for placeholder, id in self.ids.items():
                    value = value.replace(id, placeholder) if _is_made(id) else value
        return value

    def named(self, value: Json) -> Json:
        """Return what was recorded with the names that are the ids of some resources, such as a metric's."""
        text = json.dumps(value)
        for placeholder, id in self.ids.items():
            if not _is_made(id):
                text = text.replace(json.dumps(placeholder)[1:-1], json.dumps(id)[1:-1])
        return json.loads(text)

    def create(self, type: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Create a resource; return its id and state."""
        call = call_of(type, name)
        echo, self.transport.echo = self.transport.echo, True
        self.send_point(inputs)
        try:
            id, state = self.table.kind(call).create(call, inputs)
        finally:
            self.transport.echo = echo
        return id, plain_state(state)

    def send_point(self, inputs: Properties) -> None:
        """Let the metric that is declared arrive: the API refuses metadata of one that it does not know."""
        metric, kind = inputs.get("metric") or inputs.get("metricName"), inputs.get("metricType")
        if not metric:
            return
        store = TelemetryStore(self.transport.api.directory.store.path, self.transport.org)
        now = self.transport.api.clock().timestamp()
        type: Any = kind if kind in ("count", "rate", "distribution") else "gauge"
        series = Series(metric, type, frozenset(), np.array([now]), np.array([1.0]))
        store.append_series([series])

    def _id(self, placeholder: str, whole: bool) -> str:
        if placeholder not in self.ids:
            # A composite monitor's query names monitors, which have numbers.
            self.ids[placeholder] = self._find(placeholder[1:-1]) or self._invented(whole)
        return self.ids[placeholder]

    def _invented(self, whole: bool) -> str:
        """Return an id of what no case of the file creates; writes that name it are answered by an echo then."""
        self.transport.echo = True
        return str(uuid.uuid4()) if whole else str(900_000_000 + len(self.ids))

    def _find(self, name: str) -> str:
        """Return the id of what a placeholder names, "" where nothing does."""
        if name == "secret":
            return SECRET
        if name.startswith("permission:"):
            return str(permission(name.removeprefix("permission:"))["id"])
        if name.startswith("user:"):
            directory, email = self.transport.api.directory, name.removeprefix("user:")
            users = directory.objects(self.transport.org, USERS)
            return next((user["id"] for user in users if user["attributes"]["email"] == email), "")
        type, inputs = self.inputs.get(name.removesuffix("-id"), ("", {}))
        try:
            return self.create(type, name, self.resolved(inputs))[0] if type else ""
        except ProviderError:
            return ""


def plain_state(state: Properties) -> Properties:
    """Return a state as the engine passes it back: with secrets in plain text."""
    return {key: value.value if isinstance(value, Secret) else value for key, value in state.items()}


def _is_made(id: str) -> bool:
    """Return whether the API made an id; others are names."""
    patterns = (MADE_ID, SHORT_ID, re.compile(r"\d{3,}|[0-9a-f]{32}|[\w-]{22}"))
    return id == SECRET or any(pattern.fullmatch(id) for pattern in patterns)


def call_of(type: str, name: str, preview: bool = False) -> ResourceCall:
    """Return the call of an operation on a resource of the recorded stack."""
    return ResourceCall(f"urn:pulumi:local::llm-api::{type}::{name}", preview)
