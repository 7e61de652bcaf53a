"""Teams."""

from starlette.testclient import TestClient


def test_deleting_a_team_deletes_its_memberships(api: TestClient) -> None:
    body = {"data": {"type": "team", "attributes": {"name": "LLM", "handle": "llm"}}}
    team = api.post("/api/v2/team", json=body).json()["data"]["id"]
    assert api.post("/api/v2/team", json=body).status_code == 409
    user = api.get("/api/v2/users").json()["data"][0]["id"]
    member = {"type": "team_memberships", "relationships": {"user": {"data": {"type": "users", "id": user}}}}
    assert api.post(f"/api/v2/team/{team}/memberships", json={"data": member}).status_code == 200
    assert api.get(f"/api/v2/team/{team}").json()["data"]["attributes"]["user_count"] == 1
    assert api.delete(f"/api/v2/team/{team}").status_code == 204
    assert api.get(f"/api/v2/team/{team}/memberships").status_code == 404


def test_the_summary_of_a_team_comes_from_its_description(api: TestClient) -> None:
    def summary(handle: str, **members: str) -> str | None:
        body = {"data": {"type": "team", "attributes": {"name": handle, "handle": handle, **members}}}
        text: str | None = api.post("/api/v2/team", json=body).json()["data"]["attributes"]["summary"]
        return text

    assert summary("a", description="Runs the model") == "Runs the model"
    assert summary("b", description="Runs the model", summary="LLM") == "LLM"
    assert summary("c") is None


def test_a_derived_summary_follows_the_description(api: TestClient) -> None:
    """By the recording TestAccTeamBasic."""
    body = {"data": {"type": "team", "attributes": {"name": "LLM", "handle": "llm", "description": "Old"}}}
    team = api.post("/api/v2/team", json=body).json()["data"]["id"]
    body["data"]["attributes"] = {"name": "LLM", "handle": "llm", "description": "New"}
    assert api.patch(f"/api/v2/team/{team}", json=body).json()["data"]["attributes"]["summary"] == "New"


def test_members_are_paged_by_number_or_by_offset(api: TestClient) -> None:
    """By the recordings TestAccTeamMembershipBasic and, without a page, the API client's test of memberships."""
    body = {"data": {"type": "team", "attributes": {"name": "LLM", "handle": "llm"}}}
    team = api.post("/api/v2/team", json=body).json()["data"]["id"]
    by_number = api.get(f"/api/v2/team/{team}/memberships", params={"page[number]": 0, "page[size]": 100}).json()
    assert by_number["meta"]["pagination"]["type"] == "number_size"
    assert api.get(f"/api/v2/team/{team}/memberships").json()["meta"]["pagination"]["type"] == "offset_limit"
