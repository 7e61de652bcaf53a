"""Envelopes: the body of a request or answer is the resource itself (v1), or JSON:API (v2)."""

from dataclasses import dataclass
from typing import Literal, Protocol

from firedrill.datadog.mapping.schema import Json


class Envelope(Protocol):
    """A form of bodies."""

    def wrap(self, body: Json, id: str) -> Json:
        """Return a request's body with a resource; id is "" in a create."""

    def unwrap(self, answer: Json, id: str) -> Json:
        """Return the resource of an answer, None when it is not in it; id is "" after a create."""

    def id_of(self, resource: Json) -> str:
        """Return the id of an unwrapped resource."""


@dataclass(frozen=True)
class Plain:
    """The body is the resource (most of v1). id: the key of its id; list_key: the key of a list in answers, if any."""

    id: str = "id"
    list_key: str = ""

    def wrap(self, body: Json, id: str) -> Json:
        return body

    def unwrap(self, answer: Json, id: str) -> Json:
        content = answer.get(self.list_key) if self.list_key and isinstance(answer, dict) else answer
        if isinstance(content, list):
            return next((resource for resource in content if not id or str(resource.get(self.id)) == id), None)
        return content

    def id_of(self, resource: Json) -> str:
        return str(resource[self.id])


class WithoutId(Plain):
    """The body is the only resource of its kind, which has no id."""

    def unwrap(self, answer: Json, id: str) -> Json:
        return answer


@dataclass(frozen=True)
class JsonApi:
    """{"data": {"type", "id", "attributes", "relationships"}} (v2). update_id: what an update's body has as the id."""

    type: str
    update_id: Literal["id", "empty", "none"] = "id"
    attributes: bool = True
    """Whether `attributes` is sent when it is empty."""

    def wrap(self, body: Json, id: str) -> Json:
        data = {**({"attributes": {}} if self.attributes else {}), **body, "type": self.type}
        if not id or self.update_id == "none":
            return {"data": data}
        return {"data": {**data, "id": id if self.update_id == "id" else ""}}

    def unwrap(self, answer: Json, id: str) -> Json:
        data = answer.get("data") if isinstance(answer, dict) else None
        if isinstance(data, list):
            data = next((resource for resource in data if not id or resource.get("id") == id), None)
        included = answer.get("included") if isinstance(answer, dict) else None
        return {**data, "included": included} if data and included else data

    def id_of(self, resource: Json) -> str:
        return str(resource["id"])


class IdList(JsonApi):
    """The ids of all objects of a kind in their order, as the resource's attribute `ids`."""

    def wrap(self, body: Json, id: str) -> Json:
        return {"data": [{"id": identifier, "type": self.type} for identifier in body["attributes"]["ids"]]}

    def unwrap(self, answer: Json, id: str) -> Json:
        return {"id": id, "attributes": {"ids": [item["id"] for item in (answer or {}).get("data") or []]}}
