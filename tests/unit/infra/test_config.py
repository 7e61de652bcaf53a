"""A missing or wrong key of the configuration is an error of one line, with the key and the fix."""

import json
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra import config
from infra.gcp import images
from tests.unit.infra.conftest import record
from tests.unit.infra.recorder import KEEP, ROOT, Answers, configuration

ON_CALL = {"emails": ["a@example.com"], "timeZone": "Europe/Berlin", "rotationStart": "2026-01-05T08:00:00Z"}


def on_call(**changed: Any) -> str:
    return "llm-api:onCall=" + json.dumps({key: value for key, value in (ON_CALL | changed).items() if value})


def problem(*changes: str, stack: str = "local") -> str:
    """Return the error of changed settings, without the rest of the program."""

    def refused_line() -> str:
        pulumi.runtime.set_all_config(configuration(stack, list(changes)))
        pulumi.runtime.set_mocks(Answers(), project=config.PROJECT, stack=stack)
        with pytest.raises(pulumi.RunError) as caught:
            images.version(config.load(), ROOT)
        return str(caught.value)

    return copy_context().run(refused_line)


@pytest.mark.parametrize(
    ("change", "key", "text"),
    [
        ("llm-api:env=", "llm-api:env", "pulumi config set llm-api:env VALUE"),
        ("llm-api:operatorToken=", "llm-api:operatorToken", "pulumi config set --secret llm-api:operatorToken VALUE"),
        ("gcp:project=", "gcp:project", "pulumi config set gcp:project VALUE"),
        ("gcp:region=Frankfurt", "gcp:region", "region of Cloud Run, such as europe-west1"),
        ("llm-api:env=Prod!", "llm-api:env", "the env tag"),
        ("llm-api:env=a-name-that-is-longer", "llm-api:env", "account names contain it"),
        (
            'llm-api:loadTest={"first": "2026-02-30T03:00:00", "hours": 1, "timeZone": "UTC"}',
            "llm-api:loadTest.first",
            "day",
        ),
        ("llm-api:modelPrimary=gemini-9", "llm-api:modelPrimary", "service/llm/models.py"),
        ("llm-api:modelPrimary=gemini-3.5-flash-lite", "llm-api:modelFallback", "a switch would change nothing"),
        ("llm-api:minInstances=many", "llm-api:minInstances", "instances kept warm"),
        ("llm-api:maxInstances=1", "llm-api:maxInstances", "below minInstances"),
        ("llm-api:modelPrimry=gemini-3.8-flash", "llm-api:modelPrimry", "not a key of this program"),
        ("llm-api:imageFolder=", "llm-api:image", "imageFolder"),
        ("llm-api:imageFolder=docs", "llm-api:imageFolder", "no Dockerfile"),
        ("llm-api:onCall=nobody", "llm-api:onCall", "not an object"),
        (on_call(emails=None), "llm-api:onCall.emails", "pulumi config set --path llm-api:onCall.emails VALUE"),
        (on_call(timeZone="Berlin"), "llm-api:onCall.timeZone", "not an IANA time zone"),
        (on_call(rotationStart="2026-01-05T08:00:00"), "llm-api:onCall.rotationStart", "no time zone"),
    ],
)
def test_a_bad_key_is_one_line_that_names_it(change: str, key: str, text: str) -> None:
    line = problem(change)
    assert "\n" not in line
    assert key in line and text in line


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_other_stacks_need_only_the_values_that_their_owner_fills_in(stack: str) -> None:
    answer = record(
        f"gcp:project=example-{stack}",
        "llm-api:datadogApiKey=x",
        "llm-api:operatorToken=y",
        "llm-api:readerToken=z",
        "llm-api:conversationKeys=k",
        stack=stack,
    )
    assert "error" not in answer
    names = [request["name"] for request in answer["requests"]]
    assert "chat-slow" in names


def test_placeholders_are_refused_by_name() -> None:
    line = problem(KEEP, "llm-api:datadogApiKey=x", stack="prod")
    assert line.startswith("gcp:project, llm-api:deployer, llm-api:onCall.emails[0], ")


def test_the_program_ends_with_that_line_alone() -> None:
    answer = record("llm-api:env=")
    assert answer["error"].startswith("llm-api:env is missing in Pulumi.local.yaml")
    assert [request["type"] for request in answer["requests"]] in ([], ["pulumi:pulumi:Stack"])
    assert "Traceback" not in answer["stderr"]


def test_the_program_runs_from_any_folder(tmp_path: Path) -> None:
    answer = record(cwd=tmp_path)
    assert "error" not in answer
    assert "infra.observability.alerts.monitors" in answer["modules"] and "monitors" not in answer["modules"]
