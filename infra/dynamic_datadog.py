"""Datadog's objects that its provider has no resource for, as dynamic resources over the public API.

Each is declared by the attributes that the API takes; the state holds these and nothing else. The keys are the
provider's own (``datadog:apiKey``, ``datadog:appKey``, ``datadog:apiUrl``, or DD_API_KEY, DD_APP_KEY, DD_HOST): they
are read when a call is made, and are no input of any resource.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

import httpx
from pulumi import dynamic

Json = Any
PUBLIC = "https://api.datadoghq.com"
TIMEOUT = 60.0
"""Seconds for one request."""
TRIES = 4
IMPORTED = (
    # Evaluated by the process that serves dynamic resources, whose path has not this package's folder.
    "(lambda sys, pathlib, importlib: (sys.path.insert(0, str(next(one for one in"
    " (pathlib.Path.cwd(), *pathlib.Path.cwd().parents) if (one / 'infra' / 'dynamic_datadog.py').is_file()))),"
    " importlib.import_module('infra.dynamic_datadog').{name}())[1])"
    "(*map(__import__, ('sys', 'pathlib', 'importlib')))"
)
"""What a provider is in the state: its name. Pulumi would keep the code itself, and every edit of it as a change."""


class ApiRefused(Exception):
    """Datadog refused a request; the text has the request, the status and the reason."""

    def __init__(self, request: str, answer: httpx.Response) -> None:
        super().__init__(f"{request} answered {answer.status_code}: {answer.text.strip()[:500]}")
        self.status = answer.status_code


class Api:
    """One account. Repeats a request that was too early (429), and one that may be repeated (5xx, except POST)."""

    def __init__(
        self,
        setting: Callable[[str], object],
        http: httpx.Client | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        def given(key: str, variable: str, default: str = "") -> str:
            return str(setting(f"datadog:{key}") or os.environ.get(variable) or default)

        self._keys = {"DD-API-KEY": given("apiKey", "DD_API_KEY"), "DD-APPLICATION-KEY": given("appKey", "DD_APP_KEY")}
        if not all(self._keys.values()):
            keys = "datadog:apiKey and datadog:appKey, or DD_API_KEY and DD_APP_KEY"
            raise ValueError(f"Datadog's keys are missing: set {keys}")
        self._http = http or httpx.Client(base_url=given("apiUrl", "DD_HOST", PUBLIC), timeout=TIMEOUT)
        self._wait = wait

    def call(self, request: str, body: Json = None) -> Json:
        """Send ``METHOD /path``; the answer's JSON, None when it is empty. Raises :class:`ApiRefused`."""
        method, _, path = request.partition(" ")
        for tried in range(1, TRIES + 1):
            answer = self._http.request(method, path, json=body, headers=self._keys)
            if answer.is_success:
                return answer.json() if answer.content.strip() else None
            early = answer.status_code == httpx.codes.TOO_MANY_REQUESTS
            if tried == TRIES or not (early or (answer.is_server_error and method != "POST")):
                break
            self._wait(float(answer.headers.get("X-RateLimit-Reset") or 2**tried) if early else 2.0**tried)
        sys.tracebacklimit = 0  # the SDK shows a traceback of whatever is raised: a refusal is no bug to trace
        raise ApiRefused(request, answer)

    def found(self, request: str) -> Json:
        """As :meth:`call`; None when there is nothing."""
        try:
            return self.call(request)
        except ApiRefused as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise


class DatadogObject(dynamic.ResourceProvider):
    """One kind. Its resource's properties are the object's attributes, in the API's spelling."""

    serialize_as_secret_always: bool = False  # nothing in it is one
    named_by: ClassVar[tuple[str, ...]] = ()
    """The attributes that the object is found by: a change of one replaces it."""
    _api: Api

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (IMPORTED.format(name=type(self).__name__),)

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Take the stack's keys."""
        self._api = Api(req.config.get)

    def make(self, attributes: Json) -> str:
        """Create it; its id."""
        raise NotImplementedError

    def fetch(self, identifier: str) -> Json:
        """Its attributes as they are now, None when it is gone."""
        raise NotImplementedError

    def change(self, identifier: str, attributes: Json) -> None:
        """Replace its attributes."""
        raise NotImplementedError

    def remove(self, identifier: str) -> None:
        """Delete it."""
        raise NotImplementedError

    def diff(self, _id: str, _olds: Json, _news: Json) -> dynamic.DiffResult:
        """Only attributes count, never how a provider is written in the state."""
        old, new = _declared(_olds), _declared(_news)
        changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
        return dynamic.DiffResult(
            changes=bool(changed),
            replaces=sorted(changed & set(self.named_by)),
            delete_before_replace=True,
        )

    def create(self, props: Json) -> dynamic.CreateResult:
        """See :meth:`make`."""
        return dynamic.CreateResult(self.make(_declared(props)), _declared(props))

    def read(self, id_: str, props: Json) -> dynamic.ReadResult:
        """What was declared, as it is now: what Datadog adds by itself is no drift."""
        actual = self.fetch(id_)
        if actual is None:
            return dynamic.ReadResult(None, {})
        shown = projected(actual, _declared(props))
        return dynamic.ReadResult(id_, dict(shown), dict(shown))

    def update(self, _id: str, _olds: Json, _news: Json) -> dynamic.UpdateResult:
        """See :meth:`change`."""
        self.change(_id, _declared(_news))
        return dynamic.UpdateResult(_declared(_news))

    def delete(self, _id: str, _props: Json) -> None:
        """Gone already is deleted."""
        try:
            self.remove(_id)
        except ApiRefused as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise


def _declared(properties: Mapping[str, Json]) -> dict[str, Json]:
    """The attributes among a resource's properties, with whole numbers as such: Pulumi's are all floating."""
    return {name: _whole(value) for name, value in properties.items() if not name.startswith("__")}


def _whole(value: Json) -> Json:
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_whole(one) for one in value]
        case dict():
            return {key: _whole(one) for key, one in value.items()}
        case _:
            return value


def projected(actual: Json, declared: Json) -> Json:
    """The part of an answer that was declared: keys that a declaration has not are the server's own."""
    match actual, declared:
        case dict(), dict():
            return {key: projected(actual[key], value) for key, value in declared.items() if key in actual}
        case list(), list():
            extra = [declared[-1] if declared else None] * len(actual)
            return [projected(one, like) for one, like in zip(actual, [*declared, *extra], strict=False)]
        case _:
            return actual


class NotebookObject(DatadogObject):
    """https://docs.datadoghq.com/api/latest/notebooks/"""

    def make(self, attributes: Json) -> str:
        """A template of the same name is taken over: an update that was killed may have made it."""
        name = attributes["name"]
        query = httpx.QueryParams({"query": name, "is_template": "true", "include_cells": "false"})
        for one in self._api.call(f"GET /api/v1/notebooks?{query}")["data"]:
            if one["attributes"]["name"] == name and (one["attributes"].get("metadata") or {}).get("is_template"):
                self.change(str(one["id"]), attributes)
                return str(one["id"])
        return str(self._api.call("POST /api/v1/notebooks", _notebook(attributes))["data"]["id"])

    def fetch(self, identifier: str) -> Json:
        """Cells come with ids of their own, which nobody declares."""
        found = self._api.found(f"GET /api/v1/notebooks/{identifier}")
        return found and found["data"]["attributes"]

    def change(self, identifier: str, attributes: Json) -> None:
        """Cells keep their ids, and with them the comments on them."""
        known = [cell["id"] for cell in (self.fetch(identifier) or {}).get("cells", [])]
        cells = [
            {**cell, **({"id": known[place]} if place < len(known) else {})}
            for place, cell in enumerate(attributes["cells"])
        ]
        self._api.call(f"PUT /api/v1/notebooks/{identifier}", _notebook({**attributes, "cells": cells}))

    def remove(self, identifier: str) -> None:
        """Delete it."""
        self._api.call(f"DELETE /api/v1/notebooks/{identifier}")


def _notebook(attributes: Json) -> Json:
    return {"data": {"type": "notebooks", "attributes": attributes}}


class EvaluatorObject(DatadogObject):
    """https://docs.datadoghq.com/llm_observability/evaluations/custom_llm_as_a_judge_evaluations/"""

    named_by = ("eval_name",)
    AT = "/api/unstable/llm-obs/config/evaluators/custom/"

    def make(self, attributes: Json) -> str:
        """The name is the id: a PUT creates or replaces."""
        name = str(attributes["eval_name"])
        self.change(name, attributes)
        return name

    def fetch(self, identifier: str) -> Json:
        """Its configuration."""
        found = self._api.found(f"GET {self.AT}{identifier}")
        return found and found["data"]["attributes"]

    def change(self, identifier: str, attributes: Json) -> None:
        """Replace it."""
        data = {"type": "evaluator_config", "id": identifier, "attributes": attributes}
        self._api.call(f"PUT {self.AT}{identifier}", {"data": data})

    def remove(self, identifier: str) -> None:
        """Delete it; scores that it gave stay on their spans."""
        self._api.call(f"DELETE {self.AT}{identifier}")


class ProjectObject(DatadogObject):
    """https://docs.datadoghq.com/llm_observability/experiments/"""

    AT = "/api/v2/llm-obs/v1/projects"

    def make(self, attributes: Json) -> str:
        """One that has the name already is taken over: the tracer makes a project that it misses."""
        for one in self._api.call(f"GET {self.AT}?{httpx.QueryParams({'filter[name]': attributes['name']})}")["data"]:
            if one["attributes"]["name"] == attributes["name"]:
                self.change(str(one["id"]), attributes)
                return str(one["id"])
        body = {"data": {"type": "projects", "attributes": attributes}}
        return str(self._api.call(f"POST {self.AT}", body)["data"]["id"])

    def fetch(self, identifier: str) -> Json:
        """There is no GET of one."""
        query = httpx.QueryParams({"filter[id]": identifier})
        found = self._api.call(f"GET {self.AT}?{query}")["data"]
        return next((one["attributes"] for one in found if one["id"] == identifier), None)

    def change(self, identifier: str, attributes: Json) -> None:
        """Rename it or describe it."""
        data = {"type": "projects", "attributes": attributes}
        self._api.call(f"PATCH {self.AT}/{identifier}", {"data": data})

    def remove(self, identifier: str) -> None:
        """Delete it, with its datasets and experiments."""
        self._api.call(
            f"POST {self.AT}/delete", {"data": {"type": "projects", "attributes": {"project_ids": [identifier]}}}
        )


class Notebook(dynamic.Resource, module="datadog", name="Notebook"):
    """A notebook; its id is the notebook's."""

    def __init__(self, name: str, attributes: Mapping[str, Json], opts: Any = None) -> None:
        super().__init__(NotebookObject(), name, cast("dict[str, Any]", dict(attributes)), opts)


class Evaluator(dynamic.Resource, module="datadog", name="Evaluator"):
    """A custom evaluator of LLM Observability; its id is its name."""

    def __init__(self, name: str, attributes: Mapping[str, Json], opts: Any = None) -> None:
        super().__init__(EvaluatorObject(), name, cast("dict[str, Any]", dict(attributes)), opts)


class LlmProject(dynamic.Resource, module="datadog", name="LlmProject"):
    """A project of LLM Observability: what datasets and experiments belong to."""

    def __init__(self, name: str, attributes: Mapping[str, Json], opts: Any = None) -> None:
        super().__init__(ProjectObject(), name, cast("dict[str, Any]", dict(attributes)), opts)
