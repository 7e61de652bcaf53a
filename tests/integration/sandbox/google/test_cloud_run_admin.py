"""Cloud Run's Admin API: what a rollback reads and changes, and its permissions."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from firedrill.settings import ACCOUNT_TOKEN
from tests.integration.sandbox.google.sandbox import APP, INVOKER, PROJECT, SERVICE, SERVICE_ID, Sandbox, make, wait_for

JOB = "gcp:cloudrunv2/job:Job"
JOB_INVOKER = "gcp:cloudrunv2/jobIamMember:JobIamMember"
ROBOT = f"back@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Provide a service with two revisions, the second of which serves."""
    sandbox = make(Path(tmp_path_factory.mktemp("admin")))
    sandbox.start()
    first = sandbox.deploy()["properties"]
    template = sandbox.template(sandbox.write_service(APP.replace('VERSION = "one"', 'VERSION = "two"')))
    answer = sandbox.resource("PUT", SERVICE, SERVICE_ID, first | {"template": template})
    assert answer.status_code == 200, answer.text
    yield sandbox
    sandbox.signal()


def ask(sandbox: Sandbox, method: str, path: str, email: str = ROBOT, **options: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {ACCOUNT_TOKEN}{email}"}
    return sandbox.http.request(method, f"{sandbox.settings.google_url}{path}", headers=headers, **options)  # type: ignore[arg-type]  # httpx's own options


REVISIONS = f"/v2/{SERVICE_ID}/revisions?pageSize=2"


def test_traffic_goes_back_a_revision_for_an_account_that_may_and_the_change_is_drift(deployed: Sandbox) -> None:
    refused = ask(deployed, "GET", REVISIONS)
    assert refused.status_code == 403 and "run.revisions.list" in refused.json()["error"]["message"]
    grant = {"name": "llm-api", "role": "roles/run.developer", "member": f"serviceAccount:{ROBOT}"}
    deployed.create(INVOKER, "robot", grant)
    newest, before = [
        revision["name"].rpartition("/")[2] for revision in ask(deployed, "GET", REVISIONS).json()["revisions"]
    ]
    assert deployed.get("/version").json()["version"] == "two"

    traffic = [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": before, "percent": 100}]
    changed = ask(deployed, "PATCH", f"/v2/{SERVICE_ID}?updateMask=traffic", json={"traffic": traffic})
    assert changed.status_code == 200, changed.text
    assert changed.json()["done"] and changed.json()["response"]["traffic"] == traffic
    assert deployed.get("/version").json()["version"] == "one"
    stored = deployed.resource("GET", SERVICE, SERVICE_ID).json()["properties"]
    assert stored["traffics"] == traffic
    assert stored["latestReadyRevision"].endswith(newest)
    assert ask(deployed, "GET", f"/v2/{SERVICE_ID}").json()["traffic"] == traffic


def test_annotations_are_replaced_beside_the_traffic_and_revisions_come_in_pages(deployed: Sandbox) -> None:
    url = f"{deployed.settings.google_url}/v2/{SERVICE_ID}"
    before = deployed.http.get(url).json()
    for annotations in ({"a/b": "one", "c/d": "x"}, {"a/b": "two"}):
        body = {"traffic": before["traffic"], "annotations": annotations}
        changed = deployed.http.patch(f"{url}?updateMask=traffic,annotations", json=body)
        assert changed.status_code == 200, changed.text
        assert deployed.http.get(url).json()["annotations"] == annotations
    unmasked = deployed.http.patch(f"{url}?updateMask=traffic", json={"traffic": before["traffic"], "annotations": {}})
    assert unmasked.json()["response"]["annotations"] == {"a/b": "two"}

    whole = [revision["name"] for revision in deployed.http.get(f"{url}/revisions").json()["revisions"]]
    first = deployed.http.get(f"{url}/revisions?pageSize=1").json()
    second = deployed.http.get(f"{url}/revisions?pageSize=1&pageToken={first['nextPageToken']}").json()
    assert [page["revisions"][0]["name"] for page in (first, second)] == whole and "nextPageToken" not in second


def test_what_a_roll_back_does_not_need_is_refused(deployed: Sandbox) -> None:
    path = f"/v2/{SERVICE_ID}"
    deployed.create(INVOKER, "viewer", {"name": "llm-api", "role": "roles/run.viewer", "member": "serviceAccount:v@x"})
    assert ask(deployed, "GET", path, "v@x").status_code == 200
    assert ask(deployed, "PATCH", f"{path}?updateMask=traffic", "v@x", json={"traffic": []}).status_code == 403
    url = f"{deployed.settings.google_url}{path}"  # without a token, as whoever runs the sandbox
    assert deployed.http.patch(f"{url}?updateMask=template", json={}).status_code == 501
    assert deployed.http.patch(f"{url}?updateMask=traffic", json={"traffic": []}).status_code == 400
    absent = [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": "llm-api-9", "percent": 100}]
    missing = deployed.http.patch(f"{url}?updateMask=traffic", json={"traffic": absent})
    assert missing.status_code == 404 and "llm-api-9" in missing.json()["error"]["message"]


JOB_ID = SERVICE_ID.replace("services/llm-api", "jobs/evaluate")


def test_a_job_runs_to_its_end_for_a_caller_that_may(deployed: Sandbox) -> None:
    reference = deployed.write_service(APP)
    container = {
        "image": reference,
        "args": ["python", "-c", "import os; print('graded', os.environ['CLOUD_RUN_JOB'])"],
    }
    template = {"template": {"containers": [container], "timeout": "60s", "serviceAccount": ROBOT}}
    deployed.create(JOB, JOB_ID, {"name": "evaluate", "template": template})
    run = f"/v2/{JOB_ID}:run"
    refused = ask(deployed, "POST", run)
    assert refused.status_code == 403 and "run.jobs.run" in refused.json()["error"]["message"]
    grant = {"name": "evaluate", "role": "roles/run.invoker", "member": f"serviceAccount:{ROBOT}"}
    deployed.create(JOB_INVOKER, "robot", grant)
    started = ask(deployed, "POST", run)
    assert started.status_code == 200, started.text
    name = started.json()["metadata"]["name"]

    def ended() -> dict[str, object] | None:
        executions = deployed.http.get(f"{deployed.settings.google_url}/v2/{JOB_ID}/executions").json()["executions"]
        [execution] = [execution for execution in executions if execution["name"] == name]
        return None if "runningCount" in execution else dict(execution)

    assert wait_for(ended, "the execution ends")["succeededCount"] == 1
    log = deployed.settings.home / "jobs" / name.rpartition("/")[2] / "log"
    assert log.read_text() == "graded evaluate\n"


def test_a_job_that_fails_says_so(deployed: Sandbox) -> None:
    reference = deployed.write_service(APP)
    template = {"template": {"containers": [{"image": reference, "args": ["python", "-c", "raise SystemExit(3)"]}]}}
    name = JOB_ID.replace("evaluate", "broken")
    deployed.create(JOB, name, {"name": "broken", "template": template})
    url = f"{deployed.settings.google_url}/v2/{name}"
    assert deployed.http.post(f"{url}:run").status_code == 200
    failed = wait_for(
        lambda: "failedCount" in deployed.http.get(f"{url}/executions").json()["executions"][0], "the execution fails"
    )
    assert failed
    assert deployed.http.post(f"{url}-absent:run").status_code == 404
