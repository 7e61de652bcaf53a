"""The chat page: a strict policy that names the intake, the settings of RUM, and the files of the build."""

import json
import re

import pytest
from flask.testing import FlaskClient

from service.settings import read_environment
from tests.unit.service.conftest import Create

RUM = {"RUM_APPLICATION_ID": "0c5f6f5e-3d0a-4b7e-9a55-2f3f8e7f1a11", "RUM_CLIENT_TOKEN": "pub1"}


def test_the_policy_is_strict_and_names_the_intake(create: Create) -> None:
    client = create(DD_API_URL="").test_client()
    page, config = client.get("/"), client.get("/config.js")
    for response in (page, config):
        text = response.headers["Content-Security-Policy"]
        policy = dict(part.strip().split(" ", 1) for part in text.split(";"))
        assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
        assert policy["connect-src"] == "'self' https://browser-intake-datadoghq.com"
        assert "unsafe" not in text
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert '"rum": null' in config.text


def test_each_file_that_the_page_names_is_served(client: FlaskClient) -> None:
    names = re.findall(r'(?:src|href)="([^"]+)"', client.get("/").text)
    assert {"config.js", "static/theater/icon.svg"} < set(names)
    for name in names:
        response = client.get(f"/{name}")
        assert response.status_code == 200, name
        response.close()


def test_the_page_gets_its_rum_application(create: Create) -> None:
    script = create(**RUM, RUM_REPLAY_PERCENT="5").test_client().get("/config.js").text
    rum = json.loads(script.removeprefix("window.CONFIG = ").rstrip(";\n"))["rum"]
    assert (rum["applicationId"], rum["clientToken"]) == (RUM["RUM_APPLICATION_ID"], "pub1")
    assert (rum["service"], rum["env"], rum["version"]) == ("llm-web", "test", "1.2.3")
    assert rum["sessionReplaySampleRate"] == 5


def test_no_secret_is_in_what_browsers_get(create: Create) -> None:
    client = create(**RUM).test_client()
    for path in ("/", "/config.js"):
        assert not re.search("an-operators-token|a-readers-token|an-api-key|an-app-key", client.get(path).text)


@pytest.mark.parametrize(
    ("site", "host"),
    [
        ("datadoghq.com", "browser-intake-datadoghq.com"),
        ("datadoghq.eu", "browser-intake-datadoghq.eu"),
        ("us5.datadoghq.com", "browser-intake-us5-datadoghq.com"),
        ("ap1.datadoghq.com", "browser-intake-ap1-datadoghq.com"),
    ],
)
def test_each_site_has_its_intake(site: str, host: str) -> None:
    assert read_environment({"DD_SITE": site}).browser_intake == f"https://{host}"
