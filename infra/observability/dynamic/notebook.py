"""Notebooks.

https://docs.datadoghq.com/api/latest/notebooks/
"""

from collections.abc import Mapping
from typing import Any, cast

import httpx
from pulumi import dynamic

from infra.observability.dynamic.api import Json
from infra.observability.dynamic.provider import DatadogObject


class NotebookObject(DatadogObject):
    """The provider of notebooks."""

    def create_object(self, attributes: Json) -> str:
        """Create the notebook, or take over a template of this name that a killed update may have left."""
        name = attributes["name"]
        query = httpx.QueryParams({"query": name, "is_template": "true", "include_cells": "false"})
        for notebook in self._api.call(f"GET /api/v1/notebooks?{query}")["data"]:
            existing = notebook["attributes"]
            if existing["name"] == name and (existing.get("metadata") or {}).get("is_template"):
                self.update_object(str(notebook["id"]), attributes)
                return str(notebook["id"])
        return str(self._api.call("POST /api/v1/notebooks", _notebook(attributes))["data"]["id"])

    def read_object(self, identifier: str) -> Json:
        """Return the notebook's attributes. Its cells have ids, which nobody declares."""
        response = self._api.find(f"GET /api/v1/notebooks/{identifier}")
        return response and response["data"]["attributes"]

    def update_object(self, identifier: str, attributes: Json) -> None:
        """Replace the attributes. Cells keep their ids, and with them their comments."""
        ids = [cell["id"] for cell in (self.read_object(identifier) or {}).get("cells", [])]
        cells = [
            {**cell, **({"id": ids[place]} if place < len(ids) else {})}
            for place, cell in enumerate(attributes["cells"])
        ]
        self._api.call(f"PUT /api/v1/notebooks/{identifier}", _notebook({**attributes, "cells": cells}))

    def delete_object(self, identifier: str) -> None:
        """Delete the object."""
        self._api.call(f"DELETE /api/v1/notebooks/{identifier}")


def _notebook(attributes: Json) -> Json:
    return {"data": {"type": "notebooks", "attributes": attributes}}


class Notebook(dynamic.Resource, module="datadog", name="Notebook"):
    """A notebook. Its id is the notebook's."""

    def __init__(self, name: str, attributes: Mapping[str, Json], opts: Any = None) -> None:
        super().__init__(NotebookObject(), name, cast("dict[str, Any]", dict(attributes)), opts)
