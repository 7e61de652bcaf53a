"""Kinds of API v2 that are plain JSON:API collections: create, get, list, update, delete from one entry of data.

An entry names the operations, the members that the server adds, the errors' texts; a hook or two hold what is special.
"""

import copy
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firedrill.sandbox.datadog.account import iso
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

Hook = Callable[[Call, Body, Body | None], None]
"""``hook(call, data, old)`` checks or completes a ``data`` object before it is stored; ``old`` is None on create."""
Error = str | dict[str, Any]
Bodies = list[Body]


def new_uuid(_: Call) -> str:
    """A random id."""
    return str(uuid.uuid4())


def stamp(call: Call, data: Body, old: Body | None) -> None:
    """``created_at`` and ``modified_at``."""
    attributes = data["attributes"]
    attributes["created_at"] = old["attributes"]["created_at"] if old else iso(call.now)
    attributes["modified_at"] = iso(call.now)


def nothing(call: Call, data: Body, old: Body | None) -> None:
    """The hook that does nothing."""


def template(text: str) -> Callable[[str], Error]:
    """An error that is a text with the id at ``{id}``."""
    return lambda identifier: text.format(id=identifier)


@dataclass(frozen=True)
class Collection:
    """One kind. Operation names may be None where the API has none or a family serves it itself."""

    kind: str
    type: str
    parameter: str
    create: str | None = None
    get: str | None = None
    list: str | None = None
    update: str | None = None
    delete: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Attributes that an answer has when the body lacks them."""
    drop: frozenset[str] = frozenset()
    """Attributes of a body that answers never have."""
    identifier: Callable[[Call], str] = new_uuid
    complete: Hook = nothing
    before_delete: Callable[[Call, Body], None] = lambda *_: None
    not_found: Callable[[str], Error] = lambda identifier: f"{identifier} not found"
    malformed: tuple[int, Callable[[str], Error]] | None = None
    """Status and error for an id that is no UUID; None asks for no form."""
    created: int = 201
    deleted: Answer = NO_CONTENT
    refused: int = 400
    replaces: bool = False
    """Whether an update replaces all attributes (PUT) or merges (PATCH)."""
    wrap: Callable[[Call, Body], Body] = lambda *found: {"data": found[1]}
    """The answer around one object."""
    wrap_list: Callable[[Call, Bodies], Body] = lambda *found: {"data": found[1]}

    def register(self) -> "Collection":
        """Serve the named operations."""
        for name, handler in (
            (self.create, self.on_create),
            (self.get, self.on_get),
            (self.list, self.on_list),
            (self.update, self.on_update),
            (self.delete, self.on_delete),
        ):
            if name is not None:
                serves(f"v2.{name}", refused=self.refused)(handler)
        return self

    def find(self, call: Call) -> Body:
        """The object that the path names. Raises :class:`ApiError` 404, or as ``malformed`` says."""
        identifier = call.path[self.parameter]
        if self.malformed is not None and not is_uuid(identifier):
            raise ApiError(self.malformed[0], self.malformed[1](identifier))
        found = call.get(self.kind, identifier)
        if found is None:
            raise ApiError(404, self.not_found(identifier))
        return found

    def on_create(self, call: Call) -> Answer:
        """``POST``."""
        sent = copy.deepcopy(call.body["data"])
        given = sent.get("attributes") or {}
        data: Body = {
            "id": self.identifier(call),
            "type": self.type,
            "attributes": {
                **copy.deepcopy(dict(self.defaults)),
                **{k: v for k, v in given.items() if k not in self.drop},
            },
        }
        if "relationships" in sent:
            data["relationships"] = sent["relationships"]
        self.complete(call, data, None)
        call.put(self.kind, data["id"], data)
        return Answer(self.wrap(call, data), self.created)

    def on_get(self, call: Call) -> Answer:
        """``GET`` of one."""
        return Answer(self.wrap(call, self.find(call)))

    def on_list(self, call: Call) -> Answer:
        """``GET`` of all."""
        return Answer(self.wrap_list(call, call.list(self.kind)))

    def on_update(self, call: Call) -> Answer:
        """``PUT`` or ``PATCH``."""
        old = self.find(call)
        sent = call.body["data"]
        given = {k: v for k, v in (sent.get("attributes") or {}).items() if k not in self.drop}
        data = copy.deepcopy(old)
        data["attributes"] = (
            {**copy.deepcopy(dict(self.defaults)), **given} if self.replaces else {**data["attributes"], **given}
        )
        if "relationships" in sent:
            data["relationships"] = {**data.get("relationships", {}), **sent["relationships"]}
        self.complete(call, data, old)
        call.put(self.kind, data["id"], data)
        return Answer(self.wrap(call, data))

    def on_delete(self, call: Call) -> Answer:
        """``DELETE``."""
        found = self.find(call)
        self.before_delete(call, found)
        call.delete(self.kind, found["id"])
        return self.deleted


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID in its usual form."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
