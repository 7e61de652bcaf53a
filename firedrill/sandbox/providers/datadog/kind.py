"""A Datadog resource kind as a table entry: its fields, its endpoints, and how a body is wrapped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Literal

from firedrill.sandbox.providers.datadog.api import Api, ApiError, escape
from firedrill.sandbox.providers.datadog.envelopes import Envelope, JsonApi, Plain
from firedrill.sandbox.providers.datadog.objects import Field, Object
from firedrill.sandbox.providers.datadog.shapes import Json, is_zero
from firedrill.sandbox.providers.difference import Difference
from firedrill.sandbox.providers.resource import Call, CheckFailure, PartialFailure, ProviderError, ResourceKind
from firedrill.sandbox.providers.values import UNKNOWN, Properties, Secret, contains_unknown

NOT_FOUND = 404


class Account:
    """The account that the provider was configured for."""

    api: Api

    def __init__(self, api: Api) -> None:
        self.api = api


@dataclass(frozen=True)
class Step:
    """A write that is under way, for the functions of an entry.

    id: "" before a create has answered; answer: what the API said to the entry's own request, unwrapped.
    """

    api: Api
    doing: Literal["create", "update"]
    id: str
    inputs: Properties
    old_inputs: Properties = field(default_factory=dict)
    old_state: Properties = field(default_factory=dict)
    answer: Json = None


@dataclass(frozen=True)
class Kind(ResourceKind):
    """One entry. Endpoints are "METHOD /path/{id}"; other names in braces are properties (inputs, then state).

    update None: any change replaces; delete None: Datadog has no delete, the object is left as it is.
    """

    account: Account
    fields: Object
    envelope: Envelope
    create_at: str
    read_at: str
    update_at: str | None
    delete_at: str | None
    unique: bool = False
    """Whether two with the same name cannot exist at once: a replacement deletes first."""
    adapt: Callable[[Step, Json], Json] = lambda _, body: body
    """The last word on the resource's body, before it is wrapped."""
    before: Callable[[Step], None] = lambda _: None
    """Requests that must precede a create or update."""
    after: Callable[[Step], None] = lambda _: None
    """Further requests of a create or update."""
    normalize: Callable[[Json, Properties], Json] = lambda resource, _: resource
    """Brings an unwrapped answer into the form that the fields expect; gets the declared properties."""
    complete: Callable[[Api, str, Json], Json] = lambda _api, _id, resource: resource
    """Further requests of a read: adds what the answer lacks; None when the resource is as good as gone."""
    validate: Callable[[Api, Call, str, Properties, Json], None] | None = None
    """Asks the API about a body at preview, given id ("" in a create), inputs, body; not while an input is unknown."""
    faults: Callable[[Properties], list[CheckFailure]] = lambda _: []
    """What is wrong with the inputs, beyond missing ones."""
    reread: bool = False
    """Whether answers of writes lack what a read has."""
    identify: Callable[[Json, Properties], str] | None = None
    """The id, where it is not the envelope's."""
    named: tuple[str, ...] = ()
    """The properties that the id consists of, joined by colons: what an import knows of them."""
    within: str = ""
    """The property of what it belongs to, which an import names before the id: ``OWNER:ID``."""
    apart: str = ":"
    """What stands between the two."""
    sought: bool = False
    """Whether an import names it by something else than its id (``OWNER:USER``), which the answer then tells."""
    forget: Callable[[Api, str, Properties], None] | None = None
    """Deletes, where one request does not do."""

    def check(self, call: Call, inputs: Properties, old_inputs: Properties) -> tuple[Properties, list[CheckFailure]]:
        failures = [
            CheckFailure(one.name, f"missing required property {one.name!r}")
            for one in self.fields.fields
            if one.required and inputs.get(one.name) is None
        ]
        for one in self.fields.fields:
            if fault := one.shape.fault(inputs.get(one.name)):
                failures.append(CheckFailure(one.name, fault))
        return inputs, failures or self.faults(inputs)

    def diff(
        self, call: Call, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Difference:
        changes = dict(self.fields.changes(old_inputs, inputs, ""))
        forcing = {one.name for one in self.fields.fields if one.replace}
        replaces = {p for p in changes if self.update_at is None or p.split(".")[0].split("[")[0] in forcing}
        if changes and not replaces and self.validate:
            self._ask(call, id, inputs)
        return Difference(changes, frozenset(replaces), self.unique)

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        if call.preview:
            self._ask(call, "", inputs)
            return "", self._foreseen(inputs, {})
        step = Step(self.account.api, "create", "", inputs)
        self.before(step)
        answer = self._write(step, self.create_at)
        resource = self.envelope.unwrap(answer, "") if answer is not None else {}
        try:
            id = self.identify(resource, inputs) if self.identify else self.envelope.identify(resource)
        except (KeyError, TypeError) as error:
            raise ProviderError(f"{self.create_at}: the answer has no id: {answer}") from error
        return id, self._finish(call, step, id, resource)

    def update(
        self, call: Call, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Properties:
        if call.preview:
            return self._foreseen(inputs, old_state)
        if self.update_at is None:
            raise ProviderError("Datadog cannot change it in place")
        step = Step(self.account.api, "update", id, inputs, old_inputs, old_state)
        self.before(step)
        answer = self._write(step, self.update_at)
        resource = self.envelope.unwrap(answer, id) if answer else None
        return self._finish(call, step, id, resource)

    def read(self, call: Call, id: str, inputs: Properties, state: Properties) -> tuple[Properties, Properties] | None:
        importing = not (inputs or state)
        if importing and self.within and self._within_owner(id) == id:
            raise ProviderError(f"to import it, give {self.within}{self.apart}ID instead of {id!r}")
        said = {} if inputs else self._said_by(id)
        resource = self._fetch(self._within_owner(id), {**said, **state, **inputs})
        if resource is None:
            return None
        return {**said, **self._received(resource, inputs)}, {**said, **self._state(resource, inputs, state)}

    def own_id(self, id: str) -> str:
        own = self._within_owner(id)
        if not self.sought or own == id:
            return own
        found = self._fetch(own, self._said_by(id))
        return own if found is None else self.envelope.identify(found)

    def delete(self, call: Call, id: str, inputs: Properties, state: Properties) -> None:
        known = {**state, **inputs}
        try:
            if self.forget:
                self.forget(self.account.api, id, known)
            elif self.delete_at:
                self.account.api.call(self._endpoint(self.delete_at, id, known))
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise

    def body(self, step: Step) -> Json:
        """The wrapped body of a create or update."""
        body = self.fields.send(step.inputs)
        if step.doing == "update":
            for one in self.fields.fields:
                if one.create_only:
                    _drop(body, self.fields.where(one))
        return self.envelope.wrap(self.adapt(step, body), step.id)

    def _write(self, step: Step, endpoint: str) -> Json:
        return step.api.call(self._endpoint(endpoint, step.id, {**step.old_state, **step.inputs}), self.body(step))

    def _finish(self, call: Call, step: Step, id: str, resource: Json) -> Properties:
        """What follows a write. Whatever fails now, the resource exists."""
        try:
            self.after(
                Step(step.api, step.doing, id, step.inputs, step.old_inputs, step.old_state, resource),
            )
            if self.reread or resource is None:
                known = {**step.old_state, **step.inputs, **self._outputs(resource)}
                resource = self._fetch(id, known) or resource or {}
            return self._state(resource, step.inputs, step.old_state)
        except ProviderError as error:
            raise PartialFailure(str(error), id, {**step.old_state, **step.inputs}) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = f"the answer is not as expected ({type(error).__name__}: {error}): {resource}"
            raise PartialFailure(message, id, {**step.old_state, **step.inputs}) from error

    def _within_owner(self, id: str) -> str:
        """The id without its owner's."""
        return id.partition(self.apart)[2] if self.within and self.apart in id else id

    def _said_by(self, id: str) -> Properties:
        """What an id tells of the properties."""
        own = self._within_owner(id)
        owner = {self.within: id.partition(self.apart)[0]} if own != id else {}
        parts = own.split(":", len(self.named) - 1) if self.named else []
        return {**owner, **dict(zip(self.named, parts, strict=False))}

    def _outputs(self, resource: Json) -> Properties:
        return self.fields.receive(resource, {}, full=True) if resource else {}

    def _fetch(self, id: str, known: Properties) -> Json:
        try:
            answer = self.account.api.call(self._endpoint(self.read_at, id, known))
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise
        resource = self.envelope.unwrap(answer, id)
        return None if resource is None else self.complete(self.account.api, id, resource)

    def _received(self, resource: Json, declared: Properties) -> Properties:
        importing = not declared
        received: Properties = self.fields.receive(
            self.normalize(resource, declared), declared, "declarable" if importing else False
        )
        if importing:
            ours = {one.name: one for one in self.fields.fields if not one.output}
            return {
                name: value
                for name, value in received.items()
                if name in ours and value != ours[name].absent and not (is_zero(value) and is_zero(ours[name].absent))
            }
        return received

    def _state(self, resource: Json, declared: Properties, old_state: Properties) -> Properties:
        state = self.fields.receive(self.normalize(resource, declared), declared, full=True)
        for one in self.fields.fields:
            if one.output and one.name not in state and one.name in old_state:
                state[one.name] = old_state[one.name]  # answered once only, such as a key
            if one.local and one.name in declared:
                state[one.name] = declared[one.name]
            if one.secret and one.name in state:
                state[one.name] = Secret(state[one.name])
        return {key: value for key, value in state.items() if value is not None}

    def _foreseen(self, inputs: Properties, old_state: Properties) -> Properties:
        """The state that a preview can know."""
        foreseen = dict(inputs)
        for one in self.fields.fields:
            if (one.output or one.computed) and one.name not in inputs:
                foreseen[one.name] = old_state.get(one.name, UNKNOWN)
            elif one.default is not None and one.name not in inputs:
                foreseen[one.name] = one.default
        return foreseen

    def _ask(self, call: Call, id: str, inputs: Properties) -> None:
        if self.validate and not contains_unknown(inputs):
            body = self.body(Step(self.account.api, "create", "", inputs))
            self.validate(self.account.api, call, id, inputs, body)

    def _endpoint(self, endpoint: str, id: str, known: Mapping[str, object]) -> str:
        values = {"id": id, **{key: value for key, value in known.items() if key != "id"}}
        names = [name for _, name, _, _ in Formatter().parse(endpoint) if name]
        for name in names:
            if is_zero(values.get(name)) and name != "id":
                raise ProviderError(f"{endpoint} needs the property {name!r}")
        return endpoint.format(**{name: escape(values[name]) for name in names})


def _drop(body: Json, keys: list[str]) -> None:
    """Remove a place, and the objects on the way to it that hold nothing else."""
    inner = body.get(keys[0])
    if len(keys) > 1 and isinstance(inner, dict):
        _drop(inner, keys[1:])
    if len(keys) == 1 or inner == {}:
        body.pop(keys[0], None)


def jsonapi(account: Account, type: str, path: str, *fields: Field, **options: Any) -> Kind:
    """An entry of v2's usual form: POST to `path`; GET, PATCH and DELETE at `path`/{id}. options: of `Kind`."""
    usual: dict[str, Any] = {
        "fields": Object(fields, under="attributes"),
        "envelope": JsonApi(type),
        "create_at": f"POST {path}",
        "read_at": f"GET {path}/{{id}}",
        "update_at": f"PATCH {path}/{{id}}",
        "delete_at": f"DELETE {path}/{{id}}",
    }
    return Kind(account, **{**usual, **options})


def plain(account: Account, path: str, fields: Object, **options: Any) -> Kind:
    """An entry of v1's usual form: POST to `path`; GET, PUT and DELETE at `path`/{id}. options: of `Kind`."""
    usual: dict[str, Any] = {
        "envelope": Plain(),
        "create_at": f"POST {path}",
        "read_at": f"GET {path}/{{id}}",
        "update_at": f"PUT {path}/{{id}}",
        "delete_at": f"DELETE {path}/{{id}}",
    }
    return Kind(account, fields, **{**usual, **options})
