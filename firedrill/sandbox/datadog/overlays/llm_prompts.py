"""Prompts of LLM Observability and their versions: https://docs.datadoghq.com/api/latest/agent-observability/ ."""

import copy
import uuid
from typing import Any

from firedrill.sandbox.datadog.forms import generic, typed, zulu
from firedrill.sandbox.datadog.serving import Answer, ApiError, Call, serves
from firedrill.sandbox.datadog.store import Body

PROMPTS = "llm_prompts"
DELETED = "deleted_llm_prompts"
NO_PROMPT = "prompt template not found"


def check_template(template: Any) -> None:
    """Raise :class:`ApiError` 400 for a template without a text."""
    texts = [one.get("content") for one in template] if isinstance(template, list) else [template]
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise generic(400, "invalid prompt template")


def find(call: Call, error: ApiError) -> Body:
    """The prompt of the path; raises ``error`` when it is not there."""
    found = call.get(PROMPTS, call.path["prompt_id"])
    if found is None:
        raise error
    return found


def shown(body: Body) -> Body:
    """A prompt as it is answered."""
    versions = body["versions"]
    attributes = {
        **body["attributes"],
        "last_version_created_at": versions[-1]["version_created_at"],
        "num_versions": len(versions),
    }
    return {"id": body["id"], "type": "prompt-templates", "attributes": attributes}


def version(body: Body, one: Body) -> Body:
    """A version as it is answered."""
    attributes = {key: value for key, value in one.items() if key != "id"}
    attributes |= {"prompt_id": body["attributes"]["prompt_id"], "prompt_uuid": body["id"]}
    return {"id": one["id"], "type": "prompt-template-versions", "attributes": attributes}


def new_version(call: Call, number: int) -> Body:
    """A version from a body. Raises :class:`ApiError` 400."""
    given = copy.deepcopy(call.body["data"]["attributes"])
    check_template(given.get("template"))
    kept = {key: given[key] for key in ("template", "description", "labels", "chat_template") if key in given}
    moment = {"created_at": zulu(call), "version_created_at": zulu(call)}
    return {"id": str(uuid.uuid4()), "author": call.me["id"], "version": number, **moment, **kept}


@serves("v2.create_llm_obs_prompt")
def create(call: Call) -> Answer:
    """Create a prompt with its first version."""
    given = call.body["data"]["attributes"]
    first = new_version(call, 1)
    if call.get(PROMPTS, given["prompt_id"]) is not None:
        raise generic(409, f"prompt with id '{given['prompt_id']}' already exists")
    attributes = {
        "author": call.me["id"],
        "created_at": zulu(call),
        "created_from": "sdk-registry",
        "in_registry": True,
        "prompt_id": given["prompt_id"],
        "source": "registry",
        **{key: given[key] for key in ("title", "description") if given.get(key)},
    }
    body = {"id": str(uuid.uuid4()), "attributes": attributes, "versions": [first]}
    call.put(PROMPTS, given["prompt_id"], body)
    return Answer({"data": shown(body)})


@serves("v2.list_llm_obs_prompts")
def list_prompts(call: Call) -> Answer:
    """Prompts, by ``filter[prompt_id]``."""
    wanted = call.query.get("filter[prompt_id]")
    found = [shown(one) for one in call.list(PROMPTS) if wanted in (None, one["attributes"]["prompt_id"])]
    return Answer({"data": found})


@serves("v2.get_llm_obs_prompt")
def get(call: Call) -> Answer:
    """One prompt with the template of its latest version."""
    body = find(call, generic(404, f"prompt with id '{call.path['prompt_id']}' not found"))
    latest = body["versions"][-1]
    found = shown(body)
    found["attributes"] |= {"template": latest["template"], "version": latest["version"]}
    return Answer({"data": found})


@serves("v2.update_llm_obs_prompt")
def update(call: Call) -> Answer:
    """Change title or description."""
    given = call.body["data"].get("attributes") or {}
    changed = {key: given[key] for key in ("title", "description") if key in given}
    if not changed:
        raise generic(400, "at least one of title or description must be provided")
    body = find(call, generic(404, NO_PROMPT))
    body["attributes"] |= changed
    call.put(PROMPTS, body["attributes"]["prompt_id"], body)
    return Answer({"data": shown(body)})


@serves("v2.delete_llm_obs_prompt")
def delete(call: Call) -> Answer:
    """Delete a prompt with its versions; what was deleted can be deleted again."""
    identifier = call.path["prompt_id"]
    gone = call.get(DELETED, identifier)
    if gone is None or call.get(PROMPTS, identifier) is not None:
        body = find(call, generic(404, NO_PROMPT))
        attributes = {"deleted_at": zulu(call), "prompt_id": identifier}
        gone = {"id": body["id"], "type": "prompt-templates", "attributes": attributes}
        call.delete(PROMPTS, identifier)
        call.put(DELETED, identifier, gone)
    return Answer({"data": gone})


@serves("v2.create_llm_obs_prompt_version")
def add_version(call: Call) -> Answer:
    """Add a version."""
    body = find(call, generic(404, NO_PROMPT))
    made = new_version(call, body["versions"][-1]["version"] + 1)
    body["versions"].append(made)
    call.put(PROMPTS, body["attributes"]["prompt_id"], body)
    return Answer({"data": version(body, made)})


@serves("v2.list_llm_obs_prompt_versions")
def list_versions(call: Call) -> Answer:
    """The versions of a prompt, latest first."""
    body = find(call, generic(404, NO_PROMPT))
    return Answer({"data": [version(body, one) for one in body["versions"][::-1]]})


def find_version(call: Call) -> tuple[Body, Body]:
    """The prompt and version of the path. Raises :class:`ApiError` 404."""
    body = find(call, typed(404))
    for one in body["versions"]:
        if str(one["version"]) == call.path["version"]:
            return body, one
    raise typed(404)


@serves("v2.get_llm_obs_prompt_version")
def get_version(call: Call) -> Answer:
    """One version."""
    return Answer({"data": version(*find_version(call))})


@serves("v2.update_llm_obs_prompt_version")
def update_version(call: Call) -> Answer:
    """Change the description or labels of a version."""
    body, one = find_version(call)
    given = call.body["data"].get("attributes") or {}
    one |= {key: given[key] for key in ("description", "labels") if key in given}
    call.put(PROMPTS, body["attributes"]["prompt_id"], body)
    return Answer({"data": version(body, one)})
