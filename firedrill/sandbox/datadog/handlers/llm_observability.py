"""Custom evaluators and projects of LLM Observability: https://docs.datadoghq.com/llm_observability/evaluations/ .

Evaluators are stored but not run: no model judges anything.
"""

import copy
import uuid

from firedrill.sandbox.datadog.account import iso
from firedrill.sandbox.datadog.http.handler import NO_CONTENT, ApiResponse, Call, serves
from firedrill.sandbox.datadog.http.response_parts import generic_error
from firedrill.sandbox.datadog.store import Body

EVALUATORS, PROJECTS = "llm_evaluators", "llm_projects"


def find(call: Call) -> Body:
    """Return the evaluator of the path. Raises :class:`ApiError` 404."""
    evaluator = call.get(EVALUATORS, call.path["eval_name"])
    if evaluator is None:
        raise generic_error(404, f"evaluator {call.path['eval_name']} not found")
    return evaluator


@serves("v2.update_llm_obs_custom_eval_config")
def upsert(call: Call) -> ApiResponse:
    """Create or replace an evaluator."""
    name, requested = call.path["eval_name"], copy.deepcopy(call.body["data"]["attributes"])
    if requested.setdefault("eval_name", name) != name:
        raise generic_error(400, f"eval_name {requested['eval_name']!r} is not the name of the path, {name!r}")
    percentage = requested["target"].get("sampling_percentage")
    if percentage is not None and not 0 <= percentage <= 100:
        raise generic_error(400, "target.sampling_percentage must be between 0 and 100")
    old, me = call.get(EVALUATORS, name), {"email": call.me["attributes"]["email"]}
    authorship = {key: old["attributes"][key] for key in ("created_at", "created_by")} if old else None
    attributes = {
        **requested,
        **(authorship or {"created_at": iso(call.now), "created_by": me}),
        "updated_at": iso(call.now),
        "last_updated_by": me,
    }
    call.put(EVALUATORS, name, {"id": name, "type": "evaluator_config", "attributes": attributes})
    return ApiResponse(None)


@serves("v2.get_llm_obs_custom_eval_config")
def get(call: Call) -> ApiResponse:
    """Return one evaluator."""
    return ApiResponse({"data": find(call)})


@serves("v2.list_llm_obs_custom_eval_configs")
def list_evaluators(call: Call) -> ApiResponse:
    """Return all evaluators."""
    return ApiResponse({"data": call.list(EVALUATORS)})


@serves("v2.delete_llm_obs_custom_eval_config")
def delete(call: Call) -> ApiResponse:
    """Delete an evaluator."""
    call.delete(EVALUATORS, find(call)["id"])
    return NO_CONTENT


@serves("v2.create_llm_obs_project")
def create_project(call: Call) -> ApiResponse:
    """Create a project; return the existing one when the name is taken."""
    requested = call.body["data"]["attributes"]
    for project in call.list(PROJECTS):
        if project["attributes"]["name"] == requested["name"]:
            return ApiResponse({"data": project})
    now = iso(call.now)
    attributes = {
        "name": requested["name"],
        "description": requested.get("description"),
        "created_at": now,
        "updated_at": now,
    }
    body: Body = {"id": str(uuid.uuid4()), "type": "projects", "attributes": attributes}
    call.put(PROJECTS, body["id"], body)
    return ApiResponse({"data": body})


@serves("v2.list_llm_obs_projects")
def list_projects(call: Call) -> ApiResponse:
    """Return projects by ``filter[id]`` and ``filter[name]``."""
    identifier, name = call.query.get("filter[id]"), call.query.get("filter[name]")
    projects = [
        project
        for project in call.list(PROJECTS)
        if identifier in (None, project["id"]) and name in (None, project["attributes"]["name"])
    ]
    return ApiResponse({"data": projects})


@serves("v2.update_llm_obs_project")
def update_project(call: Call) -> ApiResponse:
    """Change name or description of a project."""
    project = call.get(PROJECTS, call.path["project_id"])
    if project is None:
        raise generic_error(404, f"project {call.path['project_id']} not found")
    attributes = call.body["data"].get("attributes") or {}
    project["attributes"] |= {key: attributes[key] for key in ("name", "description") if key in attributes}
    project["attributes"]["updated_at"] = iso(call.now)
    call.put(PROJECTS, project["id"], project)
    return ApiResponse({"data": project})


@serves("v2.delete_llm_obs_projects")
def delete_projects(call: Call) -> ApiResponse:
    """Delete projects; unknown ids are ignored."""
    for identifier in call.body["data"]["attributes"]["project_ids"]:
        call.delete(PROJECTS, identifier)
    return NO_CONTENT
