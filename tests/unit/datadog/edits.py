"""The stack's Datadog resources in an account of the sandbox's API, and edits of them through that API."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from firedrill.datadog.client import DatadogClient
from firedrill.datadog.mapping.kind import DatadogKind
from firedrill.datadog.mapping.objects import Property
from firedrill.datadog.provider import provider
from firedrill.datadog.resources.synthetics import ByType
from firedrill.provider.resource import ProviderError, ResourceCall, TableProvider
from firedrill.provider.values import Properties
from firedrill.sandbox.datadog.account import Directory, utc_now
from firedrill.sandbox.datadog.handlers.permissions import PERMISSIONS, permission
from firedrill.sandbox.datadog.http.app import create_app
from firedrill.sandbox.datadog.intake import Receiver, routes
from firedrill.sandbox.datadog.store import Store
from firedrill.sandbox.wire.stand import plain_state
from infra.observability.dynamic.api import Api, ApiRefused
from infra.observability.dynamic.evaluator import EvaluatorObject
from infra.observability.dynamic.llm_project import ProjectObject
from infra.observability.dynamic.notebook import NotebookObject
from infra.observability.dynamic.provider import DatadogObject
from service.telemetry import METRICS
from tests.unit.infra.conftest import record
from tests.unit.infra.recorder import ROOT

Json = Any
DYNAMIC = "pulumi-python:dynamic"
DYNAMIC_PROVIDERS: dict[str, type[DatadogObject]] = {
    "Notebook": NotebookObject,
    "Evaluator": EvaluatorObject,
    "LlmProject": ProjectObject,
}
ORGANISATION = str(ROOT / "infra" / "org")
KEYS = {"DD-API-KEY": "org", "DD-APPLICATION-KEY": "app"}
SECRET_MARK = "4dabf18193072939515e22adb298388d"
OTHER_OBJECT = "another's"
"""The recorder's stand-in for an object of another team in an organisation's lists."""
MAX_EDITS = 25
"""The number of edits that are tried of one property of one resource."""
WRITE_TIMES = {"modified", "modified_at", "modifiedAt", "updated_at", "updatedAt", "created_at", "createdAt", "created",
           "version", "last_modified_at", "modified_by", "overall_state_modified"}  # fmt: skip
"""Fields of answers that say when an object was written."""


class DeployedStacks:
    """Both programs' resources, created through the provider in the order in which the programs register them.

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
        self.provider = provider(DatadogClient("http://testserver", "org", "app", client._transport))
        self.client = client
        self.monitor: Json = None
        """The monitor of the last synthetic test, which an objective counts."""
        self.created: dict[str, tuple[str, str, Properties, Properties]] = {}
        """Token, id, inputs and state by the resource's name; of a second environment, ``NAME of ENVIRONMENT``."""
        self.dynamic_resources: list[tuple[str, str, Properties]] = []
        """Kind, name and inputs of the dynamic resources; :class:`DynamicResource` creates their objects."""
        self.ids = {f"user:{item['attributes']['email']}": item["id"] for item in directory.objects("org", "users")}
        self.ids |= {f"permission:{name}": permission(name)["id"] for name in PERMISSIONS}
        self._create_other_objects(client)
        shared, exports = dict(self.ids), {}
        for environment, recorded in environments().items():
            before = set(self.created)
            self.ids = shared | {name: value for name, value in self.ids.items() if name not in shared}
            self._deploy(recorded, f" of {environment}" if before else "")
            exports[environment] = self._exports(set(self.created) - before)
        self._deploy(organisation(json.dumps(exports)), "")

    def _create_other_objects(self, client: TestClient) -> None:
        """Create objects of another team, so that there is something to put in another order."""
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

    def _deploy(self, recorded: Json, suffix: str) -> None:
        assert "error" not in recorded, recorded["error"]
        for request in recorded["requests"]:
            if request["type"].startswith(DYNAMIC):
                kind = request["type"].rpartition(":")[2]
                self.dynamic_resources.append((kind, request["name"], resolved(request["object"], self.ids)))
            if request["type"].startswith("datadog:"):
                token, name = request["type"], request["name"]
                inputs = self._with_existing(token, resolved(request.get("object", {}), self.ids))
                if "monitorIds" in inputs:
                    inputs = {**inputs, "monitorIds": [self.monitor]}
                identifier, state = self.provider.kinds[token].create(ResourceCall(urn(token, name), False), inputs)
                self.ids[f"{name}-id"] = identifier
                self.monitor = state.get("monitorId") or self.monitor
                self.created[f"{name}{suffix}"] = token, identifier, inputs, plain_state(state)

    def _with_existing(self, token: str, inputs: Properties) -> Properties:
        """Return an order's inputs with the objects that the account has in place of the stand-in."""
        kind = self.provider.kinds[token]
        if not (token.endswith("Order") and isinstance(kind, DatadogKind) and kind.id_of):
            return inputs
        actual = kind.read(ResourceCall(urn(token, "order"), False), kind.id_of({}, inputs), inputs, {})
        [(name, declared)] = [(name, value) for name, value in inputs.items() if isinstance(value, list)]
        existing = actual[0].get(name) or [] if actual else []
        ids = [*(id for id in declared if id != OTHER_OBJECT), *(id for id in existing if id not in declared)]
        return {**inputs, name: ids}

    def _exports(self, names: set[str]) -> Json:
        """Return the outputs of the environment's stack that the organisation's stack reads."""

        def ids_of(kind: str) -> list[str]:
            resources = (resource for name, resource in self.created.items() if name in names)
            return [identifier for token, identifier, *_ in resources if token.endswith(f":{kind}")]

        return {
            "log_index": ids_of("LogsIndex")[0],
            "log_archive": ids_of("LogsArchive")[0],
            "log_pipelines": ids_of("LogsCustomPipeline"),
            "retention_filters": ids_of("ApmRetentionFilter"),
            "scanner_group": ids_of("SensitiveDataScannerGroup")[0],
            "metrics": list(METRICS),
            "paged": [],
        }


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:local::llm-api::{token}::{name}"


def resolved(node: Json, ids: dict[str, str]) -> Json:
    """Return inputs with the actual ids of resources, and with secrets in plain text."""
    if isinstance(node, dict):
        return node["value"] if SECRET_MARK in node else {key: resolved(value, ids) for key, value in node.items()}
    if isinstance(node, list):
        return [resolved(item, ids) for item in node]
    if isinstance(node, str):
        for stand_in in sorted(ids, key=len, reverse=True):
            node = node.replace(stand_in, ids[stand_in])
    return node


def variants(value: Json) -> Iterator[Json]:
    """Yield copies of a value, each with one change."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
            yield value * 2 or 2
        case str() if value[:2] == '{"':
            yield from (json.dumps(variant) for variant in variants(json.loads(value)))
        case str() if value.replace(".", "", 1).isdigit():
            yield str(float(value) + 1).removesuffix(".0")
        case str():
            yield f"{value}x"
        case list():
            for place, item in enumerate(value):
                yield from ([*value[:place], changed, *value[place + 1 :]] for changed in variants(item))
            if len(value) > 1:
                yield value[:-1]
        case dict():
            for key, item in sorted(value.items()):  # a recorded program's members come in any order
                yield from ({**value, key: changed} for changed in variants(item))


def examples() -> dict[str, dict[str, list[Json]]]:
    """Return the values in the documentation's examples, by token and property."""
    actual: dict[str, dict[str, list[Json]]] = {}
    for line in (Path(__file__).parent / "wire.jsonl").read_text().splitlines():
        for resource in json.loads(line)["resources"]:
            for name, value in resource["inputs"].items():
                actual.setdefault(resource["type"], {}).setdefault(name, []).append(value)
    return actual


EXAMPLES = examples()


class Edits:
    """Edits of one resource through the API, each undone."""

    def __init__(self, provider: TableProvider, name: str, token: str, resource: Sequence[Any]) -> None:
        """``resource``: id, inputs and state."""
        self.id, self.inputs, self.state = resource
        self.name, self.token = name, token
        kind = provider.kinds[token]
        kind = kind._entry(self.inputs) if isinstance(kind, ByType) else kind
        assert isinstance(kind, DatadogKind), token
        self.kind = kind
        self.call = ResourceCall(urn(token, name), False)
        self.not_removed: set[str] = set()
        """The properties that an update without them does not remove."""

    @property
    def import_id(self) -> str:
        """The id that an import names, as the published provider's documentation has it."""
        owner = f"{self.inputs[self.kind.parent]}{self.kind.id_separator}" if self.kind.parent else ""
        return owner + str(self.inputs["userId"] if self.kind.import_by_key else self.id)

    def imported(self) -> tuple[Properties, Properties]:
        """Return inputs and state as an import reads them, from nothing but its id."""
        assert self.kind.imported_id(self.import_id) == self.id, self.name
        actual = self.kind.read(self.call, self.import_id, {}, {})
        assert actual is not None, self.name
        return actual

    def changed_properties(self, state: Properties) -> list[str]:
        """Return the properties of a state that a refresh finds changed; the order of a set does not count."""
        actual = self.kind.read(self.call, self.id, self.inputs, self.state)
        assert actual is not None, self.name
        ours, theirs = plain_state(actual[1]), plain_state(state)
        answered = [field.name for field in self.kind.schema.properties if field.output]
        changed = [topmost(path) for path, _ in self.kind.schema.differences(ours, theirs, "")]
        return [*changed, *(name for name in answered if ours.get(name) != theirs.get(name))]

    def updatable(self) -> Iterator[tuple[str, Property]]:
        """Yield the updatable properties as ``Kind.property``, without undeclared ones that the account decides."""
        for field in self.kind.schema.properties:
            fixed = field.output or field.local or field.write_only or field.replace or field.create_only
            if self.kind.update_at and not fixed and not (field.computed and field.name not in self.inputs):
                yield f"{self.token.rpartition(':')[2]}.{field.name}", field

    def changes(self) -> list[str]:
        """Return the paths that a refresh reports as changed."""
        actual = self.kind.read(self.call, self.id, self.inputs, self.state)
        assert actual is not None, self.name
        call = ResourceCall(self.call.urn, True)
        return list(self.kind.diff(call, self.id, actual[0], actual[1], self.inputs).changes)

    def current_object(self) -> Json:
        """Return the object as the API answers it, without times of writing."""
        return without_times(self.kind._fetch(self.kind.imported_id(self.id), {**self.state, **self.inputs}))

    def accepted_edits(self, field: Property, others: list[Properties]) -> Iterator[tuple[Properties, list[str]]]:
        """Yield each edit of a property that the account accepted, and the paths that a refresh then reports."""
        values = variants(self.inputs[field.name]) if field.name in self.inputs else self._examples(field)
        if self.token.endswith("Order") and field.name in self.inputs:
            values = iter([self.inputs[field.name][::-1]])
        for edit in islice((*others, *({field.name: value} for value in values)), MAX_EDITS):
            before, edited = self.current_object(), {**self.inputs, **edit}
            try:
                after = self.kind.update(self.call, self.id, self.inputs, self.state, edited)
            except ProviderError:
                continue
            if self.current_object() != before:  # else the account accepted the request without a change
                yield edit, self.changes()
            self.kind.update(self.call, self.id, edited, plain_state(after), self.inputs)
            self.not_removed |= set(edit) & {topmost(change) for change in self.changes()}

    def make_lasting_edit(self, edit: Properties) -> bool:
        """Make an edit that stays, and return whether the object differs from its declaration now."""
        before = self.current_object()
        try:
            self.kind.update(self.call, self.id, self.inputs, self.state, {**self.inputs, **edit})
        except ProviderError:
            return False
        return bool(self.current_object() != before and self.changes())

    def _examples(self, field: Property) -> Iterator[Json]:
        yield from EXAMPLES.get(self.token, {}).get(field.name, ())


class DynamicResource:
    """A dynamic resource of the stack, and edits of its object through the API."""

    def __init__(self, deployed: DeployedStacks, kind: str, name: str, inputs: Properties) -> None:
        self.kind, self.name = kind, name
        self.inputs = json.loads(json.dumps(inputs), parse_int=float)  # as Pulumi passes them
        self.provider = DYNAMIC_PROVIDERS[kind]()
        keys = {"datadog:apiKey": "org", "datadog:appKey": "app"}
        self.provider._api = Api(keys.get, deployed.client)
        result = self.provider.create(self.inputs)
        self.id, self.declared = result.id, dict(result.outs or {})
        self.attributes = sorted(set(self.declared) - set(self.provider.named_by))

    def changes(self) -> set[str]:
        """Return the attributes that a refresh reports."""
        read = self.provider.read(self.id, self.inputs)
        assert read.id == self.id, self.name
        actual = dict(read.outs or {})
        return {name for name in {*actual, *self.declared} if actual.get(name) != self.declared.get(name)}

    def edits(self, attribute: str) -> Iterator[Json]:
        """Yield each edit of an attribute that the account accepts and stores."""
        others = ({"live_span": span} for span in ("1h", "2d") if attribute == "time")  # one of a few words
        for value in (*others, *islice(variants(self.declared[attribute]), MAX_EDITS)):
            before = without_times(self.provider.read_object(self.id))
            try:
                self.provider.update_object(self.id, {**self.declared, attribute: value})
            except ApiRefused:
                continue
            if without_times(self.provider.read_object(self.id)) != before:
                yield value

    def undo(self) -> None:
        """Restore the object as it was declared."""
        self.provider.update_object(self.id, self.declared)


def topmost(change: str) -> str:
    """Return the property that a path of a change is in."""
    return change.split("[", maxsplit=1)[0].split(".", maxsplit=1)[0]


def without_times(node: Json) -> Json:
    if isinstance(node, dict):
        return {key: without_times(value) for key, value in node.items() if key not in WRITE_TIMES}
    return [without_times(item) for item in node] if isinstance(node, list) else node
