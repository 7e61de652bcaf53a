"""The entry of a resource kind: its properties, its endpoints, and the functions for what no table expresses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from string import Formatter
from typing import Any, Literal

from firedrill.datadog.client import DatadogClient, DatadogError, escape
from firedrill.datadog.mapping.envelopes import Envelope, JsonApi, Plain
from firedrill.datadog.mapping.objects import Object, Property
from firedrill.datadog.mapping.schema import Differences, Json, is_zero
from firedrill.datadog.published.check import Fault, faults, with_defaults, with_notes_of
from firedrill.datadog.published.plan import is_added_to_zero, planned, recomputed, removals, replacing
from firedrill.datadog.published.schema import Field, KindSchema, schemas
from firedrill.provider.difference import Difference
from firedrill.provider.resource import CheckFailure, PartialFailure, ProviderError, ResourceCall, ResourceKind
from firedrill.provider.values import UNKNOWN, Properties, Secret, contains_unknown, without_defaults

NOT_FOUND = 404


@dataclass
class ConfiguredAccount:
    """The account that the provider was last configured for."""

    client: DatadogClient


@dataclass(frozen=True)
class Write:
    """A create or update that is under way, for the functions of an entry.

    id: "" before a create was answered; inputs: those of the plan; answer: the unwrapped answer to the entry's own
    request; declared: the inputs without what the plan of an update adds.
    """

    client: DatadogClient
    action: Literal["create", "update"]
    id: str
    inputs: Properties
    old_inputs: Properties = field(default_factory=dict)
    old_state: Properties = field(default_factory=dict)
    answer: Json = None
    declared: Properties = field(default_factory=dict)


@dataclass(frozen=True)
class DatadogKind(ResourceKind):
    """One entry. Endpoints are "METHOD /path/{id}"; other names in braces are properties (inputs, then state).

    update_at None: every change replaces; delete_at None: Datadog has no delete, and the object stays as it is.
    """

    account: ConfiguredAccount
    schema: Object
    envelope: Envelope
    create_at: str
    read_at: str
    update_at: str | None
    delete_at: str | None
    adjust_body: Callable[[Write, Json], Json] = lambda _, body: body
    """Returns the final body, before it is wrapped."""
    before_write: Callable[[Write], None] = lambda _: None
    """Sends requests that must precede a create or update."""
    after_write: Callable[[Write], Json] = lambda _: None
    """Sends further requests of a create or update; returns the resource after them, None for the write's answer."""
    normalize_answer: Callable[[Json, Properties], Json] = lambda resource, _: resource
    """Returns an unwrapped answer in the form that the schema expects, given the declared properties."""
    complete_read: Callable[[DatadogClient, str, Json], Json] = lambda _client, _id, resource: resource
    """Sends further requests of a read; returns the completed answer, None for a resource that counts as deleted."""
    validate_body: Callable[[DatadogClient, ResourceCall, str, Properties, Json], None] | None = None
    """Lets the API validate the body of a create (id: "") or update, in a preview too, as the published provider plans
    again before each write; not called while an input is unknown."""
    check_inputs: Callable[[Properties], list[Fault]] = lambda _: []
    """Returns what is wrong with the inputs, beyond what the published provider's schema says."""
    suppressed: Callable[[Properties], frozenset[str]] = lambda _: frozenset()
    """Returns the properties whose change the published provider ignores, given a plan."""
    replaced: Callable[[Properties, Properties], bool] = lambda _old, _new: False
    """Returns whether a change of the plan forces a replacement, beyond what the published provider's schema says."""
    reads_after_failure: bool = False
    """Whether it is read after an update that failed."""
    reads_after: frozenset[Literal["create", "update"]] = frozenset()
    """The writes after which it is read, as the published provider does or because their answers lack something."""
    id_of: Callable[[Json, Properties], str] | None = None
    """Returns the id, where it is not the envelope's."""
    id_properties: tuple[str, ...] = ()
    """The properties that the id consists of, joined by colons: an import takes them from it."""
    parent: str = ""
    """The property with the id of its parent, which an import names first: ``PARENT:ID``."""
    id_separator: str = ":"
    """The text between the two."""
    import_by_key: bool = False
    """Whether an import names it by another key than its id (``TEAM:USER``); the answer then has the id."""
    delete_with: Callable[[DatadogClient, str, Properties], None] | None = None
    """Deletes it, where one request is not enough."""

    def check(
        self, call: ResourceCall, inputs: Properties, old_inputs: Properties
    ) -> tuple[Properties, list[CheckFailure]]:
        kind = _published(call)
        completed = with_defaults(kind, without_defaults(inputs))
        failures = [
            CheckFailure("", f"{reason}. Examine values at '{call.name}.{place}'." if place else reason)
            for reason, place in [*faults(kind, completed), *self.check_inputs(inputs)]
        ]
        errors = ((prop.name, prop.schema.error(inputs.get(prop.name))) for prop in self.schema.properties)
        return completed, failures or [CheckFailure(name, error) for name, error in errors if error]

    def diff(
        self, call: ResourceCall, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Difference:
        old_inputs, inputs = without_defaults(old_inputs), without_defaults(inputs)
        kind = _published(call)
        before, after = (self._planned(kind, properties, old_state) for properties in (old_inputs, inputs))
        before |= self._undeclared(kind, before, after, old_state)
        changes = dict(self._differences(kind, before, after))
        replaced = bool(changes) and self.replaced(before, after)
        replaces = {path for path, operation in changes.items() if replaced or replacing(kind, path, operation)}
        self._validate(call, "" if replaces else id, planned(kind, inputs, old_state))
        if changes:
            known = {path.split(".")[0].split("[")[0] for path in changes}
            changes |= dict.fromkeys(sorted(recomputed(kind, inputs) - known), "update")
        return Difference(changes, frozenset(replaces), detailed=not kind.framework)

    def _planned(self, kind: KindSchema, inputs: Properties, state: Properties) -> Properties:
        """Return the inputs of a plan, with the state's values of those whose change is ignored."""
        plan = planned(kind, inputs, state)
        ignored = self.suppressed(plan)
        kept = {name: state[name] for name in ignored if not is_zero(state.get(name))}
        return {name: value for name, value in plan.items() if name not in ignored} | kept

    def _undeclared(self, kind: KindSchema, before: Properties, after: Properties, state: Properties) -> Properties:
        """Return what the state has of properties that the old inputs do not declare: a plan compares with the state.

        What the API decides and a zero count only where the new inputs declare it.
        """
        mapped = {prop.name: prop for prop in self.schema.properties if not prop.local}
        values = {}
        for name, published in kind.properties.items():
            value = state.get(name)
            if name in before or name not in mapped or value is None or published.output or published.ignored:
                continue
            decided = published.computed or mapped[name].computed or value == mapped[name].absent or is_zero(value)
            if after.get(name) is None and decided:
                continue
            if kind.framework or not is_zero(value):
                values[name] = value
        return values

    def _differences(self, kind: KindSchema, before: Properties, after: Properties) -> Differences:
        """Yield the paths at which two plans differ."""
        mapped = {prop.name: prop for prop in self.schema.properties}
        newer = [prop for name, prop in mapped.items() if name not in kind.properties]
        for prop in newer:
            if not (prop.output or prop.local):
                yield from prop.differences(before, after, "")
        for name, published in kind.properties.items():
            if published.output or (after.get(name) is None and published.computed):
                continue
            prop = mapped.get(name) or Property(name)
            exact = kind.framework and not published.block
            removed = dict(removals(published, before.get(name), after.get(name), name))
            for path, operation in prop.differences(_as_in_state(kind, published, name, before), after, "", exact):
                removed.pop(path, None)
                yield path, "update" if operation == "add" and is_added_to_zero(kind, path) else operation
            yield from removed.items()

    def create(self, call: ResourceCall, inputs: Properties) -> tuple[str, Properties]:
        inputs = without_defaults(inputs)
        if call.preview:
            self._validate(call, "", inputs)
            return "", self._planned_state(inputs, {})
        self._validate(call, "", inputs)
        plan = self._planned(_published(call), inputs, {})
        write = Write(self.account.client, "create", "", plan, declared=inputs)
        self.before_write(write)
        answer = self._send(write, self.create_at)
        resource = self.envelope.unwrap(answer, "") if answer is not None else {}
        try:
            id = self.id_of(resource, inputs) if self.id_of else self.envelope.id_of(resource)
        except (KeyError, TypeError) as error:
            raise ProviderError(f"{self.create_at}: the answer has no id: {answer}") from error
        return id, self._finish(write, id, resource)

    def update(
        self, call: ResourceCall, id: str, old_inputs: Properties, old_state: Properties, inputs: Properties
    ) -> Properties:
        old_inputs, inputs = without_defaults(old_inputs), without_defaults(inputs)
        if call.preview:
            return self._planned_state(inputs, old_state)
        if self.update_at is None:
            raise ProviderError("Datadog cannot change it in place")
        kind = _published(call)
        self._validate(call, id, planned(kind, inputs, old_state))
        plan = self._planned(kind, inputs, old_state)
        write = Write(self.account.client, "update", id, plan, old_inputs, old_state, declared=inputs)
        self.before_write(write)
        try:
            answer = self._send(write, self.update_at)
        except DatadogError:
            if self.reads_after_failure:
                self.account.client.call(self._endpoint(self.read_at, id, {**old_state, **plan}))
            raise
        resource = self.envelope.unwrap(answer, id) if answer else None
        return self._finish(write, id, resource)

    def read(
        self, call: ResourceCall, id: str, inputs: Properties, state: Properties
    ) -> tuple[Properties, Properties] | None:
        old_inputs, inputs = inputs, without_defaults(inputs)
        importing = not (inputs or state)
        if importing and self.parent and self._without_parent(id) == id:
            raise ProviderError(f"to import it, give {self.parent}{self.id_separator}ID instead of {id!r}")
        from_id = {} if inputs else self._properties_in(id)
        resource = self._fetch(self._without_parent(id), {**from_id, **state, **inputs})
        if resource is None:
            return None
        outputs = with_notes_of(_published(call), {**from_id, **self._inputs(resource, inputs)}, old_inputs)
        return outputs, {**from_id, **self._state(resource, inputs, state)}

    def imported_id(self, id: str) -> str:
        own_id = self._without_parent(id)
        if not self.import_by_key or own_id == id:
            return own_id
        resource = self._fetch(own_id, self._properties_in(id))
        return own_id if resource is None else self.envelope.id_of(resource)

    def delete(self, call: ResourceCall, id: str, inputs: Properties, state: Properties) -> None:
        properties = {**state, **without_defaults(inputs)}
        try:
            if self.delete_with:
                self.delete_with(self.account.client, id, properties)
            elif self.delete_at:
                self.account.client.call(self._endpoint(self.delete_at, id, properties))
        except DatadogError as error:
            if error.status != NOT_FOUND:
                raise

    def body(self, write: Write) -> Json:
        """Return the wrapped body of a create or update."""
        body = self.schema.send(write.inputs)
        if write.action == "update":
            for prop in self.schema.properties:
                if prop.create_only:
                    _remove(body, self.schema.keys_of(prop))
        return self.envelope.wrap(self.adjust_body(write, body), write.id)

    def _send(self, write: Write, endpoint: str) -> Json:
        request = self._endpoint(endpoint, write.id, {**write.old_state, **write.inputs})
        return write.client.call(request, self.body(write))

    def _finish(self, write: Write, id: str, resource: Json) -> Properties:
        """Return the state after a write and its further requests. If one of these fails, the resource exists."""
        try:
            completed = self.after_write(replace(write, id=id, answer=resource))
            resource = resource if completed is None else completed
            if write.action in self.reads_after or resource is None:
                outputs = self.schema.receive(resource, {}, extent="state") if resource else {}
                resource = self._fetch(id, {**write.old_state, **write.inputs, **outputs}) or resource or {}
            return self._state(resource, write.inputs, write.old_state)
        except ProviderError as error:
            raise PartialFailure(str(error), id, {**write.old_state, **write.inputs}) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = f"the answer is not as expected ({type(error).__name__}: {error}): {resource}"
            raise PartialFailure(message, id, {**write.old_state, **write.inputs}) from error

    def _without_parent(self, id: str) -> str:
        return id.partition(self.id_separator)[2] if self.parent and self.id_separator in id else id

    def _properties_in(self, id: str) -> Properties:
        """Return the properties that an id contains: the parent's id, and those that the id consists of."""
        own_id = self._without_parent(id)
        parent = {self.parent: id.partition(self.id_separator)[0]} if own_id != id else {}
        parts = own_id.split(":", len(self.id_properties) - 1) if self.id_properties else []
        return {**parent, **dict(zip(self.id_properties, parts, strict=False))}

    def _fetch(self, id: str, properties: Properties) -> Json:
        """Return the resource as it is now, None when it does not exist."""
        try:
            answer = self.account.client.call(self._endpoint(self.read_at, id, properties))
        except DatadogError as error:
            if error.status == NOT_FOUND:
                return None
            raise
        resource = self.envelope.unwrap(answer, id)
        return None if resource is None else self.complete_read(self.account.client, id, resource)

    def _inputs(self, resource: Json, declared: Properties) -> Properties:
        """Return the inputs that an answer stands for; in an import, all that differ from their absence."""
        importing = not declared
        inputs: Properties = self.schema.receive(
            self.normalize_answer(resource, declared), declared, "importable" if importing else "declared"
        )
        if not importing:
            return inputs
        importable = {prop.name: prop for prop in self.schema.properties if not prop.output}
        return {
            name: value
            for name, value in inputs.items()
            if name in importable
            and value != importable[name].absent
            and not (is_zero(value) and is_zero(importable[name].absent))
        }

    def _state(self, resource: Json, declared: Properties, old_state: Properties) -> Properties:
        state = self.schema.receive(self.normalize_answer(resource, declared), declared, extent="state")
        for prop in self.schema.properties:
            if prop.output and prop.name not in state and prop.name in old_state:
                state[prop.name] = old_state[prop.name]  # only the create's answer has it, such as a key
            if prop.local and prop.name in declared:
                state[prop.name] = declared[prop.name]
            if prop.secret and prop.name in state:
                state[prop.name] = Secret(state[prop.name])
        return {key: value for key, value in state.items() if value is not None}

    def _planned_state(self, inputs: Properties, old_state: Properties) -> Properties:
        """Return the state as far as a preview can know it."""
        state = dict(inputs)
        for prop in self.schema.properties:
            if (prop.output or prop.computed) and prop.name not in inputs:
                state[prop.name] = old_state.get(prop.name, UNKNOWN)
            elif prop.default is not None and prop.name not in inputs:
                state[prop.name] = prop.default
        return state

    def _validate(self, call: ResourceCall, id: str, inputs: Properties) -> None:
        if self.validate_body and not contains_unknown(inputs):
            body = self.body(Write(self.account.client, "create", "", inputs))
            self.validate_body(self.account.client, call, id, inputs, body)

    def _endpoint(self, endpoint: str, id: str, properties: Mapping[str, object]) -> str:
        """Return an endpoint with its id and properties filled in."""
        values = {"id": id, **{key: value for key, value in properties.items() if key != "id"}}
        names = [name for _, name, _, _ in Formatter().parse(endpoint) if name]
        for name in names:
            if is_zero(values.get(name)) and name != "id":
                raise ProviderError(f"{endpoint} needs the property {name!r}: declare it")
        return endpoint.format(**{name: escape(values[name]) for name in names})


def _as_in_state(kind: KindSchema, field: Field, name: str, before: Properties) -> Properties:
    """Return properties with a set of texts in the order that Terraform's SDK keeps it in."""
    value = before.get(name)
    ordered = not kind.framework and field.type == "set" and isinstance(value, list)
    if not ordered or not all(isinstance(item, str) for item in value or []):
        return before
    return {**before, name: sorted(value or [])}


def _published(call: ResourceCall) -> KindSchema:
    """Return what the published provider's schema says of a resource's kind."""
    return schemas().get(call.type) or KindSchema(framework=True)


def _remove(body: Json, keys: list[str]) -> None:
    """Remove a place, and the objects that lead to it where they are empty then."""
    inner = body.get(keys[0])
    if len(keys) > 1 and isinstance(inner, dict):
        _remove(inner, keys[1:])
    if len(keys) == 1 or inner == {}:
        body.pop(keys[0], None)


def jsonapi(account: ConfiguredAccount, type: str, path: str, *properties: Property, **options: Any) -> DatadogKind:
    """Return an entry of v2's usual form: POST to `path`; GET, PATCH and DELETE at `path`/{id}. options: fields."""
    usual: dict[str, Any] = {
        "schema": Object(properties, under="attributes"),
        "envelope": JsonApi(type),
        "create_at": f"POST {path}",
        "read_at": f"GET {path}/{{id}}",
        "update_at": f"PATCH {path}/{{id}}",
        "delete_at": f"DELETE {path}/{{id}}",
    }
    return DatadogKind(account, **{**usual, **options})


def plain(account: ConfiguredAccount, path: str, schema: Object, **options: Any) -> DatadogKind:
    """Return an entry of v1's usual form: POST to `path`; GET, PUT and DELETE at `path`/{id}. options: fields."""
    usual: dict[str, Any] = {
        "envelope": Plain(),
        "create_at": f"POST {path}",
        "read_at": f"GET {path}/{{id}}",
        "update_at": f"PUT {path}/{{id}}",
        "delete_at": f"DELETE {path}/{{id}}",
    }
    return DatadogKind(account, schema, **{**usual, **options})
