"""How a resource's body travels: as it is (v1), or in JSON:API's form (v2)."""

from dataclasses import dataclass
from typing import Protocol

from firedrill.sandbox.providers.datadog.shapes import Json


class Envelope(Protocol):
    """How a resource's body travels."""

    def wrap(self, body: Json, id: str) -> Json:
        """The request's body; id is "" in a create."""

    def unwrap(self, answer: Json, id: str) -> Json:
        """The resource in an answer, None when it is not in it; id is "" after a create."""

    def identify(self, resource: Json) -> str:
        """The id of an unwrapped resource."""


@dataclass(frozen=True)
class Plain:
    """The body is the resource (most of v1). id: the key of its id; list_key: answers hold a list of them there."""

    id: str = "id"
    list_key: str = ""

    def wrap(self, body: Json, id: str) -> Json:
        return body

    def unwrap(self, answer: Json, id: str) -> Json:
        found = answer.get(self.list_key) if self.list_key and isinstance(answer, dict) else answer
        if isinstance(found, list):
            return next((one for one in found if not id or str(one.get(self.id)) == id), None)
        return found

    def identify(self, resource: Json) -> str:
        return str(resource[self.id])


@dataclass(frozen=True)
class JsonApi:
    """{"data": {"type", "id", "attributes", "relationships"}} (v2). send_id: updates name the id in the body."""

    type: str
    send_id: bool = True
    attributes: bool = True
    """Whether `attributes` is sent when it is empty."""

    def wrap(self, body: Json, id: str) -> Json:
        data = {**({"attributes": {}} if self.attributes else {}), **body, "type": self.type}
        return {"data": {**data, "id": id} if id and self.send_id else data}

    def unwrap(self, answer: Json, id: str) -> Json:
        data = answer.get("data") if isinstance(answer, dict) else None
        if isinstance(data, list):
            data = next((one for one in data if not id or one.get("id") == id), None)
        included = answer.get("included") if isinstance(answer, dict) else None
        return {**data, "included": included} if data and included else data

    def identify(self, resource: Json) -> str:
        return str(resource["id"])
