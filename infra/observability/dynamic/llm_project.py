"""Projects of LLM Observability.

https://docs.datadoghq.com/llm_observability/experiments/
"""

from collections.abc import Mapping
from typing import Any, cast

import httpx
from pulumi import dynamic

from infra.observability.dynamic.api import Json
from infra.observability.dynamic.provider import DatadogObject


class ProjectObject(DatadogObject):
    """The provider of projects."""

    PATH = "/api/v2/llm-obs/v1/projects"

    def create_object(self, attributes: Json) -> str:
        """Create the project, or take over one of this name: the tracer creates a project that it misses."""
        query = httpx.QueryParams({"filter[name]": attributes["name"]})
        for project in self._api.call(f"GET {self.PATH}?{query}")["data"]:
            if project["attributes"]["name"] == attributes["name"]:
                self.update_object(str(project["id"]), attributes)
                return str(project["id"])
        body = {"data": {"type": "projects", "attributes": attributes}}
        return str(self._api.call(f"POST {self.PATH}", body)["data"]["id"])

    def read_object(self, identifier: str) -> Json:
        """Return the project's attributes, from the list: the API has no GET of a single one."""
        query = httpx.QueryParams({"filter[id]": identifier})
        projects = self._api.call(f"GET {self.PATH}?{query}")["data"]
        return next((project["attributes"] for project in projects if project["id"] == identifier), None)

    def update_object(self, identifier: str, attributes: Json) -> None:
        """Update name and description."""
        data = {"type": "projects", "attributes": attributes}
        self._api.call(f"PATCH {self.PATH}/{identifier}", {"data": data})

    def delete_object(self, identifier: str) -> None:
        """Delete the project, with its datasets and experiments."""
        self._api.call(
            f"POST {self.PATH}/delete", {"data": {"type": "projects", "attributes": {"project_ids": [identifier]}}}
        )


class LlmProject(dynamic.Resource, module="datadog", name="LlmProject"):
    """A project of LLM Observability, which datasets and experiments belong to."""

    def __init__(self, name: str, attributes: Mapping[str, Json], opts: Any = None) -> None:
        super().__init__(ProjectObject(), name, cast("dict[str, Any]", dict(attributes)), opts)
