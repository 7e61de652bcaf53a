"""Evaluators and projects of LLM Observability as the API keeps them."""

from starlette.testclient import TestClient

AT = "/api/unstable/llm-obs/config/evaluators/custom"
TARGET = {"application_name": "llm-api", "enabled": True}


def test_an_evaluator_is_stored_under_its_name(api: TestClient) -> None:
    body = {"data": {"type": "evaluator_config", "attributes": {"target": TARGET}}}
    assert api.put(f"{AT}/tone", json=body).status_code == 200
    evaluator = api.get(f"{AT}/tone").json()["data"]
    assert (evaluator["id"], evaluator["attributes"]["eval_name"], evaluator["attributes"]["target"]) == (
        "tone",
        "tone",
        TARGET,
    )
    body["data"]["attributes"] = {"target": {**TARGET, "enabled": False}}
    api.put(f"{AT}/tone", json=body)
    again = api.get(f"{AT}/tone").json()["data"]["attributes"]
    assert again["created_at"] == evaluator["attributes"]["created_at"] and not again["target"]["enabled"]
    assert [listed["id"] for listed in api.get(AT).json()["data"]] == ["tone"]
    assert api.delete(f"{AT}/tone").status_code == 204
    assert api.get(f"{AT}/tone").status_code == 404


def test_an_invalid_evaluator_is_refused(api: TestClient) -> None:
    for attributes in (
        {},
        {"target": {"enabled": True}},
        {"target": {**TARGET, "sampling_percentage": 101}},
        {"target": TARGET, "eval_name": "another"},
        {"target": TARGET, "llm_provider": {"integration_provider": "a-friend"}},
    ):
        body = {"data": {"type": "evaluator_config", "attributes": attributes}}
        assert api.put(f"{AT}/tone", json=body).status_code == 400, attributes


def test_a_project_exists_once_under_its_name(api: TestClient) -> None:
    projects = "/api/v2/llm-obs/v1/projects"
    body = {"data": {"type": "projects", "attributes": {"name": "experiments"}}}
    first, second = (api.post(projects, json=body).json()["data"]["id"] for _ in range(2))
    assert first == second
    change = {"data": {"type": "projects", "attributes": {"description": "why"}}}
    assert api.patch(f"{projects}/{first}", json=change).json()["data"]["attributes"]["description"] == "why"
    assert api.get(projects, params={"filter[name]": "other"}).json()["data"] == []
    deletion = {"data": {"type": "projects", "attributes": {"project_ids": [first]}}}
    assert api.post(f"{projects}/delete", json=deletion).status_code == 204
    assert api.get(projects, params={"filter[id]": first}).json()["data"] == []
    assert api.patch(f"{projects}/{first}", json=change).status_code == 404
