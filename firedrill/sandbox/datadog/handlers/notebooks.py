"""Notebooks: https://docs.datadoghq.com/api/latest/notebooks/ ."""

import copy
import secrets

from firedrill.sandbox.datadog.account import iso
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiError, ApiResponse, Call, serves
from firedrill.sandbox.datadog.store import Body

NOTEBOOKS = "notebooks"
AUTHOR = ("name", "handle", "email", "icon", "title", "verified", "disabled", "status")


def cells_with_ids(requested: list[Body]) -> list[Body]:
    """Return cells with an id each."""
    return [{**copy.deepcopy(cell), "id": cell.get("id") or secrets.token_hex(4)} for cell in requested]


def notebook_body(call: Call, identifier: int, old: Body | None) -> Body:
    """Return a notebook from the request."""
    requested = call.body["data"]["attributes"]
    me = call.me["attributes"]
    metadata = {"is_favorite": False, "is_template": False, "type": None, "take_snapshots": False}
    attributes = {
        "name": requested["name"],
        "cells": cells_with_ids(requested["cells"]),
        "time": requested["time"],
        "metadata": {**metadata, **(requested.get("metadata") or {})},
        "template_variables": requested.get("template_variables") or [],
        "status": requested.get("status") or "published",
        "modified": iso(call.now),
        "created": old["attributes"]["created"] if old else iso(call.now),
        "author": {key: me[key] for key in AUTHOR},
    }
    return {"type": "notebooks", "id": identifier, "attributes": attributes}


def find(call: Call) -> Body:
    """Return the notebook of the path. Raises :class:`ApiError` 404."""
    notebook = call.get(NOTEBOOKS, call.path["notebook_id"])
    if notebook is None:
        raise ApiError(404, "Notebook does not exist")
    return notebook


@serves("v1.create_notebook")
def create(call: Call) -> ApiResponse:
    """Create a notebook."""
    body = notebook_body(call, call.number("notebooks", 2_000_001), None)
    call.put(NOTEBOOKS, str(body["id"]), body)
    return ApiResponse({"data": body})


@serves("v1.get_notebook")
def get(call: Call) -> ApiResponse:
    """Return one notebook."""
    return ApiResponse({"data": find(call)})


@serves("v1.list_notebooks")
def list_notebooks(call: Call) -> ApiResponse:
    """Return notebooks by ``query``, author and ``is_template``, paged by ``start`` and ``count``."""
    notebooks = call.list(NOTEBOOKS)
    words, author = call.query.get("query", "").lower(), call.query.get("author_handle")
    template = call.flag("is_template") if "is_template" in call.query else None
    matches = [
        notebook
        for notebook in notebooks
        if words in notebook["attributes"]["name"].lower()
        and author in (None, notebook["attributes"]["author"]["handle"])
        and template in (None, notebook["attributes"]["metadata"]["is_template"])
    ]
    if "include_cells" in call.query and not call.flag("include_cells"):
        matches = [{**notebook, "attributes": {**notebook["attributes"], "cells": []}} for notebook in matches]
    start, count = call.integer("start", 0, 0, 10**6), call.integer("count", 100, 1, 1000)
    page = {"total_filtered_count": len(matches), "total_count": len(notebooks)}
    return ApiResponse({"meta": {"page": page}, "data": matches[start : start + count]})


@serves("v1.update_notebook")
def update(call: Call) -> ApiResponse:
    """Replace a notebook."""
    old = find(call)
    body = notebook_body(call, old["id"], old)
    call.put(NOTEBOOKS, str(body["id"]), body)
    return ApiResponse({"data": body})


@serves("v1.delete_notebook")
def delete(call: Call) -> ApiResponse:
    """Delete a notebook."""
    call.delete(NOTEBOOKS, str(find(call)["id"]))
    return NO_CONTENT
