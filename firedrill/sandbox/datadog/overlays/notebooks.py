"""Notebooks: https://docs.datadoghq.com/api/latest/notebooks/ ."""

import copy
import secrets

from firedrill.sandbox.datadog.account import iso
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

NOTEBOOKS = "notebooks"
AUTHOR = ("name", "handle", "email", "icon", "title", "verified", "disabled", "status")


def cells(given: list[Body]) -> list[Body]:
    """Cells with ids."""
    return [{**copy.deepcopy(one), "id": one.get("id") or secrets.token_hex(4)} for one in given]


def notebook(call: Call, identifier: int, old: Body | None) -> Body:
    """A notebook from a body."""
    given = call.body["data"]["attributes"]
    me = call.me["attributes"]
    metadata = {"is_favorite": False, "is_template": False, "type": None, "take_snapshots": False}
    attributes = {
        "name": given["name"],
        "cells": cells(given["cells"]),
        "time": given["time"],
        "metadata": {**metadata, **(given.get("metadata") or {})},
        "template_variables": given.get("template_variables") or [],
        "status": given.get("status") or "published",
        "modified": iso(call.now),
        "created": old["attributes"]["created"] if old else iso(call.now),
        "author": {key: me[key] for key in AUTHOR},
    }
    return {"type": "notebooks", "id": identifier, "attributes": attributes}


def find(call: Call) -> Body:
    """The notebook of the path. Raises :class:`ApiError` 404."""
    found = call.get(NOTEBOOKS, call.path["notebook_id"])
    if found is None:
        raise ApiError(404, "Notebook does not exist")
    return found


@serves("v1.create_notebook")
def create(call: Call) -> Answer:
    """Create a notebook."""
    body = notebook(call, call.number("notebooks", 2_000_001), None)
    call.put(NOTEBOOKS, str(body["id"]), body)
    return Answer({"data": body})


@serves("v1.get_notebook")
def get(call: Call) -> Answer:
    """One notebook."""
    return Answer({"data": find(call)})


@serves("v1.list_notebooks")
def list_notebooks(call: Call) -> Answer:
    """Notebooks by ``query``, author and ``is_template``, paged by ``start`` and ``count``."""
    everything = call.list(NOTEBOOKS)
    words, author = call.query.get("query", "").lower(), call.query.get("author_handle")
    template = call.flag("is_template") if "is_template" in call.query else None
    found = [
        one
        for one in everything
        if words in one["attributes"]["name"].lower()
        and author in (None, one["attributes"]["author"]["handle"])
        and template in (None, one["attributes"]["metadata"]["is_template"])
    ]
    if "include_cells" in call.query and not call.flag("include_cells"):
        found = [{**one, "attributes": {**one["attributes"], "cells": []}} for one in found]
    start, count = call.integer("start", 0, 0, 10**6), call.integer("count", 100, 1, 1000)
    page = {"total_filtered_count": len(found), "total_count": len(everything)}
    return Answer({"meta": {"page": page}, "data": found[start : start + count]})


@serves("v1.update_notebook")
def update(call: Call) -> Answer:
    """Replace a notebook."""
    old = find(call)
    body = notebook(call, old["id"], old)
    call.put(NOTEBOOKS, str(body["id"]), body)
    return Answer({"data": body})


@serves("v1.delete_notebook")
def delete(call: Call) -> Answer:
    """Delete a notebook."""
    call.delete(NOTEBOOKS, str(find(call)["id"]))
    return NO_CONTENT
