"""The stack's Datadog resources in an account of the sandbox's API, and edits of them through that API."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from firedrill.sandbox.datadog.account import Directory
from firedrill.sandbox.datadog.app import create_app
from firedrill.sandbox.datadog.intake import Receiver, routes
from firedrill.sandbox.datadog.overlays.permissions import KNOWN, permission
from firedrill.sandbox.datadog.serving import utc_now
from firedrill.sandbox.datadog.store import Store
from firedrill.sandbox.providers.datadog import provider
from firedrill.sandbox.providers.datadog.kind import Kind
from firedrill.sandbox.providers.datadog.objects import Field
from firedrill.sandbox.providers.datadog.synthetics import ByType
from firedrill.sandbox.providers.resource import Call, ProviderError, TableProvider
from firedrill.sandbox.providers.values import Properties, Secret
from infra.dynamic_datadog import (
    Api,
    ApiRefused,
    DatadogObject,
    EvaluatorObject,
    NotebookObject,
    ProjectObject,
)
from service.telemetry import METRICS
from tests.infra.conftest import record
from tests.infra.recorder import ROOT

Json = Any
DYNAMIC = "pulumi-python:dynamic"
OF_OUR_OWN: dict[str, type[DatadogObject]] = {
    "Notebook": NotebookObject,
    "Evaluator": EvaluatorObject,
    "LlmProject": ProjectObject,
}
ORGANISATION = str(ROOT / "infra" / "org")
KEYS = {"DD-API-KEY": "org", "DD-APPLICATION-KEY": "app"}
SECRET_MARK = "4dabf18193072939515e22adb298388d"
ANOTHERS = "another's"
"""What the recorder puts into an organisation's lists, as an object of somebody else's."""
MOST = 25
"""Edits of one property of one resource that are tried."""
WRITTEN = {"modified", "modified_at", "modifiedAt", "updated_at", "updatedAt", "created_at", "createdAt", "created",
           "version", "last_modified_at", "modified_by", "overall_state_modified"}  # fmt: skip
"""Members of answers that tell when an object was written."""


class Deployed:
    """Both programs' resources, made through the provider in the order in which the programs register them.

    ``environments``: each one's recorded program by its name; ``organisation``: the recorded program of the
    organisation, given what the environments export.
    """

    def __init__(
        self,
        home: Path,
        environments: Callable[[], dict[str, Json]] = lambda: {"local": record()},
        organisation: Callable[[str], Json] = lambda exports: record(PROGRAM=ORGANISATION, EXPORTS=exports),
    ) -> None:
        directory = Directory(Store(home / "datadog.sqlite"))
        directory.open("org", utc_now())
        receiver = Receiver(home / "datadog.sqlite", "org", directory.objects)
        client = TestClient(create_app(directory, routes(receiver, 8125)))
        for name in METRICS:  # metadata of a metric that was never sent is refused
            point = {"metric": name, "type": 1, "points": [{"timestamp": int(utc_now().timestamp()), "value": 1}]}
            assert client.post("/api/v2/series", json={"series": [point]}, headers=KEYS).status_code == 202
        self.provider = provider(client._transport)
        self.provider.configure({"apiUrl": "http://testserver", "apiKey": "org", "appKey": "app"})
        self.client = client
        self.monitor: Json = None
        """The monitor that a synthetic test made, which an objective counts."""
        self.made: dict[str, tuple[str, str, Properties, Properties]] = {}
        """Token, id, inputs and state by the resource's name; of a second environment, ``NAME of ENVIRONMENT``."""
        self.written: list[tuple[str, str, Properties]] = []
        """Kind, name and inputs of what the provider has no resource for; :class:`Written` makes them."""
        self.ids = {f"user:{one['attributes']['email']}": one["id"] for one in directory.objects("org", "users")}
        self.ids |= {f"permission:{name}": permission(name)["id"] for name in KNOWN}
        self._others(client)
        shared, exports = dict(self.ids), {}
        for environment, recorded in environments().items():
            before = set(self.made)
            self.ids = shared | {name: value for name, value in self.ids.items() if name not in shared}
            self._make(recorded, f" of {environment}" if before else "")
            exports[environment] = self._exports(set(self.made) - before)
        self._make(organisation(json.dumps(exports)), "")

    def _others(self, client: TestClient) -> None:
        """Somebody else's objects, so that there is something to put in another order."""
        storage = {"type": "gcs", "bucket": "others", "path": "logs"}
        storage["integration"] = {"client_email": "others@example.iam.gserviceaccount.com"}  # type: ignore[assignment]
        archive = {"name": "all", "query": "*", "destination": storage}
        bodies = {
            "/api/v1/logs/config/indexes": {"name": "main", "filter": {"query": "*"}},
            "/api/v2/logs/config/archives": {"data": {"type": "archives", "attributes": archive}},
            "/api/v2/team": {"data": {"type": "team", "attributes": {"name": "Others", "handle": "others"}}},
        }
        for path, body in bodies.items():
            answer = client.post(path, json=body, headers=KEYS)
            assert answer.status_code < 300, answer.text
        self.ids["other-team-id"] = answer.json()["data"]["id"]
        role = client.post(
            "/api/v2/roles", json={"data": {"type": "roles", "attributes": {"name": "Others"}}}, headers=KEYS
        )
        self.ids["other-role-id"] = role.json()["data"]["id"]

    def _make(self, recorded: Json, suffix: str) -> None:
        assert "error" not in recorded, recorded["error"]
        for request in recorded["requests"]:
            if request["type"].startswith(DYNAMIC):
                kind = request["type"].rpartition(":")[2]
                self.written.append((kind, request["name"], resolved(request["object"], self.ids)))
            if request["type"].startswith("datadog:"):
                token, name = request["type"], request["name"]
                inputs = self._with_others(token, resolved(request.get("object", {}), self.ids))
                if "monitorIds" in inputs:
                    inputs = {**inputs, "monitorIds": [self.monitor]}
                identifier, state = self.provider.kinds[token].create(Call(urn(token, name), False), inputs)
                self.ids[f"{name}-id"] = identifier
                self.monitor = state.get("monitorId") or self.monitor
                self.made[f"{name}{suffix}"] = token, identifier, inputs, plain(state)

    def _with_others(self, token: str, inputs: Properties) -> Properties:
        """An order's inputs with the objects that the account has of itself, where somebody else's stood."""
        kind = self.provider.kinds[token]
        if not (token.endswith("Order") and isinstance(kind, Kind) and kind.identify):
            return inputs
        found = kind.read(Call(urn(token, "order"), False), kind.identify({}, inputs), inputs, {})
        [(name, ours)] = [(name, value) for name, value in inputs.items() if isinstance(value, list)]
        there = found[0].get(name) or [] if found else []
        return {**inputs, name: [*(one for one in ours if one != ANOTHERS), *(one for one in there if one not in ours)]}

    def _exports(self, names: set[str]) -> Json:
        """What the environment's stack exports for the organisation's, of its own resources."""

        def of(kind: str) -> list[str]:
            own = (one for name, one in self.made.items() if name in names)
            return [identifier for token, identifier, *_ in own if token.endswith(f":{kind}")]

        return {
            "log_index": of("LogsIndex")[0],
            "log_archive": of("LogsArchive")[0],
            "log_pipelines": of("LogsCustomPipeline"),
            "retention_filters": of("ApmRetentionFilter"),
            "scanner_group": of("SensitiveDataScannerGroup")[0],
            "metrics": list(METRICS),
            "paged": [],
        }


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:local::llm-api::{token}::{name}"


def plain(state: Properties) -> Properties:
    """A state as the engine gives it back: what is secret, it keeps for itself."""
    return {key: value.value if isinstance(value, Secret) else value for key, value in state.items()}


def resolved(node: Json, ids: dict[str, str]) -> Json:
    """Inputs with the ids that resources really got, and secrets in the clear."""
    if isinstance(node, dict):
        return node["value"] if SECRET_MARK in node else {key: resolved(value, ids) for key, value in node.items()}
    if isinstance(node, list):
        return [resolved(one, ids) for one in node]
    if isinstance(node, str):
        for stand_in in sorted(ids, key=len, reverse=True):
            node = node.replace(stand_in, ids[stand_in])
    return node


def variants(value: Json) -> Iterator[Json]:
    """The value with one thing in it changed, whatever that is."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
            yield value * 2 or 2
        case str() if value[:2] == '{"':
            yield from (json.dumps(one) for one in variants(json.loads(value)))
        case str() if value.replace(".", "", 1).isdigit():
            yield str(float(value) + 1).removesuffix(".0")
        case str():
            yield f"{value}x"
        case list():
            for place, one in enumerate(value):
                yield from ([*value[:place], changed, *value[place + 1 :]] for changed in variants(one))
            if len(value) > 1:
                yield value[:-1]
        case dict():
            for key, one in sorted(value.items()):  # a recorded program's members come in any order
                yield from ({**value, key: changed} for changed in variants(one))


def examples() -> dict[str, dict[str, list[Json]]]:
    """By token and property: the values in the documentation's examples."""
    found: dict[str, dict[str, list[Json]]] = {}
    for line in (Path(__file__).parent / "wire.jsonl").read_text().splitlines():
        for resource in json.loads(line)["resources"]:
            for name, value in resource["inputs"].items():
                found.setdefault(resource["type"], {}).setdefault(name, []).append(value)
    return found


EXAMPLES = examples()


class Edits:
    """Edits of one resource through the API, each undone."""

    def __init__(self, provider: TableProvider, name: str, token: str, made: Sequence[Any]) -> None:
        """``made``: id, inputs and state."""
        self.id, self.inputs, self.state = made
        self.name, self.token = name, token
        kind = provider.kinds[token]
        kind = kind._of(self.inputs) if isinstance(kind, ByType) else kind
        assert isinstance(kind, Kind), token
        self.kind = kind
        self.call = Call(urn(token, name), False)
        self.stays: set[str] = set()
        """Properties that an update without them does not take away."""

    @property
    def import_id(self) -> str:
        """What the published provider's documentation has an import name."""
        owner = f"{self.inputs[self.kind.within]}{self.kind.apart}" if self.kind.within else ""
        return owner + str(self.inputs["userId"] if self.kind.sought else self.id)

    def imported(self) -> tuple[Properties, Properties]:
        """Inputs and state, of nothing but the import's id."""
        assert self.kind.own_id(self.import_id) == self.id, self.name
        found = self.kind.read(self.call, self.import_id, {}, {})
        assert found is not None, self.name
        return found

    def unlike(self, state: Properties) -> list[str]:
        """The properties of a state that a refresh finds otherwise: in another order of a set is not otherwise."""
        found = self.kind.read(self.call, self.id, self.inputs, self.state)
        assert found is not None, self.name
        ours, theirs = plain(found[1]), plain(state)
        answered = [one.name for one in self.kind.fields.fields if one.output]
        changed = [topmost(path) for path, _ in self.kind.fields.changes(ours, theirs, "")]
        return [*changed, *(name for name in answered if ours.get(name) != theirs.get(name))]

    def fields(self) -> Iterator[tuple[str, Field]]:
        """The updatable properties, as ``Kind.property``, but those that the account decides and nobody declared."""
        for one in self.kind.fields.fields:
            fixed = one.output or one.local or one.write_only or one.replace or one.create_only
            if self.kind.update_at and not fixed and not (one.computed and one.name not in self.inputs):
                yield f"{self.token.rpartition(':')[2]}.{one.name}", one

    def changes(self) -> list[str]:
        """What a refresh reports."""
        found = self.kind.read(self.call, self.id, self.inputs, self.state)
        assert found is not None, self.name
        call = Call(self.call.urn, True)
        return list(self.kind.diff(call, self.id, found[0], found[1], self.inputs).changes)

    def held(self) -> Json:
        """What the account holds, as its API shows it, without the times of writing."""
        return without_times(self.kind._fetch(self.kind.own_id(self.id), {**self.state, **self.inputs}))

    def of(self, field: Field, others: list[Properties]) -> Iterator[tuple[Properties, list[str]]]:
        """Each edit of a property that the account took, and what a refresh then reports."""
        values = variants(self.inputs[field.name]) if field.name in self.inputs else self._examples(field)
        if self.token.endswith("Order") and field.name in self.inputs:
            values = iter([self.inputs[field.name][::-1]])
        for edit in islice((*others, *({field.name: value} for value in values)), MOST):
            before, wanted = self.held(), {**self.inputs, **edit}
            try:
                after = self.kind.update(self.call, self.id, self.inputs, self.state, wanted)
            except ProviderError:
                continue
            if self.held() != before:  # else the account took the request and left the object as it was
                yield edit, self.changes()
            self.kind.update(self.call, self.id, wanted, plain(after), self.inputs)
            self.stays |= set(edit) & {topmost(change) for change in self.changes()}

    def leave(self, edit: Properties) -> bool:
        """Make an edit that stays; whether the account took it and holds something else now."""
        before = self.held()
        try:
            self.kind.update(self.call, self.id, self.inputs, self.state, {**self.inputs, **edit})
        except ProviderError:
            return False
        return bool(self.held() != before and self.changes())

    def _examples(self, field: Field) -> Iterator[Json]:
        yield from EXAMPLES.get(self.token, {}).get(field.name, ())


class Written:
    """A dynamic resource of the stack, and edits of its object through the API."""

    def __init__(self, deployed: Deployed, kind: str, name: str, inputs: Properties) -> None:
        self.kind, self.name = kind, name
        self.inputs = json.loads(json.dumps(inputs), parse_int=float)  # as Pulumi passes them
        self.provider = OF_OUR_OWN[kind]()
        keys = {"datadog:apiKey": "org", "datadog:appKey": "app"}
        self.provider._api = Api(keys.get, deployed.client)
        made = self.provider.create(self.inputs)
        self.id, self.declared = made.id, dict(made.outs or {})
        self.attributes = sorted(set(self.declared) - set(self.provider.named_by))

    def changes(self) -> set[str]:
        """The attributes that a refresh reports."""
        read = self.provider.read(self.id, self.inputs)
        assert read.id == self.id, self.name
        actual = dict(read.outs or {})
        return {name for name in {*actual, *self.declared} if actual.get(name) != self.declared.get(name)}

    def edits(self, attribute: str) -> Iterator[Json]:
        """Each edit of an attribute that the account takes and keeps."""
        others = ({"live_span": span} for span in ("1h", "2d") if attribute == "time")  # one of a few words
        for value in (*others, *islice(variants(self.declared[attribute]), MOST)):
            before = without_times(self.provider.fetch(self.id))
            try:
                self.provider.change(self.id, {**self.declared, attribute: value})
            except ApiRefused:
                continue
            if without_times(self.provider.fetch(self.id)) != before:
                yield value

    def undo(self) -> None:
        """As it was declared."""
        self.provider.change(self.id, self.declared)


def topmost(change: str) -> str:
    """The property that a path of a change is in."""
    return change.split("[", maxsplit=1)[0].split(".", maxsplit=1)[0]


def without_times(node: Json) -> Json:
    if isinstance(node, dict):
        return {key: without_times(value) for key, value in node.items() if key not in WRITTEN}
    return [without_times(one) for one in node] if isinstance(node, list) else node
