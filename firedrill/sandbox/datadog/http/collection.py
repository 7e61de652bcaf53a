"""Kinds of API v2 that are plain JSON:API collections: create, get, list, update and delete from one declaration.

The declaration names the operations, the defaults of the server and the texts of errors; hooks hold what is special.
"""

import copy
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

Hook = Callable[[Call, Body, Body | None], None]
"""``hook(call, data, old)`` checks or completes ``data`` before it is stored; ``old`` is None on create."""
Error = str | dict[str, Any]
Bodies = list[Body]


@dataclass(frozen=True)
class Collection:
    """One kind. An operation is None where the API has none, or where the module of the kind has its own handler."""

    kind: str
    type: str
    parameter: str
    create: str | None = None
    get: str | None = None
    list: str | None = None
    update: str | None = None
    delete: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Attributes that an object has when the request lacks them."""
    complete: Hook = lambda _call, _data, _old: None
    not_found: Callable[[str], Error] = lambda identifier: f"{identifier} not found"
    created: int = 201
    """Status of a response to a create."""
    replaces: bool = False
    """True: an update replaces all attributes (PUT). False: it merges (PATCH)."""
    wrap: Callable[[Call, Body], Body] = lambda _call, data: {"data": data}
    """The response around one object."""
    wrap_list: Callable[[Call, Bodies], Body] = lambda _call, data: {"data": data}

    def register(self) -> None:
        """Register handlers for the operations that have a name."""
        for name, handler in (
            (self.create, self.on_create),
            (self.get, self.on_get),
            (self.list, self.on_list),
            (self.update, self.on_update),
            (self.delete, self.on_delete),
        ):
            if name is not None:
                serves(f"v2.{name}")(handler)

    def find(self, call: Call) -> Body:
        """Return the object of the path. Raises :class:`ApiError` 404."""
        identifier = call.path[self.parameter]
        body = call.get(self.kind, identifier)
        if body is None:
            raise ApiError(404, self.not_found(identifier))
        return body

    def on_create(self, call: Call) -> ApiResponse:
        """Create an object."""
        requested = copy.deepcopy(call.body["data"])
        data: Body = {
            "id": str(uuid.uuid4()),
            "type": self.type,
            "attributes": {**copy.deepcopy(dict(self.defaults)), **(requested.get("attributes") or {})},
        }
        if "relationships" in requested:
            data["relationships"] = requested["relationships"]
        self.complete(call, data, None)
        call.put(self.kind, data["id"], data)
        return ApiResponse(self.wrap(call, data), self.created)

    def on_get(self, call: Call) -> ApiResponse:
        """Return one object."""
        return ApiResponse(self.wrap(call, self.find(call)))

    def on_list(self, call: Call) -> ApiResponse:
        """Return all objects."""
        return ApiResponse(self.wrap_list(call, call.list(self.kind)))

    def on_update(self, call: Call) -> ApiResponse:
        """Change or replace an object."""
        old = self.find(call)
        requested = call.body["data"]
        data = copy.deepcopy(old)
        base = copy.deepcopy(dict(self.defaults)) if self.replaces else data["attributes"]
        data["attributes"] = {**base, **(requested.get("attributes") or {})}
        if "relationships" in requested:
            data["relationships"] = {**data.get("relationships", {}), **requested["relationships"]}
        self.complete(call, data, old)
        call.put(self.kind, data["id"], data)
        return ApiResponse(self.wrap(call, data))

    def on_delete(self, call: Call) -> ApiResponse:
        """Delete an object."""
        call.delete(self.kind, self.find(call)["id"])
        return NO_CONTENT


def is_uuid(text: str) -> bool:
    """Return whether the text is a UUID in its usual form."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
