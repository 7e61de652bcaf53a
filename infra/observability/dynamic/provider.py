"""The base of the dynamic providers: attributes in, attributes out, compared without what Datadog adds."""

import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import httpx
from pulumi import dynamic

from infra.observability.dynamic.api import Api, ApiRefused, Json

IMPORTED = (
    # Evaluated by the process that serves dynamic resources, whose path lacks this repository's root.
    "(lambda sys, pathlib, importlib: (sys.path.insert(0, str(next(one for one in"
    " (pathlib.Path.cwd(), *pathlib.Path.cwd().parents) if (one / 'infra' / 'dynamic_datadog.py').is_file()))),"
    " importlib.import_module('infra.dynamic_datadog').{name}())[1])"
    "(*map(__import__, ('sys', 'pathlib', 'importlib')))"
)
"""A provider as the state holds it: its name in infra/dynamic_datadog.py, looked up by this expression.

Pulumi would otherwise keep the code itself, and show every edit of it as a change. Deployed states hold this text: it
must not change.
"""


class DatadogObject(dynamic.ResourceProvider):
    """The base of one kind's provider. A resource's properties are the object's attributes, as the API names them."""

    serialize_as_secret_always: bool = False  # it holds no secret
    named_by: ClassVar[tuple[str, ...]] = ()
    """The attributes that identify the object: a change of one replaces it."""
    _api: Api

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (IMPORTED.format(name=type(self).__name__),)

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Take the stack's keys.

        The SDK reports a refused request with a traceback, which hides the reason. It offers no way to leave it out,
        so the process that serves dynamic resources, which calls this once for each provider, shows none.
        """
        sys.tracebacklimit = 0
        self._api = Api(req.config.get)

    def create_object(self, attributes: Json) -> str:
        """Create the object and return its id."""
        raise NotImplementedError

    def read_object(self, identifier: str) -> Json:
        """Return the object's attributes as they are now, None if it is gone."""
        raise NotImplementedError

    def update_object(self, identifier: str, attributes: Json) -> None:
        """Replace the object's attributes."""
        raise NotImplementedError

    def delete_object(self, identifier: str) -> None:
        """Delete the object."""
        raise NotImplementedError

    def diff(self, _id: str, _olds: Json, _news: Json) -> dynamic.DiffResult:
        """Compare the attributes alone, not the serialized provider in the state."""
        old, new = _declared(_olds), _declared(_news)
        changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
        return dynamic.DiffResult(
            changes=bool(changed),
            replaces=sorted(changed & set(self.named_by)),
            delete_before_replace=True,
        )

    def create(self, props: Json) -> dynamic.CreateResult:
        """Create the object."""
        return dynamic.CreateResult(self.create_object(_declared(props)), _declared(props))

    def read(self, id_: str, props: Json) -> dynamic.ReadResult:
        """Return the declared attributes as they are now: what Datadog adds by itself is not drift."""
        actual = self.read_object(id_)
        if actual is None:
            return dynamic.ReadResult(None, {})
        attributes = projected(actual, _declared(props))
        return dynamic.ReadResult(id_, dict(attributes), dict(attributes))

    def update(self, _id: str, _olds: Json, _news: Json) -> dynamic.UpdateResult:
        """Replace the object's attributes."""
        self.update_object(_id, _declared(_news))
        return dynamic.UpdateResult(_declared(_news))

    def delete(self, _id: str, _props: Json) -> None:
        """Delete the object, if it still exists."""
        try:
            self.delete_object(_id)
        except ApiRefused as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise


def _declared(properties: Mapping[str, Json]) -> dict[str, Json]:
    """Return a resource's attributes. All of Pulumi's numbers are floats: whole numbers become integers."""
    return {name: _integers(value) for name, value in properties.items() if not name.startswith("__")}


def _integers(value: Json) -> Json:
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_integers(item) for item in value]
        case dict():
            return {key: _integers(item) for key, item in value.items()}
        case _:
            return value


def projected(actual: Json, declared: Json) -> Json:
    """Return the declared part of a response. Keys that the declaration lacks are the server's own."""
    match actual, declared:
        case dict(), dict():
            return {key: projected(actual[key], value) for key, value in declared.items() if key in actual}
        case list(), list():
            extra = [declared[-1] if declared else None] * len(actual)
            return [projected(item, like) for item, like in zip(actual, [*declared, *extra], strict=False)]
        case _:
            return actual
