"""A declared service runs: environment, secrets, logs, probes, restarts, limits, rollouts."""

import contextlib
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx
import psutil
import pytest

from tests.integration.sandbox.google.sandbox import (
    ACCOUNT,
    APP,
    PROJECT,
    SERVICE,
    SERVICE_ID,
    Intake,
    Sandbox,
    wait_for,
)

SECRET = "gcp:secretmanager/secret:Secret"
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
GRANT = "gcp:secretmanager/secretIamMember:SecretIamMember"
KEY = f"projects/{PROJECT}/secrets/key"
ENVIRONMENT = [
    {"name": "DD_SERVICE", "value": "llm-api"},
    {"name": "DD_ENV", "value": "local"},
    {"name": "DD_LOGS_ENABLED", "value": "true"},
    {"name": "DD_API_KEY", "valueSource": {"secretKeyRef": {"secret": KEY, "version": "1"}}},
]


@pytest.fixture(scope="module")
def service(sandbox: Sandbox, intake: Intake) -> Iterator[Sandbox]:
    sandbox.create(SECRET, KEY, {"secretId": "key", "project": PROJECT})
    sandbox.create(VERSION, "", {"secret": KEY, "secretData": "s3cret-value"})
    grant = {"secretId": "key", "project": PROJECT, "role": "roles/secretmanager.secretAccessor"}
    sandbox.create(GRANT, "grant", grant | {"member": f"serviceAccount:{ACCOUNT}"})
    response = sandbox.deploy(
        envs=ENVIRONMENT,
        resources={"limits": {"memory": "400Mi", "cpu": "1"}},
        livenessProbe={"httpGet": {"path": "/health"}, "periodSeconds": 1, "failureThreshold": 2},
    )
    assert response["properties"]["uri"] == sandbox.settings.service_url
    assert response["properties"]["latestReadyRevision"].startswith(f"{SERVICE_ID}/revisions/llm-api-00001-")
    yield sandbox
    sandbox.write_service()


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def wait_for_restart(sandbox: Sandbox, victim: dict[str, Any]) -> None:
    def restarted() -> bool:
        now = sandbox.instances()[victim["number"]]
        return bool(now["ready"]) and now["pid"] != victim["pid"] and now["restarts"] == victim["restarts"] + 1

    wait_for(restarted, "the instance is restarted")


def test_both_declared_instances_run_and_share_the_requests(service: Sandbox) -> None:
    assert [instance["ready"] for instance in service.instances()] == [True, True]
    ports = {service.get("/version").json()["port"] for _ in range(4)}
    assert ports == {str(instance["port"]) for instance in service.instances()}
    assert "CPU limits and CPU throttling while idle are not emulated" in service.status()["limits"]


def test_an_instance_sees_the_declared_environment_and_what_the_platform_adds_and_no_more(service: Sandbox) -> None:
    seen = service.get("/environment").json()
    assert seen["DD_API_KEY"] == "s3cret-value"
    assert seen["GREETING"] == "hello there"
    assert seen["STORAGE_EMULATOR_HOST"] == service.settings.google_url
    # gunicorn and Python add variables of their own.
    assert seen.keys() - {"SERVER_SOFTWARE", "LC_CTYPE", "__CF_USER_TEXT_ENCODING"} == {
        "PATH", "HOME", "LANG", "PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "GREETING",
        "DD_SERVICE", "DD_ENV", "DD_LOGS_ENABLED", "DD_API_KEY", "DD_TRACE_AGENT_URL", "DD_DOGSTATSD_URL", "DD_API_URL",
        "GCE_METADATA_HOST", "GCE_METADATA_IP", "GOOGLE_VERTEX_BASE_URL", "STORAGE_EMULATOR_HOST",
        "GUNICORN_CMD_ARGS",
    }  # fmt: skip


def test_what_it_writes_is_shipped_to_datadog_and_kept(service: Sandbox, intake: Intake) -> None:
    line = json.dumps({"level": "INFO", "message": "chat ü"})
    service.http.post(f"{service.settings.service_url}/say", content=line.encode())
    entry = wait_for(lambda: [entry for entry in intake.entries() if entry["message"] == line], "the line arrives")[0]
    assert (entry["service"], entry["ddsource"]) == ("llm-api", "cloudrun")
    assert {"env:local", "service_name:llm-api", f"project_id:{PROJECT}"} <= set(entry["ddtags"].split(","))
    assert {key for _, key, _ in intake.received} == {"s3cret-value"}
    revision = service.status()["services"][0]["revisions"][0]["name"]
    kept = [path.read_text() for path in (service.settings.home / "revisions" / revision).glob("instance-*.log")]
    assert any(line in text for text in kept)


def test_the_same_create_again_changes_nothing_and_another_one_is_refused(service: Sandbox) -> None:
    before = service.instances()
    properties = service.resource("GET", SERVICE, SERVICE_ID).json()["properties"]
    assert service.resource("POST", SERVICE, SERVICE_ID, properties).status_code == 200
    assert service.resource("POST", SERVICE, SERVICE_ID, properties | {"ingress": "x"}).status_code == 409
    assert [instance["pid"] for instance in service.instances()] == [instance["pid"] for instance in before]


def test_an_instance_that_dies_is_restarted(service: Sandbox) -> None:
    victim, other = service.instances()
    with contextlib.suppress(httpx.TransportError):
        httpx.post(f"http://127.0.0.1:{victim['port']}/die", timeout=5)
    wait_for(lambda: not service.instances()[0]["ready"], "the dead instance gets no more requests")
    assert {service.get("/version").json()["port"] for _ in range(4)} == {str(other["port"])}
    wait_for_restart(service, victim)
    assert service.instances()[1]["pid"] == other["pid"]


def test_nobody_is_served_while_no_instance_is_ready(service: Sandbox) -> None:
    victims = service.instances()
    for victim in victims:
        os.kill(victim["pid"], signal.SIGKILL)
    wait_for(lambda: service.get("/health").status_code == 503, "nobody is served")
    for victim in victims:
        wait_for_restart(service, victim)


def test_an_instance_that_fails_its_liveness_probe_is_restarted(service: Sandbox) -> None:
    victim = service.instances()[1]
    httpx.post(f"http://127.0.0.1:{victim['port']}/sicken")
    wait_for_restart(service, victim)
    assert httpx.get(f"http://127.0.0.1:{service.instances()[1]['port']}/health").status_code == 200


def test_the_metadata_server_says_whose_instance_it_is(service: Sandbox) -> None:
    url = f"{service.settings.google_url}/computeMetadata/v1/instance/service-accounts/default/email"
    assert service.http.get(url, headers={"Metadata-Flavor": "Google"}).text == ACCOUNT


def test_an_instance_over_its_memory_limit_is_killed_and_restarted(service: Sandbox) -> None:
    victim = service.instances()[0]
    httpx.post(f"http://127.0.0.1:{victim['port']}/leak?bytes=400000000", timeout=30)
    wait_for_restart(service, victim)
    log = (service.settings.logs / "google.log").read_text()
    assert "Memory limit of 400 MiB exceeded with" in log


def test_a_revision_that_never_gets_ready_fails_the_update_and_the_old_one_serves_on(service: Sandbox) -> None:
    before = service.resource("GET", SERVICE, SERVICE_ID).json()["properties"]
    broken = "import os\nraise ValueError(f'no model is configured; my key is {os.environ[\"DD_API_KEY\"]}')\n"
    template = service.template(service.write_service(broken), envs=ENVIRONMENT)
    failed = service.resource("PUT", SERVICE, SERVICE_ID, before | {"template": template})
    message = failed.json()["error"]["message"]
    assert failed.status_code == 400
    assert "is not ready and cannot serve traffic" in message
    assert "no model is configured; my key is ***" in message
    assert service.get("/version").json()["version"] == "one"
    assert service.resource("GET", SERVICE, SERVICE_ID).json()["properties"] == before
    assert len(service.instances()) == 2


def test_a_new_revision_takes_over_without_a_failed_request(service: Sandbox) -> None:
    before = service.resource("GET", SERVICE, SERVICE_ID).json()["properties"]
    old = [instance["pid"] for instance in service.instances()]
    template = service.template(service.write_service(APP.replace('"one"', '"two"')), envs=ENVIRONMENT)
    switched = Event()

    def call_all_the_time() -> Counter[tuple[int, str]]:
        seen: Counter[tuple[int, str]] = Counter()
        while not switched.is_set():
            answer = service.get("/version")
            seen[answer.status_code, answer.json()["version"]] += 1
        return seen

    with ThreadPoolExecutor() as pool:
        calling = pool.submit(call_all_the_time)
        slow = pool.submit(service.get, "/slow?seconds=5")
        wait_for(lambda: calling.running() and slow.running(), "requests are on their way")
        updated = service.resource("PUT", SERVICE, SERVICE_ID, before | {"template": template})
        assert updated.status_code == 200, updated.text
        # The old revision's request is let go on to its end.
        assert not slow.done()
        assert slow.result().status_code == 200
        switched.set()
    assert {status for status, _ in calling.result()} == {200}
    assert {version for _, version in calling.result()} == {"one", "two"}
    assert updated.json()["properties"]["generation"] == "2"
    assert {service.get("/version").json()["version"] for _ in range(10)} == {"two"}
    wait_for(lambda: not any(map(alive, old)), "the old revision stops")
    again = service.resource("PUT", SERVICE, SERVICE_ID, updated.json()["properties"] | {"labels": {"team": "llm"}})
    changed = again.json()["properties"]
    assert changed["latestReadyRevision"] == updated.json()["properties"]["latestReadyRevision"]


def test_traffic_is_split_as_declared_and_a_tag_reaches_its_revision(service: Sandbox) -> None:
    now = service.resource("GET", SERVICE, SERVICE_ID).json()["properties"]
    new = now["latestReadyRevision"].rsplit("/", 1)[-1]
    template = now["template"] | {"revision": "llm-api-three"}
    template |= {"containers": service.template(service.write_service(APP.replace('"one"', '"three"')))["containers"]}
    kind = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
    split = [
        {"type": kind, "revision": new, "percent": 90},
        {"type": kind, "revision": "llm-api-three", "percent": 10, "tag": "canary"},
    ]
    response = service.resource("PUT", SERVICE, SERVICE_ID, now | {"template": template, "traffics": split})
    assert response.status_code == 200, response.text
    assert response.json()["properties"]["trafficStatuses"][1]["uri"].startswith("http://canary---llm-api.localhost:")
    seen = [service.get("/version").json()["version"] for _ in range(20)]
    assert (seen.count("two"), seen.count("three")) == (18, 2)
    tagged = [{"host": f"canary---llm-api.localhost:{service.settings.port}"}, {"x-firedrill-tag": "canary"}]
    assert [service.get("/version", headers=headers).json()["version"] for headers in tagged] == ["three", "three"]
    assert service.get("/version", headers={"x-firedrill-tag": "absent"}).status_code == 404
    wrong = service.resource("PUT", SERVICE, SERVICE_ID, now | {"traffics": split[:1]})
    assert "percents must add to 100, these add to 90" in wrong.text
    wrong = service.resource("PUT", SERVICE, SERVICE_ID, now | {"traffics": [{"type": "LATESTX", "percent": 100}]})
    assert (wrong.status_code, "type LATESTX is neither" in wrong.text) == (400, True)


def test_a_killed_google_process_leaves_no_orphans_after_the_next_start(service: Sandbox) -> None:
    old = [instance["pid"] for instance in service.instances()]
    workers = [child.pid for pid in old for child in psutil.Process(pid).children()]
    service.signal(signal.SIGKILL)
    service.start()
    assert not any(map(alive, [*old, *workers]))
    # It answers that it is healthy only when what ran before runs again.
    assert [instance["ready"] for instance in service.instances()] == [True] * 4
    assert service.get("/version").status_code == 200


def test_the_end_takes_every_instance_along_in_time_even_those_being_deployed(service: Sandbox) -> None:
    pids = [instance["pid"] for instance in service.instances()]
    slow = "import os, time\nprint('child', os.getpid(), flush=True)\ntime.sleep(600)\n"
    before = service.resource("GET", SERVICE, SERVICE_ID).json()["properties"]
    template = service.template(service.write_service(slow), envs=ENVIRONMENT)
    new = before | {"template": template, "traffics": []}
    with ThreadPoolExecutor() as pool:
        deploying = pool.submit(service.resource, "PUT", SERVICE, SERVICE_ID, new)
        logs = service.settings.home / "revisions"
        lines = wait_for(
            lambda: [line for path in logs.glob("llm-api-0000*/*.log") for line in path.read_text().splitlines()
                     if line.startswith("child")],
            "the new revision's processes start",
        )  # fmt: skip
        began = time.monotonic()
        assert service.signal() == 0
        assert time.monotonic() - began < 10
        failed = deploying.exception() or deploying.result().status_code >= 500
        assert failed
    assert not any(map(alive, [*pids, *(int(line.split()[1]) for line in lines)]))
    service.start()
    assert service.resource("GET", SERVICE, SERVICE_ID).json()["properties"] == before
    deleted = service.resource("DELETE", SERVICE, SERVICE_ID)
    assert (deleted.status_code, service.status()["services"]) == (204, [])
    assert service.get("/health").status_code == 404
    assert list((service.settings.home / "images").iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": "llm-api:latest"}, "is not named by its digest"),
        ({"image": f"llm-api@sha256:{'0' * 64}"}, "the sandbox has no snapshot of it"),
        ({"envs": [{"name": "PORT", "value": "1"}]}, "reserved env names"),
        ({"resources": {"limits": {"memory": "lots"}}}, "no quantity such as 512Mi"),
        (
            {"envs": [{"name": "K", "valueSource": {"secretKeyRef": {"secret": "other"}}}]},
            "Permission denied on secret",
        ),
        ({"args": ["no-such-program"]}, "no-such-program"),
    ],
)
def test_what_cannot_run_is_refused_with_the_reason(service: Sandbox, change: dict[str, object], message: str) -> None:
    template = service.template(service.write_service(), **change)
    name = SERVICE_ID.replace("llm-api", "wrong")
    refused = service.resource("POST", SERVICE, name, {"name": "wrong", "template": template})
    assert refused.status_code in (400, 403, 404)
    assert message in refused.json()["error"]["message"]
    assert service.resource("GET", SERVICE, name).status_code == 404
