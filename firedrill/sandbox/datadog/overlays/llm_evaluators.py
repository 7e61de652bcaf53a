"""Custom evaluators and projects of LLM Observability: https://docs.datadoghq.com/llm_observability/evaluations/ .

Evaluators are kept, not run: no judge is asked.
"""

import copy
import uuid

from firedrill.sandbox.datadog.account import iso
from firedrill.sandbox.datadog.forms import generic
from firedrill.sandbox.datadog.serving import NO_CONTENT, Answer, Call, serves
from firedrill.sandbox.datadog.store import Body

EVALUATORS, PROJECTS = "llm_evaluators", "llm_projects"


def find(call: Call) -> Body:
    """The evaluator of the path. Raises :class:`ApiError` 404."""
    found = call.get(EVALUATORS, call.path["eval_name"])
    if found is None:
        raise generic(404, f"evaluator {call.path['eval_name']} not found")
    return found


@serves("v2.update_llm_obs_custom_eval_config")
def put(call: Call) -> Answer:
    """Create an evaluator or replace it."""
    name, given = call.path["eval_name"], copy.deepcopy(call.body["data"]["attributes"])
    if given.setdefault("eval_name", name) != name:
        raise generic(400, f"eval_name {given['eval_name']!r} is not the name of the path, {name!r}")
    percentage = given["target"].get("sampling_percentage")
    if percentage is not None and not 0 <= percentage <= 100:
        raise generic(400, "target.sampling_percentage must be between 0 and 100")
    old, me = call.get(EVALUATORS, name), {"email": call.me["attributes"]["email"]}
    made = {key: old["attributes"][key] for key in ("created_at", "created_by")} if old else None
    attributes = {
        **given,
        **(made or {"created_at": iso(call.now), "created_by": me}),
        "updated_at": iso(call.now),
        "last_updated_by": me,
    }
    call.put(EVALUATORS, name, {"id": name, "type": "evaluator_config", "attributes": attributes})
    return Answer(None)


@serves("v2.get_llm_obs_custom_eval_config")
def get(call: Call) -> Answer:
    """One evaluator."""
    return Answer({"data": find(call)})


@serves("v2.list_llm_obs_custom_eval_configs")
def list_evaluators(call: Call) -> Answer:
    """All evaluators."""
    return Answer({"data": call.list(EVALUATORS)})


@serves("v2.delete_llm_obs_custom_eval_config")
def delete(call: Call) -> Answer:
    """Delete an evaluator."""
    call.delete(EVALUATORS, find(call)["id"])
    return NO_CONTENT


@serves("v2.create_llm_obs_project")
def create_project(call: Call) -> Answer:
    """Create a project; one that has the name already is answered as it is."""
    given = call.body["data"]["attributes"]
    for one in call.list(PROJECTS):
        if one["attributes"]["name"] == given["name"]:
            return Answer({"data": one})
    now = iso(call.now)
    attributes = {"name": given["name"], "description": given.get("description"), "created_at": now, "updated_at": now}
    body: Body = {"id": str(uuid.uuid4()), "type": "projects", "attributes": attributes}
    call.put(PROJECTS, body["id"], body)
    return Answer({"data": body})


@serves("v2.list_llm_obs_projects")
def list_projects(call: Call) -> Answer:
    """Projects by ``filter[id]`` and ``filter[name]``."""
    identifier, name = call.query.get("filter[id]"), call.query.get("filter[name]")
    found = [
        one
        for one in call.list(PROJECTS)
        if identifier in (None, one["id"]) and name in (None, one["attributes"]["name"])
    ]
    return Answer({"data": found})


@serves("v2.update_llm_obs_project")
def update_project(call: Call) -> Answer:
    """Rename a project, or describe it."""
    found = call.get(PROJECTS, call.path["project_id"])
    if found is None:
        raise generic(404, f"project {call.path['project_id']} not found")
    given = call.body["data"].get("attributes") or {}
    found["attributes"] |= {key: given[key] for key in ("name", "description") if key in given}
    found["attributes"]["updated_at"] = iso(call.now)
    call.put(PROJECTS, found["id"], found)
    return Answer({"data": found})


@serves("v2.delete_llm_obs_projects")
def delete_projects(call: Call) -> Answer:
    """Delete projects; those that are not there are passed over."""
    for identifier in call.body["data"]["attributes"]["project_ids"]:
        call.delete(PROJECTS, identifier)
    return NO_CONTENT
