"""Secret values are kept, readable with permission, and shown nowhere else."""

import base64

from tests.integration.sandbox.google.sandbox import PROJECT, Sandbox

SECRET = "gcp:secretmanager/secret:Secret"
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
NAME = f"projects/{PROJECT}/secrets/api-key"


def test_a_version_is_read_by_number_and_as_latest_and_its_value_is_in_no_other_answer(sandbox: Sandbox) -> None:
    sandbox.create(SECRET, NAME, {"secretId": "api-key", "project": PROJECT})
    created = [
        sandbox.create(VERSION, "", {"secret": NAME, "secretData": value}) for value in ("tell-none", "hush-hush")
    ]
    assert [answer["id"] for answer in created] == [f"{NAME}/versions/1", f"{NAME}/versions/2"]
    url = f"{sandbox.settings.google_url}/v1/{NAME}/versions"
    answers = [sandbox.http.get(f"{url}/{version}:access").json() for version in ("1", "latest")]
    assert [base64.b64decode(answer["payload"]["data"]) for answer in answers] == [b"tell-none", b"hush-hush"]
    assert answers[1]["name"] == f"{NAME}/versions/2"
    shown = [
        *map(str, created),
        sandbox.resource("GET", VERSION, f"{NAME}/versions/1").text,
        sandbox.http.get(url).text,
        sandbox.http.get(f"{sandbox.settings.google_url}/-/status").text,
        sandbox.http.get(f"{sandbox.settings.google_url}/-/resources").text,
        (sandbox.settings.logs / "google.log").read_text(),
    ]
    assert not [text for text in shown if "tell-none" in text or "hush-hush" in text]
    assert (sandbox.settings.home / "google.sqlite").stat().st_mode & 0o777 == 0o600

    sandbox.resource("PATCH", VERSION, f"{NAME}/versions/2", {"enabled": False})
    refused = sandbox.http.get(f"{url}/latest:access")
    assert (refused.status_code, refused.json()["error"]["status"]) == (400, "FAILED_PRECONDITION")
    sandbox.resource("DELETE", SECRET, NAME)
    assert sandbox.http.get(f"{url}/1:access").status_code == 404


def test_a_version_needs_its_secret(sandbox: Sandbox) -> None:
    name = f"projects/{PROJECT}/secrets/absent"
    refused = sandbox.resource("POST", VERSION, "", {"secret": name, "secretData": "x"})
    assert (refused.status_code, refused.json()["error"]["message"]) == (404, f"Secret [{name}] not found.")
